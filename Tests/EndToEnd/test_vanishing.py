"""Clients that send less than they said: nothing of theirs stays, in the store or in the daemon."""

import time

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import MIB, image
from support.waiting import eventually

BODY = image("jpeg", 2 * MIB)


def assert_nothing_left(moto, prefix):
    """Every upload that was opened has been aborted, and there is no object; nor does one come up a moment later."""
    def settled():
        names = [name for name, status in moto.operations(prefix) if status and status < 400]
        balanced = names.count("CreateMultipartUpload") == names.count("AbortMultipartUpload")
        return balanced and moto.unfinished(prefix) == []
    for _ in range(2):
        eventually(settled, 20, lambda: f"{moto.operations(prefix)}, unfinished: {moto.unfinished(prefix)}")
        time.sleep(0.2)
    assert moto.keys(prefix) == []


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("sent", [0, 1, 3, 16, 4_000, 65_536, 70_000, 1_000_000, len(BODY) - 1])
def test_a_client_that_vanishes(daemon, moto, sub, token, sent, how, chunked):
    framed = wire.chunks(BODY)
    data = framed[:sent] if chunked else BODY[:sent]
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, length=len(BODY), chunked=chunked) + data)
        if sent > 65_536 and not chunked:
            moto.wait_for(f"users/{sub}/", "CreateMultipartUpload")
        if how == "reset":
            connection.reset()
    if sent > 65_536 and not chunked:
        moto.wait_for(f"users/{sub}/", "AbortMultipartUpload")
    assert_nothing_left(moto, f"users/{sub}/")
    assert_created(daemon.upload(token, image("png", 100), "png"), size=100, kind="png", sub=sub)


def test_the_record_of_the_store_shows_create_and_abort(daemon, moto, sub, token):
    prefix = f"users/{sub}/"
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, length=len(BODY)) + BODY[:MIB])
        moto.wait_for(prefix, "CreateMultipartUpload")
    moto.wait_for(prefix, "AbortMultipartUpload")
    names = [name for name, status in moto.operations(prefix) if status and status < 400]
    assert names[0] == "CreateMultipartUpload" and names[-1] == "AbortMultipartUpload"
    assert "CompleteMultipartUpload" not in names


@pytest.mark.parametrize("sent", [0, 2, 100, 100_000])
def test_a_body_shorter_than_declared_is_a_bad_request(daemon, moto, sub, token, sent):
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, length=200_000) + BODY[:sent])
        connection.shutdown()
        assert_refused(connection.response(), "BAD_REQUEST")
        assert connection.ends()
    assert_nothing_left(moto, f"users/{sub}/")


@pytest.mark.parametrize("sent", [b"", b"1", b"1f4\r\n", b"1f4\r\n\xff\xd8\xff\xe0abc"])
def test_a_chunked_body_without_its_end_is_a_bad_request(daemon, moto, sub, token, sent):
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, chunked=True) + sent)
        connection.shutdown()
        assert_refused(connection.response(), "BAD_REQUEST")
    assert_nothing_left(moto, f"users/{sub}/")


def test_a_client_that_vanishes_after_its_whole_body_leaves_a_whole_image(daemon, moto, sub, token):
    body = image("png", 400_000)
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, "png", length=len(body)) + body)
    eventually(lambda: moto.keys(f"users/{sub}/"), 15, lambda: f"{moto.operations(f'users/{sub}/')}")
    assert [moto.object(key)[0] for key in moto.keys(f"users/{sub}/")] == [body]
    eventually(lambda: [row for row in daemon.rows() if f"users/{sub}/" in str(row)], 10)


class TestLeaks:
    def vanish(self, daemon, number):
        head = wire.upload_head(tokens.mint(), length=len(BODY), chunked=number % 5 == 4)
        data = head + (wire.chunks(BODY) if number % 5 == 4 else BODY)
        ends = [len(head) // 2, len(head), len(head) + 10, len(head) + 5_000, len(head) + 200_000, len(data) - 1]
        end = ends[number % 6]
        with wire.Connection(daemon.port) as connection:
            connection.send(data[:end])
            if number % 3 == 0:
                connection.reset()
            elif number % 3 == 1:
                connection.shutdown()

    CLIENTS = 150

    def test_descriptors_and_memory_come_back(self, s3_environment):
        """Round after round of such clients: memory comes to rest, and descriptors with it.

        Buffers, pools and SQLite's cache grow in the first rounds to what they need. A leak of 20 KiB for each client,
        far less than a window holds, would add 3 MiB in every round.
        """
        body = image("png", 300_000)
        with Daemon(s3_environment) as daemon:
            measured = []
            while len(measured) < 8:
                for number in range(self.CLIENTS):
                    self.vanish(daemon, number)
                for _ in range(8):
                    assert daemon.upload(tokens.mint(), body, "png").status == 201
                descriptors = quiet(daemon.descriptors)
                measured.append((descriptors, daemon.resident_bytes()))
                if len(measured) > 2 and measured[-1][1] - measured[-2][1] < self.CLIENTS * 20 * 1024:
                    break
            else:
                raise AssertionError(f"memory grows: {[f'{memory / MIB:.1f}' for _, memory in measured]} MiB")
            # Connections to the store are kept for the next upload; their number is bounded by what ran at once.
            assert measured[-1][0] <= measured[0][0] + 8, measured


def quiet(measure, rest=1.0):
    """The value once it has not changed for a while."""
    last, since = measure(), time.monotonic()
    while time.monotonic() - since < rest:
        time.sleep(0.05)
        now = measure()
        if now != last:
            last, since = now, time.monotonic()
    return last
