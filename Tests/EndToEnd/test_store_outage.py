"""A store that throttles, loses answers, dies and comes back: nothing is left in it but what the record knows."""

import concurrent.futures
import random
import time
import urllib.parse

import pytest

from support import s3_double, tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import image
from support.mortal_store import LATE, MortalStore
from support.waiting import eventually

BODY = image("png", 200_000)


def upload(daemon):
    """One that goes well."""
    sub = tokens.fresh_subject()
    assert_created(daemon.upload(tokens.mint(sub), BODY, "png"), size=len(BODY), kind="png", sub=sub)


def settings(store, **more):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, **more}


def metric(daemon, name):
    for line in daemon.admin("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no {name}")


def open_breaker(daemon):
    """Uploads until every worker that hears of it has found the store down."""
    def is_open():
        return daemon.upload(tokens.mint(), BODY, "png", timeout=60).status == 503 and \
            metric(daemon, "sluice_store_breakers_open") == 1
    eventually(is_open, 30, lambda: daemon.output[-3_000:])


def assert_settled(daemon, store, timeout=60):
    """Nothing is open in the store, and its objects are those of the record.

    A record may stay `completing` or `aborting` where an answer was lost for good and the store shows nothing: it is
    looked at again after a restart.
    """
    def settled():
        rows = daemon.rows()
        return not store.open and not [row for row in rows if row["state"] in ("opening", "streaming")]

    def told():
        rows = [(row["id"], row["state"]) for row in daemon.rows("state != 'stored'")]
        return f"open: {store.open}; {rows}\n{daemon.output[-3_000:]}"
    for _ in range(2):
        eventually(settled, timeout, told)
        time.sleep(0.5)
    sizes = {key: size for key, (size, _) in store.objects.items()}
    stored = {row["key"]: row["size"] for row in daemon.rows("state = 'stored'")}
    doubtful = {row["key"] for row in daemon.rows("state = 'completing'")}
    assert {key: size for key, size in sizes.items() if key not in doubtful} == stored


def test_a_store_that_is_down_is_told_by_the_head(store):
    with Daemon(settings(store, SLUICE_WORKERS="1")) as daemon:
        upload(daemon)
        store.die()
        open_breaker(daemon)
        for expect in ((), ("Expect: 100-continue",)):
            with wire.Connection(daemon.port) as connection:
                # Not a byte of the body is sent.
                connection.send(wire.upload_head(tokens.mint(), "png", *expect, length=len(BODY)))
                answer = connection.response()
                assert_refused(answer, "STORE_UNAVAILABLE")
                assert 1 <= int(answer["Retry-After"]) <= 15
        # What is wrong with a request is said all the same, and first.
        assert_refused(daemon.upload("x", BODY, "png"), "TOKEN_INVALID")
        ready = daemon.admin("/readyz")
        assert ready.status == 503 and "down" in ready.json["checks"]["store"]
        assert metric(daemon, "sluice_uploads_turned_away_total") >= 2
        store.revive()
        # Nobody uploads: the probe alone heals it.
        eventually(lambda: daemon.admin("/readyz").status == 200, 30, lambda: daemon.output[-2_000:])
        assert metric(daemon, "sluice_store_breakers_open") == 0
        assert store.seen["probe"] >= 1
        upload(daemon)
        assert_settled(daemon, store)
        said = " ".join(line.get("message", "") for line in daemon.log())
        assert "the store is down" in said and "the store serves again" in said


def test_half_open_lets_one_upload_in_and_one_that_fails_closes_the_door(store):
    with Daemon(settings(store, SLUICE_WORKERS="1")) as daemon:
        store.faults = {"create": "slowdown"}
        open_breaker(daemon)
        # The probe is answered, yet no upload can be opened: the one that is let in is asked for once.
        creates, refused = store.seen["create"], 0

        def is_probed_thrice():
            nonlocal refused
            refused += daemon.upload(tokens.mint(), BODY, "png", timeout=60).status == 503
            return store.seen["probe"] >= 3
        eventually(is_probed_thrice, 60, lambda: str(store.seen))
        assert store.seen["create"] - creates <= 3 < refused, (store.seen, refused)
        store.faults = {}
        eventually(lambda: daemon.upload(tokens.mint(), BODY, "png", timeout=60).status == 201, 60)
        upload(daemon)
        assert_settled(daemon, store)


@pytest.mark.parametrize("strategy", ["multipart", "auto", "put"])
def test_uploads_that_never_ask_the_store_keep_nobody_out_of_one_that_is_back(store, strategy):
    with Daemon(settings(store, SLUICE_WORKERS="1", SLUICE_UPLOAD_STRATEGY=strategy)) as daemon:
        store.die()
        open_breaker(daemon)
        store.revive()
        eventually(lambda: metric(daemon, "sluice_store_breakers_open") == 0, 30, lambda: daemon.output[-2_000:])
        # Many in the one second: each is let in by its head, and refused for its bytes.
        token = tokens.mint()
        for _ in range(20):
            answer = daemon.upload(token, b"no image, whatever the head says" * 10, "png")
            assert_refused(answer, "INVALID_FILE_SIGNATURE")
        assert store.seen["create"] == store.seen["put"] == 0
        upload(daemon)
        upload(daemon)
        assert_settled(daemon, store)


@pytest.mark.parametrize("operation", ["create", "part", "complete"])
@pytest.mark.parametrize("fault", ["slowdown", "unavailable", *LATE, "reset", "silent-close", "error-in-200", "junk",
                                   "trickle"])
def test_one_fault_leaves_nothing_open_and_no_orphan(shared, operation, fault):
    store, daemon = shared
    store.faults = {operation: [fault]}
    sub = tokens.fresh_subject()
    answer = daemon.upload(tokens.mint(sub), BODY[:60_000], "png", timeout=60)
    assert answer.status in (201, 503), answer
    # What the store did not do, or did and answers for again, is no reason to fail; a gateway's bare 503 may come after
    # a Create, which is not repeated then.
    is_bare_create = (fault, operation) == ("unavailable", "create")
    if fault in ("slowdown", "unavailable", "trickle") and not is_bare_create or operation == "complete":
        assert answer.status == 201, (answer, daemon.output[-2_000:])
    store.faults = {}
    assert_settled(daemon, store)
    assert len([key for key in store.objects if f"/{sub}/" in key]) == (answer.status == 201)


@pytest.fixture(scope="module")
def shared():
    with MortalStore() as server, Daemon(settings(server)) as daemon:
        yield server, daemon
        assert daemon.process.poll() is None, daemon.output


@pytest.mark.timeout(240)
@pytest.mark.parametrize("strategy", ["multipart", "put"])
def test_a_store_that_dies_and_comes_back_under_load_keeps_nothing_that_the_record_does_not_know(store, strategy):
    chance = random.Random(11)
    ends = []

    def client(daemon, until):
        while time.monotonic() < until:
            size = chance.choice([500, 60_000, 200_000, 900_000])
            try:
                ends.append(daemon.upload(tokens.mint(), image("jpeg", size), chunked=chance.random() < 0.3,
                                          timeout=90).status)
            except (OSError, ConnectionError):
                ends.append(0)
            time.sleep(0.02)

    with Daemon(settings(store, SLUICE_UPLOAD_STRATEGY=strategy)) as daemon:
        until = time.monotonic() + 14
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            clients = [pool.submit(client, daemon, until) for _ in range(12)]
            store.chaos = 0.05
            for pause in (1.0, 2.0):
                time.sleep(1.5)
                store.die()
                time.sleep(pause)
                store.revive()
                time.sleep(1.5)
            store.chaos = 0.0
            for each in clients:
                each.result()
        assert set(ends) <= {201, 503}, ends
        assert 201 in ends and 503 in ends, ends
        assert metric(daemon, "sluice_store_breakers_opened_total") >= 1
        assert_settled(daemon, store)
        eventually(lambda: daemon.upload(tokens.mint(), BODY, "png", timeout=60).status == 201, 60)
        eventually(lambda: daemon.admin("/readyz").status == 200, 30)
        assert metric(daemon, "sluice_store_breakers_open") == 0


def test_aborts_outlive_their_clients_and_are_done_when_the_store_is_back(store):
    with Daemon(settings(store, SLUICE_WORKERS="1")) as daemon:
        gone = []
        for _ in range(5):
            connection = wire.Connection(daemon.port)
            connection.send(wire.upload_head(tokens.mint(), "png", length=len(BODY)) + BODY[:100_000])
            gone.append(connection)
        eventually(lambda: len(store.open) == 5, 20)
        store.die()
        for connection in gone:
            connection.reset()
        open_breaker(daemon)
        assert len(store.open) == 5
        store.revive()
        assert_settled(daemon, store)
        assert store.objects == {}


def test_a_create_that_is_answered_after_its_client_left_is_aborted(store):
    with Daemon(settings(store, SLUICE_WORKERS="1")) as daemon:
        store.faults = {"create": ["trickle"]}
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(tokens.mint(), "png", length=len(BODY)) + BODY[:100_000])
            eventually(lambda: store.seen["create"] == 1, 20)
            connection.reset()
        eventually(lambda: store.seen["abort"] >= 1, 20)
        assert_settled(daemon, store)
        assert store.objects == {}


def test_the_end_waits_for_aborts(store):
    with Daemon(settings(store, SLUICE_WORKERS="1", SLUICE_SHUTDOWN_GRACE_SECONDS="1")) as daemon:
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(tokens.mint(), "png", length=len(BODY)) + BODY[:100_000])
            eventually(lambda: len(store.open) == 1, 20)
            store.faults = {"abort": ["slowdown", "lost", "slowdown"]}
            assert daemon.terminate() == 0
        assert store.open == {} and store.objects == {}
        assert daemon.rows() == []


def test_another_region_is_followed_once_and_remembered():
    with MortalStore(region="eu-central-1") as store, Daemon(settings(store, SLUICE_WORKERS="1")) as daemon:
        for _ in range(3):
            upload(daemon)
        assert store.seen["astray"] == 1
        assert "set AWS_REGION" in daemon.output


class Portal(MortalStore):
    """Something before the store says yes, in its own words, to the operations of `captured`."""

    captured = frozenset()

    def answer(self, handler):
        path, _, query = handler.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        asked = s3_double.operation(handler.command, query, path.removeprefix("/pictures").lstrip("/"))
        if asked not in self.captured:
            return super().answer(handler)
        handler.read()
        self.seen[f"captured {asked}"] += 1
        return handler.reply(200, b"<html><body>maintenance</body></html>")


def test_a_yes_that_is_not_the_stores_ends_no_upload(folder):
    """Believed, it would leave a multipart upload or an object that no row knows."""
    with Portal() as store, Daemon(settings(store, SLUICE_REQUEST_TIMEOUT_SECONDS="10"), folder=folder) as daemon:
        store.captured = {"abort"}
        given_up = wire.Connection(daemon.port)
        given_up.send(wire.upload_head(tokens.mint(), "png", length=len(BODY)) + BODY[:100_000])
        eventually(lambda: store.open, 20)
        given_up.reset()
        eventually(lambda: store.seen["captured abort"] >= 2, 60, lambda: daemon.output[-2_000:])
        assert len(store.open) == 1 and daemon.states() == ["aborting"]

        def lost(handler, _status, _answer):
            store.captured = {"abort", "complete", "delete", "head", "search"}
            handler.close_connection = True
        store.faults = {"complete": [lost]}
        assert daemon.upload(tokens.mint(), BODY, "png", timeout=90).status == 503
        assert len(store.objects) == 1
        # Its row says that it is not settled.
        assert "completing" in daemon.states(), daemon.rows()
