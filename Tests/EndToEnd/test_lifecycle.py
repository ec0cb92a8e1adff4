"""Start and end: readiness told to systemd, SIGTERM that lets uploads finish, a second instance, a port in use."""

import os
import re
import signal
import socket
import threading

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import image
from support.waiting import eventually

BODY = image("jpeg", 400_000)


class NotifySocket:
    """Plays systemd's side of sd_notify(3)."""

    def __init__(self, path):
        self.path = str(path)
        self.messages = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                self.messages.append(self._socket.recv(4096).decode())
            except OSError:
                return

    def lines(self):
        return [line for message in list(self.messages) for line in message.split("\n") if line]

    def close(self):
        self._socket.close()


def test_systemd_is_told(directory_environment, tmp_path, token):
    notify = NotifySocket(tmp_path / "notify")
    settings = {**directory_environment, "NOTIFY_SOCKET": notify.path}
    with Daemon(settings, wait=None) as daemon:
        eventually(lambda: "READY=1" in notify.lines(), 30, lambda: f"{notify.lines()}\n{daemon.output}")
        # READY means that the listeners are open, without any waiting.
        assert daemon.upload(token, BODY).status == 201
        assert daemon.admin("/readyz").status == 200
        assert any(re.fullmatch(r"STATUS=.+", line) for line in notify.lines()), notify.lines()
        assert "STOPPING=1" not in notify.lines()
        assert daemon.terminate() == 0
        eventually(lambda: "STOPPING=1" in notify.lines(), 5, lambda: f"{notify.lines()}")
        assert notify.lines().count("READY=1") == 1
    notify.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_upload_in_flight_is_finished(s3_environment, sub, token, number):
    settings = {**s3_environment, "SLUICE_SHUTDOWN_GRACE_SECONDS": "20"}
    with Daemon(settings) as daemon, wire.Connection(daemon.port) as connection, \
            wire.Connection(daemon.port) as resting:
        resting.send(wire.head("OPTIONS", "/images"))
        assert resting.response().status == 204
        connection.send(wire.upload_head(token, length=len(BODY)) + BODY[:200_000])
        eventually(lambda: daemon.rows(), 10)
        daemon.process.send_signal(number)
        # A connection that carries nothing is closed.
        assert resting.ends()
        assert daemon.process.poll() is None
        connection.send(BODY[200_000:])
        response = connection.response()
        assert_created(response, size=len(BODY), kind="jpeg", sub=sub)
        assert response["Connection"].lower() == "close"
        assert daemon.process.wait(20) == 0


def test_a_new_client_is_not_kept_waiting_by_the_end(s3_environment, token):
    """While uploads under way are finished, a new one finds nobody or is told to come again: it does not hang."""
    settings = {**s3_environment, "SLUICE_SHUTDOWN_GRACE_SECONDS": "20"}
    with Daemon(settings) as daemon, wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, length=len(BODY)) + BODY[:200_000])
        eventually(lambda: daemon.rows(), 10)
        daemon.process.send_signal(signal.SIGTERM)
        eventually(lambda: daemon.admin("/readyz").status == 503, 5)

        def is_turned_away():
            try:
                answer = daemon.upload(tokens.mint(), BODY[:10_000], timeout=5)
            except TimeoutError:
                raise AssertionError("neither refused nor answered within 5 s") from None
            except OSError:
                return True
            if answer.status == 503:
                assert_refused(answer, "STORE_UNAVAILABLE")
            return answer.status == 503

        # The workers hear of the signal one after the other.
        eventually(is_turned_away, 5)
        connection.send(BODY[200_000:])
        assert connection.response().status == 201


def test_an_upload_that_does_not_finish_in_time_is_aborted(s3_environment, moto, sub, token):
    settings = {**s3_environment, "SLUICE_SHUTDOWN_GRACE_SECONDS": "1"}
    with Daemon(settings) as daemon, wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, length=len(BODY)) + BODY[:200_000])
        moto.wait_for(f"users/{sub}/", "CreateMultipartUpload")
        assert daemon.terminate(30) == 0
    assert moto.unfinished(f"users/{sub}/") == [] and moto.keys(f"users/{sub}/") == []


def test_what_was_answered_is_there_after_a_kill_and_a_restart(s3_environment, moto, token, sub, tmp_path):
    settings = {**s3_environment, "SLUICE_DATABASE": str(tmp_path / "kept.sqlite")}
    with Daemon(settings) as daemon:
        first, key = assert_created(daemon.upload(token, BODY), size=len(BODY), kind="jpeg", sub=sub)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait(10)
    with Daemon(settings) as daemon:
        assert [row["id"] for row in daemon.rows()] == [first["imageId"]]
        second, _ = assert_created(daemon.upload(token, BODY), size=len(BODY), kind="jpeg", sub=sub)
        assert second["imageId"] > first["imageId"]
        assert moto.object(key)[0] == BODY


def test_a_port_in_use_is_a_clear_error(directory_environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with Daemon({**directory_environment, "SLUICE_LISTEN": address}, wait=None) as daemon:
            assert daemon.process.wait(20) == 1
            assert [address in line for line in daemon.output.splitlines()] == [True], daemon.output


def test_a_hundred_connections_opened_and_closed_leave_nothing(directory_environment, token):
    with Daemon(directory_environment) as daemon:
        assert daemon.upload(token, BODY).status == 201
        before = daemon.descriptors()
        for _ in range(100):
            with wire.Connection(daemon.port) as connection:
                connection.send(wire.head("GET", "/nowhere"))
                assert connection.response().status == 404
        eventually(lambda: daemon.descriptors() <= before, 10, lambda: f"{before}, now {daemon.descriptors()}")


def test_standard_descriptors_are_not_what_clients_hear(directory_environment, token):
    """A daemon that is started with its standard descriptors closed does not hand their numbers to sockets."""
    def close_all():
        for number in (0, 1, 2):
            os.close(number)

    with Daemon(directory_environment, prepare=close_all) as daemon:
        assert daemon.upload(token, BODY).status == 201
        assert daemon.admin("/healthz").status == 200
