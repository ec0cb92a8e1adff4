"""Thousands of uploads that are in order but for their pace: nothing is asked of the store for them."""

import os
import socket

import pytest

from support import tokens, wire
from support.crowds import connect_many, crowd_size, metric, raise_limit
from support.daemon import Daemon
from support.expectations import assert_created
from support.images import KIB, image
from support.mortal_store import MortalStore
from support.waiting import eventually

WANTED, ACCEPTABLE = int(os.environ.get("TRICKLERS", "9000")), 2_000
BODY = image("png", 60_000)
# Of a trickler that holds a hundred bytes: its connection, its upload, the first block of its window.
HELD_MAX = 20 * KIB
ROUNDS = 4
BATCH = 300
PIECE = 40


def upload(daemon):
    sub = tokens.fresh_subject()
    assert_created(daemon.upload(tokens.mint(sub), BODY, "png", timeout=60), size=len(BODY), kind="png", sub=sub)


def piece(number, start):
    data = BODY[start:start + PIECE]
    return b"%x\r\n%b\r\n" % (len(data), data) if number % 2 else data


def told(daemon, count):
    ends = [(line["status"], line.get("error")) for line in daemon.access_log()]
    open_now, oldest = metric(daemon, "sluice_uploads_open"), ends[:3]
    said = [line["message"] for line in daemon.log() if line.get("level") == "error"][:2]
    return f"{said} {open_now:.0f} of {count} uploads; {len(ends)} ended, first {oldest}"


def begin(daemon, token, first, count):
    connections = connect_many(daemon.port, count)
    for number, connection in enumerate(connections, first):
        head = wire.upload_head(token, "png", length=len(BODY), chunked=bool(number % 2))
        connection.send(head + piece(number, 0))
    return connections


@pytest.mark.timeout(300)
@pytest.mark.parametrize("strategy", ["multipart", "put"])
def test_tricklers_open_nothing_at_the_store(strategy):
    count = crowd_size(WANTED if strategy == "multipart" else ACCEPTABLE, ACCEPTABLE)
    with MortalStore() as store:
        # However long it takes to get all of them here on a busy machine, none is ended before.
        # One worker has a place for each; between two they need not be even.
        settings = {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_CONNECTIONS_MAX": str(count + 300),
                    "SLUICE_WORKERS": "1",
                    "SLUICE_UPLOAD_STRATEGY": strategy, "SLUICE_MIN_BODY_GRACE_SECONDS": "280",
                    "SLUICE_BODY_IDLE_SECONDS": "18", "SLUICE_REQUEST_TIMEOUT_SECONDS": "280",
                    "SLUICE_SHUTDOWN_GRACE_SECONDS": "1"}
        with Daemon(settings, prepare=raise_limit) as daemon:
            upload(daemon)
            asked, rows = dict(store.seen), daemon.rows()
            before, memory = daemon.descriptors(), daemon.resident_bytes()
            token = tokens.mint(lifetime=1_000)
            connections = []
            try:
                # No more at once than the listener's queue holds: who is left out there comes back seconds later.
                while len(connections) < count:
                    connections += begin(daemon, token, len(connections), min(BATCH, count - len(connections)))
                    eventually(lambda: metric(daemon, "sluice_uploads_open") == len(connections), 15,
                               lambda: told(daemon, len(connections)))
                # Far longer than the 200 ms after which an upload that is fast enough is opened.
                for turn in range(1, ROUNDS):
                    for number, connection in enumerate(connections):
                        connection.send(piece(number, turn * PIECE), socket.MSG_NOSIGNAL)
                    upload(daemon)
                held = (daemon.resident_bytes() - memory) / count
                assert held < HELD_MAX, f"{held:.0f} bytes for each"
                # What was asked is the others' doing.
                step = "put" if strategy == "put" else "create"
                assert store.seen[step] == asked[step] + ROUNDS - 1, store.seen
                assert len(daemon.rows()) == len(rows) + ROUNDS - 1
                # The last of the others has its answer before its upload is put away.
                eventually(lambda: metric(daemon, "sluice_uploads_open") == count, 15, lambda: told(daemon, count))
                assert not store.open
                # Once the rest comes, such an upload is as good as any.
                for number in (0, 1):
                    rest = BODY[ROUNDS * PIECE:]
                    connections[number].sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest) if number else rest)
                    assert wire.ready(connections[number], 60)[0]
                    assert connections[number].recv(12) == b"HTTP/1.1 201"
                assert sum(size for size, _ in store.objects.values()) == (ROUNDS + 2) * len(BODY)
            finally:
                for connection in connections:
                    connection.close()
            eventually(lambda: daemon.descriptors() <= before + 4 and metric(daemon, "sluice_uploads_open") == 0, 60,
                       lambda: f"before {before}, now {daemon.descriptors()}")
            assert not store.open and store.seen["abort"] == 0
            upload(daemon)
