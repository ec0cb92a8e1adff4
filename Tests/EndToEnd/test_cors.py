"""CORS: every kind of answer can be read by the pages of an allowed origin, and by no other."""

import time

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_common_fields
from support.hostile_store import HostileStore
from support.images import CAP, image
from support.waiting import eventually

APP, ADMIN, STRANGER = "https://app.example", "https://admin.example", "https://evil.example"
BODY = image("png", 500)
HASTY = {"SLUICE_HEADER_TIMEOUT_SECONDS": "1", "SLUICE_BODY_IDLE_SECONDS": "1", "SLUICE_SHUTDOWN_GRACE_SECONDS": "10"}


def upload(origin, token=None, kind="png", **options):
    token = tokens.mint() if token is None else token
    return wire.upload_head(token, kind, origin, **options)


# Each kind of answer: its status, and what to send for it with a given `Origin` field line.
ANSWERS = {
    "201": (201, lambda origin: upload(origin, length=500) + BODY),
    "204 preflight": (204, lambda origin: wire.head("OPTIONS", "/images", origin)),
    "204 for all": (204, lambda origin: wire.head("OPTIONS", "*", origin)),
    "400 type": (400, lambda origin: upload(origin, kind="webp", length=500)),
    "400 magic": (400, lambda origin: upload(origin, length=500) + b"GIF89a"),
    "400 chunk": (400, lambda origin: upload(origin, chunked=True) + b"5\r\n" + BODY[:5] + b"XX"),
    "400 head": (400, lambda origin: wire.head("POST", "/images", origin, "Content-Length: 1", "Content-Length: 1")),
    "401 missing": (401, lambda origin: upload(origin, token="", length=500)),
    "401 invalid": (401, lambda origin: upload(origin, token="x", length=500)),
    "401 expired": (401, lambda origin: upload(origin, token=tokens.mint(lifetime=-5), length=500)),
    "404": (404, lambda origin: wire.head("GET", "/nowhere", origin)),
    "405": (405, lambda origin: wire.head("PUT", "/images", origin)),
    "408 head": (408, lambda origin: wire.head("POST", "/images", origin)[:-2]),
    "408 body": (408, lambda origin: upload(origin, length=500) + BODY[:100]),
    "413 declared": (413, lambda origin: upload(origin, length=CAP + 1)),
    "413 counted": (413, lambda origin: upload(origin, chunked=True) + wire.chunks(image("png", CAP + 1))),
    "431 field": (431, lambda origin: wire.head("POST", "/images", origin, "x-long: " + "x" * 12_000)),
    "431 count": (431, lambda origin: wire.head("POST", "/images", origin, *["x: 1"] * 120)),
    "501": (501, lambda origin: wire.head("POST", "/images", origin, "Transfer-Encoding: gzip, chunked")),
}
# Refused before a field is read: whose page it is cannot be known.
FROM_NOBODY = {
    "414": (414, lambda origin: wire.head("POST", "/" + "x" * 9_000, origin)),
    "400 line": (400, lambda origin: b"POST  /images HTTP/1.1\r\n" + origin.encode() + b"\r\n\r\n"),
    "505": (505, lambda origin: wire.head("POST", "/images", origin, version="HTTP/2.0")),
}


@pytest.fixture(scope="module")
def daemons(directory_environment):
    """One daemon for any origin, one for a list of one, one for a list of two."""
    lists = {"any": "*", "one": APP, "two": f"{APP}, {ADMIN}"}
    started = {name: Daemon({**directory_environment, **HASTY, "FRONTEND_URL": value}) for name, value in lists.items()}
    yield started
    for daemon in started.values():
        daemon.stop()


def listed(response, name):
    return {part.strip().lower() for value in response.all(name) for part in value.split(",")}


def assert_readable_by(response, origin, by):
    """The CORS fields of an answer to a page of `origin`, at a daemon of kind `by`."""
    assert_common_fields(response, origin=None)
    allowed = response.all("Access-Control-Allow-Origin")
    if by == "any":
        assert allowed == ["*"] and "origin" not in listed(response, "Vary")
    else:
        expected = {"one": {APP}, "two": {APP, ADMIN}}[by]
        assert allowed == ([origin] if origin in expected else [])
        assert "origin" in listed(response, "Vary")


def answer(daemon, data):
    return wire.request(daemon.port, data, method=data.split(b" ", 1)[0].decode())


@pytest.mark.parametrize("origin", [APP, ADMIN, STRANGER, "null", APP + ".evil.example", APP.upper()])
@pytest.mark.parametrize("by", ["any", "one", "two"])
@pytest.mark.parametrize("kind", ["201", "401 missing", "404"])
def test_an_origin_is_echoed_when_it_is_listed_and_no_other(daemons, by, origin, kind):
    status, make = ANSWERS[kind]
    response = answer(daemons[by], make(f"Origin: {origin}"))
    assert response.status == status
    assert_readable_by(response, origin, by)


@pytest.mark.parametrize("by", ["any", "two"])
@pytest.mark.parametrize("kind", ANSWERS)
def test_every_kind_of_answer(daemons, by, kind):
    status, make = ANSWERS[kind]
    for origin in (ADMIN, STRANGER):
        response = answer(daemons[by], make(f"Origin: {origin}"))
        assert response.status == status, (response.status, response.body)
        assert_readable_by(response, origin, by)


@pytest.mark.parametrize("kind", FROM_NOBODY)
def test_answers_to_what_names_no_origin(daemons, kind):
    status, make = FROM_NOBODY[kind]
    for by in ("any", "two"):
        response = answer(daemons[by], make(f"Origin: {ADMIN}"))
        assert response.status == status, (response.status, response.body)
        assert_readable_by(response, None, by)
    # The one page that it can have come from may read it.
    response = answer(daemons["one"], make(f"Origin: {APP}"))
    assert response.all("Access-Control-Allow-Origin") == [APP]


@pytest.mark.parametrize("frontend", ["*", f"{APP}, {ADMIN}"], ids=["any", "two"])
def test_the_store_or_the_end_of_the_daemon_is_why(s3_environment, frontend):
    by = "any" if frontend == "*" else "two"
    with HostileStore() as store:
        store.faults = {"create": 403}
        settings = {**store.environment, **HASTY, "JWT_SECRET": tokens.SECRET, "FRONTEND_URL": frontend,
                    "SLUICE_BODY_IDLE_SECONDS": "10"}
        with Daemon(settings, wait="healthz") as daemon, wire.Connection(daemon.port) as late:
            data = upload(f"Origin: {ADMIN}", length=500) + BODY
            response = wire.request(daemon.port, data)
            assert response.status == 503, response.body
            assert response["Retry-After"]
            assert_readable_by(response, ADMIN, by)
            # A draining daemon still answers who is connected.
            late.send(data[:40])
            time.sleep(0.2)
            daemon.process.terminate()
            eventually(lambda: daemon.admin("/readyz").status == 503, 5)
            late.send(data[40:])
            response = late.response()
            assert response.status == 503, response.body
            assert_readable_by(response, ADMIN, by)


@pytest.mark.parametrize("by", ["any", "two"])
@pytest.mark.parametrize("target", ["/images", "/images/metadata", "/images/1", "/auth/guest-token", "/nowhere", "*"])
def test_a_preflight_is_answered_as_the_contract_says(daemons, by, target):
    asked = ["Access-Control-Request-Method: POST",
             "Access-Control-Request-Headers: authorization,content-type,x-filename,idempotency-key"]
    response = answer(daemons[by], wire.head("OPTIONS", target, f"Origin: {APP}", *asked))
    assert response.status == 204 and response.body == b""
    assert_readable_by(response, APP, by)
    assert listed(response, "Access-Control-Allow-Methods") == {"post", "get", "options"}
    allowed = listed(response, "Access-Control-Allow-Headers")
    assert allowed == {"authorization", "content-type", "x-filename", "idempotency-key"}
    assert response["Access-Control-Max-Age"] == "86400"
    assert not response.all("Access-Control-Allow-Credentials")
    assert not response.all("Content-Length") or response["Content-Length"] == "0"


def test_no_other_answer_carries_what_only_a_preflight_does(daemons):
    for kind in ("201", "404", "405"):
        response = answer(daemons["any"], ANSWERS[kind][1](f"Origin: {APP}"))
        assert not response.all("Access-Control-Allow-Methods") and not response.all("Access-Control-Max-Age")
