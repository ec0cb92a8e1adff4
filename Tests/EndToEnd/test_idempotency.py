"""`Idempotency-Key`: one image for one key, however often and however the same request is sent."""

import collections
import hashlib
import shutil
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_common_fields, assert_created, assert_refused
from support.forms import CONTENT_TYPE, file, form, part
from support.images import CAP, MIB, image
from support.mortal_store import MortalStore
from support.waiting import eventually

BODY = image("png", 200_000)
OTHER = image("png", 200_001)[:-1]
SMALL = image("png", 900)
RESTART = {"SLUICE_WORKERS": "2"}


def key(text):
    return f"Idempotency-Key: {text}"


def keys(daemon, where="1 = 1", *values):
    """The keys that the record knows."""
    connection = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(f"SELECT * FROM idempotency WHERE {where}", values)]
    finally:
        connection.close()


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


class TestAgain:
    @pytest.mark.parametrize("body", [SMALL, BODY], ids=["small", "larger"])
    @pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
    def test_the_same_bytes_get_the_same_answer_and_no_second_object(self, daemon, moto, sub, token, body, chunked):
        first = daemon.upload(token, body, "png", key("a-1"), "x-filename: one.png", chunked=chunked)
        data, name = assert_created(first, size=len(body), kind="png", sub=sub)
        requests = moto.operations(f"users/{sub}/")
        for again in (False, True):
            assert_replayed(first, daemon.upload(token, body, "png", key("a-1"), "x-filename: two.png", chunked=again))
        assert moto.keys(f"users/{sub}/") == [name] and moto.operations(f"users/{sub}/") == requests
        assert len(daemon.rows("owner = ?", sub)) == 1
        row, = keys(daemon, "owner = ?", sub)
        assert (row["key"], row["image_id"]) == ("a-1", data["imageId"])
        assert row["sha256"] == hashlib.sha256(body).digest()
        line, = daemon.access_log(1, lambda line: line.get("request_id") == first["x-request-id"])
        assert line["image_id"] == data["imageId"]

    @pytest.mark.parametrize("other", [OTHER, BODY[:-1], BODY + b"x", image("png", 3 * MIB)],
                             ids=["one byte", "shorter", "longer", "large"])
    @pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
    def test_other_bytes_are_a_conflict(self, daemon, moto, sub, token, other, chunked):
        first = daemon.upload(token, BODY, "png", key("k"))
        assert first.status == 201
        requests = moto.operations(f"users/{sub}/")
        assert_refused(daemon.upload(token, other, "png", key("k"), chunked=chunked), "IDEMPOTENCY_CONFLICT")
        assert moto.operations(f"users/{sub}/") == requests
        assert len(daemon.rows("owner = ?", sub)) == 1
        assert_replayed(first, daemon.upload(token, BODY, "png", key("k")))

    def test_a_body_larger_than_the_windows_is_not_held(self, daemon, moto, sub, token):
        body = image("jpeg", CAP)
        first = daemon.upload(token, body, "jpeg", key("large"))
        assert_replayed(first, daemon.upload(token, body, "jpeg", key("large")))
        assert_replayed(first, daemon.upload(token, body, "jpeg", key("large"), chunked=True))
        assert len(moto.keys(f"users/{sub}/")) == 1

    def test_a_wrong_body_is_refused_as_without_a_key(self, daemon, sub, token):
        assert daemon.upload(token, BODY, "png", key("k")).status == 201
        assert_refused(daemon.upload(token, BODY, "webp", key("k")), "INVALID_FILE_TYPE")
        assert_refused(daemon.upload(token, BODY, "gif", key("k")), "INVALID_FILE_SIGNATURE")
        assert_refused(daemon.upload(token, image("png", CAP + 1), "png", key("k")), "FILE_TOO_LARGE")
        assert_refused(daemon.upload(token, image("png", CAP + 1), "png", key("k"), chunked=True), "FILE_TOO_LARGE")
        assert_refused(daemon.upload("x.y.z", BODY, "png", key("k")), "TOKEN_INVALID")
        cut = wire.upload_head(token, "png", key("k"), length=len(BODY)) + BODY[:100_000]
        with wire.Connection(daemon.port) as connection:
            connection.send(cut)
            connection.shutdown()
            assert_refused(connection.response(), "BAD_REQUEST")
        assert len(daemon.rows("owner = ?", sub)) == 1

    def test_the_connection_goes_on(self, daemon, token):
        with wire.Connection(daemon.port) as connection:
            for _ in range(3):
                connection.send(wire.upload_head(token, "png", key("k"), length=len(BODY)) + BODY)
                assert connection.response().status == 201

    def test_a_client_that_waits_for_100_gets_it(self, daemon, token):
        first = daemon.upload(token, BODY, "png", key("k"))
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(token, "png", key("k"), "Expect: 100-continue", length=len(BODY)))
            assert connection.response().status == 100
            connection.send(BODY)
            assert_replayed(first, connection.response())

    def test_a_key_means_nothing_beyond_its_sub(self, daemon, sub, token):
        other = tokens.fresh_subject()
        one = daemon.upload(token, BODY, "png", key("shared"))
        two = daemon.upload(tokens.mint(other), OTHER, "png", key("shared"))
        assert_created(one, size=len(BODY), kind="png", sub=sub)
        assert_created(two, size=len(OTHER), kind="png", sub=other)

    def test_without_a_key_each_upload_is_its_own(self, daemon, sub, token):
        ids = {daemon.upload(token, BODY, "png").json["data"]["imageId"] for _ in range(2)}
        assert len(ids) == 2 and keys(daemon, "owner = ?", sub) == []


class TestForms:
    def send(self, daemon, token, body, *fields, chunked=False):
        framed = wire.chunks(body) if chunked else body
        head = wire.upload_head(token, None, CONTENT_TYPE, *fields, length=len(body), chunked=chunked)
        return wire.request(daemon.port, head + framed)

    def test_the_file_counts_and_not_the_form_around_it(self, daemon, moto, sub, token):
        first = self.send(daemon, token, form(file(BODY, filename="a.png")), key("k"))
        assert_created(first, size=len(BODY), kind="png", sub=sub)
        again = form(part("title", b"another"), file(BODY, filename="b.png"), part("tail", b"1"))
        assert_replayed(first, self.send(daemon, token, again, key("k")))
        assert_replayed(first, self.send(daemon, token, again, key("k"), chunked=True))
        assert_replayed(first, daemon.upload(token, BODY, "png", key("k")))
        assert_refused(self.send(daemon, token, form(file(OTHER)), key("k")), "IDEMPOTENCY_CONFLICT")
        assert len(moto.keys(f"users/{sub}/")) == 1

    def test_a_form_that_turns_bad_behind_its_file_replays_nothing(self, daemon, sub, token):
        first = self.send(daemon, token, form(file(BODY)), key("k"))
        assert first.status == 201
        assert_refused(self.send(daemon, token, form(file(BODY), file(BODY)), key("k")), "BAD_REQUEST")
        assert_refused(self.send(daemon, token, form(part("a", b"1")), key("k")), "BAD_REQUEST")
        assert len(daemon.rows("owner = ?", sub)) == 1


class TestUnderWay:
    def test_the_second_is_told_at_once_and_the_first_goes_on(self, daemon, moto, sub, token):
        with begin(daemon, token, BODY, key("k"), sent=150_000) as first:
            eventually(lambda: keys(daemon, "owner = ?", sub))
            # Answered long before its own body is whole.
            with begin(daemon, token, BODY, key("k"), sent=150_000) as second:
                assert_in_progress(second.response())
            assert_in_progress(daemon.upload(token, OTHER, "png", key("k")))
            first.send(BODY[150_000:])
            answer = first.response()
        assert_created(answer, size=len(BODY), kind="png", sub=sub)
        assert_replayed(answer, daemon.upload(token, BODY, "png", key("k")))

    def test_a_client_that_went_away_frees_its_key(self, daemon, moto, sub, token):
        with begin(daemon, token, BODY, key("k"), sent=150_000):
            eventually(lambda: keys(daemon, "owner = ?", sub))
        eventually(lambda: not keys(daemon, "owner = ?", sub))
        assert_created(daemon.upload(token, OTHER, "png", key("k")), size=len(OTHER), kind="png", sub=sub)

    def test_of_fifty_at_once_one_stores(self, daemon, moto, sub, token):
        def send(number):
            return daemon.upload(token, BODY, "png", key("fifty"), chunked=number % 5 == 0)
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(send, range(50)))
        counts = collections.Counter(answer.status for answer in answers)
        assert counts[201] >= 1 and counts[201] + counts[409] == 50, counts
        assert len({answer.json["data"]["imageId"] for answer in answers if answer.status == 201}) == 1
        for answer in answers:
            if answer.status == 409:
                assert_in_progress(answer)
        eventually(lambda: [row["state"] for row in daemon.rows("owner = ?", sub)] == ["stored"])
        first = next(answer for answer in answers if answer.status == 201)
        assert_replayed(first, daemon.upload(token, BODY, "png", key("fifty")))
        creates = [name for name, _ in moto.operations(f"users/{sub}/") if name == "CreateMultipartUpload"]
        assert len(creates) == 1 and len(moto.keys(f"users/{sub}/")) == 1

    def test_of_fifty_at_once_with_different_bytes_one_stores(self, daemon, moto, sub, token):
        def send(number):
            return daemon.upload(token, image("png", 80_000 + number), "png", key("fifty"))
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(send, range(50)))
        counts = collections.Counter(answer.status for answer in answers)
        assert counts == {201: 1, 409: 49}
        errors = {answer.json["error"] for answer in answers if answer.status == 409}
        assert errors <= {"IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_CONFLICT"}
        assert len(moto.keys(f"users/{sub}/")) == 1


class TestKeys:
    @pytest.mark.parametrize("fields", [
        [key("")], [key(" ")], [key("x" * 129)], [key("a b")], [key("a\tb")], [key("schlüssel")], [key("열쇠")],
        [key("a"), key("a")], [key("a"), key("b")], [key("a"), key("")],
    ], ids=["empty", "blank", "129", "space", "tab", "latin", "hangul", "twice", "two", "and empty"])
    def test_what_is_no_key(self, daemon, sub, token, fields):
        body = assert_refused(daemon.upload(token, BODY, "png", *fields), "BAD_REQUEST")
        assert "Idempotency-Key" in body["detail"] and "128" in body["detail"]
        assert daemon.rows("owner = ?", sub) == []

    @pytest.mark.parametrize("byte", [0x00, 0x01, 0x0B, 0x7F])
    def test_control_bytes(self, daemon, token, byte):
        head = wire.upload_head(token, "png", key("aQb"), length=len(BODY)).replace(b"aQb", b"a%cb" % byte)
        assert_refused(wire.request(daemon.port, head + BODY), "BAD_REQUEST")

    @pytest.mark.parametrize("text", ["x", "x" * 128, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!#$%&'*+-.^_`|~(),/:;=?@"])
    def test_what_is_one(self, daemon, token, text):
        first = daemon.upload(token, SMALL, "png", key(text))
        assert_replayed(first, daemon.upload(token, SMALL, "png", f"idempotency-key:  {text}  "))

    def test_keys_are_compared_byte_by_byte(self, daemon, sub, token):
        for text in ("a", "A", '"a"', "a-"):
            assert daemon.upload(token, SMALL, "png", key(text)).status == 201
        assert len(daemon.rows("owner = ?", sub)) == 4

    def test_the_token_is_judged_first_and_the_key_after_what_the_head_says(self, daemon, token):
        assert_refused(daemon.upload(None, BODY, "png", key("")), "TOKEN_MISSING")
        assert_refused(daemon.upload(token, BODY, "webp", key("")), "INVALID_FILE_TYPE")

    def test_other_routes_do_not_ask_for_it(self, daemon, token):
        answer = wire.request(daemon.port, wire.head("GET", "/nowhere", key("")), method="GET")
        assert_refused(answer, "NOT_FOUND")


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="sluice-idempotency-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def store():
    with MortalStore() as server:
        yield server


def settings(store, **others):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, **RESTART, **others}


class TestStores:
    @pytest.mark.parametrize("strategy", ["put", "auto"])
    def test_put(self, s3_environment, moto, sub, token, strategy):
        with Daemon({**s3_environment, "SLUICE_UPLOAD_STRATEGY": strategy}) as daemon:
            for body in (SMALL, BODY):
                text = key(len(body))
                first = daemon.upload(token, body, "png", text)
                assert_created(first, size=len(body), kind="png", sub=sub)
                assert_replayed(first, daemon.upload(token, body, "png", text))
                assert_replayed(first, daemon.upload(token, body, "png", text, chunked=True))
                assert_refused(daemon.upload(token, body[:-1] + b"?", "png", text), "IDEMPOTENCY_CONFLICT")
        assert [name for name, _ in moto.operations(f"users/{sub}/")] == ["PutObject"] * 2

    def test_a_directory(self, directory_environment, sub, token):
        with Daemon(directory_environment) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            assert_created(first, size=len(BODY), kind="png", sub=sub)
            assert_replayed(first, daemon.upload(token, BODY, "png", key("k"), chunked=True))
            assert_refused(daemon.upload(token, OTHER, "png", key("k")), "IDEMPOTENCY_CONFLICT")
            assert len(daemon.rows()) == 1


class TestEnds:
    @pytest.mark.parametrize("strategy, operation", [("multipart", "create"), ("multipart", "part"), ("put", "put")])
    def test_a_failed_upload_frees_its_key(self, store, strategy, operation):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon(settings(store, SLUICE_UPLOAD_STRATEGY=strategy)) as daemon:
            store.faults = {operation: "forbidden"}
            assert_refused(daemon.upload(token, BODY, "png", key("k")), "STORE_UNAVAILABLE")
            store.faults = {}
            eventually(lambda: not keys(daemon), 10, lambda: f"{keys(daemon)} {daemon.rows()}")
            assert_created(daemon.upload(token, OTHER, "png", key("k")), size=len(OTHER), kind="png", sub=sub)

    def test_an_upload_in_doubt_frees_its_key_before_the_doubt_is_over(self, store):
        """A PutObject without an answer is looked at again after a quarter of an hour; its client comes at once."""
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon(settings(store, SLUICE_UPLOAD_STRATEGY="put")) as daemon:
            store.faults = {"put": "close"}
            assert_refused(daemon.upload(token, BODY, "png", key("k")), "STORE_UNAVAILABLE")
            store.faults = {}
            eventually(lambda: not keys(daemon), 10, lambda: f"{keys(daemon)} {daemon.rows()}")
            doubtful, = daemon.rows()
            assert doubtful["state"] == "aborting"
            data, _ = assert_created(
                daemon.upload(token, BODY, "png", key("k")), size=len(BODY), kind="png", sub=sub)
            assert data["imageId"] != doubtful["id"] and doubtful["id"] in {row["id"] for row in daemon.rows()}

    def test_an_old_key_is_like_one_never_sent(self, store):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        times = {"SLUICE_IDEMPOTENCY_TTL_SECONDS": "4", "SLUICE_REQUEST_TIMEOUT_SECONDS": "4"}
        with Daemon(settings(store, **times)) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            row, = keys(daemon)

            def unknown():
                answer = daemon.upload(token, OTHER, "png", key("k"))
                if answer.status == 201:
                    return answer
                assert_refused(answer, "IDEMPOTENCY_CONFLICT")
            second = eventually(unknown, 20)
            assert second.json["data"]["imageId"] != first.json["data"]["imageId"]
            later, = keys(daemon)
            assert later["created_ms"] - row["created_ms"] >= 4_000
            assert later["image_id"] == second.json["data"]["imageId"]

    def test_an_expired_image_frees_its_key(self, store):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="1")) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            assert first.status == 201
            eventually(lambda: not daemon.rows(), 20, lambda: daemon.output[-3_000:])
            assert keys(daemon) == []
            second = daemon.upload(token, OTHER, "png", key("k"))
            assert_created(second, size=len(OTHER), kind="png", sub=sub)
            assert second.json["data"]["imageId"] > first.json["data"]["imageId"]

    def test_the_times_must_agree(self, store):
        with Daemon(settings(store, SLUICE_IDEMPOTENCY_TTL_SECONDS="59"), wait=None) as daemon:
            assert daemon.process.wait(20) == 2
            assert "SLUICE_IDEMPOTENCY_TTL_SECONDS" in daemon.output


class TestRestarts:
    def test_an_answer_outlives_the_process(self, store, folder):
        token = tokens.mint()
        with Daemon(settings(store), folder=folder) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            assert first.status == 201
            assert daemon.terminate() == 0
        with Daemon(settings(store), folder=folder) as daemon:
            assert_replayed(first, daemon.upload(token, BODY, "png", key("k")))
            eventually(lambda: [row["state"] for row in daemon.rows()] == ["stored"])
            daemon.process.kill()
            daemon.process.wait(10)
        with Daemon(settings(store), folder=folder) as daemon:
            assert_replayed(first, daemon.upload(token, BODY, "png", key("k")))
            assert_refused(daemon.upload(token, OTHER, "png", key("k")), "IDEMPOTENCY_CONFLICT")
        assert len(store.objects) == 1

    def test_a_kill_before_the_body_is_whole_frees_the_key_once_it_is_settled(self, store, folder):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon(settings(store), folder=folder) as daemon:
            with begin(daemon, token, BODY, key("k"), sent=150_000):
                eventually(lambda: [row["state"] for row in daemon.rows()] == ["streaming"])
                daemon.process.kill()
                daemon.process.wait(10)
        # Recovery cannot settle it yet.
        store.faults = {"abort": "forbidden"}
        with Daemon(settings(store), folder=folder) as daemon:
            eventually(lambda: store.seen["abort"])
            assert_in_progress(daemon.upload(token, BODY, "png", key("k")))
            daemon.terminate()
        store.faults = {}
        with Daemon(settings(store), folder=folder) as daemon:
            eventually(lambda: not daemon.rows(), 15, lambda: daemon.output[-3_000:])
            assert keys(daemon) == []
            assert_created(daemon.upload(token, BODY, "png", key("k")), size=len(BODY), kind="png", sub=sub)

    def test_a_kill_while_the_store_completes_keeps_the_key_and_what_its_bytes_were(self, store, folder):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        store.faults = {"complete": "hang-after"}
        with Daemon(settings(store), folder=folder) as daemon:
            with begin(daemon, token, BODY, key("k")):
                eventually(lambda: store.objects)
                eventually(lambda: [row["state"] for row in daemon.rows()] == ["completing"])
                assert_in_progress(daemon.upload(token, BODY, "png", key("k")))
                daemon.process.kill()
                daemon.process.wait(10)
        store.faults = {}
        with Daemon(settings(store), folder=folder) as daemon:
            eventually(lambda: [row["state"] for row in daemon.rows()] == ["stored"], 15, lambda: daemon.output)
            answer = daemon.upload(token, BODY, "png", key("k"))
            data, name = assert_created(answer, size=len(BODY), kind="png", sub=sub)
            assert data["imageId"] == daemon.rows()[0]["id"] and list(store.objects) == [name]
            assert_refused(daemon.upload(token, OTHER, "png", key("k")), "IDEMPOTENCY_CONFLICT")
        assert len(store.objects) == 1
