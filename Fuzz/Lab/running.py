"""Processes of libFuzzer: one that fuzzes, and short ones that are waited for."""

import collections
import ctypes
import os
import signal
import subprocess
import time

import lengths
import libfuzzer
from building import Refused, counters, environment
from state import refuse_full

# What libFuzzer is told of one input: none is longer than any target's longest; longer time is a finding, and so is
# more memory.
INPUT_BYTES_MAX = lengths.USUAL
# Choices, one byte each, or a file's first bytes: nothing is gained by a shorter input that does the same, and looking
# for one takes a sixth of all time, since each edge of a run is looked up among those of the input that it comes from.
SHORT_BYTES_MAX = 32
INPUT_SECONDS_MAX = 10
MEMORY_MIB_MAX = 2048
# A campaign of days would fill the disk with its log otherwise. What is read is cut off.
LOG_BYTES_MAX = 4 << 20
TAIL_LINES_MAX = 1000
# How long past its time a run may take to say goodbye; an input at the end has INPUT_SECONDS_MAX of its own.
LATE_SECONDS_MAX = 30
STOP_SECONDS_MAX = 5

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Interrupted(Exception):
    """Somebody asked for the end while something was being waited for."""


def _die_with_parent():
    # A campaign that is killed must not leave a fuzzer behind.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _spawn(command, output, scratch, fast):
    values = dict(environment(fast), TMPDIR=str(scratch))
    # A session of its own: Ctrl-C reaches the campaign alone, which then tells each fuzzer.
    return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                            stderr=subprocess.STDOUT, env=values, cwd=scratch, start_new_session=True,
                            preexec_fn=_die_with_parent)


def _signal_group(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def limits(bytes_max=INPUT_BYTES_MAX):
    """`bytes_max` cuts off what is longer: less than the longest input is only for one that makes inputs up."""
    told = [f"-max_len={bytes_max}", f"-timeout={INPUT_SECONDS_MAX}", f"-rss_limit_mb={MEMORY_MIB_MAX}"]
    return told if bytes_max > SHORT_BYTES_MAX else [*told, "-reduce_inputs=0"]


def run_bounded(command, seconds, scratch, tick=lambda: None, fast=True):
    """Runs a command to its end or for so many seconds: (exit code, None where it was ended; lines of output).
    `tick` is called several times a second and may raise; the command does not outlive that."""
    path = scratch / "output"
    with open(path, "w+b") as output:
        process = _spawn(command, output, scratch, fast)
        end = time.monotonic() + seconds
        try:
            while (code := process.poll()) is None and time.monotonic() < end:
                if os.fstat(output.fileno()).st_size > LOG_BYTES_MAX:
                    break
                tick()
                time.sleep(0.02)
        finally:
            # Its children too: minimising and merging are done by them.
            _signal_group(process, signal.SIGKILL)
            process.wait()
        output.seek(0)
        text = output.read(LOG_BYTES_MAX).decode(errors="replace")
    path.unlink(missing_ok=True)
    return code, text.splitlines()


class Fuzzing:
    """One fuzzer at work on a target. Its output goes to a file, so that it never waits for a reader."""

    def __init__(self, lab, state, name, number, seconds, extra=()):
        """`number` tells apart several that work on one target at once; they share a corpus."""
        self.name, self.number, self.seconds = name, number, seconds
        self.last = libfuzzer.Status(0, "starting")
        self.instrumented = None
        self.statistics = {}
        self.lines = collections.deque(maxlen=TAIL_LINES_MAX)
        self.artifacts = state.place(name, f"artifacts/{number}")
        self._rest = b""
        self._offset = 0
        self._path = state.folder / name / f"log-{number}"
        dictionary = lab.dictionary(name)
        command = [lab.binary(name), f"-artifact_prefix={self.artifacts}/", f"-max_total_time={max(1, int(seconds))}",
                   "-print_final_stats=1", "-reload=5", "-report_slow_units=100000",
                   *limits(lengths.input_bytes_max(name)),
                   *([f"-dict={dictionary}"] if dictionary else []), *extra,
                   state.place(name, "corpus"), state.place(name, "seeds")]
        try:
            output = open(self._path, "wb", buffering=0)
        except OSError as error:
            refuse_full(error, state.folder)
        with output:
            # Appending, so that cutting the file off does not leave a hole at its begin.
            append = os.open(self._path, os.O_WRONLY | os.O_APPEND)
            try:
                self.process = _spawn(command, append, state.place(name, "tmp"), fast=True)
            except OSError as error:
                raise Refused(f"{name} does not start: {error}") from None
            finally:
                os.close(append)
        self.started = time.monotonic()
        self._file = open(self._path, "rb", buffering=0)

    @property
    def elapsed(self):
        return time.monotonic() - self.started

    def read(self):
        """The progress since the last call."""
        news = []
        while data := self._file.read(1 << 16):
            self._offset += len(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._rest = self._rest[-4096:]
            for line in lines:
                text = line[:4096].decode(errors="replace")
                self.lines.append(text)
                self._understand(text, news)
        if self._offset > LOG_BYTES_MAX:
            os.truncate(self._path, 0)
            self._file.seek(0)
            self._offset = 0
        return news

    def _understand(self, text, news):
        if status := libfuzzer.status(text):
            self.last = status
            news.append(status)
        elif pair := libfuzzer.final_statistic(text):
            self.statistics[pair[0]] = pair[1]
        elif self.instrumented is None:
            self.instrumented = counters(text)

    def code(self):
        """Its exit code once it has ended. One that is long past its time is ended here."""
        code = self.process.poll()
        if code is None and self.elapsed > self.seconds + INPUT_SECONDS_MAX + LATE_SECONDS_MAX:
            self.stop(patience=0)
            code = self.process.poll()
        return code

    def stop(self, patience=STOP_SECONDS_MAX):
        """Asks for the end, and insists."""
        _signal_group(self.process, signal.SIGINT)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        _signal_group(self.process, signal.SIGKILL)
        self.process.wait()

    def close(self):
        self._file.close()

