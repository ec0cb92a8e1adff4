"""What libFuzzer says is understood."""

import libfuzzer
from building import counters, environment
from support import fake_fuzzer


def test_a_line_of_progress_has_its_numbers():
    line = "#8192\tNEW    cov: 412 ft: 1900 corp: 233/17Kb lim: 80 exec/s: 4096 rss: 52Mb L: 44/79 MS: 2 CopyPart-"
    status = libfuzzer.status(line)
    assert (status.runs, status.event, status.edges, status.features) == (8192, "NEW", 412, 1900)
    assert (status.corpus, status.per_second, status.rss_mib) == (233, 4096, 52)


def test_every_kind_of_progress_is_one():
    for line in ("#3\tINITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 40Mb",
                 "#131072\tpulse  cov: 9 ft: 9 corp: 4/90b lim: 17 exec/s: 65536 rss: 60Mb",
                 "#77\tREDUCE cov: 9 ft: 9 corp: 4/80b lim: 17 exec/s: 77 rss: 60Mb L: 3/9 MS: 1 EraseBytes-",
                 "#90\tRELOAD cov: 9 ft: 9 corp: 4/80b lim: 17 exec/s: 90 rss: 60Mb",
                 "#100\tDONE   cov: 9 ft: 9 corp: 4/80b lim: 17 exec/s: 100 rss: 60Mb"):
        assert libfuzzer.status(line), line


def test_no_progress_is_seen_where_there_is_none():
    for line in ("", "INFO: Seed: 1", "    #0 0x55d0 in main (/x+0x1)", "#12 is a number", "Done 100 runs in 1 s"):
        assert libfuzzer.status(line) is None, line


def test_statistics_are_read():
    assert libfuzzer.final_statistic("stat::number_of_executed_units: 43210") == ("number_of_executed_units", 43210)
    assert libfuzzer.final_statistic("status: 1") is None


def test_coverage_that_is_there_is_counted_and_coverage_that_is_not_is_missed():
    assert counters(fake_fuzzer.COUNTERS) == 900
    assert counters("INFO: Loaded 2 modules   (31 inline 8-bit counters): 30 [0x1, 0x2), 1 [0x3, 0x4),") == 31
    assert counters("INFO: Loaded 1 modules   (0 inline 8-bit counters): 0 [0x1, 0x1),") is None
    assert counters("INFO: Seed: 1") is None


def oracle(message):
    return [f"FuzzBasics/OracleTrap.swift:21: Fatal error: {message}", *fake_fuzzer.STACK.split("\n")]


def test_an_oracle_that_fails_is_told_by_its_words():
    crash = libfuzzer.crash(oracle("JSON: accepts what the reference refuses at 17"))
    assert (crash.kind, crash.message) == ("crash", "JSON: accepts what the reference refuses at 17")
    assert crash.frames == []


def test_numbers_and_quoted_texts_do_not_make_another_bug():
    keys = {libfuzzer.crash(oracle(text)).key() for text in ('JSON: byte 17 of "ab" is lost',
                                                             'JSON: byte 4096 of "x y" is lost')}
    assert len(keys) == 1
    assert libfuzzer.crash(oracle("JSON: byte 17 is there twice")).key() not in keys


def test_a_report_of_the_sanitizer_is_told_by_its_own_stack():
    crash = libfuzzer.crash(fake_fuzzer.OVERFLOW.split("\n"))
    assert (crash.kind, crash.message) == ("crash", "heap-buffer-overflow")
    assert crash.frames == ["$s8JSONWire6ReaderV4nextyyF", "$s10FuzzClaims11JSONReadingO3runyyF"]
    elsewhere = fake_fuzzer.OVERFLOW.replace("6ReaderV4next", "6WriterV4next").split("\n")
    assert libfuzzer.crash(elsewhere).key() != crash.key()


def test_frames_without_names_are_places_in_a_file():
    lines = ["==7== ERROR: libFuzzer: deadly signal", "    #0 0x55d1  (/x/release/FuzzJSON+0x1f) (BuildId: 0)",
             "    #1 0x7f00  (/lib/x86_64-linux-gnu/libc.so.6+0x2) (BuildId: 1)",
             "    #2 0x55d2 in LLVMFuzzerTestOneInput /x/Entry.swift:7"]
    assert libfuzzer.crash(lines).frames == ["FuzzJSON+0x1f"]


def test_a_timeout_is_one_wherever_the_alarm_fell():
    first = libfuzzer.crash(fake_fuzzer.TIMEOUT.split("\n"))
    assert first.kind == "timeout"
    outer = ["read", "run", "check"]
    keys = {libfuzzer.Crash("timeout", "timeout after 11 seconds", inner + outer).key()
            for inner in ([], ["skip"], ["next", "skip", "peek"])}
    assert len(keys) == 1
    keys = {libfuzzer.Crash("crash", "", inner + outer).key() for inner in ([], ["skip"], ["next", "skip", "peek"])}
    assert len(keys) == 3


def test_memory_that_runs_out_is_of_its_own_kind():
    lines = ["==7== ERROR: libFuzzer: out-of-memory (used: 2101MB; limit: 2048MB)"]
    assert libfuzzer.crash(lines).kind == "oom"


def test_output_without_a_crash_is_none():
    assert libfuzzer.crash(["INFO: Seed: 1", "Done 100 runs in 1 second(s)"]) is None


def test_inputs_in_the_output_are_read_back():
    lines = ["artifact_prefix='/s/'; Test unit written to /s/crash-aa", "Base64: ZGVhZA==", "Base64: eA==",
             "artifact_prefix='/s/'; Test unit written to /s/crash-bb", "Base64: !"]
    assert libfuzzer.spelled_artifacts(lines) == {"crash-aa": b"dead"}


def test_what_the_caller_wants_of_the_sanitizer_wins(monkeypatch):
    monkeypatch.setenv("ASAN_OPTIONS", "quarantine_size_mb=99")
    assert environment(fast=True)["ASAN_OPTIONS"].endswith(":quarantine_size_mb=99")
    assert environment()["ASAN_OPTIONS"] == "quarantine_size_mb=99"
    monkeypatch.delenv("ASAN_OPTIONS")
    assert environment(fast=True)["ASAN_OPTIONS"].startswith("malloc_context_size=0:")
    assert "ASAN_OPTIONS" not in environment()
