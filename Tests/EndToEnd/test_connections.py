"""What a connection carries: several requests, several at once, `100 Continue`, HTTP/1.0."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import tokens, wire
from support.expectations import assert_created, assert_refused
from support.images import CAP, MIB, image


def whole(token, body, kind="png", *fields):
    return wire.upload_head(token, kind, *fields, length=len(body)) + body


def test_many_uploads_on_one_connection(daemon, moto, sub, token):
    with wire.Connection(daemon.port) as connection:
        for number in range(12):
            body = image("png", 1_000 + number * 9_973)
            chunked = number % 3 == 2
            framed = wire.chunks(body) if chunked else body
            connection.send(wire.upload_head(token, "png", length=len(body), chunked=chunked) + framed)
            response = connection.response()
            _, key = assert_created(response, size=len(body), kind="png", sub=sub)
            assert "close" not in [value.lower() for value in response.all("Connection")]
            assert moto.object(key)[0] == body


def test_a_refusal_whose_body_came_whole_leaves_the_connection_in_step(daemon, sub, token):
    body = image("png", 300)
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.head("GET", "/images") + wire.head("GET", "/nowhere"))
        assert_refused(connection.response(), "METHOD_NOT_ALLOWED")
        assert_refused(connection.response(), "NOT_FOUND")
        connection.send(whole(token, body))
        assert_created(connection.response(), size=300, kind="png", sub=sub)


def test_pipelined_requests_are_answered_in_order(daemon, moto, sub, token):
    bodies = [image("png", 5_000 + 3_001 * number) for number in range(6)]
    with wire.Connection(daemon.port) as connection:
        data = b"".join(whole(token, body) + wire.head("OPTIONS", "/images") for body in bodies)
        connection.send(data)
        for body in bodies:
            _, key = assert_created(connection.response(), size=len(body), kind="png", sub=sub)
            assert moto.object(key)[0] == body
            assert connection.response().status == 204


def test_a_deep_pipeline_is_answered_whole(daemon):
    """Far more requests than any buffer holds: what is not read yet waits in the kernel."""
    count = 3_000
    with wire.Connection(daemon.port, timeout=60) as connection:
        connection.send(wire.head("GET", "/nowhere") * count)
        for _ in range(count):
            assert connection.response().status == 404


def test_connection_close_is_obeyed(daemon, sub, token):
    with wire.Connection(daemon.port) as connection:
        connection.send(whole(token, image("png", 300), "png", "Connection: close"))
        response = connection.response()
        assert_created(response, size=300, kind="png", sub=sub)
        assert response["Connection"].lower() == "close"
        assert connection.ends()


@pytest.mark.parametrize("keep", [False, True], ids=["plain", "keep-alive"])
def test_http_1_0(daemon, sub, token, keep):
    body = image("png", 300)
    fields = ["Connection: keep-alive"] if keep else []
    head = wire.upload_head(token, "png", *fields, length=len(body), version="HTTP/1.0")
    with wire.Connection(daemon.port) as connection:
        connection.send(head + body)
        response = connection.response()
        assert_created(response, size=300, kind="png", sub=sub)
        if "keep-alive" not in [value.lower() for value in response.all("Connection")]:
            assert connection.ends()


class TestContinue:
    FIELD = "Expect: 100-continue"

    def test_the_body_is_asked_for_once_the_head_is_accepted(self, daemon, sub, token):
        body = image("png", 3_000)
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(token, "png", self.FIELD, length=len(body)))
            interim = connection.response()
            assert (interim.status, interim.fields) == (100, [])
            connection.send(body)
            assert_created(connection.response(), size=len(body), kind="png", sub=sub)

    def test_a_refused_head_is_answered_at_once_without_it(self, daemon, token):
        for head, error in (
            (wire.upload_head(None, "png", self.FIELD, length=100), "TOKEN_MISSING"),
            (wire.upload_head(token, "webp", self.FIELD, length=100), "INVALID_FILE_TYPE"),
            (wire.upload_head(token, "png", self.FIELD, length=CAP + 1), "FILE_TOO_LARGE"),
        ):
            with wire.Connection(daemon.port) as connection:
                connection.send(head)
                assert_refused(connection.response(), error)

    def test_a_client_that_does_not_wait_for_it_is_served_too(self, daemon, sub, token):
        body = image("png", 3_000)
        with wire.Connection(daemon.port) as connection:
            connection.send(whole(token, body, "png", self.FIELD))
            response = connection.response()
            if response.status == 100:
                response = connection.response()
            assert_created(response, size=len(body), kind="png", sub=sub)

    def test_http_1_0_is_never_sent_one(self, daemon, sub, token):
        body = image("png", 3_000)
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(token, "png", self.FIELD, length=len(body), version="HTTP/1.0"))
            time.sleep(0.2)
            connection.send(body)
            assert_created(connection.response(), size=len(body), kind="png", sub=sub)


def test_back_pressure_reaches_a_client_that_is_faster_than_the_store(daemon, moto, sub):
    """Many large uploads at once: memory stays far below the sum of their bodies."""
    body = image("jpeg", CAP)
    before = daemon.resident_bytes()
    with ThreadPoolExecutor(24) as pool:
        pending = [pool.submit(daemon.upload, tokens.mint(sub), body, timeout=100) for _ in range(24)]
        peak = before
        while not all(job.done() for job in pending):
            peak = max(peak, daemon.resident_bytes())
            time.sleep(0.02)
    assert all(job.result().status == 201 for job in pending)
    assert peak - before < 24 * MIB, f"{(peak - before) / MIB:.1f} MiB for {24 * CAP / MIB:.0f} MiB of bodies"
