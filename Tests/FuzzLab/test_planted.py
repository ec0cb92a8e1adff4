"""The planted bugs as they are committed, and what the proof makes of patches and of runs."""

import os
import types

import pytest

import planted
import proof
from building import Lab, Refused
from lengths import input_bytes_max
from running import limits

COUNTERS = "INFO: Loaded 1 modules   (9 inline 8-bit counters): 9 [0x1, 0x2),"
FELL = "FuzzBasics/OracleTrap.swift:21: Fatal error: JSON: taken, and it is not JSON"


def patch(old, new, name="Sources/A.swift", words="A class of bug.\nTarget: JSON\n"):
    return f"{words}\n--- a/{name}\n+++ b/{name}\n@@ -1,2 +1,2 @@\n-{old}\n+{new}\n last\n"


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A checkout of two files and a folder for patches."""
    (tmp_path / "Sources").mkdir()
    for name in ("A", "B"):
        (tmp_path / "Sources" / f"{name}.swift").write_text("first\nlast\n")
    folder = tmp_path / "Fuzz" / "Planted"
    folder.mkdir(parents=True)
    for module in (planted, proof):
        monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    monkeypatch.setattr(planted, "FOLDER", folder)
    return tmp_path


def write(sources, name, text):
    path = sources / "Fuzz" / "Planted" / f"{name}.patch"
    path.write_text(text)
    return path


def bug(sources, name="01-a"):
    return planted.read(write(sources, name, patch("first", "worse")))


def test_every_committed_patch_applies_and_names_its_target(tmp_path):
    bugs = planted.read_all(Lab().targets())
    assert len(bugs) >= 20
    scratch = planted.Scratch(tmp_path)
    for one in bugs:
        scratch.check(one)


@pytest.mark.parametrize("name, words, changed, told", [
    ("one", "A.\nTarget: JSON\n", "Sources/A.swift", "is called NN-name.patch"),
    ("01-a", "", "Sources/A.swift", "a sentence and a line"),
    ("01-a", "A.\n", "Sources/A.swift", "a sentence and a line"),
    ("01-a", "Target: JSON\n", "Sources/A.swift", "a sentence and a line"),
    ("01-a", "A.\nTarget: JSON\n", "Tests/A.swift", "files in Sources and no others"),
])
def test_a_patch_that_does_not_say_what_it_is_is_refused(sources, name, words, changed, told):
    path = write(sources, name, patch("first", "worse", name=changed, words=words))
    with pytest.raises(Refused, match=told):
        planted.read(path)


def test_numbers_are_given_once_and_targets_exist(sources):
    bug(sources, "01-a")
    with pytest.raises(Refused, match="there is no fuzz target JSON"):
        planted.read_all(["Chunked"])
    bug(sources, "01-b")
    with pytest.raises(Refused, match="01-a and 01-b have one number"):
        planted.read_all(["JSON"])


def test_bugs_are_chosen_by_number_or_a_part_of_the_name(sources):
    bugs = [bug(sources, name) for name in ("01-host-twice", "02-host-differs", "10-bare-lf")]
    assert planted.choose(bugs, []) == bugs
    assert planted.choose(bugs, ["10", "host"]) == bugs
    assert planted.choose(bugs, ["1"]) == bugs[:1]
    with pytest.raises(Refused, match='no planted bug "tls"; there are 01-host-twice') as refused:
        planted.choose(bugs, ["tls"])
    assert refused.value.code == 2


def test_one_bug_at_a_time_is_in_the_copy_and_none_in_the_sources(sources):
    scratch = planted.Scratch(sources / "proof")
    scratch.renew()
    copy = {name: scratch.tree / "Sources" / f"{name}.swift" for name in ("A", "B")}
    old = 1_000_000_000
    for path in copy.values():
        os.utime(path, (old, old))
    scratch.plant(bug(sources, "01-a"))
    assert [path.read_text() for path in copy.values()] == ["worse\nlast\n", "first\nlast\n"]
    scratch.plant(planted.read(write(sources, "02-b", patch("first", "bad", name="Sources/B.swift"))))
    assert [path.read_text() for path in copy.values()] == ["first\nlast\n", "bad\nlast\n"]
    scratch.restore()
    assert [path.read_text() for path in copy.values()] == ["first\nlast\n"] * 2
    assert (sources / "Sources/A.swift").read_text() == "first\nlast\n"
    os.utime(copy["A"], (old, old))
    (scratch.tree / "Sources/C.swift").write_text("left over")
    scratch.renew()
    assert copy["A"].stat().st_mtime == old, "an equal file would be compiled again"
    assert not (scratch.tree / "Sources/C.swift").exists()


def test_a_patch_that_no_longer_applies_is_refused(sources):
    scratch = planted.Scratch(sources / "proof")
    one = bug(sources)
    scratch.check(one)
    (sources / "Sources/A.swift").write_text("other\nlast\n")
    for attempt in (scratch.check, scratch.plant):
        with pytest.raises(Refused, match="01-a no longer applies"):
            attempt(one)
    (sources / "Sources/A.swift").unlink()
    with pytest.raises(Refused, match="no longer applies"):
        scratch.plant(one)


class Program:
    """A lab whose program says something and ends."""

    def __init__(self, folder, says, code):
        self.path = folder / "program"
        self.path.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\nexit {code}\n")
        self.path.chmod(0o755)

    def build(self, names):
        pass

    def binary(self, name):
        return self.path


@pytest.mark.parametrize("says, code, told", [
    (COUNTERS, 0, "did not find it"),
    (COUNTERS + "\nFuzzHarness/X.swift:5: Fatal error: Index out of range", 77, "and not by its oracle: .*Index out"),
    (COUNTERS + "\nFuzzHarness/X.swift:5: Fatal error: Chunked: another's words", 77, "and not by its oracle"),
    (COUNTERS + "\n==1== ERROR: libFuzzer: timeout after 20 seconds", 70, "and not by its oracle: .*timeout"),
    (FELL, 77, "without coverage"),
])
def test_only_the_oracles_own_words_are_a_find(sources, says, code, told):
    scratch = planted.Scratch(sources / "proof")
    scratch.renew()
    with pytest.raises(Refused, match=told):
        proof.prove(Program(sources, says, code), scratch, bug(sources), sources / "proof", 1)


def test_a_find_is_told_with_its_words_seconds_and_runs(sources):
    scratch = planted.Scratch(sources / "proof")
    scratch.renew()
    program = Program(sources, f"{COUNTERS}\n{FELL}\nstat::number_of_executed_units: 1234", 77)
    one = bug(sources)
    outcome = proof.prove(program, scratch, one, sources / "proof", 1)
    assert (outcome.message, outcome.runs) == ("taken, and it is not JSON", 1234)
    assert proof.row(one, outcome).startswith("| 01 | A class of bug | `JSON` | ")
    assert proof.row(one, outcome).endswith(" | 1,234 |")


def test_a_find_that_comes_too_late_is_none(sources, monkeypatch):
    scratch = planted.Scratch(sources / "proof")
    scratch.renew()
    program = Program(sources, f"{COUNTERS}\n{FELL}", 77)
    # Each look at the clock is a second after the one before.
    monkeypatch.setattr(proof, "time", types.SimpleNamespace(monotonic=iter(range(100)).__next__))
    one = bug(sources)
    assert proof.prove(program, scratch, one, sources / "proof", 1).seconds == 1
    monkeypatch.setattr(proof, "time", types.SimpleNamespace(monotonic=iter(range(0, 1000, 61)).__next__))
    with pytest.raises(Refused, match="01-a: JSON found it after 61 s, and had 60"):
        proof.prove(program, scratch, one, sources / "proof", 60)


def test_a_target_looks_as_it_does_in_a_campaign(sources):
    program = Program(sources, f"{COUNTERS}\n$*", 0)
    program.path.write_text(program.path.read_text().replace("<<'END'", "<<END"))
    (sources / "Fuzz" / "Dictionaries").mkdir()
    dictionary = sources / "Fuzz" / "Dictionaries" / "JSON.dict"
    dictionary.write_text("")
    seeds = sources / "Fuzz" / "Corpus" / "JSON"
    seeds.mkdir(parents=True)
    said = proof.run(program, "JSON", sources / "proof", 7).output.split("\n")[1].split(" ")
    assert set(limits(input_bytes_max("JSON"))) | {"-max_total_time=7", "-seed=1", f"-dict={dictionary}"} <= set(said)
    assert said[-2:] == [str(sources / "proof" / "corpus"), str(seeds)]


def test_the_sources_as_they_are_must_be_guilty_of_nothing(sources):
    program = Program(sources, f"{COUNTERS}\n{FELL}", 77)
    program.check_canary = lambda: 1
    with pytest.raises(Refused, match="JSON fails without any bug planted: taken, and it is not JSON"):
        proof.check_control(program, planted.Scratch(sources / "proof"), ["JSON"], sources / "proof")


def test_the_table_replaces_what_stands_behind_its_mark(sources, monkeypatch):
    document = sources / "Fuzzing.md"
    monkeypatch.setattr(proof, "DOCUMENT", document)
    with pytest.raises(Refused, match="no place for the table"):
        proof.write_table(["| row |"])
    document.write_text(f"a\n\n{proof.MARK}\n\nan old one\n\n## Next\n\nb\n")
    proof.write_table(["| row |"])
    assert document.read_text() == f"a\n\n{proof.MARK}\n\n{proof.table(['| row |'])}\n\n## Next\n\nb\n"
    proof.write_table(["| row |"])
    assert document.read_text().count("| row |") == 1
