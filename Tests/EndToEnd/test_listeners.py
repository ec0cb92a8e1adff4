"""Where the daemon listens: several places at once, IPv4, IPv6, Unix sockets, and what it says when it cannot."""

import os
import socket
import stat

import pytest

from support import wire
from support.daemon import Daemon, run
from support.expectations import assert_created
from support.images import image
from support.ports import free_port
from support.waiting import eventually

BODY = image("png", 20_000)


class UnixConnection(wire.Connection):
    """The same client through a Unix socket."""

    def __init__(self, path, timeout=30.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.timeout = timeout
        self.received = bytearray()
        self.is_ended = False


def upload(connection, token, sub):
    with connection:
        connection.send(wire.upload_head(token, "png", length=len(BODY)) + BODY)
        assert_created(connection.response(), size=len(BODY), kind="png", sub=sub)


def test_several_listeners_at_once(directory_environment, token, sub):
    port, other = free_port(), free_port()
    path = f"/tmp/sluice-{os.getpid()}-{port}.sock"
    settings = {
        **directory_environment, "SLUICE_LISTEN": f"127.0.0.1:{port},[::1]:{other},unix:{path}",
        "SLUICE_UNIX_SOCKET_MODE": "0660"}
    with Daemon(settings) as daemon:
        for connection in (wire.Connection(port), wire.Connection(other, host="::1"), UnixConnection(path)):
            upload(connection, token, sub)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
        remotes = {line["remote"] for line in daemon.access_log(3, lambda line: line.get("sub") == sub)}
        assert remotes == {"127.0.0.1", "::1", "unix"}
        assert daemon.terminate() == 0
        assert not os.path.exists(path)


def test_ipv6_any_takes_ipv4_too(directory_environment, token, sub):
    port = free_port()
    with Daemon({**directory_environment, "SLUICE_LISTEN": f"[::]:{port}"}) as daemon:
        upload(wire.Connection(port), token, sub)
        upload(wire.Connection(port, host="::1"), token, sub)
        remotes = {line["remote"] for line in daemon.access_log(2, lambda line: line.get("sub") == sub)}
        assert remotes == {"127.0.0.1", "::1"}


def test_admin_on_a_unix_socket(directory_environment):
    path = f"/tmp/sluice-{os.getpid()}-admin.sock"
    with Daemon({**directory_environment, "SLUICE_ADMIN_LISTEN": f"unix:{path}"}, wait=None) as daemon:
        eventually(lambda: os.path.exists(path), 20, lambda: daemon.output)
        with UnixConnection(path) as connection:
            connection.send(wire.head("GET", "/healthz"))
            assert connection.response(method="GET").json == {"status": "ok"}
    assert not os.path.exists(path)


def test_a_killed_daemons_socket_is_taken_over(directory_environment, token, sub):
    path = f"/tmp/sluice-{os.getpid()}-killed.sock"
    settings = {**directory_environment, "SLUICE_LISTEN": f"unix:{path}"}
    try:
        with Daemon(settings) as daemon:
            daemon.kill()
        assert os.path.exists(path)
        with Daemon(settings):
            upload(UnixConnection(path), token, sub)
    finally:
        if os.path.exists(path):
            os.unlink(path)


def failed_start(directory_environment, folder, listen):
    settings = {
        **directory_environment, "SLUICE_LISTEN": listen, "SLUICE_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
        "SLUICE_DATABASE": f"{folder}/x.sqlite", "SLUICE_STORE_DIR": f"{folder}/objects", "SLUICE_LOG_FORMAT": "text"}
    ended = run("serve", environment=settings, folder=folder)
    assert ended.returncode == 1, ended
    return ended.stderr


@pytest.mark.parametrize("family", ["127.0.0.1", "[::1]"])
def test_a_port_that_is_taken(directory_environment, tmp_path, family):
    holder = socket.socket(socket.AF_INET6 if family == "[::1]" else socket.AF_INET)
    with holder:
        holder.bind((family.strip("[]"), 0))
        holder.listen()
        listen = f"{family}:{holder.getsockname()[1]}"
        assert f"{listen} is taken by another process" in failed_start(directory_environment, tmp_path, listen)


def test_unix_sockets_that_cannot_be(directory_environment, tmp_path):
    with Daemon({**directory_environment, "SLUICE_LISTEN": f"unix:{tmp_path}/a.sock"}):
        assert "is taken" in failed_start(directory_environment, tmp_path, f"unix:{tmp_path}/a.sock")
    (tmp_path / "file").write_text("mine")
    assert "is taken" in failed_start(directory_environment, tmp_path, f"unix:{tmp_path}/file")
    assert (tmp_path / "file").read_text() == "mine"
    missing = failed_start(directory_environment, tmp_path, f"unix:{tmp_path}/no/such.sock")
    assert "the directory of" in missing and "does not exist" in missing
    assert "is too long" in failed_start(directory_environment, tmp_path, f"unix:/tmp/{'x' * 120}")


@pytest.mark.parametrize("value", ["unix:relative.sock", "unix:", "localhost", "127.0.0.1:65536", ":80"])
def test_addresses_that_are_none(directory_environment, value):
    ended = run("serve", environment={**directory_environment, "SLUICE_LISTEN": value})
    assert ended.returncode == 2
    assert "SLUICE_LISTEN: must be host:port" in ended.stderr


@pytest.mark.parametrize("value", ["0888", "rw", "00", "10000", "1777", "+660", "-0"])
def test_modes_that_are_none(directory_environment, value):
    ended = run("serve", environment={**directory_environment, "SLUICE_UNIX_SOCKET_MODE": value})
    assert ended.returncode == 2
    assert "must be three or four octal digits" in ended.stderr
