"""`make fuzz` from outside, over programs that behave like libFuzzer's."""

import signal
import time


def test_a_quiet_campaign_ends_well_and_reports(checkout):
    lab = checkout(JSON="quiet", Chunked="quiet")
    code, output = lab.fuzz("--jobs", "2")
    assert code == 0, output
    assert "Canary: found within 512 runs" in output
    target = lab.data()["targets"]["JSON"]
    assert (target["edges"], target["edges_all"], target["runs"]) == (130, 900, 2048)
    assert [campaign["how"] for campaign in lab.data()["campaigns"]] == ["finished"]
    assert "| JSON |" in (lab.state / "report.md").read_text()


def test_only_the_named_targets_run(checkout):
    lab = checkout(JSON="quiet", Chunked="falls")
    code, output = lab.fuzz("JSON")
    assert code == 0, output
    assert list(lab.data()["targets"]) == ["JSON"]


def test_more_fuzzers_than_targets_share_one(checkout):
    lab = checkout(JSON="quiet")
    code, output = lab.fuzz("--jobs", "3")
    assert code == 0, output
    assert lab.data()["targets"]["JSON"]["runs"] == 3 * 2048
    assert len(list((lab.state / "JSON" / "artifacts").iterdir())) == 3


def test_a_target_that_does_not_exist_is_refused_with_those_that_do(checkout):
    code, output = checkout(JSON="quiet").fuzz("JSON,Jason")
    assert code == 2
    assert 'there is no fuzz target "Jason"; there are Canary, JSON' in output


def test_numbers_that_are_none_are_refused(checkout):
    lab = checkout(JSON="quiet")
    for arguments in (["--seconds", "0"], ["--seconds", "-1"], ["--seconds", "1.5"], ["--seconds", ""],
                      ["--seconds", "99999999"], ["--jobs", "0"], ["--jobs", "two"], ["--jobs", "1000"]):
        code, output = lab.fuzz(*arguments)
        assert code == 2 and "is a number from 1 to" in output, (arguments, output)
    assert not lab.state.exists()


def test_a_target_without_coverage_is_refused(checkout):
    code, output = checkout(JSON="quiet", Chunked="blind").fuzz()
    assert code == 1
    assert "Chunked was built without coverage" in output


def test_a_canary_that_lives_ends_it_all(checkout):
    lab = checkout(JSON="quiet")
    lab.behave("Canary", "ends silently")
    code, output = lab.fuzz()
    assert code == 1 and "the canary did not die of its crash" in output
    assert not (lab.state / "state.json").exists()


def test_a_build_without_address_sanitizer_ends_it_all(checkout):
    lab = checkout(JSON="quiet")
    lab.behave("Canary", "unsanitised")
    code, output = lab.fuzz()
    assert code == 1 and "there is no AddressSanitizer" in output


def test_a_crash_is_judged_made_small_and_shown(checkout):
    lab = checkout(JSON="falls")
    code, output = lab.fuzz()
    assert code == 1
    (key, found), = lab.findings().items()
    assert found["message"] == "JSON: at 17" and found["kind"] == "crash" and found["alone"]
    assert (lab.state / "findings" / key / "input").read_bytes() == b"dead at 17"
    assert (lab.state / "findings" / key / "original").read_bytes() == b"dead at 17........"
    assert found["minimised"] == "minimised" and found["bytes"] == 10
    assert f"swift run sluice replay JSON {lab.state}/findings/{key}/input" in output
    assert "cp " in output and "Fuzz/Regressions/JSON/at-17-" in output
    assert "@Test func" in output and "0x64, 0x65, 0x61, 0x64" in output
    report = (lab.state / "report.html").read_text()
    assert key in report and "<svg" in report and "sluice replay JSON" in report


def test_the_same_crash_again_is_counted_not_kept_twice(checkout):
    lab = checkout(JSON="falls")
    for _ in range(2):
        lab.fuzz()
    found, = lab.findings().values()
    assert found["seen"] > 1
    assert len(list((lab.state / "findings").iterdir())) == 1


def test_a_timeout_is_a_finding(checkout):
    lab = checkout(JSON="hangs")
    code, output = lab.fuzz()
    assert code == 1
    found, = lab.findings().values()
    assert found["kind"] == "timeout" and found["minimised"] == "as it was found"


def test_a_minimiser_that_crashes_leaves_the_finding(checkout):
    lab = checkout(JSON="minimiser dies")
    code, output = lab.fuzz()
    assert code == 1
    (key, found), = lab.findings().items()
    assert "minimising ended with -11" in found["minimised"]
    assert (lab.state / "findings" / key / "input").read_bytes() == b"dead at 17........"


def test_a_minimiser_that_hangs_is_ended(checkout):
    lab = checkout(JSON="minimiser hangs")
    began = time.monotonic()
    assert lab.fuzz()[0] == 1
    assert time.monotonic() - began < 60
    found, = lab.findings().values()
    assert found["minimised"] == "nothing smaller in 3 s"


def test_a_minimiser_that_comes_no_further_says_how_long_it_tried(checkout):
    lab = checkout(JSON="quiet")
    lab.seed("JSON", "bad.json", b"dead short")
    assert lab.fuzz()[0] == 1
    found, = lab.findings().values()
    assert found["minimised"] == "nothing smaller in 1 s"


def test_a_minimiser_that_slides_into_another_bug_finds_two(checkout):
    lab = checkout(JSON="minimiser slides")
    lab.fuzz()
    first, second = lab.findings().values()
    assert first["message"] == "JSON: at 17" and first["minimised"].startswith("as it was found")
    assert "heap-buffer-overflow" in second["message"]


def test_an_input_that_a_full_disk_took_is_read_from_the_output(checkout):
    lab = checkout(JSON="leaves an empty file")
    lab.fuzz()
    (key, _), = lab.findings().items()
    assert (lab.state / "findings" / key / "original").read_bytes() == b"dead at 17"


def test_a_fuzzer_that_ends_without_a_word_is_given_up(checkout):
    lab = checkout(JSON="ends silently", Chunked="quiet")
    code, output = lab.fuzz("--jobs", "2", "--seconds", "5")
    assert code == 1, output
    assert output.count("\nJSON: a fuzzer ended with code 3 and left no input") == 3
    notes = lab.data()["targets"]["JSON"]["notes"]
    assert "a fuzzer ended with code 3" in notes[0] and "given up after 3 ends" in notes[1]
    assert lab.data()["targets"]["Chunked"]["runs"] == 2048
    assert lab.data()["campaigns"][0]["how"] == "failed"


def test_a_seed_that_falls_does_not_keep_the_rest_from_being_fuzzed(checkout):
    lab = checkout(JSON="quiet")
    seed = lab.seed("JSON", "bad.json", b"dead seed")
    lab.seed("JSON", "good.json", b"[]")
    assert lab.fuzz()[0] == 1
    assert seed.read_bytes() == b"dead seed"
    # It is known now, and left out from the start.
    lab.fuzz()
    found, = lab.findings().values()
    assert found["seen"] == 1 and found["open"]
    assert lab.data()["targets"]["JSON"]["edges"] == 130


def test_the_seeds_are_not_changed_and_the_corpus_is_merged(checkout):
    lab = checkout(JSON="quiet")
    seed = lab.seed("JSON", "good.json", b"[]")
    lab.fuzz()
    assert [path.name for path in seed.parent.iterdir()] == ["good.json"]
    names = [path.name for path in (lab.state / "JSON" / "corpus").iterdir()]
    assert len(names) == 1 and lab.data()["targets"]["JSON"]["new_files"] == 1


def test_a_merge_that_fails_leaves_the_corpus(checkout):
    lab = checkout(JSON="merge dies")
    assert lab.fuzz()[0] == 0
    assert len(list((lab.state / "JSON" / "corpus").iterdir())) == 1
    assert "could not be merged" in lab.data()["targets"]["JSON"]["notes"][0]


def test_a_second_start_goes_on(checkout):
    lab = checkout(JSON="quiet")
    lab.fuzz()
    before = lab.data()["targets"]["JSON"]
    lab.fuzz()
    after = lab.data()["targets"]["JSON"]
    assert after["runs"] == 2 * before["runs"] and after["seconds"] > before["seconds"]
    assert after["history"][:len(before["history"])] == before["history"]
    assert after["history"][-1][0] > before["seconds"]
    assert after["new_files"] == 2
    assert len(lab.data()["campaigns"]) == 2


def test_a_finding_that_no_longer_falls_is_closed(checkout):
    lab = checkout(JSON="falls")
    lab.fuzz()
    lab.behave("JSON", "quiet")
    (key, _), = lab.findings().items()
    # The program falls by the same bytes still; what it was made of is another matter.
    (lab.state / "findings" / key / "input").write_bytes(b"fine")
    code, _ = lab.fuzz()
    assert code == 0 and not lab.findings()[key]["open"]
    assert "no longer falls" in (lab.state / "report.md").read_text()


def test_a_finding_that_never_fell_alone_is_closed_by_another_program(checkout):
    lab = checkout(JSON="falls in company")
    assert lab.fuzz()[0] == 1
    (key, found), = lab.findings().items()
    assert found["message"] == "JSON: in company" and not found["alone"]
    lab.behave("JSON", "quiet")
    assert lab.fuzz()[0] == 0
    assert not lab.findings()[key]["open"]


def test_what_a_killed_campaign_left_is_judged_by_the_next(checkout):
    lab = checkout(JSON="quiet")
    lab.fuzz()
    left = lab.state / "JSON" / "artifacts" / "0" / "crash-0000"
    left.write_bytes(b"dead left")
    assert lab.fuzz()[0] == 1
    assert len(lab.findings()) == 1 and not left.exists()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_ctrl_c_keeps_the_state_and_writes_the_report(checkout):
    lab = checkout(JSON="quiet")
    process = lab.start("--seconds", "300")
    wait_for(lambda: (lab.state / "JSON" / "corpus").is_dir() and any((lab.state / "JSON" / "corpus").iterdir()))
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 130, output
    assert "goes on from here" in output
    assert lab.data()["campaigns"][0]["how"] == "interrupted"
    assert lab.data()["targets"]["JSON"]["runs"] == 4242
    assert "interrupted" in (lab.state / "report.md").read_text()
    assert any((lab.state / "JSON" / "corpus").iterdir())
    assert lab.fuzz()[0] == 0


def test_a_second_campaign_on_one_state_is_refused(checkout):
    lab = checkout(JSON="quiet")
    process = lab.start("--seconds", "300")
    try:
        wait_for(lambda: (lab.state / "JSON" / "corpus").is_dir())
        code, output = lab.fuzz()
        assert code == 1 and f"another campaign runs in {lab.state}" in output
        code, output = lab.fuzz(program="keep.py")
        assert code == 1 and "another campaign runs" in output
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_campaign_that_is_killed_leaves_no_fuzzer(checkout):
    lab = checkout(JSON="quiet")
    process = lab.start("--seconds", "300")
    corpus = lab.state / "JSON" / "corpus"
    wait_for(lambda: corpus.is_dir() and any(corpus.iterdir()))
    fuzzer = int(next(corpus.iterdir()).read_bytes().split()[1])
    process.kill()
    process.communicate(timeout=60)

    def is_gone():
        try:
            with open(f"/proc/{fuzzer}/stat") as file:
                return file.read().split(")")[1].split()[0] == "Z"
        except OSError:
            return True
    wait_for(is_gone)
    assert lab.fuzz()[0] == 0


def test_new_seeds_are_kept_under_names_to_read(checkout):
    lab = checkout(JSON="quiet")
    seed = lab.seed("JSON", "good.json", b"[]")
    lab.fuzz()
    code, output = lab.fuzz("JSON", program="keep.py")
    assert code == 0, output
    new, = [path for path in seed.parent.iterdir() if path != seed]
    assert new.name.startswith("found-new-") and new.suffix == ".json" and new.name in output
    assert lab.fuzz("JSON", program="keep.py")[1].count("found-") == 0


def test_nothing_to_keep_is_said(checkout):
    code, output = checkout(JSON="quiet").fuzz(program="keep.py")
    assert code == 1 and "run make fuzz first" in output
