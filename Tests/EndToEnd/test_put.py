"""Objects in one PutObject (`SLUICE_UPLOAD_STRATEGY`): when it is used, and what is left when it does not end well."""

import contextlib
import hashlib
import sqlite3
import time

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.forms import CONTENT_TYPE, file, form
from support.hostile_store import HostileStore
from support.images import CAP, MIB, image
from support.waiting import eventually

BODY = image("jpeg", 2 * MIB)
# More than the window keeps, so that it cannot be sent a second time.
LONG = image("png", 300_000)
SHORT = image("png", 60_000)


def settings(base, **others):
    return {**base, "JWT_SECRET": tokens.SECRET, "SLUICE_UPLOAD_STRATEGY": "put", "SLUICE_SHUTDOWN_GRACE_SECONDS": "1",
            **others}


@pytest.fixture(scope="module")
def putting(moto):
    with Daemon(settings(moto.environment)) as daemon:
        yield daemon
        assert daemon.process.poll() is None, daemon.output


@pytest.fixture(scope="module")
def store():
    with HostileStore() as server:
        yield server


@pytest.fixture
def faulty(store):
    """One for each test: what the breaker has counted in one is not to be met in the next."""
    with Daemon(settings(store.environment)) as daemon:
        yield daemon
        assert daemon.process.poll() is None, daemon.output


@pytest.fixture(autouse=True)
def no_faults_after(request):
    yield
    if "store" in request.fixturenames:
        request.getfixturevalue("store").faults = {}


IN_PARTS = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]


def operations(moto, prefix):
    """The kinds of requests that wrote, in the order of their first."""
    return list(dict.fromkeys(name for name, _ in moto.operations(prefix) if name in ["PutObject", *IN_PARTS]))


@pytest.mark.parametrize("payload", ["signed", "unsigned"])
@pytest.mark.parametrize("size", [8, 10_000, 65_536, 65_537, 131_073, CAP])
def test_a_declared_body_is_one_request(moto, sub, token, size, payload):
    body = image("png", size)
    with Daemon(settings(moto.environment, SLUICE_S3_PAYLOAD=payload)) as daemon:
        data, key = assert_created(daemon.upload(token, body, "png"), size=size, kind="png", sub=sub)
        eventually(lambda: daemon.states() == ["stored"], 10, lambda: str(daemon.rows()))
        row = daemon.rows()[0]
        assert (row["id"], row["size"], row["upload_id"]) == (data["imageId"], size, None)
        token_of_object = moto.s3.head_object(Bucket="pictures", Key=key)["Metadata"]["sluice-id"]
        assert token_of_object == row["record_token"]
    assert moto.object(key) == (body, "image/png")
    assert operations(moto, f"users/{sub}/") == ["PutObject"]


@pytest.mark.timeout(400)
def test_a_body_above_one_part_is_one_request_too_and_moves_in_constant_memory(moto, sub, token):
    body = image("jpeg", 48 * MIB)
    others = {"SLUICE_MAX_UPLOAD_BYTES": str(len(body)), "SLUICE_WORKERS": "1", "SLUICE_REQUEST_TIMEOUT_SECONDS": "300"}
    with Daemon(settings(moto.environment, **others)) as daemon:
        assert daemon.upload(tokens.mint(), SHORT, "png").status == 201
        before = daemon.resident_bytes()
        daemon.forget_peak()
        response = daemon.upload(token, body, timeout=300)
        growth = daemon.peak_bytes() - before
        _, key = assert_created(response, size=len(body), kind="jpeg", sub=sub)
    assert growth < 8 * MIB, f"{growth / MIB:.1f} MiB"
    assert operations(moto, f"users/{sub}/") == ["PutObject"]
    assert moto.object(key)[0] == body


def test_a_body_of_unknown_length_goes_in_parts(putting, moto, sub, token):
    assert_created(putting.upload(token, BODY, chunked=True), size=len(BODY), kind="jpeg", sub=sub)
    assert operations(moto, f"users/{sub}/") == IN_PARTS


def test_a_form_goes_in_parts(putting, moto, sub, token):
    body = form(file(SHORT, "png"))
    response = wire.request(putting.port, wire.upload_head(token, None, CONTENT_TYPE, length=len(body)) + body)
    _, key = assert_created(response, size=len(SHORT), kind="png", sub=sub)
    assert operations(moto, key) == IN_PARTS
    assert moto.object(key)[0] == SHORT


def test_auto_puts_what_fits_one_part(moto, sub, token):
    others = {"SLUICE_UPLOAD_STRATEGY": "auto", "SLUICE_MAX_UPLOAD_BYTES": str(2 * CAP)}
    with Daemon(settings(moto.environment, **others)) as daemon:
        for size, expected in [(CAP, ["PutObject"]), (CAP + 1, IN_PARTS)]:
            body = image("jpeg", size)
            _, key = assert_created(daemon.upload(token, body), size=size, kind="jpeg", sub=sub)
            assert operations(moto, key) == expected
            assert moto.object(key)[0] == body


def test_the_directory_store_knows_no_put(directory_environment, sub, token):
    with Daemon({**directory_environment, "SLUICE_UPLOAD_STRATEGY": "put"}) as daemon:
        _, key = assert_created(daemon.upload(token, BODY), size=len(BODY), kind="jpeg", sub=sub)
        assert (daemon.folder / "objects" / key).read_bytes() == BODY


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("sent", [0, 1, 16, 4_000, 65_536, 70_000, 1_000_000, len(BODY) - 4_096, len(BODY) - 1])
def test_a_client_that_vanishes_leaves_nothing(putting, moto, sub, token, sent, how):
    with wire.Connection(putting.port) as connection:
        connection.send(wire.upload_head(token, length=len(BODY)) + BODY[:sent])
        if sent > 65_536:
            eventually(lambda: putting.rows("owner = ?", sub), 10)
        if how == "reset":
            connection.reset()
    for _ in range(2):
        eventually(lambda: not putting.rows("owner = ?", sub), 20, lambda: str(putting.rows("owner = ?", sub)))
        time.sleep(0.2)
    assert moto.keys(f"users/{sub}/") == []


def test_a_client_that_vanishes_after_its_whole_body_leaves_a_whole_image(putting, moto, sub, token):
    with wire.Connection(putting.port) as connection:
        connection.send(wire.upload_head(token, length=len(BODY)) + BODY)
    eventually(lambda: putting.states("owner = ?", sub) == ["stored"], 15,
               lambda: str(putting.rows("owner = ?", sub)))
    assert [moto.object(key)[0] for key in moto.keys(f"users/{sub}/")] == [BODY]


def test_the_end_waits_for_the_whole_body(store, faulty, sub, token):
    """Nothing of a PutObject can become an object before its record is durable, which waits for the last byte."""
    store.received = 0
    with wire.Connection(faulty.port) as connection:
        connection.send(wire.upload_head(token, "png", length=len(LONG)) + LONG[:-1])
        eventually(lambda: store.received == len(LONG) - 4_096, 10, lambda: str(store.received))
        time.sleep(0.3)
        assert store.received == len(LONG) - 4_096
        assert faulty.states("owner = ?", sub) == ["opening"]
        connection.send(LONG[-1:])
        assert_created(connection.response(), size=len(LONG), kind="png", sub=sub)
    assert store.received == len(LONG)


def test_a_short_body_opens_nothing_before_it_is_whole(store, faulty, sub, token):
    body = image("png", 65_536)
    with wire.Connection(faulty.port) as connection:
        connection.send(wire.upload_head(token, "png", length=len(body)) + body[:-1])
        eventually(lambda: faulty.states("owner = ?", sub) == ["opening"], 10)
        time.sleep(0.3)
        assert store.asked_of(sub) == []
        connection.send(body[-1:])
        assert_created(connection.response(), size=len(body), kind="png", sub=sub)
    assert store.asked_of(sub) == ["put"]


@pytest.fixture
def walk(faulty):
    """The states that rows have passed through, as the file itself noted them."""
    with contextlib.closing(sqlite3.connect(faulty.database, isolation_level=None, timeout=10)) as connection:
        connection.execute("CREATE TABLE walk (owner, state, size)")
        for event in ("INSERT", "UPDATE"):
            connection.execute(
                f"CREATE TRIGGER walk_{event} AFTER {event} ON uploads "
                "BEGIN INSERT INTO walk VALUES (new.owner, new.state, new.size); END")
        yield lambda sub: connection.execute("SELECT state, size FROM walk WHERE owner = ?", (sub,)).fetchall()


@pytest.mark.parametrize("size", [8, 10_000, 65_535])
def test_the_row_of_a_short_body_that_comes_at_once_begins_with_completing(store, faulty, walk, sub, token, size):
    body = image("png", size)
    assert_created(faulty.upload(token, body, "png"), size=size, kind="png", sub=sub)
    eventually(lambda: len(walk(sub)) >= 2, 10)
    assert walk(sub) == [("completing", size), ("stored", size)]
    assert store.asked_of(sub) == ["put"]


@pytest.mark.parametrize("how", ["slow", "long", "keyed", "chunked"])
def test_every_other_row_begins_with_opening(store, faulty, walk, sub, token, how):
    body = LONG if how == "long" else SHORT
    others = {"long": [], "slow": [], "keyed": ["Idempotency-Key: k"], "chunked": []}[how]
    is_chunked = how == "chunked"
    sent = wire.chunks(body) if is_chunked else body
    with wire.Connection(faulty.port) as connection:
        connection.send(wire.upload_head(token, "png", *others, length=len(body), chunked=is_chunked) + sent[:-1])
        if how == "slow":
            eventually(lambda: faulty.states("owner = ?", sub) == ["opening"], 10)
        connection.send(sent[-1:])
        assert_created(connection.response(), size=len(body), kind="png", sub=sub)
    eventually(lambda: walk(sub)[-1][0] == "stored", 10)
    between = [] if not is_chunked else [state for state, _ in walk(sub)[1:-2]]
    assert [state for state, _ in walk(sub)] == ["opening", *between, "completing", "stored"]


@pytest.mark.parametrize("end", ["kill", "terminate", "client"])
def test_a_short_body_is_not_sent_before_its_row_is_written(store, sub, token, end):
    """Somebody else writes the database: until the row is there nothing is asked, and whoever dies leaves nothing."""
    with Daemon(settings(store.environment)) as daemon:
        assert daemon.upload(tokens.mint(), SHORT, "png").status == 201
        eventually(lambda: daemon.states() == ["stored"], 10)
        with contextlib.closing(sqlite3.connect(daemon.database, isolation_level=None, timeout=10)) as other, \
                wire.Connection(daemon.port) as connection:
            other.execute("BEGIN IMMEDIATE")
            connection.send(wire.upload_head(token, "png", length=len(SHORT)) + SHORT)
            time.sleep(0.5)
            assert store.asked_of(sub) == [] and not daemon.rows("owner = ?", sub)
            if end == "kill":
                daemon.kill()
                other.execute("ROLLBACK")
                assert not daemon.rows("owner = ?", sub)
            elif end == "terminate":
                # Its grace is over while the row waits.
                daemon.process.terminate()
                assert_refused(connection.response(), "STORE_UNAVAILABLE")
                other.execute("ROLLBACK")
                assert daemon.process.wait(20) == 0
                assert not daemon.rows("owner = ?", sub)
            else:
                # After its whole body that changes nothing but the reply.
                connection.reset()
                other.execute("ROLLBACK")
                eventually(lambda: daemon.states("owner = ?", sub) == ["stored"], 15, lambda: str(daemon.rows()))
        assert store.asked_of(sub) == (["put"] if end == "client" else [])


@pytest.mark.parametrize("fault", [403, 503, "reset-early", "reset-midway"])
def test_a_fault_before_the_end_is_store_unavailable_and_leaves_nothing(store, faulty, sub, token, fault):
    body = image("png", 3 * MIB)
    store.faults = {"put": fault}
    assert_refused(faulty.upload(token, body, "png", timeout=60), "STORE_UNAVAILABLE")
    eventually(lambda: not faulty.rows("owner = ?", sub), 20, lambda: str(faulty.rows("owner = ?", sub)))
    assert sub not in str(store.objects)
    store.faults = {}
    assert_created(faulty.upload(token, body, "png"), size=len(body), kind="png", sub=sub)
    [(length, digest, _)] = [entry for path, entry in store.objects.items() if f"/{sub}/" in path]
    assert (length, digest) == (len(body), hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("fault", [503, "reset", "close", "garbage"])
def test_a_short_body_is_sent_again(store, faulty, sub, token, fault):
    first = store.count("put")
    store.faults = {"put": lambda number: fault if number <= first + 2 else None}
    assert_created(faulty.upload(token, SHORT, "png", timeout=60), size=len(SHORT), kind="png", sub=sub)
    [(length, digest, _)] = [entry for path, entry in store.objects.items() if f"/{sub}/" in path]
    assert (length, digest) == (len(SHORT), hashlib.sha256(SHORT).hexdigest())


def test_a_lost_answer_to_a_long_body_is_settled_by_a_look(store, faulty, sub, token):
    store.faults = {"put": "lost"}
    assert_created(faulty.upload(token, LONG, "png", timeout=60), size=len(LONG), kind="png", sub=sub)
    assert store.asked_of(sub) == ["put", "head"]
    eventually(lambda: faulty.states("owner = ?", sub) == ["stored"], 10)


def test_an_object_in_doubt_stays_in_the_record_as_aborting(store, faulty, sub, token):
    store.faults = {"put": "reset"}
    assert_refused(faulty.upload(token, LONG, "png", timeout=60), "STORE_UNAVAILABLE")
    eventually(lambda: faulty.states("owner = ?", sub) == ["aborting"], 10,
               lambda: str(faulty.rows("owner = ?", sub)))
    # The look that follows the record's word finds nothing; the next one is a quarter of an hour away.
    asked = ["put", "head", "head", "head", "head"]
    eventually(lambda: store.asked_of(sub) == asked, 10, lambda: str(store.asked_of(sub)))
    time.sleep(0.5)
    assert faulty.states("owner = ?", sub) == ["aborting"]
    assert store.asked_of(sub) == asked


def test_an_object_that_comes_up_after_the_client_was_told_otherwise_is_deleted(store, faulty, sub, token):
    heads = store.count("head")
    store.faults = {"put": "lost", "head": lambda number: 503 if number <= heads + 3 else None}
    assert_refused(faulty.upload(token, LONG, "png", timeout=60), "STORE_UNAVAILABLE")
    eventually(lambda: not faulty.rows("owner = ?", sub), 20, lambda: str(faulty.rows("owner = ?", sub)))
    assert store.asked_of(sub)[-2:] == ["head", "delete"]
    assert sub not in str(store.objects)


def test_an_object_whose_answer_is_awaited_at_the_end_of_the_daemon_is_left_to_recovery(store, sub, token):
    puts = store.count("put")
    store.faults = {"put": "silent"}
    with Daemon(settings(store.environment)) as daemon, wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, "png", length=len(SHORT)) + SHORT)
        eventually(lambda: store.count("put") > puts, 10)
        assert daemon.states() == ["completing"]
        assert daemon.terminate() == 0
        assert_refused(connection.response(), "STORE_UNAVAILABLE")
        assert daemon.states() == ["aborting"]
