"""`sluice replay`: inputs of the fuzz targets, run in an ordinary build."""

import os

import pytest

from support.daemon import TOP, run

CORPUS = TOP / "Fuzz" / "Corpus"


def seeds(target):
    paths = sorted(str(path) for path in (CORPUS / target).iterdir())
    assert paths
    return paths


@pytest.mark.parametrize("target", ["JSON", "RequestSplit", "TokenVerify"])
def test_seeds_pass_one_line_each(target):
    paths = seeds(target)
    result = run("replay", target, *paths)
    assert result.returncode == 0, result
    assert result.stdout.splitlines() == [f"{path}: passed" for path in paths] and not result.stderr


def test_an_input_that_fails_is_told_and_is_1(tmp_path):
    dead, alive = tmp_path / "dead", tmp_path / "alive"
    dead.write_bytes(b"dead")
    alive.write_bytes(b"alive")
    result = run("replay", "Canary", str(dead), str(alive))
    assert result.returncode == 1
    assert result.stdout.splitlines() == [f"{dead}: FAILED: the canary fell, as it must", f"{alive}: passed"]
    assert result.stderr == "1 of 2 inputs failed\n"


def test_an_empty_input_is_one(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert run("replay", "JSON", str(tmp_path / "empty")).returncode == 0


@pytest.mark.parametrize("name", ["json", "Json", "", "../JSON"])
def test_an_unknown_target_is_2_and_the_known_ones_are_named(name, tmp_path):
    result = run("replay", name, os.devnull)
    assert result.returncode == 2 and not result.stdout
    assert f"there is no fuzz target {name}; there are " in result.stderr and "RequestSplit" in result.stderr


def test_missing_arguments_are_2():
    for arguments in ((), ("JSON",)):
        result = run("replay", *arguments)
        assert result.returncode == 2 and result.stderr and not result.stdout


def test_what_cannot_be_read_is_told_and_the_rest_still_runs(tmp_path):
    good, huge = tmp_path / "good", tmp_path / "huge"
    good.write_bytes(b"[]")
    with open(huge, "wb") as file:
        file.truncate((64 << 20) + 1)
    result = run("replay", "JSON", str(tmp_path / "none"), str(tmp_path), str(huge), str(good))
    assert result.returncode == 2
    assert result.stdout == f"{good}: passed\n"
    assert result.stderr.splitlines() == [
        f"{tmp_path / 'none'} cannot be read: No such file or directory",
        f"{tmp_path} cannot be read: Is a directory",
        f"{huge} cannot be read: it holds more than 64 MiB", "3 of 4 inputs could not be read"]


def test_a_failure_counts_more_than_a_file_that_is_not_there(tmp_path):
    (tmp_path / "dead").write_bytes(b"dead")
    assert run("replay", "Canary", str(tmp_path / "none"), str(tmp_path / "dead")).returncode == 1


def test_the_targets_are_named_in_the_help():
    result = run("replay", "--help")
    assert result.returncode == 0
    text = " ".join(result.stdout.split())
    assert all(name.name in text for name in (TOP / "Fuzz" / "Targets").iterdir())
