"""Requests with an `Idempotency-Key`, and what is to be said of their answers."""

from support import wire
from support.expectations import assert_common_fields, assert_refused


def key(text):
    return f"Idempotency-Key: {text}"


def keys(daemon, where="1 = 1", *values):
    """The keys that the record knows."""
    return daemon.select(f"SELECT * FROM idempotency WHERE {where}", *values)


def assert_replayed(first, second):
    """The same 201, at another time."""
    assert first.status == 201 and second.status == 201, (first.body, second.body)
    assert_common_fields(second)
    assert list(second.json) == ["message", "data", "timestamp"] and second.json["message"] == "upload_image_success"
    assert second.json["data"] == first.json["data"] and list(second.json["data"]) == list(first.json["data"])
    assert second.json["timestamp"] >= first.json["timestamp"]
    assert second["x-request-id"] != first["x-request-id"]


def assert_in_progress(response):
    assert_refused(response, "IDEMPOTENCY_IN_PROGRESS")
    assert int(response["Retry-After"]) >= 1


def begin(daemon, token, body, *fields, sent=None):
    """An upload of which `sent` bytes are sent, all by default."""
    connection = wire.Connection(daemon.port)
    connection.send(wire.upload_head(token, "png", *fields, length=len(body)) + body[:sent])
    return connection
