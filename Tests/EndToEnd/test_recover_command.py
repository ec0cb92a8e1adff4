"""`sluice recover`: what start-up recovery does, by hand and beside a running daemon."""

import concurrent.futures
import contextlib
import hashlib
import pathlib
import sqlite3

import pytest

from support import tokens, wire
from support.daemon import Daemon, run
from support.images import image
from support.waiting import eventually

BODY = image("png", 200_000)


@pytest.fixture
def left(store, folder):
    """A record of a killed daemon: one row `streaming`, one `completing` whose object is there."""
    with Daemon(store.settings(), folder=folder) as daemon:
        half = begin(daemon, 150_000)
        eventually(lambda: daemon.states() == ["streaming"])
        store.faults = {"complete": "hang-after"}
        whole = begin(daemon, len(BODY))
        eventually(lambda: daemon.states() == ["streaming", "completing"] and store.objects)
        daemon.kill()
        half.socket.close()
        whole.socket.close()
    store.faults = {}
    return daemon


def begin(daemon, sent):
    connection = wire.Connection(daemon.port)
    connection.send(wire.upload_head(tokens.mint(), "png", length=len(BODY)) + BODY[:sent])
    return connection


def recover(store, daemon, *arguments, **others):
    return run("recover", *arguments, environment=store.settings(SLUICE_DATABASE=str(daemon.database), **others))


def contents(folder):
    """Every file but SQLite's shared memory, which readers write too."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in pathlib.Path(folder).rglob("*")
            if path.is_file() and not path.name.endswith("-shm")}


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(store, folder, left):
    before = contents(folder), store.seen.copy(), len(store.open)
    answer = recover(store, left, "--dry-run")
    assert answer.returncode == 0, answer.stderr
    streaming, completing = left.rows()
    line = f"image {streaming['id']} {streaming['key']}: streaming, the uploads of its key would be aborted"
    assert line in answer.stdout
    assert f"image {completing['id']} {completing['key']}: completing, Complete would be asked once more" \
        in answer.stdout
    assert answer.stdout.splitlines()[-1] == \
        "2 unfinished rows, 0 images whose time has come, 0 unknown uploads"
    assert contents(folder) == before[0] and len(store.open) == before[2]
    asked = store.seen - before[1]
    assert set(asked) <= {"search"}


def test_it_settles_what_is_left(store, left):
    answer = recover(store, left)
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[-1] == "1 stored, 1 removed, 0 expired, 0 kept for later; 0 unknown uploads aborted"
    assert len(lines) == 3
    assert left.states() == ["stored"]
    assert not store.open and len(store.objects) == 1
    again = recover(store, left)
    assert again.returncode == 0
    assert again.stdout.splitlines() == \
        ["0 stored, 0 removed, 0 expired, 0 kept for later; 0 unknown uploads aborted"]


def test_what_cannot_be_settled_is_kept_and_said(store, left):
    store.faults = {"head": "forbidden", "abort": "slowdown"}
    answer = recover(store, left)
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1].startswith("0 stored, 0 removed, 0 expired, 2 kept for later")
    assert "2 rows are kept for later" in answer.stderr
    assert left.states() == ["streaming", "completing"] and store.seen["delete"] == 0


def test_beside_a_running_daemon_its_uploads_are_left_alone(store):
    with Daemon(store.settings()) as daemon:
        connection = begin(daemon, 150_000)
        with connection:
            eventually(lambda: daemon.states() == ["streaming"])
            answer = recover(store, daemon)
            assert answer.returncode == 0, answer.stderr
            assert answer.stdout.startswith("0 stored, 0 removed")
            connection.send(BODY[150_000:])
            assert connection.response().status == 201


def test_a_reader_that_stays_stops_no_upload_meanwhile(store):
    """It truncates the log at its start and its end, and would wait for the reader with the right to write in hand."""
    with Daemon(store.settings()) as daemon:
        assert daemon.upload(tokens.mint(), BODY, "png").status == 201
        with contextlib.closing(sqlite3.connect(daemon.database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM uploads").fetchone() == (1,)
            # What the reader does not see is in the log.
            assert daemon.upload(tokens.mint(), BODY, "png").status == 201
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                answer = pool.submit(recover, store, daemon)
                statuses = [daemon.upload(tokens.mint(), BODY, "png", timeout=60).status]
                while not answer.done():
                    statuses.append(daemon.upload(tokens.mint(), BODY, "png", timeout=60).status)
        assert answer.result().returncode == 0, answer.result().stderr
        assert set(statuses) == {201}, statuses


def test_by_another_name_of_the_record_too(store, tmp_path):
    """The locks of the living are beside the file itself, whatever the link that leads to it."""
    with Daemon(store.settings()) as daemon:
        connection = begin(daemon, 150_000)
        with connection:
            eventually(lambda: daemon.states() == ["streaming"])
            alias = tmp_path / "alias.sqlite"
            alias.symlink_to(daemon.database)
            for arguments in (("--dry-run",), ()):
                answer = run("recover", *arguments, environment=store.settings(SLUICE_DATABASE=str(alias)))
                assert answer.returncode == 0, answer.stderr
                assert daemon.rows()[0]["key"] not in answer.stdout
            assert [path.name for path in tmp_path.iterdir()] == ["alias.sqlite"]
            connection.send(BODY[150_000:])
            assert connection.response().status == 201


def test_by_its_own_name_where_a_link_led_to_it_first(store, tmp_path):
    """The record was made by way of a link to what was not there yet."""
    (tmp_path / "disk").mkdir()
    alias, record = tmp_path / "alias.sqlite", tmp_path / "disk" / "record.sqlite"
    alias.symlink_to("disk/record.sqlite")
    with Daemon(store.settings(SLUICE_DATABASE=str(alias))) as daemon:
        connection = begin(daemon, 150_000)
        with connection:
            eventually(lambda: daemon.states() == ["streaming"])
            answer = run("recover", environment=store.settings(SLUICE_DATABASE=str(record)))
            assert answer.returncode == 0, answer.stderr
            assert daemon.states() == ["streaming"]
            connection.send(BODY[150_000:])
            assert connection.response().status == 201
    assert [path.name for path in tmp_path.iterdir() if path.name != "disk"] == ["alias.sqlite"]


def test_without_a_record_it_says_so_and_makes_none(store, folder):
    path = pathlib.Path(folder) / "none.sqlite"
    for arguments in ((), ("--dry-run",)):
        answer = run("recover", *arguments, environment=store.settings(SLUICE_DATABASE=str(path)))
        assert answer.returncode == 1 and str(path) in answer.stderr
        assert not path.exists()


def test_wrong_usage_is_2(store):
    assert run("recover", "--what", environment=store.settings()).returncode == 2
    assert run("recover", environment=store.settings(S3_BUCKET="")).returncode == 2


def test_without_a_store_that_answers_the_list_is_missed(store, left):
    store.die()
    dry = recover(store, left, "--dry-run")
    assert dry.returncode == 1 and "the uploads of its key would be aborted" in dry.stdout
    real = recover(store, left)
    assert real.returncode == 1 and "2 kept for later" in real.stdout
    assert left.states() == ["streaming", "completing"]
