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
