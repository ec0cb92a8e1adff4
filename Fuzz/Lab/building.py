"""How fuzz targets are listed, built and checked: the one place that knows.

    lab = Lab()                                   # this checkout, built into .build-fuzz
    lab = Lab(source=copy, scratch=copy_build)    # another checkout, with objects of its own
    lab.build(["Canary", "JSON"])                 # one `swift build` for all of them
    lab.binary("JSON"); lab.check_instrumented("JSON"); lab.check_canary()

`python3 Fuzz/Lab/building.py [NAME...]` builds, checks, and prints where the programs lie.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
CANARY = "Canary"

SANITIZER = "address"
# These link libFuzzer and AddressSanitizer. What the compiler is told of them is in Package.swift, which asks for it
# module by module where SLUICE_FUZZ_SANITIZER is set: of these two it would take one alone.
FLAGS = ["-c", "release", "--sanitize=fuzzer", f"--sanitize={SANITIZER}"]

# A program answers with an empty corpus at once, unless it hangs.
PROBE_SECONDS_MAX = 120
# The canary falls within a second or two on an idle machine.
CANARY_SECONDS_MAX = 120
# Its entry reads past the end of an input that is longer than any it is fuzzed with.
OVERRUN_BYTES = 2000

_INSTRUMENTED = re.compile(r"Loaded (\d+) modules?\s+\((\d+) inline 8-bit counters\)")


class Refused(Exception):
    """What a person has to be told in a line, and the exit code that goes with it: 1 failed, 2 wrong usage."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


def counters(output):
    """How many edges libFuzzer counts in what said this; None where the code is not instrumented."""
    match = _INSTRUMENTED.search(output)
    return int(match.group(2)) if match and int(match.group(2)) > 0 else None


# A stack for each allocation and 256 MiB of memory that is kept after it was freed cost up to two fifths of all time.
# One MiB outlives an input many times and stays in the cache. Frames in memory of their own, by which a use of a local
# after its function's end is seen, cost a tenth to a third: Swift lets no such address out but through `unsafe`, which
# stands in the fences alone, and `make test-asan` runs every seed and regression with them. Here the bug is found; its
# stacks are had by running the input alone, without this.
FAST = ("malloc_context_size=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
        "detect_stack_use_after_return=0")


def environment(fast=False):
    """What programs run with; `fast` for those that run many inputs. Swift's own crash reporter would take a crash
    before libFuzzer can write its input down; without a symbolizer stacks are mere addresses."""
    values = dict(os.environ, SWIFT_BACKTRACE="enable=no")
    if fast:
        # What the caller has set comes last, and wins.
        values["ASAN_OPTIONS"] = ":".join(filter(None, [FAST, values.get("ASAN_OPTIONS")]))
    swift = shutil.which("swift")
    beside = pathlib.Path(swift).resolve().with_name("llvm-symbolizer") if swift else None
    symbolizer = str(beside) if beside and beside.exists() else shutil.which("llvm-symbolizer")
    if symbolizer:
        values.setdefault("ASAN_SYMBOLIZER_PATH", symbolizer)
    return values


class Lab:
    """The fuzz targets of one checkout and the folder that they are built into."""

    def __init__(self, source=CHECKOUT, scratch=None, binaries=None):
        """`binaries` is a folder of programs that somebody else has built; nothing is built then."""
        self.source = pathlib.Path(source).resolve()
        self.scratch = pathlib.Path(scratch).resolve() if scratch else self.source / ".build-fuzz"
        self.binaries = pathlib.Path(binaries).resolve() if binaries else None

    def targets(self):
        """All names, the canary's too: each folder of Fuzz/Targets with an entry in it."""
        return sorted(entry.parent.name for entry in self.source.glob("Fuzz/Targets/*/Entry.swift"))

    def choose(self, text):
        """The targets that `A,B` names, in that order and once each; all but the canary where nothing is named."""
        known = self.targets()
        names = list(dict.fromkeys(name for name in re.split(r"[,\s]+", text or "") if name))
        for name in names:
            if name not in known:
                raise Refused(f'there is no fuzz target "{name}"; there are {", ".join(known)}', code=2)
        return names or [name for name in known if name != CANARY]

    def folder(self, kind, name):
        """Fuzz/Corpus/NAME and Fuzz/Regressions/NAME of the checkout; they need not exist."""
        return self.source / "Fuzz" / kind / name

    def dictionary(self, name):
        """The target's dictionary; None where it has none."""
        path = self.source / "Fuzz" / "Dictionaries" / f"{name}.dict"
        return path if path.is_file() else None

    def binary(self, name):
        """Where the program of a target lies once it is built."""
        folder = self.binaries or self.scratch / "release"
        return folder / f"Fuzz{name}"

    def digest(self, name):
        """Tells one build of a target from another."""
        with open(self.binary(name), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def build(self, names, flags=(), timeout=None):
        """Builds the targets at once. `Refused` with the compiler's words where one does not build, and after `timeout`
        seconds. Returns what the compiler said."""
        if self.binaries:
            self._demand(names)
            return ""
        command = ["swift", "build", "--package-path", str(self.source), "--scratch-path", str(self.scratch)]
        said = self._swift([*command, *FLAGS, *flags], ",".join(names), timeout)
        self._demand(names)
        return said

    @staticmethod
    def run(command, seconds, values=None, place=None):
        """A command and all that it says, on either stream, as text; `subprocess.TimeoutExpired` after so many seconds.
        Its environment is `values`, or what programs run with."""
        return subprocess.run(command, env=values or environment(), cwd=place, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=seconds)

    def _swift(self, command, wanted, timeout):
        # The order of the two sanitizers is that of a hash table, which Swift seeds anew in each process: half of all
        # builds would find every command line changed, and compile everything again.
        values = dict(environment(), SLUICE_FUZZ=wanted, SLUICE_FUZZ_SANITIZER=SANITIZER,
                      SWIFT_DETERMINISTIC_HASHING="1")
        try:
            done = self.run(command, timeout, values)
        except FileNotFoundError:
            raise Refused("there is no swift on the PATH; https://www.swift.org/install/linux/") from None
        except subprocess.TimeoutExpired:
            raise Refused(f"the fuzz targets were not built after {timeout} seconds") from None
        if done.returncode != 0:
            raise Refused(f"{done.stdout.rstrip()}\nthe fuzz targets do not build")
        return done.stdout

    def _demand(self, names):
        for name in names:
            if not os.access(self.binary(name), os.X_OK):
                raise Refused(f"{self.binary(name)} is not there")

    def check_instrumented(self, name):
        """How many edges the program of a target has; `Refused` where libFuzzer would be guessing."""
        _, said = self._run([str(self.binary(name)), "-runs=0"], name)
        edges = counters(said)
        if edges is None:
            raise Refused(f"{said.rstrip()}\n{name} was built without coverage: libFuzzer would be guessing")
        return edges

    def _run(self, command, name):
        """A program that answers at once: (exit code, output)."""
        try:
            done = self.run(command, PROBE_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise Refused(f"{name} does not answer: {' '.join(command)}") from None
        except OSError as error:
            raise Refused(f"{name} does not start: {error}") from None
        return done.returncode, done.stdout

    def check_canary(self):
        """How many runs the canary lived; `Refused` where it did not fall: a crash would then go unnoticed. So would a
        read out of bounds without AddressSanitizer, which it does on demand."""
        self.check_instrumented(CANARY)
        self._check_sanitizer()
        with tempfile.TemporaryDirectory(prefix="sluice-canary-") as place:
            command = [str(self.binary(CANARY)), f"-max_total_time={CANARY_SECONDS_MAX}", "-max_len=16", "-seed=1",
                       "-print_final_stats=1", f"-artifact_prefix={place}/"]
            try:
                done = self.run(command, 2 * CANARY_SECONDS_MAX, place=place)
            except subprocess.TimeoutExpired:
                raise Refused("the canary hangs, so nothing was fuzzed") from None
            fallen = [path for path in pathlib.Path(place).glob("crash-*") if path.read_bytes()[:4] == b"dead"]
        if done.returncode == 0:
            raise Refused(f"{done.stdout[-2000:]}\nthe canary lives: a crash would go unnoticed, so nothing was fuzzed")
        if not fallen:
            raise Refused(f"{done.stdout[-2000:]}\nthe canary did not die of its crash, so nothing was fuzzed")
        runs = re.search(r"^stat::number_of_executed_units: *(\d+)", done.stdout, re.MULTILINE)
        return int(runs.group(1)) if runs else 0

    def _check_sanitizer(self):
        with tempfile.NamedTemporaryFile(prefix="sluice-canary-") as file:
            file.write(b"o" * OVERRUN_BYTES)
            file.flush()
            code, said = self._run([str(self.binary(CANARY)), file.name], CANARY)
        if code == 0 or "AddressSanitizer: heap-buffer-overflow" not in said:
            raise Refused(f"{said[-2000:]}\nthe canary read out of bounds unseen: there is no AddressSanitizer")


@contextlib.contextmanager
def alone(folder, work):
    """Holds a folder for a piece of work, with its lock; `Refused` while another process does."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another {work} is under way in {folder}") from None
        yield


def end(main, when_interrupted=""):
    """Ends the process with what `main` returns of its arguments (nothing: 0), or says what a `Refused` is about."""
    try:
        sys.exit(main(sys.argv[1:]))
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(refusal.code)
    except KeyboardInterrupt:
        if when_interrupted:
            print(when_interrupted, file=sys.stderr)
        sys.exit(130)


def main(arguments):
    lab = Lab()
    names = list(dict.fromkeys([CANARY, *lab.choose(",".join(arguments))]))
    lab.build(names)
    print(f"{CANARY}: found within {lab.check_canary()} runs, as it must be")
    for name in names:
        print(f"{lab.binary(name)}: {lab.check_instrumented(name)} edges")


if __name__ == "__main__":
    end(main)
