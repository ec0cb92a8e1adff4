"""The record: rows agree with answers, and a database that cannot be written is said clearly."""

import os
import resource
import signal
import sqlite3
import tempfile

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import image
from support.waiting import eventually

PNG = image("png", 100_000)
FINISHED = "stored"


def states(daemon, sub):
    return {row["id"]: row["state"] for row in daemon.rows("owner = ?", sub)}


def test_rows_match_the_answers(daemon, sub, token):
    answered = {}
    for number in range(10):
        response = daemon.upload(token, PNG, "png", f"x-filename: picture-{number}.png", chunked=number % 2 == 1)
        data, key = assert_created(response, size=len(PNG), kind="png", sub=sub)
        answered[data["imageId"]] = (key, data["originalFilename"])
    eventually(lambda: set(states(daemon, sub).values()) == {FINISHED}, 10, lambda: f"{states(daemon, sub)}")
    rows = daemon.rows("owner = ?", sub)
    assert {row["id"]: (row["key"], row["name"]) for row in rows} == answered


def test_a_refusal_before_the_store_is_asked_leaves_no_row(daemon, sub, token):
    assert_refused(daemon.upload(token, b"no image at all, by far", "png"), "INVALID_FILE_SIGNATURE")
    assert_refused(daemon.upload(token, PNG, "webp"), "INVALID_FILE_TYPE")
    assert daemon.rows("owner = ?", sub) == []


def test_an_upload_cut_off_leaves_no_row_that_says_stored(daemon, moto, sub, token):
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, "png", length=len(PNG)) + PNG[:90_000])
        moto.wait_for(f"users/{sub}/", "CreateMultipartUpload")
    moto.wait_for(f"users/{sub}/", "AbortMultipartUpload")
    eventually(lambda: set(states(daemon, sub).values()) <= {"gone"}, 15, lambda: f"{states(daemon, sub)}")


def test_the_file_is_a_wal_with_a_schema_version(daemon, token):
    assert daemon.upload(token, PNG, "png").status == 201
    connection = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA user_version").fetchone()[0] >= 1
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_schema_from_the_future_is_refused(directory_environment, tmp_path):
    database = tmp_path / "future.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 1000000")
    connection.commit()
    connection.close()
    with Daemon({**directory_environment, "SLUICE_DATABASE": str(database)}, wait=None) as daemon:
        assert daemon.process.wait(20) == 1
        assert str(database) in daemon.output


def test_a_file_that_is_no_database_is_refused(directory_environment, tmp_path):
    database = tmp_path / "text.sqlite"
    database.write_text("this is no database, " * 200)
    with Daemon({**directory_environment, "SLUICE_DATABASE": str(database)}, wait=None) as daemon:
        assert daemon.process.wait(20) == 1
        assert str(database) in daemon.output
    assert database.read_text().startswith("this is no database")


@pytest.mark.parametrize("place", ["/nonexistent/folder/sluice.sqlite", "/proc/sluice.sqlite"])
def test_a_folder_that_is_not_there_or_cannot_be_written(directory_environment, place):
    with Daemon({**directory_environment, "SLUICE_DATABASE": place}, wait=None) as daemon:
        assert daemon.process.wait(20) == 1
        assert place.rpartition("/")[0] in daemon.output


@pytest.fixture
def shared_folder():
    """A folder that any user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="sluice-record-") as folder:
        os.chmod(folder, 0o777)
        yield folder


def unprivileged():
    """The user to run as, so that permissions hold; None where this process has no more rights than that."""
    return "nobody" if os.getuid() == 0 else None


def test_a_folder_without_the_right_to_write(directory_environment, shared_folder):
    locked = os.path.join(shared_folder, "locked")
    os.mkdir(locked, 0o555)
    settings = {**directory_environment, "SLUICE_DATABASE": f"{locked}/sluice.sqlite"}
    with Daemon(settings, wait=None, folder=shared_folder, user=unprivileged()) as daemon:
        assert daemon.process.wait(20) == 1
        assert locked in daemon.output
        assert len([line for line in daemon.output.splitlines() if locked in line]) == 1


def test_a_database_without_the_right_to_write(directory_environment, shared_folder):
    settings = {**directory_environment, "SLUICE_DATABASE": f"{shared_folder}/kept.sqlite"}
    with Daemon(settings, folder=shared_folder) as daemon:
        assert daemon.upload(tokens.mint(), PNG, "png").status == 201
        daemon.terminate()
    for name in os.listdir(shared_folder):
        if name.startswith("kept.sqlite"):
            os.chmod(os.path.join(shared_folder, name), 0o444)
    with Daemon(settings, wait=None, folder=shared_folder, user=unprivileged()) as daemon:
        assert daemon.process.wait(20) == 1
        assert "kept.sqlite" in daemon.output


class TestFull:
    """A disk without room, played by a limit on the size of any file that the daemon writes."""

    LIMIT = 600_000

    @pytest.fixture
    def cramped(self, s3_environment):
        def limit():
            # Inherited over exec, so that the daemon sees EFBIG where a signal would end it.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.LIMIT, self.LIMIT))

        with Daemon(s3_environment, prepare=limit) as daemon:
            yield daemon

    def test_uploads_are_refused_nothing_is_left_and_reading_goes_on(self, cramped, moto):
        created, refused = [], None
        for _ in range(2_000):
            sub = tokens.fresh_subject()
            response = cramped.upload(tokens.mint(sub), PNG[:2_000], "png")
            if response.status != 201:
                refused = (sub, response)
                break
            created.append(response.json["data"]["imageId"])
        assert refused, "the database never filled"
        sub, response = refused
        assert_refused(response, "STORE_UNAVAILABLE")
        assert moto.keys(f"users/{sub}/") == [] and moto.unfinished(f"users/{sub}/") == []
        assert cramped.process.poll() is None
        assert cramped.admin("/healthz").status == 200
        ready = cramped.admin("/readyz")
        assert ready.status == 503 and ready.json["checks"]["catalog"] != "ok"
        complaints = [line for line in cramped.log() if line.get("level") in ("error", "critical")]
        assert any("sluice.sqlite" in str(line) for line in complaints), cramped.output[-2_000:]
        assert len(complaints) < 50, "one trouble, not one line for each upload"
        rows = {row["id"]: row["state"] for row in cramped.rows()}
        assert set(created) <= set(rows)
