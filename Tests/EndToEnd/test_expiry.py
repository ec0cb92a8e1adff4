"""Images that nobody registers in time are deleted from store and record."""

import shutil
import sqlite3
import tempfile

import pytest

from support import tokens
from support.daemon import Daemon, run
from support.images import image
from support.mortal_store import MortalStore
from support.waiting import eventually

BODY = image("png", 70_000)


def settings(store, **others):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", **others}


@pytest.fixture
def store():
    with MortalStore() as server:
        yield server


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="sluice-expiry-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def stored(daemon, count=1):
    for _ in range(count):
        assert daemon.upload(tokens.mint(), BODY, "png").status == 201
    eventually(lambda: [row["state"] for row in daemon.rows()] == ["stored"] * count)
    return daemon.rows()


def change(daemon, statement):
    connection = sqlite3.connect(daemon.database, timeout=10)
    with connection:
        connection.execute(statement)
    connection.close()


def test_an_image_is_deleted_when_its_time_has_come(store):
    with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="1")) as daemon:
        for _ in range(3):
            assert daemon.upload(tokens.mint(), BODY, "png").status == 201
        eventually(lambda: not daemon.rows() and not store.objects, 20, lambda: f"{daemon.rows()}\n{daemon.output}")
        eventually(lambda: b'sluice_recovery_rows_total{outcome="expired"} 3' in daemon.admin("/metrics").body)


def test_without_a_time_to_live_nothing_expires(store):
    with Daemon(settings(store)) as daemon:
        row, = stored(daemon)
        assert row["expires_ms"] is None


def test_the_time_runs_from_the_end_of_the_upload(store):
    with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="3600")) as daemon:
        row, = stored(daemon)
        assert row["expires_ms"] == row["stored_ms"] + 3_600_000


def test_what_is_due_is_deleted_after_a_restart_and_what_was_lifted_stays(store, folder):
    with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="3600"), folder=folder) as daemon:
        kept, due, later = stored(daemon, 3)
        daemon.terminate()
    # As a registration would leave it, and as an hour would.
    change(daemon, f"UPDATE uploads SET expires_ms = NULL, registered_ms = 1 WHERE id = {kept['id']}")
    change(daemon, f"UPDATE uploads SET expires_ms = 1 WHERE id = {due['id']}")
    with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="3600"), folder=folder) as daemon:
        eventually(lambda: len(daemon.rows()) == 2, 15, lambda: daemon.output)
        assert sorted(store.objects) == sorted([kept["key"], later["key"]])


def test_a_deletion_that_was_begun_goes_on_after_a_crash_even_when_nothing_expires_any_more(store, folder):
    with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="1"), folder=folder) as daemon:
        store.faults = {"delete": "hang"}
        stored(daemon)
        eventually(lambda: [row["state"] for row in daemon.rows()] == ["expiring"] and store.seen["delete"], 15)
        daemon.process.kill()
        daemon.process.wait(10)
    assert len(store.objects) == 1
    store.faults = {}
    with Daemon(settings(store), folder=folder) as daemon:
        eventually(lambda: not daemon.rows() and not store.objects, 15, lambda: daemon.output)


def test_a_store_that_does_not_delete_is_asked_again(store):
    store.faults = {"delete": ["forbidden", "slowdown", "reset"]}
    with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="1")) as daemon:
        stored(daemon)
        eventually(lambda: not daemon.rows() and not store.objects, 30, lambda: daemon.output)
        assert store.seen["delete"] >= 4


class TestByHand:
    def test_due_images_go(self, store, folder):
        with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="3600"), folder=folder) as daemon:
            row, = stored(daemon)
        change(daemon, "UPDATE uploads SET expires_ms = 1")
        environment = settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="3600", SLUICE_DATABASE=str(daemon.database))
        dry = run("recover", "--dry-run", environment=environment)
        assert dry.returncode == 0 and f"{row['key']}: stored, would be deleted" in dry.stdout
        assert len(daemon.rows()) == 1
        real = run("recover", environment=environment)
        assert real.returncode == 0 and f"{row['key']}: expired" in real.stdout
        assert daemon.rows() == [] and not store.objects
