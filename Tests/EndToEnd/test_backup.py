"""`sluice backup`: a copy of the record beside a daemon at work, and a daemon that starts on it."""

import concurrent.futures
import itertools
import os
import signal
import sqlite3
import stat
import subprocess
import threading

import pytest

from support import tokens
from support.daemon import Daemon, base_environment, binary, run
from support.faulty_disk import FaultyDisk
from support.images import image
from support.small_disk import mounted
from support.waiting import eventually

PNG = image("png", 2_000)


@pytest.fixture
def settings(directory_environment, tmp_path):
    return {**directory_environment, "SLUICE_DATABASE": str(tmp_path / "sluice.sqlite"),
            "SLUICE_STORE_DIR": str(tmp_path / "objects")}


@pytest.fixture
def daemon(settings):
    with Daemon(settings) as started:
        yield started


def backup(settings, target, *arguments):
    return run("backup", str(target), *arguments, environment=settings, timeout=60)


def pad(database, megabytes):
    """A table that makes the record large, as years of uploads would."""
    connection = sqlite3.connect(database, timeout=30)
    connection.executescript("PRAGMA wal_autocheckpoint=0; CREATE TABLE IF NOT EXISTS padding (bytes BLOB);")
    for _ in range(megabytes):
        connection.execute("INSERT INTO padding VALUES (zeroblob(1000000))")
    connection.commit()
    connection.close()


def partials(folder):
    return [name for name in os.listdir(folder) if ".partial-" in name]


def test_a_copy_under_load_and_a_daemon_that_starts_on_it(daemon, settings, tmp_path):
    pad(daemon.database, 20)
    stop = threading.Event()

    def load():
        statuses = []
        while not stop.is_set():
            statuses.append(daemon.upload(tokens.mint(), PNG, "png").status)
        return statuses

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(load) for _ in range(4)]
        before = max(row["id"] for row in eventually(daemon.rows))
        copies = []
        for number in range(3):
            result = backup(settings, tmp_path / f"copy-{number}.sqlite")
            copies.append(result)
        stop.set()
        statuses = set(itertools.chain.from_iterable(worker.result(60) for worker in workers))
    assert statuses == {201}
    for number, result in enumerate(copies):
        copy = tmp_path / f"copy-{number}.sqlite"
        assert result.returncode == 0 and not result.stderr, result
        assert str(copy) in result.stdout and "checked" in result.stdout
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        connection = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT max(id) FROM uploads").fetchone()[0] >= before
        connection.close()
        assert not os.path.exists(f"{copy}-wal") and not os.path.exists(f"{copy}-shm")
    assert partials(tmp_path) == []
    ids = {row["id"] for row in daemon.rows()}
    assert daemon.terminate() == 0
    # Restored as Docs/Operations.md says.
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"sluice.sqlite{suffix}").unlink(missing_ok=True)
    (tmp_path / "copy-2.sqlite").rename(daemon.database)
    with Daemon(settings) as restored:
        rows = {row["id"] for row in restored.rows()}
        assert rows and rows <= ids
        created = restored.upload(tokens.mint(), PNG, "png")
        assert created.status == 201 and created.json["data"]["imageId"] > max(rows)


def test_what_it_does_not_replace(daemon, settings, tmp_path):
    target = tmp_path / "copy.sqlite"
    target.write_text("precious")
    refused = backup(settings, target)
    assert refused.returncode == 1 and "--force" in refused.stderr and len(refused.stderr.splitlines()) == 1
    assert target.read_text() == "precious"
    assert backup(settings, target, "--force").returncode == 0
    assert target.read_bytes().startswith(b"SQLite format 3\0")
    own = backup(settings, daemon.database, "--force")
    assert own.returncode == 1 and "record itself" in own.stderr
    assert daemon.upload(tokens.mint(), PNG, "png").status == 201


@pytest.mark.parametrize(("database", "target", "says"), [
    ("/nonexistent/sluice.sqlite", "copy.sqlite", "SLUICE_DATABASE"),
    (None, "/nonexistent/copy.sqlite", "there is no directory /nonexistent"),
    (None, "/proc/copy.sqlite", "/proc"),
])
def test_what_cannot_be_done_is_one_line(daemon, settings, tmp_path, database, target, says):
    if database:
        settings = {**settings, "SLUICE_DATABASE": database}
    result = backup(settings, tmp_path / target)
    assert result.returncode == 1 and not result.stdout
    assert says in result.stderr and len(result.stderr.splitlines()) == 1, result.stderr


def test_wrong_usage_is_2(settings):
    for arguments in (("backup",), ("backup", "a", "b"), ("backup", "")):
        assert run(*arguments, environment=settings).returncode == 2, arguments


def test_a_target_without_room_leaves_nothing(daemon, settings, tmp_path):
    pad(daemon.database, 4)
    with mounted(tmp_path / "small", 1) as place:
        result = backup(settings, place / "copy.sqlite")
        assert result.returncode == 1 and f"free space on the file system of {place}" in result.stderr, result
        assert os.listdir(place) == []
    assert daemon.upload(tokens.mint(), PNG, "png").status == 201


def test_a_signal_ends_it_and_leaves_nothing(daemon, settings, tmp_path):
    pad(daemon.database, 100)
    process = subprocess.Popen(
        [binary(), "backup", str(tmp_path / "copy.sqlite")], env={**base_environment(tmp_path), **settings},
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: partials(tmp_path), 20)
        process.send_signal(signal.SIGINT)
        output, complaint = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
    assert process.returncode == 1 and "interrupted" in complaint and not output
    assert partials(tmp_path) == [] and not (tmp_path / "copy.sqlite").exists()


def test_a_copy_that_was_told_survives_a_power_loss(daemon, settings, tmp_path):
    """The copy's own disk is the one that is watched here."""
    assert daemon.upload(tokens.mint(), PNG, "png").status == 201
    place = tmp_path / "elsewhere"
    place.mkdir()
    disk = FaultyDisk(place)
    copy = place / "copy.sqlite"
    environment = {**settings, **disk.environment, "SLUICE_DATABASE": str(daemon.database),
                   "FAULTY_DISK_PATH": str(copy)}
    result = backup(environment, copy)
    assert result.returncode == 0, result
    platter = [name for name in os.listdir(place) if name.endswith(".platter") and "journal" not in name]
    assert len(platter) == 1, os.listdir(place)
    assert (place / platter[0]).read_bytes() == copy.read_bytes()
