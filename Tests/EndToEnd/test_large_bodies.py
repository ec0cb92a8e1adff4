"""Bodies of many parts: they go through the spool in constant memory, each part can be sent again, and a body that does
not come to its end leaves nothing."""

import hashlib
import socket

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.hostile_store import HostileStore
from support.images import KIB, MIB, image
from support.waiting import eventually

CAP = 64 * MIB
PART = 5 * MIB
# Windows, the spool's blocks on their way, and the buffers of two connections; a body is many times as large.
GROWTH_MAX = 12 * MIB


def settings(base, **others):
    return {**base, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", "SLUICE_MAX_UPLOAD_BYTES": str(CAP),
            "SLUICE_SHUTDOWN_GRACE_SECONDS": "1", "SLUICE_REQUEST_TIMEOUT_SECONDS": "300", **others}


@pytest.fixture(scope="module")
def store():
    with HostileStore() as server:
        yield server


@pytest.fixture(scope="module")
def before_moto(moto):
    with Daemon(settings(moto.environment)) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def before_store(store):
    with Daemon(settings(store.environment)) as daemon:
        yield daemon
        assert daemon.process.poll() is None, daemon.output


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("chunked", "part", "payload"),
    [(False, PART, "signed"), (True, PART, "unsigned"), (False, 8 * MIB, "unsigned"), (True, 8 * MIB, "signed")])
def test_many_parts_move_in_constant_memory(moto, sub, token, chunked, part, payload):
    body = image("jpeg", CAP - 1)
    with Daemon(settings(moto.environment, SLUICE_PART_BYTES=str(part), SLUICE_S3_PAYLOAD=payload)) as daemon:
        assert daemon.upload(tokens.mint(), image("png", 100_000), "png").status == 201
        before = daemon.resident_bytes()
        daemon.forget_peak()
        response = daemon.upload(token, body, chunked=chunked, timeout=300)
        growth = daemon.peak_bytes() - before
        _, key = assert_created(response, size=len(body), kind="jpeg", sub=sub)
    assert growth < GROWTH_MAX, f"{growth / MIB:.1f} MiB for a body of {len(body) / MIB:.0f}"
    assert moto.object(key)[0] == body
    names = [name for name, _ in moto.operations(key)]
    assert names[0] == "CreateMultipartUpload" and "CompleteMultipartUpload" in names
    assert names.count("UploadPart") == -(-len(body) // part)


@pytest.mark.parametrize("fault", [503, "reset", "reset-early", "reset-midway"])
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_part_that_fails_is_sent_again_from_the_spool(store, before_store, sub, token, chunked, fault):
    body = image("jpeg", 4 * PART + 100)
    first = store.count("part")
    store.parts.clear()
    store.faults = {"part": lambda number: fault if number in (first + 3, first + 4) else None}
    response = before_store.upload(token, body, chunked=chunked, timeout=60)
    assert_created(response, size=len(body), kind="jpeg", sub=sub)
    pieces = [body[start:start + PART] for start in range(0, len(body), PART)]
    expected = {number: (len(piece), hashlib.sha256(piece).hexdigest()) for number, piece in enumerate(pieces, 1)}
    assert store.parts == expected
    assert store.count("part") == first + len(pieces) + 2


def test_a_part_that_fails_for_good_ends_the_upload(store, before_store, token):
    aborts = store.count("abort")
    first = store.count("part")
    store.faults = {"part": lambda number: 503 if number >= first + 3 else None}
    response = before_store.upload(token, image("jpeg", 4 * PART), chunked=True, timeout=60)
    store.faults = {}
    assert_refused(response, "STORE_UNAVAILABLE")
    eventually(lambda: store.count("abort") > aborts, 20, lambda: f"no abort: {store.seen[-8:]}")


@pytest.mark.parametrize("sent", [MIB, PART - 1, PART + 1, 2 * PART, 3 * PART + 70_000, 4 * PART - 1])
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_client_that_vanishes_between_parts_leaves_nothing(before_moto, moto, sub, token, chunked, sent):
    body = image("jpeg", 4 * PART)
    prefix = f"users/{sub}/"
    with wire.Connection(before_moto.port) as connection:
        head = wire.upload_head(token, length=len(body), chunked=chunked)
        connection.send(head + (wire.chunks(body) if chunked else body)[:sent])
        moto.wait_for(prefix, "CreateMultipartUpload")
        connection.reset()
    moto.wait_for(prefix, "AbortMultipartUpload")
    eventually(lambda: moto.unfinished(prefix) == [] and not before_moto.rows("owner = ?", sub), 20,
               lambda: f"{moto.operations(prefix)}, {before_moto.rows('owner = ?', sub)}")
    assert moto.keys(prefix) == []


def test_the_cap_passed_within_the_fifth_part(moto, sub, token):
    prefix = f"users/{sub}/"
    cap = 4 * PART + 1_000
    with Daemon(settings(moto.environment, SLUICE_MAX_UPLOAD_BYTES=str(cap))) as daemon:
        body = image("jpeg", cap + 1)
        assert_refused(daemon.upload(token, body, chunked=True, timeout=60), "FILE_TOO_LARGE")
        moto.wait_for(prefix, "AbortMultipartUpload")
        eventually(lambda: moto.unfinished(prefix) == [] and not daemon.rows(), 20, lambda: str(daemon.rows()))
        assert "CompleteMultipartUpload" not in [name for name, _ in moto.operations(prefix)]
        assert moto.keys(prefix) == []
        assert_created(daemon.upload(token, body[:-1], chunked=True, timeout=60), size=cap, kind="jpeg", sub=sub)


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_store_that_stands_still_makes_the_client_wait(token, chunked):
    """Two parts are in the spool and a little is on the way; the rest is not taken from the client."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        base = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{silent.getsockname()[1]}", "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "S3_BUCKET": "pictures"}
        body = image("jpeg", CAP)
        data = wire.chunks(body) if chunked else body
        with Daemon(settings(base), wait="healthz") as daemon, wire.Connection(daemon.port) as connection:
            before = daemon.resident_bytes()
            connection.send(wire.upload_head(token, length=len(body), chunked=chunked))
            connection.socket.settimeout(2)
            sent = 0
            with pytest.raises(TimeoutError):
                while sent < len(data):
                    sent += connection.socket.send(data[sent:sent + 64 * KIB])
            assert 2 * PART <= sent < 2 * PART + 16 * MIB
            assert daemon.resident_bytes() - before < GROWTH_MAX
