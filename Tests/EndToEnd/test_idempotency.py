"""`Idempotency-Key`: one image for one key, however often and however the same request is sent."""

import collections
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import tokens, wire
from support.expectations import assert_created, assert_refused
from support.forms import CONTENT_TYPE, file, form, part
from support.idempotency import assert_in_progress, assert_replayed, begin, key, keys
from support.images import CAP, MIB, image
from support.waiting import eventually

BODY = image("png", 200_000)
OTHER = image("png", 200_001)[:-1]
SMALL = image("png", 900)


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
        eventually(lambda: daemon.states("owner = ?", sub) == ["stored"])
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

    @pytest.mark.parametrize("text", [
        "x", "x" * 128, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!#$%&'*+-.^_`|~(),/:;=?@"])
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
