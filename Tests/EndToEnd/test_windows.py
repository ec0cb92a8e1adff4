"""Memory and places for uploads: who gives way, who does not, and when they are given back."""

import threading
import time

import pytest

from support import tokens, wire
from support.crowds import metric
from support.daemon import Daemon
from support.expectations import assert_refused
from support.hostile_store import HostileStore
from support.images import MIB, image
from support.waiting import eventually

BODY = image("png", 100_000)
# A part of no more than 64 KiB would be handed over as one piece, and this one keeps its window.
WHOLE = 5
BEGUN = 12


@pytest.fixture
def store():
    with HostileStore() as server:
        yield server


class Gate:
    """A fault that lets nothing through until it is opened."""

    def __init__(self):
        self.is_open = threading.Event()

    def __call__(self, _number):
        assert self.is_open.wait(90)


def settings(store, **more):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1",
            "SLUICE_WINDOW_MEMORY_BYTES": str(MIB), "SLUICE_SHUTDOWN_GRACE_SECONDS": "1", **more}


def begin(daemon, body, length):
    connection = wire.Connection(daemon.port, 90)
    connection.send(wire.upload_head(tokens.mint(), "png", length=length) + body)
    return connection


def is_answered(connection):
    return wire.ready(connection.socket, 0)[0]


def test_an_upload_that_is_whole_is_not_ended_for_want_of_memory(store):
    gate = Gate()
    store.faults = {"part": gate}
    with Daemon(settings(store)) as daemon:
        whole = [begin(daemon, BODY, len(BODY)) for _ in range(WHOLE)]
        eventually(lambda: store.count("part") == WHOLE, 30, lambda: f"{store.seen}")
        # By their average rates they are the slowest now.
        time.sleep(1)
        # They are let in while there is room, and grow past it together.
        begun = [begin(daemon, BODY[:8], 400_000) for _ in range(BEGUN)]
        eventually(lambda: metric(daemon, "sluice_uploads_open") == WHOLE + BEGUN, 20)
        for connection in begun:
            connection.send(BODY[8:])
        eventually(lambda: sum(map(is_answered, begun)) >= 5, 30, lambda: daemon.output[-2_000:])
        assert not any(map(is_answered, whole))
        eventually(lambda: "the slowest upload was ended" in daemon.output, 10, lambda: daemon.output[-3_000:])
        for connection in begun:
            if is_answered(connection):
                assert_refused(connection.response(), "STORE_UNAVAILABLE")
        gate.is_open.set()
        for connection in whole:
            assert connection.response().status == 201
        for connection in [*whole, *begun]:
            connection.socket.close()


def test_a_window_is_given_back_when_the_store_has_its_part(store):
    gate = Gate()
    store.faults = {"complete": gate}
    count = 4 * MIB // len(BODY)
    with Daemon(settings(store)) as daemon:
        connections = []
        for number in range(count):
            connections.append(begin(daemon, BODY, len(BODY)))
            eventually(lambda: store.count("complete") == number + 1, 30,
                       lambda: f"{number} of {count}: {store.seen[-4:]}\n{daemon.output[-2_000:]}")
        # Four times what all windows may hold wait for their Complete.
        assert not any(map(is_answered, connections))
        gate.is_open.set()
        for connection in connections:
            assert connection.response().status == 201
            connection.socket.close()
        assert "was ended" not in daemon.output and "are full" not in daemon.output


def test_uploads_in_doubt_keep_nobody_out(store):
    """Each waits for a quarter of an hour, and there are more of them than uploads may be under way."""
    places = 6
    more = {"SLUICE_UPLOAD_STRATEGY": "put", "SLUICE_CONNECTIONS_MAX": str(places)}
    with Daemon(settings(store, **more)) as daemon:
        for number in range(2 * places):
            store.faults = {"put": "reset"}
            assert daemon.upload(tokens.mint(), BODY, "png", timeout=60).status == 503
            store.faults = {}
            # What goes well between keeps the circuit breaker closed.
            answer = daemon.upload(tokens.mint(), BODY, "png", timeout=60)
            assert answer.status == 201, (number, answer, daemon.output[-2_000:])
        in_doubt = [row for row in daemon.rows() if row["state"] == "aborting"]
        assert len(in_doubt) == 2 * places
        assert daemon.admin("/readyz").status == 200
