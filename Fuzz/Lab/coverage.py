#!/usr/bin/env python3
"""Says how much of the parsers the committed inputs reach: Fuzz/Lab/coverage.py [--target NAME] [--gaps] [--no-html].

Every seed and regression is run through `sluice-replay`, built with LLVM's coverage counters and without a fuzzer; what
was reached is counted per target and together. Below the floor in coverage-floor.txt it fails. Exit codes: 0 done,
1 an input failed or the floor was missed, 2 wrong usage or something that is missing here.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import coverage_report as report
from building import CHECKOUT as TOP, Lab, Refused, alone, end
from state import is_full

LAB = Lab()
FUZZ = TOP / "Fuzz"
SCRATCH = TOP / ".build-fuzz" / "coverage"
# What a first build and the profiles of all targets take, with room to spare.
FREE_BYTES_MIN = 1 << 30
# One command line takes no more than this many paths.
INPUTS_PER_RUN = 500
# Of inputs that fail, which are mostly one mistake.
FAILURES_SHOWN = 10


def inputs(target):
    """The committed inputs of a target, in the same order every time."""
    files = []
    for folder in ("Corpus", "Regressions"):
        where = LAB.folder(folder, target)
        if where.is_dir():
            files += sorted(path for path in where.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise Refused(f"{target} has no inputs: Fuzz/Corpus/{target} is empty or not there", code=2)
    return files


def tool(name):
    """The path of one of LLVM's tools: that of Swift's own toolchain, since a profile's format is its compiler's."""
    swift = shutil.which("swift")
    if swift is None:
        raise Refused("there is no swift in PATH", code=2)
    beside = pathlib.Path(swift).resolve().parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise Refused(f"there is no {name}: it comes with Swift's toolchain, beside {swift}", code=2)
    return found


def run(arguments, environment=None):
    """Runs a command and returns what it printed; what it complained of becomes the trouble."""
    done = subprocess.run(arguments, cwd=TOP, env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode == 0:
        return done.stdout
    said = (done.stderr.strip() or done.stdout.strip())[-4000:]
    if "No space left on device" in said:
        raise Refused(f"the disk of {SCRATCH} is full", code=2)
    hint = ""
    if "profile version" in said or "unsupported instrumentation profile format" in said:
        hint = "\nuse the LLVM tools that come with this Swift: another version's cannot read its profiles"
    raise Refused(f"{pathlib.Path(arguments[0]).name} failed with {done.returncode}:\n{said}{hint}", code=2)


def build():
    """Builds the replay program with counters, in a folder of its own, and returns its path."""
    if shutil.disk_usage(SCRATCH).free < FREE_BYTES_MIN:
        raise Refused(f"the disk of {SCRATCH} has less than {FREE_BYTES_MIN >> 20} MiB free", code=2)
    swift = ["swift", "build", "--scratch-path", str(SCRATCH), "--product", "sluice-replay"]
    run(swift + ["-Xswiftc", "-profile-generate", "-Xswiftc", "-profile-coverage-mapping"])
    program = SCRATCH / "debug" / "sluice-replay"
    if not program.exists():
        raise Refused(f"swift built no {program}", code=2)
    return program


def replay(program, target, profiles):
    """Runs the inputs of a target; the counters go to files in `profiles`."""
    files = inputs(target)
    written = []
    for start in range(0, len(files), INPUTS_PER_RUN):
        profile = profiles / f"{target}-{start}.profraw"
        profile.unlink(missing_ok=True)
        environment = dict(os.environ, LLVM_PROFILE_FILE=str(profile), SWIFT_BACKTRACE="enable=no")
        some = [str(path.relative_to(TOP)) for path in files[start:start + INPUTS_PER_RUN]]
        done = subprocess.run(
            [str(program), target] + some, cwd=TOP, env=environment, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            raise Refused(what_failed(program, target, some, done))
        if not profile.exists() or profile.stat().st_size == 0:
            raise Refused(f"{target} left no profile in {profile}: is the disk full?", code=2)
        written.append(profile)
    return len(files), written


def what_failed(program, target, paths, done):
    """Names the input that a replay stumbled over."""
    failed = [line for line in done.stdout.splitlines() if ": FAILED: " in line]
    if failed:
        more = "" if len(failed) <= FAILURES_SHOWN else f"\nand {len(failed) - FAILURES_SHOWN} more"
        return f"{target}: an oracle failed\n" + "\n".join(failed[:FAILURES_SHOWN]) + more
    passed = sum(line.endswith(": passed") for line in done.stdout.splitlines())
    # What a process printed before a trap may be lost with its buffer.
    suspects = paths[passed:] if passed else paths
    for path in suspects:
        environment = dict(os.environ, LLVM_PROFILE_FILE=os.devnull, SWIFT_BACKTRACE="enable=no")
        alone = subprocess.run([str(program), target, path], cwd=TOP, env=environment, capture_output=True)
        if alone.returncode != 0:
            return f"{target}: {path} ends the program ({alone.returncode}); `sluice-replay {target} {path}` shows how"
    return f"{target}: sluice-replay ended with {done.returncode}\n{done.stderr.strip()}"


def merged(profdata, profiles, output):
    """Merges raw profiles into one indexed file."""
    run([profdata, "merge", "-sparse", "-o", str(output)] + [str(path) for path in profiles])
    return output


def measure(names, wants_html):
    """Builds, replays and counts; returns the coverage of each target and of all together."""
    profdata, cov = tool("llvm-profdata"), tool("llvm-cov")
    for name in names:
        inputs(name)
    print("coverage: building sluice-replay with counters", flush=True)
    program = build()
    profiles = SCRATCH / "profiles"
    shutil.rmtree(profiles, ignore_errors=True)
    profiles.mkdir()
    reader = report.Reader(run, cov, program, TOP)
    singles, raws, counts = {}, [], {}
    for name in names:
        counts[name], written = replay(program, name, profiles)
        raws += written
        singles[name] = merged(profdata, written, profiles / f"{name}.profdata")
    together = merged(profdata, raws, profiles / "all.profdata")
    per_target = {name: reader.summary(path) for name, path in singles.items()}
    whole = reader.details(together)
    if wants_html:
        html = SCRATCH / "html"
        shutil.rmtree(html, ignore_errors=True)
        for name, path in dict(singles, all=together).items():
            reader.html(path, html / name)
        report.write_index(html / "index.html", counts, per_target, whole)
        print(f"coverage: pictures of the sources in {html.relative_to(TOP)}/index.html")
    return counts, per_target, whole


def main(arguments):
    """The command."""
    parser = argparse.ArgumentParser(prog="coverage.py", description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="", help="count the inputs of these targets alone (A,B); no floor is held")
    parser.add_argument("--gaps", action="store_true", help="list what no input reaches, as file:line")
    parser.add_argument("--no-html", action="store_true", help="leave the pages of the sources out")
    options = parser.parse_args(arguments)
    names = LAB.choose(options.target)
    try:
        with alone(SCRATCH, "measurement"):
            counts, per_target, whole = measure(names, not options.no_html)
        print(report.text_tables(counts, per_target, whole))
        reasons = report.Reasons(FUZZ / "Lab" / "coverage-gaps.md", TOP)
        if options.gaps:
            print(report.gap_list(whole, reasons))
        if options.target:
            return 0
        faults = report.under_floor(whole, FUZZ / "Lab" / "coverage-floor.txt") + reasons.faults(whole)
    except OSError as error:
        raise Refused("the disk is full" if is_full(error) else str(error), code=2) from None
    for fault in faults:
        print(f"coverage: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    end(main, when_interrupted="interrupted")
