"""Images that nobody registers in time are deleted from store and record."""

from support import tokens
from support.daemon import Daemon, run
from support.images import image
from support.waiting import eventually

BODY = image("png", 70_000)


def stored(daemon, count=1):
    for _ in range(count):
        assert daemon.upload(tokens.mint(), BODY, "png").status == 201
    eventually(lambda: daemon.states() == ["stored"] * count)
    return daemon.rows()


def test_an_image_is_deleted_when_its_time_has_come(store):
    with Daemon(store.settings(SLUICE_UNREGISTERED_TTL_SECONDS="1")) as daemon:
        for _ in range(3):
            assert daemon.upload(tokens.mint(), BODY, "png").status == 201
        eventually(lambda: not daemon.rows() and not store.objects, 20, lambda: f"{daemon.rows()}\n{daemon.output}")
        eventually(lambda: b'sluice_recovery_rows_total{outcome="expired"} 3' in daemon.admin("/metrics").body)


def test_without_a_time_to_live_nothing_expires(store):
    with Daemon(store.settings()) as daemon:
        row, = stored(daemon)
        assert row["expires_ms"] is None


def test_the_time_runs_from_the_end_of_the_upload(store):
    with Daemon(store.settings(SLUICE_UNREGISTERED_TTL_SECONDS="3600")) as daemon:
        row, = stored(daemon)
        assert row["expires_ms"] == row["stored_ms"] + 3_600_000


def test_what_is_due_is_deleted_after_a_restart_and_what_was_lifted_stays(store, folder):
    with Daemon(store.settings(SLUICE_UNREGISTERED_TTL_SECONDS="3600"), folder=folder) as daemon:
        kept, due, later = stored(daemon, 3)
        daemon.terminate()
    # As a registration would leave it, and as an hour would.
    daemon.change(f"UPDATE uploads SET expires_ms = NULL, registered_ms = 1 WHERE id = {kept['id']}")
    daemon.change(f"UPDATE uploads SET expires_ms = 1 WHERE id = {due['id']}")
    with Daemon(store.settings(SLUICE_UNREGISTERED_TTL_SECONDS="3600"), folder=folder) as daemon:
        eventually(lambda: len(daemon.rows()) == 2, 15, lambda: daemon.output)
        assert sorted(store.objects) == sorted([kept["key"], later["key"]])


def test_a_deletion_that_was_begun_goes_on_after_a_crash_even_when_nothing_expires_any_more(store, folder):
    with Daemon(store.settings(SLUICE_UNREGISTERED_TTL_SECONDS="1"), folder=folder) as daemon:
        store.faults = {"delete": "hang"}
        stored(daemon)
        eventually(lambda: daemon.states() == ["expiring"] and store.seen["delete"], 15)
        daemon.kill()
    assert len(store.objects) == 1
    store.faults = {}
    with Daemon(store.settings(), folder=folder) as daemon:
        eventually(lambda: not daemon.rows() and not store.objects, 15, lambda: daemon.output)


def test_a_store_that_does_not_delete_is_asked_again(store):
    store.faults = {"delete": ["forbidden", "slowdown", "reset"]}
    with Daemon(store.settings(SLUICE_UNREGISTERED_TTL_SECONDS="1")) as daemon:
        stored(daemon)
        eventually(lambda: not daemon.rows() and not store.objects, 30, lambda: daemon.output)
        assert store.seen["delete"] >= 4


class TestByHand:
    def test_due_images_go(self, store, folder):
        with Daemon(store.settings(SLUICE_UNREGISTERED_TTL_SECONDS="3600"), folder=folder) as daemon:
            row, = stored(daemon)
        daemon.change("UPDATE uploads SET expires_ms = 1")
        environment = store.settings(SLUICE_UNREGISTERED_TTL_SECONDS="3600", SLUICE_DATABASE=str(daemon.database))
        dry = run("recover", "--dry-run", environment=environment)
        assert dry.returncode == 0 and f"{row['key']}: stored, would be deleted" in dry.stdout
        assert len(daemon.rows()) == 1
        real = run("recover", environment=environment)
        assert real.returncode == 0 and f"{row['key']}: expired" in real.stdout
        assert daemon.rows() == [] and not store.objects
