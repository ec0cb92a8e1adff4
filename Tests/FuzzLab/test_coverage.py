"""`make fuzz-coverage` without its build: how it ends, and what it makes of made-up counts."""

import pytest

import coverage
import coverage_report as report
from building import Refused, alone, end


def test_one_measurement_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(coverage, "SCRATCH", tmp_path / "coverage")
    monkeypatch.setattr(coverage, "measure", lambda *_: pytest.fail("it measures what another one is writing"))
    with alone(tmp_path / "coverage", "measurement"):
        with pytest.raises(Refused, match="another measurement is under way in .*coverage"):
            coverage.main([])


def test_a_lock_is_let_go(tmp_path):
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), alone(tmp_path / "place", "proof"):
            raise KeyboardInterrupt


@pytest.mark.parametrize("trouble, code, said", [
    (KeyboardInterrupt(), 130, "interrupted"),
    (Refused("there is no llvm-cov", code=2), 2, "there is no llvm-cov"),
    (report.Unreadable("coverage-floor.txt:1: a floor"), 2, "coverage-floor.txt:1: a floor"),
    (OSError(28, "the system's words"), 2, "the disk is full"),
    (OSError(5, "the system's words"), 2, "the system's words"),
])
def test_it_ends_with_a_line_and_a_code(tmp_path, monkeypatch, capsys, trouble, code, said):
    def measure(*_):
        raise trouble
    monkeypatch.setattr(coverage, "SCRATCH", tmp_path)
    monkeypatch.setattr(coverage, "measure", measure)
    monkeypatch.setattr("sys.argv", ["coverage.py"])
    with pytest.raises(SystemExit) as ended:
        end(coverage.main, when_interrupted="interrupted")
    assert ended.value.code == code
    assert said in capsys.readouterr().err


SOURCE = "Sources/Bytes/A.swift"


@pytest.fixture
def top(tmp_path):
    """A checkout of one source, a part of which nothing reaches."""
    for module in ("Bytes", "Settings"):
        (tmp_path / "Sources" / module).mkdir(parents=True)
        (tmp_path / "Sources" / module / "A.swift").write_text("first\n    second | third\nlast\n")
    return tmp_path


def counted(name=SOURCE, lines=(3, 4), regions=(1, 2), missed_lines=(), missed_regions=()):
    return {name: report.File(report.Count(*lines), report.Count(*regions), missed_lines, missed_regions)}


def floor(top, text):
    path = top / "floor.txt"
    path.write_text(text)
    return path


@pytest.mark.parametrize("row, faults", [
    ("Bytes 75 50", []), (f"{SOURCE} 75 50  # as it is", []), ("# nothing\n\n", []), ("Tokens 100 100", []),
    ("Bytes 75.01 50", ["Bytes: 75.00 % of lines, and the floor is 75.01 %"]),
    (f"{SOURCE} 75 50.5", [f"{SOURCE}: 50.00 % of regions, and the floor is 50.5 %"]),
    ("Bytes 76 51", ["Bytes: 75.00 % of lines, and the floor is 76 %",
                     "Bytes: 50.00 % of regions, and the floor is 51 %"]),
])
def test_what_is_below_its_floor_is_a_fault(top, row, faults):
    assert report.under_floor(counted(), floor(top, row)) == faults


def test_nearly_all_is_not_all(top):
    whole = counted(lines=(99_999, 100_000), regions=(1, 1))
    assert report.under_floor(whole, floor(top, "Bytes 100 100")) == \
        ["Bytes: 99.99 % of lines, and the floor is 100 %"]


@pytest.mark.parametrize("row, told", [
    ("Bytes 75", "a name and two numbers"), ("Bytes 75 50 25", "a name and two numbers"),
    ("Bytes all 50", "a name and two numbers"), ("Bites 75 50", 'no module or source "Bites"')])
def test_a_floor_that_holds_nothing_is_refused(top, row, told):
    with pytest.raises(Refused, match=f"floor.txt:2: .*{told}") as refused:
        report.under_floor(counted(), floor(top, "# a floor\n" + row))
    assert refused.value.code == 2


def reasons(top, *rows):
    (top / "gaps.md").write_text("\n".join(["| Source | Code | Why |", "|---|---|---|", *rows]) + "\n")
    return report.Reasons(top / "gaps.md", top)


ROW = f"| `{SOURCE}` | `second \\| third` | It is made up. |"


def test_a_gap_with_its_reason_is_no_fault(top):
    for whole in (counted(missed_lines=[2]), counted(missed_regions=[(2, 5, 2, 9)])):
        given = reasons(top, ROW)
        assert given.faults(whole) == []
        assert "second | third\n    It is made up." in report.gap_list(whole, given)


def test_a_gap_without_a_reason_is_a_fault(top):
    whole = counted(missed_lines=[2, 3], missed_regions=[(3, 1, 3, 5)])
    assert reasons(top, ROW).faults(whole) == [f"{SOURCE}:3 is not reached and gaps.md does not say why: last"]
    assert len(reasons(top).faults(whole)) == 2
    empty = ROW.replace("It is made up.", "")
    assert reasons(top, empty).faults(counted(missed_lines=[2]))


def test_a_module_that_is_not_to_be_explained_may_have_gaps(top):
    assert report.EXPLAINED == ["Bytes", "HTTPWire", "JSONWire", "Tokens", "FormData", "Images", "SigV4", "Gateway"]
    assert reasons(top).faults(counted("Sources/Settings/A.swift", missed_lines=[2])) == []


def test_a_reason_for_what_is_reached_or_gone_is_a_fault(top):
    assert reasons(top, ROW).faults(counted(missed_lines=[3], missed_regions=[]))[0] == \
        f"gaps.md: {SOURCE} has no gap at `second | third`"
    gone = ROW.replace("second", "what was once there")
    assert reasons(top, ROW, gone).faults(counted(missed_lines=[2])) == \
        [f"gaps.md: {SOURCE} has no gap at `what was once there | third`"]
    other = "| `Sources/Bytes/B.swift` | `first` | It was taken away. |"
    assert reasons(top, other).faults(counted()) == ["gaps.md: Sources/Bytes/B.swift has no gap at `first`"]
