"""`make fuzz`: every target in its turn, what they find judged on the spot, a report at the end.

    make fuzz                              every target for RUN_SECONDS=60
    make fuzz T=JSON,Chunked RUN_SECONDS=600 JOBS=2 STATE=/var/tmp/campaign

Exit codes: 0 nothing found, 1 something found or failed, 2 wrong usage, 130 interrupted. What was found stays in STATE
(.build-fuzz/campaign) whatever ends the campaign, and the next one goes on from there.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

import report
from building import CANARY, CHECKOUT, Lab, Refused, end
from merging import merge, restore
from running import Fuzzing, Interrupted
from screen import Row, Screen, duration
from seeds import link_seeds, set_aside
from state import DISK_FREE_BYTES_MIN, DiskFull, State, is_full
from triage import Triage, reproduction, test_to_add

SECONDS_MAX = 30 * 86_400
JOBS_MAX = 256
# A bug that every few inputs meet would keep the rest of the code from being seen, and the disk from being empty.
CRASHES_MAX = 40
# A program that ends without an input, again and again, is told once.
SILENT_ENDS_MAX = 3
# A machine that loses its power takes no more than this of the history.
SAVE_SECONDS = 30
# Ctrl-C, an end from outside, a terminal that goes.
STOPPERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Turn:
    """A target's share of a campaign."""

    def __init__(self, name, seconds, workers, before):
        self.name, self.seconds, self.workers = name, seconds, workers
        # Seconds of earlier campaigns: where this one's points go on.
        self.before = before
        self.started = None
        self.phase = "waits"
        self.fuzzers = []
        self.crashes = self.silent_ends = self.runs = self.starts = 0
        self.spent = 0.0
        self.ended = self.given_up = False

    @property
    def elapsed(self):
        return self.spent if self.started is None or self.ended else time.monotonic() - self.started

    @property
    def left(self):
        return self.seconds - self.elapsed


class Campaign:
    def __init__(self, lab, state, edges, seconds, jobs, screen, minimise_seconds=None):
        """`edges`: how many each target's program has; its names are what is fuzzed."""
        self.lab, self.state, self.screen, self.edges = lab, state, screen, edges
        self.stop_reason = None
        # What the choices of each target's first fuzzer come from; each start after it takes the next.
        self.seed = None
        self.began = time.monotonic()
        share, rest = divmod(jobs, len(edges))
        # Who had least comes first, so that a campaign that is stopped again and again reaches all.
        names = sorted(edges, key=lambda name: state.target(name)["seconds"])
        self.turns = [Turn(name, seconds, max(1, share + (1 if index < rest else 0)), state.fuzzed(name))
                      for index, name in enumerate(names)]
        self.jobs, self.saved_at = jobs, self.began
        options = {} if minimise_seconds is None else {"minimise_seconds": minimise_seconds}
        self.triage = Triage(lab, state, self.tick, **options)
        self.new_findings = []

    # Stopping.

    def stop(self, number_, *_):
        """What Ctrl-C does; the second one ends the process as it would end any. `timeout make fuzz` sends SIGTERM
        twice, to the group and by way of make, and means it once."""
        self.stop_reason = "interrupted"
        if number_ == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)

    def tick(self):
        """Called while something is waited for."""
        if self.stop_reason:
            raise Interrupted
        for turn in self.turns:
            self._listen(turn)
        self._draw()

    # The run.

    def run(self):
        """Fuzzes, and leaves the state saved; returns how it ended."""
        try:
            for turn in self.turns:
                self.state.check_room()
                self._prepare(turn)
            self._fuzz()
            for turn in self.turns:
                self._merge(turn)
            ended = "failed" if any(turn.given_up for turn in self.turns) else "finished"
        except Interrupted:
            ended = "interrupted"
        except DiskFull as full:
            self.screen.say(str(full))
            ended = "disk full"
        except OSError as error:
            self.screen.say(str(DiskFull(self.state.folder) if is_full(error) else error))
            ended = "disk full" if is_full(error) else "failed"
        except Refused as refusal:
            self.screen.say(str(refusal))
            ended = "failed"
        finally:
            self._end_all()
        return ended

    def _prepare(self, turn):
        """The seeds as links, so that one that falls can be left out; and what earlier campaigns found, once more."""
        turn.phase = "checks"
        restore(self.state, turn.name)
        is_other = self.state.new_build(turn.name, self.edges[turn.name], self.lab.digest(turn.name))
        self.triage.check_again(turn.name, is_other)
        # A campaign that was killed may have left inputs unjudged.
        for folder in sorted(self.state.place(turn.name, "artifacts").iterdir()):
            self._judge(turn, folder, [])
        link_seeds(self.lab, self.state, turn.name)
        turn.phase = "waits"

    def _fuzz(self):
        waiting = list(self.turns)
        running = []
        while waiting or running:
            if self.stop_reason:
                raise Interrupted
            self.state.check_room()
            while waiting and sum(turn.workers for turn in running) + waiting[0].workers <= self.jobs:
                running.append(waiting.pop(0))
                self._begin(running[-1])
            for turn in running:
                self._listen(turn)
                self._reap(turn)
            running = [turn for turn in running if not turn.ended]
            if time.monotonic() - self.saved_at > SAVE_SECONDS:
                self.state.save()
                self.saved_at = time.monotonic()
            self._draw()
            time.sleep(0.05)

    def _begin(self, turn):
        turn.started = time.monotonic()
        turn.phase = "fuzzes"
        turn.fuzzers = [self._start(turn, number) for number in range(turn.workers)]

    def _start(self, turn, number):
        flags = () if self.seed is None else [f"-seed={self.seed + turn.starts}"]
        turn.starts += 1
        return Fuzzing(self.lab, self.state, turn.name, number, turn.left, flags)

    def _listen(self, turn):
        if turn.ended:
            return
        for fuzzer in turn.fuzzers:
            for status in fuzzer.read():
                self.state.record(turn.name, turn.before + turn.elapsed, status)

    def _reap(self, turn):
        """Judges what has ended, and starts it again while there is time."""
        for fuzzer in list(turn.fuzzers):
            code = fuzzer.code()
            if code is None:
                continue
            turn.fuzzers.remove(fuzzer)
            self._listen_last(turn, fuzzer)
            if fuzzer.instrumented is None and fuzzer.last.runs == 0 and code == 0:
                raise Refused(f"{turn.name} says nothing of its coverage: nothing of it was fuzzed")
            found = self._judge(turn, fuzzer.artifacts, list(fuzzer.lines))
            is_silent = code != 0 and not found
            if is_silent:
                self._silent_end(turn, fuzzer.number, code)
            if turn.left >= 1 and turn.crashes < CRASHES_MAX and turn.silent_ends < SILENT_ENDS_MAX:
                turn.phase = "fuzzes"
                turn.fuzzers.append(self._start(turn, fuzzer.number))
            elif is_silent:
                self._give_up(turn)
        if not turn.fuzzers:
            if turn.crashes >= CRASHES_MAX:
                self.state.note(turn.name, f"given up after {CRASHES_MAX} crashes in one campaign: fix them first")
            self._end(turn)

    def _listen_last(self, turn, fuzzer):
        for status in fuzzer.read():
            self.state.record(turn.name, turn.before + turn.elapsed, status)
        runs = fuzzer.statistics.get("number_of_executed_units", fuzzer.last.runs)
        turn.runs += runs
        self.state.target(turn.name)["runs"] += runs
        fuzzer.close()

    def _judge(self, turn, folder, lines):
        """Takes what a fuzzer wrote into a folder; true when it wrote anything."""
        found = self.triage.artifacts(folder, lines)
        began = time.monotonic()
        for kind, data, path in found:
            turn.crashes += 1
            turn.phase = "judges"
            key, is_new = self.triage.take(turn.name, kind, data, lines)
            # Only now: an interruption before leaves the file for the next campaign.
            path.unlink()
            set_aside(self.state, turn.name, data)
            if is_new:
                self.new_findings.append(key)
                self._announce(key)
        if turn.started is not None and turn.workers == 1:
            # RUN_SECONDS are seconds of fuzzing; others on the target go on meanwhile.
            turn.started += time.monotonic() - began
        return bool(found)

    def _announce(self, key):
        found = self.state.data["findings"][key]
        self.screen.say("\n".join([
            f"FOUND {key}: {found['message']} ({found['bytes']} bytes, {found['minimised']})",
            f"  see it again:  {reproduction(self.state, key, found)}",
            "  keep it from coming back:", *(f"    {line}" for line in test_to_add(self.state, key, found))]))

    def _silent_end(self, turn, number_, code):
        turn.silent_ends += 1
        how = f"signal {-code}" if code < 0 else f"code {code}"
        text = f"a fuzzer ended with {how} and left no input; its last words are in {turn.name}/log-{number_}"
        self.state.note(turn.name, text)
        self.screen.say(f"{turn.name}: {text}")

    def _give_up(self, turn):
        """What was not fuzzed to its end is not well, though nothing was found."""
        turn.given_up = True
        text = f"given up after {turn.silent_ends} ends without an input in one campaign: find out why first"
        self.state.note(turn.name, text)
        self.screen.say(f"{turn.name}: {text}")

    def _end(self, turn):
        turn.spent = turn.elapsed
        turn.ended = True
        turn.phase = "done"
        self.state.target(turn.name)["seconds"] += turn.spent
        self.state.save()

    def _merge(self, turn):
        turn.phase = "merges"
        self._draw()
        merge(self.lab, self.state, turn.name, self.tick)
        turn.phase = "done"

    def _end_all(self):
        for turn in self.turns:
            if turn.ended or turn.started is None:
                continue
            for fuzzer in turn.fuzzers:
                fuzzer.stop()
                self._listen_last(turn, fuzzer)
            turn.fuzzers = []
            turn.spent = turn.elapsed
            turn.ended = True
            turn.phase = "done"
            self.state.target(turn.name)["seconds"] += turn.spent

    # What is seen of it.

    def _draw(self):
        rows = []
        for turn in self.turns:
            target = self.state.target(turn.name)
            phase = f"{turn.phase} {duration(max(0, turn.left))}" if turn.phase == "fuzzes" else turn.phase
            speed = sum(fuzzer.last.per_second for fuzzer in turn.fuzzers) or target["per_second"]
            since = turn.before + turn.elapsed - target["new_edge_at"] if target["edges"] else None
            open_ = sum(1 for _, found in self.state.findings(turn.name) if found["open"])
            rows.append(Row(turn.name, phase, speed, target["edges"], target["edges_all"], target["corpus"], open_,
                            since))
        open_ = sum(1 for _, found in self.state.findings() if found["open"])
        heading = f"sluice fuzz  {duration(time.monotonic() - self.began)}  {open_} found  {self.state.folder}"
        self.screen.draw(heading, rows)


def number(name, text, most):
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not 1 <= value <= most or not text.strip().isascii() or not text.strip().isdigit():
        raise Refused(f'{name} is a number from 1 to {most}, not "{text}"', code=2)
    return value


def commit(source):
    """Which sources these are; empty where git does not know."""
    try:
        done = subprocess.run(["git", "-C", str(source), "describe", "--always", "--dirty", "--tags"],
                              capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def arguments(argv):
    parser = argparse.ArgumentParser(prog="make fuzz", description="Runs the fuzz targets.", allow_abbrev=False)
    parser.add_argument("targets", nargs="*", help="all but the canary where none is named")
    parser.add_argument("--seconds", default="60", help="for each target (RUN_SECONDS)")
    parser.add_argument("--jobs", default=str(os.cpu_count() or 1), help="fuzzers at once (JOBS)")
    parser.add_argument("--state", default="", help="where the campaign is kept (STATE)")
    parser.add_argument("--source", default=CHECKOUT, help="another checkout")
    parser.add_argument("--binaries", help="a folder of programs that are built already")
    parser.add_argument("--minimise-seconds", default="45", help="for each finding")
    parser.add_argument("--seed", help="what libFuzzer's choices come from; others each time where it is not given")
    parser.add_argument("--disk-free-mib", default=str(DISK_FREE_BYTES_MIN >> 20), help="stop below this")
    return parser.parse_args(argv)


def main(argv):
    options = arguments(argv)
    lab = Lab(options.source, binaries=options.binaries)
    names = lab.choose(",".join(options.targets))
    seconds = number("RUN_SECONDS", options.seconds, SECONDS_MAX)
    jobs = number("JOBS", options.jobs, JOBS_MAX)
    minimise = number("--minimise-seconds", options.minimise_seconds, 3600)
    seed = number("--seed", options.seed, 1 << 30) if options.seed else None
    room = number("--disk-free-mib", options.disk_free_mib, 1 << 20) << 20
    screen = Screen()
    with State(options.state or lab.scratch / "campaign", room) as state:
        state.check_room()
        edges = check(lab, names, screen)
        if not edges:
            return 0
        campaign = Campaign(lab, state, edges, seconds, jobs, screen, minimise)
        campaign.seed = seed
        for number_ in STOPPERS:
            signal.signal(number_, campaign.stop)
        began = time.time()
        ended = campaign.run()
        state.data["campaigns"].append({
            "began": began, "ended": time.time(), "how": ended, "commit": commit(lab.source), "jobs": jobs,
            "seconds": seconds, "targets": [turn.name for turn in campaign.turns],
            "runs": sum(turn.runs for turn in campaign.turns),
            "spent": {turn.name: [round(turn.spent, 1), turn.runs] for turn in campaign.turns},
            "new": campaign.new_findings})
        return conclude(state, screen, ended)


def check(lab, names, screen):
    """Builds, and lets the canary fall, before anything else runs; the edges of each target."""
    plural = "" if len(names) == 1 else "s"
    screen.say(f"building {len(names)} target{plural} and the canary: minutes at first, then seconds")
    lab.build(list(dict.fromkeys([CANARY, *names])))
    screen.say(f"{CANARY}: found within {lab.check_canary()} runs, as it must be")
    return {name: lab.check_instrumented(name) for name in names if name != CANARY}


def conclude(state, screen, ended):
    """Saves and reports; the exit code."""
    screen.clear()
    trouble = None
    for write in (state.save, lambda: report.write(state)):
        try:
            write()
        except (DiskFull, OSError) as error:
            trouble = error
    for line in report.summary(state):
        print(line)
    if trouble:
        print(f"{trouble}; the report could not be written", file=sys.stderr)
    else:
        print(f"report: {state.folder / 'report.html'} (and report.md)")
    if ended == "interrupted":
        print("interrupted: the same command goes on from here")
        return 130
    open_ = [key for key, found in state.findings() if found["open"]]
    return 1 if open_ or trouble or ended != "finished" else 0


if __name__ == "__main__":
    end(main, when_interrupted="interrupted before anything ran")
