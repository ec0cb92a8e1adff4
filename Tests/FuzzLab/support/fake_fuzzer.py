"""A program that answers as libFuzzer does, without a fuzzer: `main("falls")` as the target would behave.

An input that begins with `dead` falls by an oracle, `over` by AddressSanitizer, `hang` by its time; the rest of it is
what the oracle says.
"""

import hashlib
import os
import pathlib
import signal
import sys
import time

COUNTERS = "INFO: Loaded 1 modules   (900 inline 8-bit counters): 900 [0x55d0, 0x5954), "
STACK = """==7== ERROR: libFuzzer: deadly signal
    #0 0x55d0 in __sanitizer_print_stack_trace (/x/FuzzJSON+0x1) (BuildId: 0)
    #1 0x55d1 in fuzzer::PrintStackTrace() (/x/FuzzJSON+0x2)
    #2 0x7f02 in $ss17_assertionFailure__ (/usr/lib/libswiftCore.so+0x3)
    #3 0x55d3 in $s10FuzzBasics10OracleTrapO3endyys12StaticStringV_AA0C7FailureVtFZ /x/OracleTrap.swift:21
    #4 0x55d4 in LLVMFuzzerTestOneInput /x/Entry.swift:7
    #5 0x55d5 in fuzzer::Fuzzer::ExecuteCallback(unsigned char const*, unsigned long) (/x/FuzzJSON+0x6)
SUMMARY: libFuzzer: deadly signal"""
OVERFLOW = """==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602 at pc 0x55 bp 0x7f sp 0x7f
READ of size 1 at 0x602 thread T0
    #0 0x55d1 in $s8JSONWire6ReaderV4nextyyF /x/Reader.swift:41
    #1 0x55d2 in $s10FuzzClaims11JSONReadingO3runyyF /x/JSONReading.swift:12
    #2 0x55d4 in LLVMFuzzerTestOneInput /x/Entry.swift:7

0x602 is located 0 bytes after 1-byte region
allocated by thread T0 here:
    #0 0x55e0 in malloc (/x/FuzzJSON+0x9)"""
TIMEOUT = """ALARM: working on the last Unit for 11 seconds
==7== ERROR: libFuzzer: timeout after 11 seconds
    #0 0x55d1 in $s8JSONWire6ReaderV4skipyyF /x/Reader.swift:90
    #1 0x55d2 in $s10FuzzClaims11JSONReadingO3runyyF /x/JSONReading.swift:12
    #2 0x55d4 in LLVMFuzzerTestOneInput /x/Entry.swift:7
SUMMARY: libFuzzer: timeout"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def fall(data, behaviour=""):
    """What an input makes the target do: (kind, exit code), None where nothing."""
    word = data[4:].decode(errors="replace").strip(" .") or "it fell"
    if data.startswith(b"dead"):
        say(f'FuzzBasics/OracleTrap.swift:21: Fatal error: JSON: {word}')
        say(STACK)
        return "crash", 77
    if data.startswith(b"over") or (behaviour != "unsanitised" and len(data) > 1000):
        say(OVERFLOW)
        return "crash", 77
    if data.startswith(b"hang"):
        say(TIMEOUT)
        return "timeout", 70
    return None


def write_artifact(prefix, kind, data):
    path = f"{prefix}{kind}-{hashlib.sha1(data).hexdigest()}"
    pathlib.Path(path).write_bytes(data)
    say(f"artifact_prefix='{prefix}'; Test unit written to {path}")


def statistics(runs):
    say(f"stat::number_of_executed_units: {runs}\nstat::average_exec_per_sec:     1000")


def run_files(behaviour, paths):
    for path in paths:
        say(f"Running: {path}")
        if fallen := fall(pathlib.Path(path).read_bytes(), behaviour):
            sys.exit(fallen[1])
    sys.exit(0)


def minimise(behaviour, flags, path):
    data = pathlib.Path(path).read_bytes()
    if behaviour == "minimiser dies":
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour == "minimiser hangs":
        time.sleep(600)
    if behaviour == "minimiser slides":
        pathlib.Path(flags["exact_artifact_path"]).write_bytes(b"over")
        sys.exit(0)
    pathlib.Path(flags["exact_artifact_path"]).write_bytes(data.rstrip(b"."))
    sys.exit(0)


def merge(behaviour, folders):
    if behaviour == "merge dies":
        sys.exit(1)
    known = {path.read_bytes() for path in folders[0].iterdir()}
    new = 0
    for path in sorted(folders[1].iterdir()):
        data = path.read_bytes()
        if data not in known and data.startswith(b"new"):
            (folders[0] / hashlib.sha1(data).hexdigest()).write_bytes(data)
            new += 1
    say(f"MERGE-OUTER: {new} new files with {new} new features added; {new} new coverage edges")
    sys.exit(0)


def interrupted(behaviour):
    if behaviour == "slow to stop":
        # Until the test has done what it does meanwhile; both files lie in the target's own folder.
        pathlib.Path("stopping").touch()
        end = time.monotonic() + 4
        while not os.path.exists("go") and time.monotonic() < end:
            time.sleep(0.01)
    say("==7== libFuzzer: run interrupted; exiting")
    statistics(4242)
    os._exit(72)


def fuzz(behaviour, flags, folders):
    signal.signal(signal.SIGINT, lambda *_: interrupted(behaviour))
    prefix = flags["artifact_prefix"]
    for folder in folders:
        for path in sorted(folder.iterdir()):
            data = path.read_bytes()[:int(flags["max_len"])]
            if fallen := fall(data):
                write_artifact(prefix, fallen[0], data)
                sys.exit(fallen[1])
    if "seed" in flags:
        say(f"told seed {flags['seed']}")
    say("#10\tINITED cov: 100 ft: 150 corp: 10/1234b exec/s: 0 rss: 40Mb")
    if behaviour == "ends silently":
        sys.exit(3)
    if folders:
        data = b"new %d" % os.getpid()
        (folders[0] / hashlib.sha1(data).hexdigest()).write_bytes(data)
    say("#512\tNEW    cov: 120 ft: 180 corp: 11/1300b lim: 4 exec/s: 512 rss: 40Mb L: 3/9 MS: 1 ChangeByte-")
    words = {"canary": b"dead", "unsanitised": b"dead",
             "falls": b"dead at 17........", "minimiser dies": b"dead at 17........",
             "minimiser hangs": b"dead at 17........", "minimiser slides": b"dead at 17........",
             "hangs": b"hang", "leaves an empty file": b"dead at 17"}
    if data := words.get(behaviour):
        kind, code = fall(data)
        write_artifact(prefix, kind, data)
        if behaviour == "leaves an empty file":
            import base64
            pathlib.Path(f"{prefix}{kind}-{hashlib.sha1(data).hexdigest()}").write_bytes(b"")
            say(f"Base64: {base64.b64encode(data).decode()}")
        statistics(512)
        sys.exit(code)
    if behaviour == "falls in company":
        # By what earlier inputs left behind: no input falls alone.
        fall(b"dead in company")
        write_artifact(prefix, "crash", b"fine")
        sys.exit(77)
    time.sleep(float(flags["max_total_time"]))
    say("#2048\tDONE   cov: 130 ft: 190 corp: 11/1300b lim: 4 exec/s: 1024 rss: 40Mb")
    statistics(2048)
    sys.exit(0)


def main(behaviour):
    flags = dict(argument[1:].partition("=")[::2] for argument in sys.argv[1:] if argument.startswith("-"))
    paths = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    say("INFO: Seed: 1" if behaviour == "blind" else COUNTERS)
    if flags.get("minimize_crash"):
        minimise(behaviour, flags, paths[0])
    if flags.get("merge"):
        merge(behaviour, [pathlib.Path(path) for path in paths])
    if paths and all(os.path.isfile(path) for path in paths):
        run_files(behaviour, paths)
    if flags.get("runs") == "0":
        say("#2\tINITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 40Mb\nDone 2 runs in 0 second(s)")
        sys.exit(0)
    fuzz(behaviour, flags, [pathlib.Path(path) for path in paths])
