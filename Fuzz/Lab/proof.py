"""Proves the fuzz targets: each planted bug is found by the target that its patch names, from the committed seeds.

    python3 Fuzz/Lab/proof.py                  # all of them; some 20 seconds each on an idle machine
    python3 Fuzz/Lab/proof.py 05 host          # some, by number or a part of the name
    python3 Fuzz/Lab/proof.py --table          # all of them, and the table goes into Docs/Fuzzing.md

A bug is found when the target's oracle says so: a trap of something else is none of its merit. Before, the sources as
they are have to pass with the same seeds. Everything happens in .build-proof: a copy of the sources, where one bug is
planted at a time, and one build folder for all.

Exit codes: 0 all were found, 1 one was not, no longer applies or does not compile, 2 wrong usage.
"""

import argparse
import re
import shutil
import subprocess
import time

import lengths
import planted
from building import CHECKOUT, Lab, Refused, alone, counters, end
from running import limits

SECONDS_MAX = 60
# So long the sources as they are get beyond their seeds: enough to see an oracle that fails for anything.
CONTROL_SECONDS = 5
# Beyond its own end: a run on a busy machine still reads its seeds.
GRACE_SECONDS = 240
DOCUMENT = CHECKOUT / "Docs" / "Fuzzing.md"
MARK = "<!-- planted -->"


class QuickLab(Lab):
    """Builds without optimisation: then a planted bug costs the compilation of its file, and not of all that use it."""

    def build(self, names, flags=(), timeout=None):
        # Of two configurations the last one counts.
        return super().build(names, ["-c", "debug", *flags], timeout)

    def binary(self, name):
        return self.scratch / "debug" / f"Fuzz{name}"


class Outcome:
    """What a run of a target came to."""

    def __init__(self, code, output, seconds, target):
        self.code = code
        self.output = output
        self.seconds = seconds
        message = re.search(rf"Fatal error: {target}: (.*)", output)
        self.message = message.group(1).strip() if message else None
        runs = re.search(r"^stat::number_of_executed_units: *(\d+)", output, re.MULTILINE)
        self.runs = int(runs.group(1)) if runs else 0

    @property
    def last_words(self):
        """What it says of an end that is not the oracle's."""
        line = re.search(r"^(?:.*Fatal error.*|.*ERROR: .*)$", self.output, re.MULTILINE)
        return line.group(0).strip() if line else self.output.strip()[-400:]


def run(lab, name, place, seconds):
    """Fuzzes a target from the committed seeds alone, always with the same random numbers."""
    shutil.rmtree(place, ignore_errors=True)
    corpus = place / "corpus"
    corpus.mkdir(parents=True)
    # The copy that is built has neither seeds nor dictionaries.
    committed = Lab(CHECKOUT)
    dictionary = committed.dictionary(name)
    command = [str(lab.binary(name)), f"-max_total_time={seconds}", *limits(lengths.input_bytes_max(name)), "-seed=1",
               "-print_final_stats=1", f"-artifact_prefix={place}/", *([f"-dict={dictionary}"] if dictionary else [])]
    folders = [committed.folder(kind, name) for kind in ("Corpus", "Regressions")]
    command += [str(corpus), *(str(folder) for folder in folders if folder.is_dir())]
    begin = time.monotonic()
    try:
        done = committed.run(command, seconds + GRACE_SECONDS, place=place)
    except subprocess.TimeoutExpired:
        raise Refused(f"{name} does not end") from None
    (place / "output").write_text(done.stdout)
    if counters(done.stdout) is None:
        raise Refused(f"{done.stdout[-2000:]}\n{name} was built without coverage: libFuzzer would be guessing")
    return Outcome(done.returncode, done.stdout, time.monotonic() - begin, name)


def check_control(lab, scratch, names, place):
    """The sources as they are, built and fuzzed in the same way, are guilty of nothing."""
    scratch.restore()
    lab.build(["Canary", *names])
    lab.check_canary()
    for name in names:
        outcome = run(lab, name, place / "control" / name, CONTROL_SECONDS)
        if outcome.code != 0:
            raise Refused(f"{name} fails without any bug planted: {outcome.message or outcome.last_words}")
        print(f"control: {name} passes {outcome.runs} runs", flush=True)


def prove(lab, scratch, bug, place, seconds):
    """Plants a bug and looks whether it is found."""
    scratch.plant(bug)
    try:
        lab.build([bug.target])
    except Refused as refusal:
        errors = dict.fromkeys(line for line in str(refusal).splitlines() if " error: " in line and "`-" not in line)
        raise Refused("\n".join([f"{bug.name} does not compile:", *list(errors)[:8]])) from None
    outcome = run(lab, bug.target, place / bug.name, seconds)
    if outcome.code == 0:
        raise Refused(f"{bug.name}: {bug.target} did not find it in {seconds} s and {outcome.runs} runs")
    if outcome.message is None:
        raise Refused(f"{bug.name}: {bug.target} fell, and not by its oracle: {outcome.last_words}")
    if outcome.seconds > seconds:
        raise Refused(f"{bug.name}: {bug.target} found it after {outcome.seconds:.0f} s, and had {seconds}")
    return outcome


def row(bug, outcome):
    """The bug's line of the table."""
    words = bug.words.rstrip(".").replace("|", "\\|")
    seconds = f"{outcome.seconds:.1f}" if outcome.seconds < 10 else f"{outcome.seconds:.0f}"
    return f"| {bug.number:02d} | {words} | `{bug.target}` | {seconds} | {outcome.runs:,} |"


def table(rows):
    """The table of what was found, in Markdown."""
    return "\n".join(["| | Planted bug | Target | Seconds | Runs |", "|---|---|---|---|---|", *rows])


def write_table(rows):
    """Puts the table behind its mark in the document, in the place of what stands there up to the next heading."""
    text = DOCUMENT.read_text() if DOCUMENT.is_file() else ""
    before, mark, rest = text.partition(MARK)
    if not mark:
        raise Refused(f"{DOCUMENT} has no place for the table: {MARK}")
    _, heading, after = rest.partition("\n## ")
    DOCUMENT.write_text(f"{before}{MARK}\n\n{table(rows)}\n{heading}{after}")


def prove_all(bugs, place, seconds, with_control=True):
    """The rows of what was found, and in words what was not."""
    rows, failures = [], []
    scratch = planted.Scratch(place)
    scratch.renew()
    for bug in bugs:
        try:
            scratch.check(bug)
        except Refused as refusal:
            failures.append(str(refusal))
    if failures:
        return rows, failures
    lab = QuickLab(source=scratch.tree, scratch=place / "debug")
    if with_control:
        check_control(lab, scratch, sorted({bug.target for bug in bugs}), place)
    for bug in bugs:
        try:
            outcome = prove(lab, scratch, bug, place, seconds)
        except Refused as refusal:
            failures.append(str(refusal))
            print(f"FAILED {refusal}", flush=True)
            continue
        rows.append(row(bug, outcome))
        print(f"{bug.name}: {bug.target}, {outcome.seconds:.1f} s, {outcome.runs} runs: {outcome.message[:200]}",
              flush=True)
    scratch.restore()
    return rows, failures


def main(arguments):
    parser = argparse.ArgumentParser(description="Proves that the fuzz targets find planted bugs.")
    parser.add_argument("bugs", nargs="*", help="numbers or parts of names; all where there are none")
    parser.add_argument("--seconds", type=int, default=SECONDS_MAX, help="how long a target may look for a bug")
    parser.add_argument("--table", action="store_true", help="write the table into Docs/Fuzzing.md")
    parser.add_argument("--no-control", action="store_true", help="do not run the sources as they are before")
    options = parser.parse_args(arguments)
    if options.seconds < 1:
        raise Refused("--seconds is at least 1", code=2)
    if options.table and options.bugs:
        raise Refused("the table is of all bugs", code=2)
    bugs = planted.choose(planted.read_all(Lab().targets()), options.bugs)
    place = CHECKOUT / ".build-proof"
    with alone(place, "proof"):
        rows, failures = prove_all(bugs, place, options.seconds, not options.no_control)
    print("\n" + table(rows))
    if failures:
        raise Refused("\n".join(["", *failures, f"{len(failures)} of {len(bugs)} planted bugs were not found"]))
    if options.table:
        write_table(rows)
    print(f"\nall {len(bugs)} planted bugs were found")


if __name__ == "__main__":
    end(main)
