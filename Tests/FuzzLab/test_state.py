"""The folder of a campaign, and a disk that runs full."""

import contextlib
import pathlib

import pytest

import state as states
from building import Refused
from libfuzzer import Status
from small_disk import mounted
from state import DiskFull, State, write_whole


def fill(place):
    """Leaves no byte."""
    with open(place / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    with mounted(tmp_path / "disk", 1) as disk:
        write_whole(disk / "state.json", "old")
        fill(disk)
        with pytest.raises(DiskFull, match="is full"):
            write_whole(disk / "state.json", "new" * 100_000)
        assert [path.name for path in sorted(disk.iterdir())] == ["filler", "state.json"]
        assert (disk / "state.json").read_text() == "old"


def test_a_campaign_stops_before_the_disk_is_full_and_goes_on_when_there_is_room(checkout, tmp_path):
    lab = checkout(JSON="quiet")
    with mounted(tmp_path / "disk", 8) as disk:
        lab.state = disk / "state"
        assert lab.fuzz("--disk-free-mib", "1")[0] == 0
        runs = lab.data()["targets"]["JSON"]["runs"]
        fill(disk)
        code, output = lab.fuzz("--disk-free-mib", "1")
        assert code == 1 and "is full: what was found so far is kept" in output
        assert lab.data()["targets"]["JSON"]["runs"] == runs
        (disk / "filler").unlink()
        assert lab.fuzz("--disk-free-mib", "1")[0] == 0
        assert lab.data()["targets"]["JSON"]["runs"] == 2 * runs


def test_a_disk_that_fills_while_it_runs_ends_it_with_its_state(checkout, tmp_path):
    lab = checkout(JSON="quiet")
    with mounted(tmp_path / "disk", 8) as disk:
        lab.state = disk / "state"
        process = lab.start("--seconds", "300", "--disk-free-mib", "1")
        while not any(disk.glob("state/JSON/corpus/*")):
            assert process.poll() is None
        with open(disk / "filler", "wb") as file:
            file.write(b"x" * (15 << 19))
        output = process.communicate(timeout=60)[0]
        assert process.returncode == 1, output
        assert "is full" in output
        assert lab.data()["campaigns"][0]["how"] == "disk full"
        assert "disk full" in (lab.state / "report.md").read_text()


def test_a_state_that_is_none_is_refused_and_left_alone(tmp_path):
    for text in ("", "{", "[]", '{"version": 99, "targets": {}, "findings": {}}', '{"version": 1, "targets": []}'):
        (tmp_path / "state.json").write_text(text)
        with pytest.raises(Refused, match="move .* away"):
            State(tmp_path).open()
        assert (tmp_path / "state.json").read_text() == text


def test_a_folder_that_libfuzzer_cannot_take_is_refused(tmp_path):
    for name in ("a b", "a;b", "a'b"):
        with pytest.raises(Refused, match="libFuzzer takes no path"):
            State(tmp_path / name)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot hold a campaign"):
        State(tmp_path / "file").open()


def test_the_history_has_a_bound_and_keeps_its_ends(tmp_path):
    with State(tmp_path) as state:
        for second in range(5 * states.HISTORY_POINTS_MAX):
            state.record("JSON", second, Status(second, "NEW", edges=second, features=second, corpus=1))
        history = state.target("JSON")["history"]
        assert len(history) <= states.HISTORY_POINTS_MAX
        assert history[0][0] == 0 and history[-1][1] == 5 * states.HISTORY_POINTS_MAX - 1
        assert history == sorted(history)


def test_only_more_edges_are_new_ones(tmp_path):
    with State(tmp_path) as state:
        assert state.record("JSON", 1, Status(1, "NEW", edges=10))
        assert not state.record("JSON", 5, Status(2, "NEW", edges=10, features=99))
        assert not state.record("JSON", 6, Status(3, "INITED", edges=8))
        assert state.target("JSON")["new_edge_at"] == 1


def test_the_time_of_a_target_never_goes_back(tmp_path):
    with State(tmp_path) as state:
        assert state.fuzzed("JSON") == 0
        state.record("JSON", 40, Status(1, "NEW", edges=10))
        assert state.fuzzed("JSON") == 40
        state.target("JSON")["seconds"] = 60
        assert state.fuzzed("JSON") == 60


def test_another_build_is_measured_anew(tmp_path):
    with State(tmp_path) as state:
        assert not state.new_build("JSON", 900, "a program")
        state.record("JSON", 1, Status(1, "NEW", edges=300))
        assert not state.new_build("JSON", 900, "a program")
        assert state.new_build("JSON", 900, "a program without the bug")
        assert state.target("JSON")["edges"] == 300
        assert state.new_build("JSON", 901, "a longer program")
        assert state.target("JSON")["edges"] == 0 and "changed" in state.target("JSON")["notes"][0]


def test_the_lock_goes_with_its_process(tmp_path):
    with State(tmp_path):
        with pytest.raises(Refused, match="another campaign runs"):
            State(tmp_path).open()
    State(tmp_path).open().close()


def test_every_module_is_short(tmp_path):
    lab = pathlib.Path(states.__file__).parent
    for path in [*lab.glob("*.py"), *pathlib.Path(__file__).parent.rglob("*.py")]:
        lines = path.read_text().split("\n")
        assert len(lines) <= 401 and max(map(len, lines)) <= 120, path
