"""How long inputs become: `lengths.py`, and that a fuzzer is told."""

import lengths
from building import Lab
from running import limits


def test_every_length_is_of_a_target_and_below_the_usual_one():
    assert set(lengths._BYTES_MAX) <= set(Lab().targets())
    assert all(0 < length < lengths.USUAL for length in lengths._BYTES_MAX.values())


def test_a_target_without_a_length_of_its_own_has_the_usual_one():
    assert lengths.input_bytes_max("JSON") == 512
    assert lengths.input_bytes_max("NoSuchTarget") == lengths.USUAL
    assert limits()[0] == f"-max_len={lengths.USUAL}"


def test_nothing_shorter_is_looked_for_where_inputs_are_short_anyway():
    short = [name for name in Lab().targets() if "-reduce_inputs=0" in limits(lengths.input_bytes_max(name))]
    assert short == ["MagicNumber", "TokenStructured"]


def test_a_fuzzer_is_told_the_length_of_its_target(checkout):
    lab = checkout(JSON="quiet", Settings="quiet")
    # The program falls at what is over a thousand bytes: where it is cut off it does not.
    for name in ("JSON", "Settings"):
        lab.seed(name, "long", b"x" * 1500)
    code, output = lab.fuzz("JSON")
    assert (code, lab.findings()) == (0, {}), output
    code, output = lab.fuzz("Settings")
    assert (code, [finding["target"] for finding in lab.findings().values()]) == (1, ["Settings"]), output


def test_a_fuzzer_is_told_a_seed_where_there_is_one(checkout):
    lab = checkout(JSON="quiet")
    assert lab.fuzz("JSON", "--seed", "7")[0] == 0
    assert "told seed 7" in (lab.state / "JSON" / "log-0").read_text()
    assert lab.fuzz("JSON", "--seed", "7", "--jobs", "3")[0] == 0
    logs = [(lab.state / "JSON" / f"log-{number}").read_text() for number in range(3)]
    assert [f"told seed {7 + number}" in log for number, log in enumerate(logs)] == [True] * 3
    # One that is started again makes other choices than it did before.
    lab.behave("JSON", "ends silently")
    assert lab.fuzz("JSON", "--seed", "7", "--seconds", "5")[0] == 1
    assert "told seed 9" in (lab.state / "JSON" / "log-0").read_text()
    code, output = lab.fuzz("JSON", "--seed", "seven")
    assert code == 2 and "--seed" in output
