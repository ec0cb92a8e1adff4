"""`sluice doctor`: one line for each thing that it looks at, what to do where one is wrong, and nothing changed."""

import contextlib
import os
import socket
import sqlite3
import subprocess

import pytest

from support import tokens
from support.certificates import Authority
from support.daemon import Daemon, run
from support.images import image
from support.ports import free_port
from support.small_disk import mounted
from support.strict_store import StrictStore
from support.waiting import eventually

PNG = image("png", 2_000)


def diagnose(environment, *arguments):
    result = run("doctor", *arguments, environment=environment, timeout=90)
    assert not result.stderr, result.stderr
    lines = []
    for line in result.stdout.splitlines():
        rank, _, rest = line.partition(" ")
        subject, colon, text = rest.strip().partition(": ")
        assert rank in ("ok", "warning", "FAIL") and colon and text, line
        lines.append((rank, subject, text))
    assert (result.returncode == 1) == any(rank == "FAIL" for rank, _, _ in lines), result
    assert result.returncode in (0, 1)
    return result.returncode, lines


def told(lines, rank, subject):
    return [text for found, about, text in lines if (found, about) == (rank, subject)]


@pytest.fixture
def environment(s3_environment, tmp_path):
    return {**s3_environment, "SLUICE_DATABASE": str(tmp_path / "sluice.sqlite"), "SLUICE_SPOOL_DIR": "/var/tmp",
            "SLUICE_LISTEN": f"127.0.0.1:{free_port()}", "SLUICE_ADMIN_LISTEN": f"127.0.0.1:{free_port()}"}


@pytest.fixture
def local(environment, tmp_path):
    """The same without any network."""
    kept = {name: value for name, value in environment.items() if name.startswith("SLUICE") or name == "JWT_SECRET"}
    return {**kept, "SLUICE_STORE": "directory", "SLUICE_STORE_DIR": str(tmp_path / "objects")}


def test_all_is_well_and_nothing_is_left(environment, moto, tmp_path):
    moto.put_secret("/doctor/secret", "x" * 40)
    settings = {**environment, "JWT_SECRET": None, "JWT_SECRET_PARAMETER": "/doctor/secret"}
    code, lines = diagnose({name: value for name, value in settings.items() if value is not None})
    assert code == 0, lines
    for subject in ("settings", "open files", "database", "spool", "secret", "credentials", "store", "listen"):
        assert told(lines, "ok", subject), (subject, lines)
    assert any("environment" in text for text in told(lines, "ok", "credentials"))
    everything = "\n".join(text for _, _, text in lines)
    assert environment["AWS_SECRET_ACCESS_KEY"] not in everything and "xxxx" not in everything
    assert environment["AWS_ACCESS_KEY_ID"] not in everything
    assert moto.keys("users/sluice-doctor/") == [] and moto.unfinished("users/sluice-doctor/") == []
    asked = [entry for entry in moto.record() if "sluice-doctor" in str(entry)]
    assert asked, "the store was not tried"
    assert os.listdir(tmp_path) == [], "nothing is made"


def test_beside_a_daemon(s3_environment, tmp_path):
    with Daemon(s3_environment, folder=tmp_path) as daemon:
        assert daemon.upload(tokens.mint(), PNG, "png").status == 201
        eventually(lambda: daemon.states() == ["stored"])
        rows = daemon.rows()
        before = daemon.database.read_bytes()
        environment = {
            **s3_environment, "SLUICE_DATABASE": str(daemon.database), "SLUICE_SPOOL_DIR": "/var/tmp",
            "SLUICE_LISTEN": f"127.0.0.1:{daemon.port}", "SLUICE_ADMIN_LISTEN": f"127.0.0.1:{daemon.admin_port}"}
        for arguments in ((), ("--full",)):
            code, lines = diagnose(environment, *arguments)
            assert code == 0, lines
            assert told(lines, "ok", "daemon")
            assert all("running daemon's" in text for text in told(lines, "ok", "listen"))
            assert any("is sound" in text for text in told(lines, "ok", "database"))
        assert daemon.rows() == rows
        assert daemon.database.read_bytes()[:100] == before[:100]
        assert daemon.upload(tokens.mint(), PNG, "png").status == 201
    # Without a daemon the file is not written at all.
    before = (tmp_path / "sluice.sqlite").read_bytes()
    assert diagnose(environment)[0] == 0
    assert (tmp_path / "sluice.sqlite").read_bytes() == before


def make_record(folder, rows=0):
    with Daemon({"SLUICE_STORE": "directory", "JWT_SECRET": tokens.SECRET}, folder=folder) as daemon:
        for _ in range(rows):
            assert daemon.upload(tokens.mint(), PNG, "png").status == 201
        assert daemon.terminate() == 0


def damaged(folder):
    make_record(folder, rows=100)
    content = bytearray((folder / "sluice.sqlite").read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle:middle + 4096] = b"\xa5" * 4096
    (folder / "sluice.sqlite").write_bytes(content)
    return bytes(content)


def test_a_damaged_record_is_told_and_no_daemon_starts_on_it(local, tmp_path):
    content = damaged(tmp_path)
    code, lines = diagnose(local)
    assert code == 1
    assert any("damaged" in text and ".recover" in text for text in told(lines, "FAIL", "database")), lines
    with Daemon(local, wait=None, folder=tmp_path) as daemon:
        assert daemon.process.wait(20) == 1
        assert "restore" in daemon.output and ".recover" in daemon.output and str(daemon.database) in daemon.output
    assert (tmp_path / "sluice.sqlite").read_bytes() == content


@pytest.mark.parametrize(("change", "subject", "says"), [
    ({"SLUICE_DATABASE": "/nonexistent/sluice.sqlite"}, "database", "make it"),
    ({"SLUICE_DATABASE": "/proc/sluice.sqlite"}, "database", "/proc"),
    ({"SLUICE_SPOOL_DIR": "/dev/null/spool"}, "spool", "SLUICE_SPOOL_DIR"),
    ({"SLUICE_STORE_DIR": "/dev/null/objects"}, "store", "SLUICE_STORE_DIR"),
    ({"JWT_SECRET": None, "JWT_SECRET_FILE": "/nonexistent/secret"}, "secret", "JWT_SECRET_FILE"),
    ({"SLUICE_TLS_CERTIFICATE": "/nonexistent/c", "SLUICE_TLS_PRIVATE_KEY": "/nonexistent/k"}, "tls",
     "SLUICE_TLS_CERTIFICATE"),
    ({"SLUICE_LISTEN": "unix:/nonexistent/sock"}, "listen", "/nonexistent"),
    ({"SLUICE_LISTEN": "192.0.2.1:80"}, "listen", "not an address of this machine"),
])
def test_what_is_wrong_here(local, change, subject, says):
    settings = {name: value for name, value in {**local, **change}.items() if value is not None}
    code, lines = diagnose(settings)
    assert code == 1 and any(says in text for text in told(lines, "FAIL", subject)), lines


@pytest.mark.parametrize(("change", "subject", "says"), [
    ({"S3_BUCKET": "no-such-bucket"}, "store", "S3_BUCKET"),
    ({"AWS_ENDPOINT_URL": None, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, "store", "127.0.0.1:1"),
    ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "credentials", "credentials"),
    ({"JWT_SECRET": None, "JWT_SECRET_PARAMETER": "/doctor/none"}, "secret", "/doctor/none"),
])
def test_what_is_wrong_elsewhere(environment, change, subject, says):
    settings = {name: value for name, value in {**environment, **change}.items() if value is not None}
    code, lines = diagnose(settings)
    assert code == 1 and any(says in text for text in told(lines, "FAIL", subject)), lines


def test_a_wrong_key_is_the_stores_to_tell(environment, moto):
    code, lines = diagnose({**environment, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert code == 1 and told(lines, "FAIL", "store"), lines
    assert moto.unfinished("users/sluice-doctor/") == []


def test_a_port_that_another_program_has(local):
    with contextlib.closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code, lines = diagnose({**local, "SLUICE_LISTEN": f"127.0.0.1:{other.getsockname()[1]}"})
    assert code == 1 and any("another process" in text for text in told(lines, "FAIL", "listen")), lines


def test_what_serves_but_not_as_it_should(local, tmp_path):
    make_record(tmp_path)
    os.chmod(tmp_path / "sluice.sqlite", 0o644)
    code, lines = diagnose({**local, "JWT_SECRET": "short", "SLUICE_SPOOL_DIR": "/dev/shm"})
    assert code == 0, lines
    assert any("chmod 600" in text for text in told(lines, "warning", "database"))
    assert any("5 bytes" in text for text in told(lines, "warning", "secret"))
    assert any("in memory" in text for text in told(lines, "warning", "spool"))


def test_an_expired_certificate(local, tmp_path):
    certificate, key = Authority(tmp_path).leaf("localhost", days=-1)
    code, lines = diagnose({**local, "SLUICE_TLS_CERTIFICATE": str(certificate), "SLUICE_TLS_PRIVATE_KEY": str(key)})
    assert code == 0 and any("expired" in text for text in told(lines, "warning", "tls")), lines


def test_a_clock_that_differs(environment):
    with StrictStore() as store:
        settings = {name: value for name, value in environment.items() if not name.startswith("AWS")}
        settings.update(store.environment())
        for ahead, side in ((300, "behind"), (-300, "ahead of"), (3_600, "behind")):
            store.clock_ahead = ahead
            code, lines = diagnose(settings)
            assert code == 0, lines
            assert any(f"{side} the store's" in text for text in told(lines, "warning", "store")), lines
        assert store.uploads == {}


def test_a_record_of_a_newer_version(local, tmp_path):
    make_record(tmp_path)
    connection = sqlite3.connect(tmp_path / "sluice.sqlite")
    connection.execute("PRAGMA user_version = 1000000")
    connection.close()
    code, lines = diagnose(local)
    assert code == 1 and any("schema version 1000000" in text for text in told(lines, "FAIL", "database")), lines


def test_a_full_disk_under_the_record(local, tmp_path):
    with mounted(tmp_path / "small", 1) as place:
        code, lines = diagnose({**local, "SLUICE_DATABASE": str(place / "sluice.sqlite")})
        assert code == 1 and any("make room" in text for text in told(lines, "FAIL", "database")), lines
        assert any("in memory" in text for text in told(lines, "warning", "database"))
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        code, lines = diagnose({**local, "SLUICE_DATABASE": str(place / "sluice.sqlite")})
        assert code == 1 and any("may not be written" in text for text in told(lines, "FAIL", "database")), lines
