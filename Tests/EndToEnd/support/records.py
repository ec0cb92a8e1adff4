"""The two routes that speak of records, and what the contract says of their answers."""

import datetime
import json
import re
import uuid

from support import tokens, wire
from support.expectations import TIMESTAMP, assert_common_fields, assert_recent, assert_refused

LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def guest_subject() -> str:
    return f"guest-{uuid.uuid4()}"


def guest(sub=None) -> str:
    return tokens.mint(sub or guest_subject(), role="GUEST")


def service(**claims) -> str:
    """A token of the backend."""
    return tokens.mint("backend", role="SERVICE", **claims)


def authorization(token):
    return [f"Authorization: Bearer {token}"] if token else []


def register(daemon, token, body, *fields, chunked=False, host=None):
    """`POST /images/metadata`; a body that is not bytes goes as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    framed = ["Transfer-Encoding: chunked"] if chunked else [f"Content-Length: {len(body)}"]
    head = wire.head("POST", "/images/metadata", *authorization(token), *framed, *fields)
    if host:
        head = head.replace(b"Host: sluice.test", b"Host: " + host.encode())
    return wire.request(daemon.port, head + (wire.chunks(body, 7) if chunked else body))


def look(daemon, token, image_id, *fields):
    """`GET /images/{imageId}`"""
    return wire.request(daemon.port, wire.head("GET", f"/images/{image_id}", *authorization(token), *fields),
                        method="GET")


def guest_token(daemon, *fields):
    return wire.request(daemon.port, wire.head("GET", "/auth/guest-token", *fields), method="GET")


def assert_recent_local(text):
    """UTC to the second, without a zone."""
    assert LOCAL.fullmatch(text), text
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    assert abs(datetime.datetime.now(datetime.timezone.utc) - moment) < datetime.timedelta(minutes=2), text


def assert_tells(response, status, message):
    """What every answer with `data` has in common; returns its body."""
    assert response.status == status, (response.status, response.body)
    assert_common_fields(response)
    assert response["Content-Type"] == "application/json"
    body = response.json
    assert list(body) == ["message", "data", "timestamp"]
    assert body["message"] == message
    return body


def assert_registered(response, uploaded):
    """The 201 of a registration, for the `data` of the upload's own 201."""
    body = assert_tells(response, 201, "register_image_metadata_success")
    data = body["data"]
    assert list(data) == ["imageId", "imageUrl", "fileSize", "originalFilename", "createdAt"]
    for name in ("imageId", "imageUrl", "fileSize", "originalFilename"):
        assert data[name] == uploaded[name], name
    assert_recent_local(data["createdAt"])
    assert_recent_local(body["timestamp"])
    return data


def assert_seen(response, uploaded, content_type="image/jpeg"):
    """The 200 of a look, for the `data` of the upload's own 201."""
    body = assert_tells(response, 200, "get_image_success")
    data = body["data"]
    assert list(data) == ["imageId", "imageUrl", "fileSize", "contentType", "originalFilename", "uploadedAt",
                          "registeredAt", "expiresAt"]
    for name in ("imageId", "imageUrl", "fileSize", "originalFilename", "uploadedAt"):
        assert data[name] == uploaded[name], name
    assert data["contentType"] == content_type
    for name in ("registeredAt", "expiresAt"):
        assert data[name] is None or TIMESTAMP.fullmatch(data[name]), data[name]
    assert_recent(body["timestamp"])
    return data


def assert_registered_already(response, image_id):
    assert_refused(response, "IMAGE_ALREADY_REGISTERED", data={"imageId": image_id})


def settled(response):
    """An answer without what differs from request to request: its id and its times."""
    assert TIMESTAMP.search(response.body.decode())
    fields = [(name, value) for name, value in response.fields if name.lower() not in ("x-request-id", "date")]
    return response.status, fields, TIMESTAMP.sub("T", response.body.decode())
