"""Every deadline of a connection, each lowered to a second or two: what comes then, and that it does not come sooner.

Upper bounds are loose: they tell a deadline from none, and no machine is too slow for them.
"""

import re
import socket
import time

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import image
from support.waiting import eventually

PATIENT = {"SLUICE_HEADER_TIMEOUT_SECONDS": "60", "SLUICE_BODY_IDLE_SECONDS": "18", "SLUICE_KEEPALIVE_SECONDS": "60",
           "SLUICE_WRITE_TIMEOUT_SECONDS": "60", "SLUICE_REQUEST_TIMEOUT_SECONDS": "60",
           "SLUICE_MIN_BODY_BYTES_PER_SECOND": "0"}
# Clocks of two processes, and the loop's own of a millisecond.
SLACK = 0.1
# What no deadline of the patient daemon would meet.
SOON = 15


@pytest.fixture
def start(directory_environment):
    """Starts a daemon that has patience with everything but what a test names."""
    started = []

    def start(**settings):
        daemon = Daemon({**directory_environment, **PATIENT, **settings})
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        daemon.stop()


class Stopwatch:
    def __init__(self):
        self._since = time.monotonic()

    def assert_between(self, least, most=SOON):
        passed = time.monotonic() - self._since
        assert least - SLACK <= passed <= most, passed


def trickle(connection, pieces, pause):
    """Sends piece by piece until the server says something; how many went out."""
    for sent, piece in enumerate(pieces):
        if wire.ready(connection.socket, pause)[0]:
            return sent
        try:
            connection.socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return sent
    return len(pieces)


class TestHead:
    def test_a_connection_that_sends_nothing_is_closed_without_a_word(self, start):
        daemon = start(SLUICE_HEADER_TIMEOUT_SECONDS="1")
        watch = Stopwatch()
        with wire.Connection(daemon.port, SOON) as connection:
            assert connection.ends()
            watch.assert_between(1)

    @pytest.mark.parametrize("pause", [0.02, 0.4, 20], ids=["trickle", "drops", "silence"])
    def test_a_head_that_does_not_end_is_answered(self, start, pause):
        """Progress does not buy time: a byte now and then is what the attack looks like."""
        daemon = start(SLUICE_HEADER_TIMEOUT_SECONDS="1")
        head = wire.head("POST", "/images", "x-padding: " + "x" * 2_000)
        with wire.Connection(daemon.port, SOON) as connection:
            watch = Stopwatch()
            connection.send(head[:20])
            sent = trickle(connection, [head[at:at + 1] for at in range(20, len(head))], min(pause, SOON))
            watch.assert_between(1)
            assert sent < len(head) - 20
            assert_refused(connection.response(), "REQUEST_TIMEOUT")
            assert connection.ends()

    def test_the_second_head_has_the_same_bound_from_its_first_byte(self, start):
        daemon = start(SLUICE_HEADER_TIMEOUT_SECONDS="1")
        with wire.Connection(daemon.port, SOON) as connection:
            connection.send(wire.head("GET", "/nowhere"))
            assert connection.response().status == 404
            # Rest is another deadline's.
            time.sleep(1.5)
            watch = Stopwatch()
            connection.send(b"GET /nowhere HTT")
            assert_refused(connection.response(), "REQUEST_TIMEOUT")
            watch.assert_between(1)
            assert connection.ends()


class TestBody:
    @pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
    @pytest.mark.parametrize("begun", [0, 3, 100_000])
    def test_a_body_that_stands_still(self, start, begun, chunked):
        daemon = start(SLUICE_BODY_IDLE_SECONDS="1")
        body = image("jpeg", 200_000)
        framed = wire.chunks(body) if chunked else body
        with wire.Connection(daemon.port, SOON) as connection:
            connection.send(wire.upload_head(tokens.mint(), length=len(body), chunked=chunked) + framed[:begun])
            watch = Stopwatch()
            assert_refused(connection.response(), "REQUEST_TIMEOUT")
            watch.assert_between(1)
            assert connection.ends()

    def test_a_body_whose_pauses_are_shorter_goes_on(self, start, sub, token):
        daemon = start(SLUICE_BODY_IDLE_SECONDS="2")
        body = image("jpeg", 4_000)
        with wire.Connection(daemon.port, SOON) as connection:
            connection.send(wire.upload_head(token, length=len(body)))
            assert trickle(connection, [body[at:at + 500] for at in range(0, 4_000, 500)], 0.4) == 8
            assert_created(connection.response(), size=len(body), kind="jpeg", sub=sub)

    def test_a_body_below_the_least_rate_after_its_grace(self, start):
        daemon = start(SLUICE_MIN_BODY_BYTES_PER_SECOND="10000", SLUICE_MIN_BODY_GRACE_SECONDS="1")
        body = image("jpeg", 100_000)
        with wire.Connection(daemon.port, SOON) as connection:
            watch = Stopwatch()
            connection.send(wire.upload_head(tokens.mint(), length=len(body)))
            trickle(connection, [body[at:at + 200] for at in range(0, len(body), 200)], 0.1)
            # A second of grace, and what 2 kB of each second pay for: 1.25 s in all.
            watch.assert_between(1)
            assert_refused(connection.response(), "REQUEST_TIMEOUT")
            assert connection.ends()

    def test_a_body_above_the_least_rate(self, start, sub, token):
        daemon = start(SLUICE_MIN_BODY_BYTES_PER_SECOND="2000", SLUICE_MIN_BODY_GRACE_SECONDS="1")
        body = image("jpeg", 60_000)
        with wire.Connection(daemon.port, SOON) as connection:
            connection.send(wire.upload_head(token, length=len(body)))
            # Three seconds at ten times the rate: the machine may be slow, too.
            assert trickle(connection, [body[at:at + 2_000] for at in range(0, len(body), 2_000)], 0.1) == 30
            assert_created(connection.response(), size=len(body), kind="jpeg", sub=sub)

    def test_a_rate_of_0_is_none(self, start, sub, token):
        daemon = start(SLUICE_MIN_BODY_GRACE_SECONDS="0")
        body = image("jpeg", 20)
        with wire.Connection(daemon.port, SOON) as connection:
            connection.send(wire.upload_head(token, length=len(body)))
            assert trickle(connection, [bytes([byte]) for byte in body], 0.1) == 20
            assert_created(connection.response(), size=len(body), kind="jpeg", sub=sub)


class TestRequest:
    @pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
    def test_a_body_that_never_ends_though_it_moves(self, start, chunked):
        daemon = start(SLUICE_REQUEST_TIMEOUT_SECONDS="2")
        body = image("jpeg", 1_000_000)
        pieces = [body[at:at + 1_000] for at in range(0, len(body), 1_000)]
        if chunked:
            pieces = [b"3e8\r\n" + piece + b"\r\n" for piece in pieces]
        with wire.Connection(daemon.port, SOON) as connection:
            watch = Stopwatch()
            connection.send(wire.upload_head(tokens.mint(), length=len(body), chunked=chunked))
            trickle(connection, pieces, 0.05)
            watch.assert_between(2)
            assert_refused(connection.response(), "REQUEST_TIMEOUT")
            assert connection.ends()

    def test_a_store_that_does_not_answer(self, directory_environment):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            settings = {**PATIENT, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{silent.getsockname()[1]}",
                        "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret",
                        "S3_BUCKET": "pictures", "JWT_SECRET": tokens.SECRET, "SLUICE_REQUEST_TIMEOUT_SECONDS": "2",
                        "SLUICE_SHUTDOWN_GRACE_SECONDS": "0"}
            with Daemon(settings, wait="healthz") as daemon:
                watch = Stopwatch()
                assert_refused(daemon.upload(tokens.mint(), image("png", 500), "png"), "STORE_UNAVAILABLE")
                watch.assert_between(2)


def test_a_connection_that_rests_between_requests_is_closed_without_a_word(start):
    daemon = start(SLUICE_KEEPALIVE_SECONDS="1")
    with wire.Connection(daemon.port, SOON) as connection:
        for _ in range(3):
            connection.send(wire.head("GET", "/nowhere"))
            assert connection.response().status == 404
            # Each request winds the clock up again.
            time.sleep(0.5)
        connection.send(wire.head("GET", "/nowhere"))
        assert connection.response().status == 404
        watch = Stopwatch()
        assert connection.ends()
        watch.assert_between(1)


def open_connections(daemon):
    text = daemon.admin("/metrics").body.decode()
    return int(re.search(r"^sluice_connections_open (\d+)$", text, re.M).group(1))


class TestWrite:
    """Answers are small: it takes many requests, and none read, until the kernel takes no more of them."""

    REQUESTS = 3_000

    @staticmethod
    def connect(port):
        connection = wire.Connection.__new__(wire.Connection)
        connection.socket = socket.socket()
        # Set before the connection is made, so that the window offered is small.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.socket.settimeout(SOON)
        connection.socket.connect(("127.0.0.1", port))
        connection.timeout, connection.received, connection.is_ended = SOON, bytearray(), False
        return connection

    def fill(self, connection):
        """Sends requests whose answers are far more than the kernels keep between here and the daemon."""
        connection.socket.sendall(wire.head("GET", "/nowhere") * self.REQUESTS)
        # The answers begin to come, so that the daemon is at work; then they stand.
        assert wire.ready(connection.socket, SOON)[0]

    def test_a_client_that_reads_nothing_is_cut_off(self, start):
        daemon = start(SLUICE_WRITE_TIMEOUT_SECONDS="1")
        with self.connect(daemon.port) as connection:
            watch = Stopwatch()
            self.fill(connection)
            assert open_connections(daemon) == 1
            # It goes while this end is still open, and nothing was read.
            eventually(lambda: open_connections(daemon) == 0, SOON, lambda: f"{open_connections(daemon)}")
            watch.assert_between(1)

    def test_a_client_that_reads_slowly_but_reads_gets_everything(self, start):
        daemon = start(SLUICE_WRITE_TIMEOUT_SECONDS="2")
        with self.connect(daemon.port) as connection:
            self.fill(connection)
            since = time.monotonic()
            received = bytearray()
            # Twice the deadline, a little at a time; then the rest.
            while time.monotonic() - since < 4:
                received += connection.socket.recv(4_096)
                time.sleep(0.02)
            assert received.count(b"HTTP/1.1 404 ") < self.REQUESTS
            connection.shutdown()
            while piece := connection.socket.recv(1 << 20):
                received += piece
        assert received.count(b"HTTP/1.1 404 ") == self.REQUESTS
