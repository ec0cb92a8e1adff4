"""The disk under the database: full, read-only, failing, and without power. No 201 is ever a lie."""

import concurrent.futures
import contextlib
import errno
import fcntl
import os
import sqlite3
import subprocess
import time

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_refused
from support.faulty_disk import FaultyDisk
from support.images import image
from support.small_disk import mounted
from support.waiting import eventually

PNG = image("png", 2_000)
# States of a row that a 201 may have: what recovery makes `stored` of is as good.
KEPT = {"completing", "stored"}


def upload(daemon, answered):
    """One small upload; a 201 is noted with its key."""
    sub = tokens.fresh_subject()
    response = daemon.upload(tokens.mint(sub), PNG, "png")
    if response.status == 201:
        data = response.json["data"]
        answered[data["imageId"]] = data["imageUrl"].partition("/pictures/")[2]
    return response.status


def assert_kept(daemon, moto, answered):
    """Every 201 has its row, and its object whole in the store."""
    assert answered
    rows = {row["id"]: row for row in daemon.rows()}
    for image_id, key in answered.items():
        assert image_id in rows, f"{image_id} was answered with 201 and has no row"
        assert rows[image_id]["key"] == key and rows[image_id]["state"] in KEPT, rows[image_id]
        assert moto.object(key)[0] == PNG
    connection = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def assert_refuses_at_the_head(daemon):
    """The answer comes before any byte of the body was sent."""
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(tokens.mint(), "png", length=len(PNG)))
        assert_refused(connection.response(), "STORE_UNAVAILABLE")


def catalog(daemon):
    return daemon.admin("/readyz").json["checks"]["catalog"]


def assert_serves_again(daemon, answered):
    daemon.wait_until("readyz")
    assert upload(daemon, answered) == 201


@pytest.fixture
def small_disk(tmp_path):
    with mounted(tmp_path / "small", 2) as place:
        yield place


class TestFull:
    def test_uploads_fill_the_disk_and_none_that_was_answered_is_lost(self, small_disk, s3_environment, moto):
        settings = {**s3_environment, "SLUICE_DATABASE": str(small_disk / "sluice.sqlite")}
        answered = {}
        with Daemon(settings) as daemon:
            assert upload(daemon, answered) == 201
            # Some hundred KiB are left for the uploads to fill.
            with open(small_disk / "filler", "wb") as filler:
                filler.write(bytes(1_500_000))
            statuses = set()

            def fill(_):
                if catalog(daemon) == "ok":
                    statuses.add(upload(daemon, answered))

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for _ in pool.map(fill, range(4_000)):
                    if 503 in statuses:
                        break
                pool.shutdown(cancel_futures=True)
            assert statuses == {201, 503}
            eventually(lambda: "free space on the file system of" in catalog(daemon), 10, lambda: catalog(daemon))
            for _ in range(20):
                assert_refuses_at_the_head(daemon)
            assert daemon.admin("/healthz").status == 200
            daemon.kill()
        os.unlink(small_disk / "filler")
        with Daemon(settings) as daemon:
            assert_kept(daemon, moto, answered)
            assert upload(daemon, answered) == 201
            assert_kept(daemon, moto, answered)

    def test_it_serves_again_by_itself_when_there_is_room(self, small_disk, s3_environment, moto):
        settings = {**s3_environment, "SLUICE_DATABASE": str(small_disk / "sluice.sqlite")}
        answered = {}
        with Daemon(settings) as daemon:
            assert upload(daemon, answered) == 201
            with open(small_disk / "filler", "wb", buffering=0) as filler:
                with pytest.raises(OSError):
                    while True:
                        filler.write(bytes(4_096))
            eventually(lambda: upload(daemon, answered) == 503, 60)
            assert_refuses_at_the_head(daemon)
            # A page or two are no room: nobody is let in to fail.
            os.truncate(small_disk / "filler", os.path.getsize(small_disk / "filler") - 8_192)
            # It tries once a second. Too short a look could only miss that it lets somebody in.
            deadline = time.monotonic() + 3.5
            while time.monotonic() < deadline:
                assert_refuses_at_the_head(daemon)
                assert "free space" in catalog(daemon), daemon.output
            os.unlink(small_disk / "filler")
            assert_serves_again(daemon, answered)
            told = [line["message"] for line in daemon.log() if "sluice.sqlite" in line.get("message", "")]
            assert len([line for line in told if "cannot be written" in line]) == 1, told
            eventually(lambda: any("can be written again" in str(line) for line in daemon.log()), 10)
            daemon.kill()
        with Daemon(settings) as daemon:
            assert_kept(daemon, moto, answered)


class TestReadOnly:
    def test_a_start_on_it_is_refused_and_later_works(self, small_disk, s3_environment, moto):
        settings = {**s3_environment, "SLUICE_DATABASE": str(small_disk / "sluice.sqlite")}
        answered = {}
        with Daemon(settings) as daemon:
            assert upload(daemon, answered) == 201
            daemon.terminate()
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        with Daemon(settings, wait=None) as daemon:
            assert daemon.process.wait(20) == 1
            assert "writable" in daemon.output and str(small_disk) in daemon.output
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        with Daemon(settings) as daemon:
            assert_kept(daemon, moto, answered)

    def test_a_disk_that_turns_read_only_under_way(self, s3_environment, moto, tmp_path):
        """As a file system does that has met an error: what is open stays open, and each write is EROFS."""
        disk = FaultyDisk(tmp_path)
        answered = {}
        with Daemon({**s3_environment, **disk.environment}) as daemon:
            assert upload(daemon, answered) == 201
            rules = [disk.fail("write", log=log, error=errno.EROFS) for log in (True, False)]
            eventually(lambda: upload(daemon, answered) == 503, 10)
            assert disk.hits(rules[0]) > 0
            assert_refuses_at_the_head(daemon)
            assert catalog(daemon) != "ok"
            disk.heal()
            assert_serves_again(daemon, answered)
            daemon.kill()
        with Daemon({**s3_environment, "SLUICE_DATABASE": str(disk.database)}) as daemon:
            assert_kept(daemon, moto, answered)


class TestPower:
    """After the kill, the files are what the syncs had brought to the disk."""

    def restarted(self, disk, s3_environment):
        disk.lose_power()
        return Daemon({**s3_environment, "SLUICE_DATABASE": str(disk.database)})

    def many(self, daemon, answered, count, at_once=8):
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda _: upload(daemon, answered), range(count)))

    @pytest.mark.parametrize("strategy", ["multipart", "put"])
    def test_every_201_outlives_a_power_loss(self, s3_environment, moto, tmp_path, strategy):
        disk = FaultyDisk(tmp_path)
        answered = {}
        with Daemon({**s3_environment, **disk.environment, "SLUICE_UPLOAD_STRATEGY": strategy}) as daemon:
            assert set(self.many(daemon, answered, 40)) == {201}
            daemon.kill()
        with self.restarted(disk, s3_environment) as daemon:
            assert len(answered) == 40
            assert_kept(daemon, moto, answered)

    @pytest.mark.parametrize("strategy", ["multipart", "put"])
    def test_a_sync_that_fails_makes_no_201_and_the_service_recovers(self, s3_environment, moto, tmp_path, strategy):
        disk = FaultyDisk(tmp_path)
        answered = {}
        with Daemon({**s3_environment, **disk.environment, "SLUICE_UPLOAD_STRATEGY": strategy}) as daemon:
            assert set(self.many(daemon, answered, 10)) == {201}
            rule = disk.fail("sync", log=True)
            before = len(answered)
            assert set(self.many(daemon, answered, 10)) == {503}
            assert len(answered) == before and disk.hits(rule) > 0
            assert "check the disk below" in catalog(daemon)
            assert_refuses_at_the_head(daemon)
            disk.heal()
            assert_serves_again(daemon, answered)
            assert set(self.many(daemon, answered, 10)) == {201}
            daemon.kill()
        with self.restarted(disk, s3_environment) as daemon:
            assert_kept(daemon, moto, answered)

    @pytest.mark.parametrize("parity", [0, 1])
    def test_a_log_with_a_hole_never_reaches_the_file_in_halves(self, s3_environment, moto, tmp_path, parity):
        """One sync of the log fails and the next would succeed without its pages; then the power goes while the log is
        copied into the file, of which every other page gets to the disk."""
        disk = FaultyDisk(tmp_path)
        answered = {}
        with Daemon({**s3_environment, **disk.environment}) as daemon, contextlib.ExitStack() as stack:
            def begin(body):
                connection = stack.enter_context(wire.Connection(daemon.port))
                connection.send(wire.upload_head(tokens.mint(), "png", length=len(PNG)) + body)
                return connection

            assert set(self.many(daemon, answered, 40)) == {201}
            first, second = begin(PNG[:-1]), begin(PNG[:-1])
            eventually(lambda: len(daemon.rows("state = 'streaming'")) == 2, 20)
            # The log is copied into the file while nothing is written, and begun anew by the next upload.
            eventually(lambda: disk.database.stat().st_size > 16_384, 20)
            assert upload(daemon, answered) == 201
            log = disk.fail("sync", log=True, skip=1, count=1, parity=parity)
            copy = disk.fail("sync", log=False, parity=parity)
            # The writer waits for its lock with the first, and then has a hundred new rows, for which pages are split,
            # before the sync for the second. (Too short a wait would only make a smaller hole.)
            with open(f"{disk.database}.lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                first.send(PNG[-1:])
                time.sleep(0.5)
                for _ in range(150):
                    begin(PNG)
                second.send(PNG[-1:])
                time.sleep(1)
            eventually(lambda: disk.hits(copy) > 0, 20, lambda: daemon.output)
            assert disk.hits(log) == 1
            daemon.kill()
        with self.restarted(disk, s3_environment) as daemon:
            assert_kept(daemon, moto, answered)
            assert upload(daemon, answered) == 201
