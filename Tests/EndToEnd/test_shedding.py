"""What gives way when something runs out: the spool, connections."""

import threading
import time

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import image
from support.waiting import eventually

BODY = image("jpeg", 200_000)


def begin_chunked(daemon, token, body):
    connection = wire.Connection(daemon.port)
    connection.send(wire.upload_head(token, chunked=True))
    connection.send(b"%x\r\n%b\r\n" % (len(body), body))
    return connection


def test_who_trickles_into_the_spool_makes_room(directory_environment):
    """Two uploads hold both slots; one of them stops, and gets the 503 when somebody else comes."""
    settings = {**directory_environment, "SLUICE_SPOOL_SLOTS": "2", "SLUICE_WORKERS": "1"}
    with Daemon(settings) as daemon:
        slow = begin_chunked(daemon, tokens.mint(), BODY[:70_000])
        eventually(lambda: daemon.rows(), 10, lambda: daemon.output)
        faster = begin_chunked(daemon, tokens.mint(), BODY[:150_000])
        eventually(lambda: len(daemon.rows()) == 2, 10, lambda: daemon.output)
        sub = tokens.fresh_subject()
        # Both are given two seconds of silence; the one that goes on is then left alone.
        assert_refused(daemon.upload(tokens.mint(), BODY, chunked=True), "STORE_UNAVAILABLE")
        time.sleep(1.5)
        faster.send(b"3e8\r\n%b\r\n" % BODY[150_000:151_000])
        time.sleep(1)
        answer = daemon.upload(tokens.mint(sub), BODY, chunked=True)
        assert_created(answer, size=len(BODY), kind="jpeg", sub=sub)
        assert_refused(slow.response(), "STORE_UNAVAILABLE")
        slow.socket.close()
        eventually(
            lambda: any("the slowest upload was ended" in line.get("message", "") for line in daemon.log()), 10,
            lambda: daemon.output)
        # The other one was not touched.
        rest = BODY[151_000:]
        faster.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest))
        assert faster.response().status == 201
        faster.socket.close()


def test_uploads_that_go_on_are_not_ended_for_a_newcomer(directory_environment):
    settings = {**directory_environment, "SLUICE_SPOOL_SLOTS": "2", "SLUICE_WORKERS": "1",
                "SLUICE_MIN_BODY_BYTES_PER_SECOND": "1"}
    with Daemon(settings) as daemon:
        held = []

        def stream(token):
            connection = wire.Connection(daemon.port)
            connection.send(wire.upload_head(token, chunked=True))
            held.append(connection)
            for start in range(0, 4_000_000, 100_000):
                piece = image("jpeg", 4_000_000)[start:start + 100_000]
                connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
                time.sleep(0.05)
            connection.send(b"0\r\n\r\n")
            statuses.append(connection.response().status)
        statuses = []
        threads = [threading.Thread(target=stream, args=(tokens.mint(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(daemon.rows()) == 2, 10, lambda: daemon.output)
        # However fast it is: it would only end what is nearer to its end.
        for _ in range(5):
            assert_refused(daemon.upload(tokens.mint(), BODY, chunked=True), "STORE_UNAVAILABLE")
        for thread in threads:
            thread.join()
        assert statuses == [201, 201]
        for connection in held:
            connection.socket.close()


def test_silent_connections_make_room(directory_environment, token, sub):
    settings = {**directory_environment, "SLUICE_CONNECTIONS_MAX": "16", "SLUICE_WORKERS": "1",
                "SLUICE_HEADER_TIMEOUT_SECONDS": "60"}
    with Daemon(settings) as daemon:
        busy = wire.Connection(daemon.port)
        busy.send(wire.upload_head(token, length=len(BODY)) + BODY[:1_000])
        silent = [wire.Connection(daemon.port) for _ in range(15)]
        # They have been silent for the second that they may.
        time.sleep(1.2)
        answer = daemon.upload(token, BODY)
        assert_created(answer, size=len(BODY), kind="jpeg", sub=sub)
        # An upload under way is no silent one.
        busy.send(BODY[1_000:])
        assert busy.response().status == 201
        for connection in [busy, *silent]:
            connection.socket.close()
