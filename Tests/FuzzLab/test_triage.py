"""What is done with a finding's file, beside what `make fuzz` shows of it from outside."""

import pathlib
import shutil
import subprocess

import pytest

import seeds
from building import CHECKOUT, Lab
from libfuzzer import ARTIFACT_KINDS
from state import State
from triage import Triage, file_name


def ignores(folder, path):
    """Whether git would pass over a file that is not there yet."""
    done = subprocess.run(["git", "-C", folder, "-c", "core.excludesFile=/dev/null", "check-ignore", "-q", path])
    assert done.returncode in (0, 1)
    return done.returncode == 0


@pytest.mark.parametrize("kind", ARTIFACT_KINDS)
def test_git_takes_what_is_kept_and_passes_over_what_libfuzzer_drops(tmp_path, kind):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    shutil.copyfile(CHECKOUT / ".gitignore", tmp_path / ".gitignore")
    name = file_name({"message": f"{kind} after 11 seconds", "target": "JSON"}, b"dead")
    assert name.startswith(f"{kind}-after-11-seconds-")
    assert not ignores(tmp_path, f"Fuzz/Regressions/JSON/{name}")
    assert ignores(tmp_path, name)


def test_a_file_that_libfuzzer_takes_away_meanwhile_is_passed_over(tmp_path, monkeypatch):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / name).write_bytes(b"dead")
    read = pathlib.Path.read_bytes

    def read_late(path):
        if path.name == "b":
            path.unlink()
        return read(path)
    monkeypatch.setattr(pathlib.Path, "read_bytes", read_late)
    assert sorted(path.name for path in seeds.equal_files(folder, b"dead")) == ["a", "c"]


def test_setting_aside_what_is_gone_already_is_no_mistake(tmp_path, monkeypatch):
    with State(tmp_path) as state:
        monkeypatch.setattr(seeds, "equal_files", lambda folder, data: [folder / "gone"])
        seeds.set_aside(state, "JSON", b"dead")


@pytest.mark.parametrize("was_open, is_other_program, is_open", [
    (True, False, True), (True, True, False), (False, False, False), (False, True, False)])
def test_what_never_fell_alone_is_closed_by_another_program_only(checkout, was_open, is_other_program, is_open):
    place = checkout(JSON="quiet")
    with State(place.state) as state:
        (state.folder / "findings" / "key").mkdir(parents=True)
        (state.folder / "findings" / "key" / "input").write_bytes(b"fine")
        state.data["findings"]["key"] = {"target": "JSON", "open": was_open, "alone": False}
        Triage(Lab(place.source, binaries=place.binaries), state).check_again("JSON", is_other_program)
        assert state.data["findings"]["key"]["open"] == is_open
