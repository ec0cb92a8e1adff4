"""What a killed daemon left: the next start settles every row, and nothing is left over in the store."""

import re
import shutil
import tempfile

import pytest

from support import tokens, wire
from support.daemon import Daemon, run
from support.images import MIB, image
from support.waiting import eventually

BODY = image("png", 200_000)


def messages(daemon):
    return [line.get("message", "") for line in daemon.log()]


def finished(daemon, timeout=15):
    """Waits for the line that says that recovery has looked at everything, and returns its numbers."""
    def said():
        return [text for text in messages(daemon) if text.startswith("recovery finished")]
    line = eventually(said, timeout, lambda: daemon.output[-3_000:])[0]
    return [int(number) for number in re.findall(r"\d+", line)]


def settled(daemon, expected, timeout=15):
    eventually(lambda: daemon.states() == expected, timeout, lambda: f"{daemon.states()}\n{daemon.output[-3_000:]}")


def begin(daemon, body=BODY, sent=None):
    """An upload of which `sent` bytes are sent, all by default."""
    connection = wire.Connection(daemon.port)
    sent = len(body) if sent is None else sent
    connection.send(wire.upload_head(tokens.mint(), "png", length=len(body)) + body[:sent])
    return connection


def stopped_in(daemon, state, timeout=10):
    eventually(lambda: daemon.states() == [state], timeout, lambda: f"{daemon.states()}\n{daemon.output[-3_000:]}")


class TestKilled:
    def test_while_bytes_come(self, store, folder):
        with Daemon(store.settings(), folder=folder) as daemon:
            with begin(daemon, sent=150_000):
                stopped_in(daemon, "streaming")
                daemon.kill()
        assert len(store.open) == 1
        with Daemon(store.settings(), folder=folder) as daemon:
            assert finished(daemon)[:4] == [1, 0, 1, 0]
            assert daemon.states() == []
        assert not store.open and not store.objects

    @pytest.mark.parametrize("known", [True, False])
    def test_after_a_create_that_was_sent_twice(self, store, folder, known):
        """The record knows the one upload, and nobody the other."""
        with Daemon(store.settings(), folder=folder) as daemon:
            with begin(daemon, sent=150_000):
                stopped_in(daemon, "streaming")
                daemon.kill()
        (name, upload), = store.open.items()
        store.open["other"] = {**upload, "parts": {}}
        store.open["another"] = {**upload, "parts": {}, "key": upload["key"] + "x"}
        if not known:
            del store.open[name]
        with Daemon(store.settings(), folder=folder) as daemon:
            assert finished(daemon)[:4] == [1, 0, 1, 0]
            assert daemon.states() == []
        assert list(store.open) == ["another"] and not store.objects
        # Of an upload that is known and was aborted, nothing is there to be deleted.
        assert store.seen["delete"] == (0 if known else 1)

    def test_while_the_upload_is_being_opened(self, store, folder):
        store.faults = {"create": "hang-after"}
        with Daemon(store.settings(), folder=folder) as daemon:
            with begin(daemon):
                stopped_in(daemon, "opening")
                eventually(lambda: store.open)
                daemon.kill()
        store.faults = {}
        with Daemon(store.settings(), folder=folder) as daemon:
            settled(daemon, [])
        assert not store.open and not store.objects

    def test_before_complete_has_come_to_the_store(self, store, folder):
        store.faults = {"complete": "hang"}
        with Daemon(store.settings(), folder=folder) as daemon:
            with begin(daemon):
                eventually(lambda: store.seen["complete"])
                stopped_in(daemon, "completing")
                daemon.kill()
        store.faults = {}
        with Daemon(store.settings(), folder=folder) as daemon:
            assert finished(daemon)[:4] == [1, 1, 0, 0]
            row, = daemon.rows()
            assert row["state"] == "stored" and row["stored_ms"] and row["size"] == len(BODY)
            assert {key: size for key, (size, _) in store.objects.items()} == {row["key"]: len(BODY)}
        assert not store.open

    def test_when_the_answer_to_complete_was_lost(self, store, folder):
        store.faults = {"complete": "hang-after"}
        with Daemon(store.settings(), folder=folder) as daemon:
            with begin(daemon):
                eventually(lambda: store.objects)
                stopped_in(daemon, "completing")
                daemon.kill()
        store.faults = {}
        with Daemon(store.settings(), folder=folder) as daemon:
            settled(daemon, ["stored"])
        assert len(store.objects) == 1 and not store.open

    def test_when_the_last_part_never_came(self, store, folder):
        """`completing` is durable while the part's answer is on its way: what the store has is not the whole body."""
        store.faults = {"part": "hang"}
        with Daemon(store.settings(), folder=folder) as daemon:
            with begin(daemon):
                stopped_in(daemon, "completing")
                daemon.kill()
        store.faults = {}
        with Daemon(store.settings(), folder=folder) as daemon:
            settled(daemon, [])
        assert not store.objects and not store.open
        assert store.seen["complete"] == 0

    def test_when_the_last_of_several_parts_never_came(self, store, folder):
        """The parts that are there would make an object, and not the one that was sent."""
        large = store.settings(SLUICE_MAX_UPLOAD_BYTES=str(8 * MIB))
        store.faults = {"part": [None, "hang"]}
        with Daemon(large, folder=folder) as daemon:
            with begin(daemon, image("png", 6 * MIB)):
                stopped_in(daemon, "completing")
                eventually(lambda: store.seen["part"] == 2)
                daemon.kill()
        store.faults = {}
        assert [upload["parts"] for upload in store.open.values()] == [{1: 5 * MIB}]
        with Daemon(large, folder=folder) as daemon:
            settled(daemon, [])
        assert not store.objects and not store.open
        assert store.seen["complete"] == 0

    def test_while_it_takes_an_upload_back(self, store, folder):
        store.faults = {"abort": "hang"}
        with Daemon(store.settings(), folder=folder) as daemon:
            with begin(daemon, sent=150_000):
                stopped_in(daemon, "streaming")
            stopped_in(daemon, "aborting")
            daemon.kill()
        assert len(store.open) == 1
        store.faults = {}
        with Daemon(store.settings(), folder=folder) as daemon:
            assert finished(daemon)[:4] == [1, 0, 1, 0]
        assert not store.objects and not store.open

    def test_while_it_takes_a_put_back_that_had_arrived(self, store, folder):
        store.faults = {"put": "lost", "head": "forbidden"}
        put = store.settings(SLUICE_UPLOAD_STRATEGY="put")
        with Daemon(put, folder=folder) as daemon:
            with begin(daemon) as connection:
                assert connection.response().status == 503
            stopped_in(daemon, "aborting")
            daemon.kill()
        assert len(store.objects) == 1
        store.faults = {}
        with Daemon(put, folder=folder) as daemon:
            # It is deleted at once, and the row waits until no PutObject can be at work any more.
            eventually(lambda: not store.objects, 15, lambda: daemon.output)
            finished(daemon)
            assert daemon.states() == ["aborting"]

    @pytest.mark.parametrize("arrived", [True, False])
    def test_while_the_end_of_a_put_is_on_its_way(self, store, folder, arrived):
        store.faults = {"put": "hang-after" if arrived else "hang"}
        put = store.settings(SLUICE_UPLOAD_STRATEGY="put")
        with Daemon(put, folder=folder) as daemon:
            with begin(daemon):
                stopped_in(daemon, "completing")
                eventually(lambda: store.seen["put"])
                if arrived:
                    eventually(lambda: store.objects)
                daemon.kill()
        store.faults = {}
        with Daemon(put, folder=folder) as daemon:
            finished(daemon)
            # Nothing can stop a PutObject that the store may have: it is looked for again a quarter of an hour later.
            assert daemon.states() == ["stored" if arrived else "completing"]
            assert len(store.objects) == arrived


def test_a_store_that_forbids_the_look_is_asked_again_and_nothing_is_deleted(store, folder):
    store.faults = {"complete": "hang-after"}
    with Daemon(store.settings(), folder=folder) as daemon:
        with begin(daemon):
            eventually(lambda: store.objects)
            stopped_in(daemon, "completing")
            daemon.kill()
    store.faults = {"head": "forbidden"}
    with Daemon(store.settings(), folder=folder) as daemon:
        assert finished(daemon)[:4] == [1, 0, 0, 1]
        assert daemon.states() == ["completing"]
        assert any("stays so for now" in text and "403" in text for text in messages(daemon))
        store.faults = {}
        settled(daemon, ["stored"])
    assert store.seen["delete"] == 0 and len(store.objects) == 1


def test_a_living_process_keeps_its_rows(store, folder):
    with Daemon(store.settings(), folder=folder) as first:
        with begin(first, sent=150_000) as connection:
            stopped_in(first, "streaming")
            other = tempfile.mkdtemp(prefix="sluice-recovery-")
            try:
                with Daemon(store.settings(SLUICE_DATABASE=str(first.database)), folder=other) as second:
                    assert finished(second)[0] == 0
                    assert second.states() == ["streaming"] and len(store.open) == 1
                    connection.send(BODY[150_000:])
                    assert connection.response().status == 201
            finally:
                shutil.rmtree(other, ignore_errors=True)
        settled(first, ["stored"])


def test_a_row_in_doubt_of_a_living_process_is_settled_by_it(store):
    """Complete has no answer, and then the store knows neither upload nor object: the upload itself gives up."""
    store.faults = {"complete": ["vanish"]}
    with Daemon(store.settings()) as daemon:
        with begin(daemon) as connection:
            assert connection.response().status == 503
        settled(daemon, [], 30)
        assert b'sluice_recovery_rows_total{outcome="aborted"} 1' in daemon.admin("/metrics").body
    assert not store.objects and not store.open


def test_files_of_a_killed_daemon_are_removed(directory_environment, folder):
    with Daemon(directory_environment, folder=folder) as daemon:
        incoming = daemon.folder / "objects" / ".incoming"
        with begin(daemon, sent=150_000):
            stopped_in(daemon, "streaming")
            daemon.kill()
    assert len(list(incoming.iterdir())) == 1
    with Daemon(directory_environment, folder=folder) as daemon:
        settled(daemon, [])
        assert list(incoming.iterdir()) == []


def test_files_of_a_killed_daemon_are_removed_by_hand_too(directory_environment, folder):
    with Daemon(directory_environment, folder=folder) as daemon:
        with begin(daemon, sent=150_000):
            stopped_in(daemon, "streaming")
            daemon.kill()
    environment = {**directory_environment, "SLUICE_DATABASE": str(daemon.database),
                   "SLUICE_STORE_DIR": str(daemon.folder / "objects")}
    answer = run("recover", environment=environment)
    assert answer.returncode == 0 and ": removed" in answer.stdout, answer.stderr
    assert daemon.rows() == [] and list((daemon.folder / "objects" / ".incoming").iterdir()) == []
