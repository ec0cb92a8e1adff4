"""Every refusal that `POST /images` knows, its status, its body, its fields, and their order."""

import http.client
import time

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_common_fields, assert_refused
from support.images import CAP, MAGIC, MIB, image

PNG = image("png", 500)


def fields(token, kind="png", length=500):
    return wire.upload_head(token, kind, length=length)


def test_no_authorization_is_token_missing(daemon):
    assert_refused(wire.request(daemon.port, fields(None) + PNG), "TOKEN_MISSING")


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "token", ""])
def test_an_authorization_without_a_bearer_token_is_token_missing(daemon, value):
    data = wire.upload_head(None, "png", f"Authorization: {value}", length=500) + PNG
    assert_refused(wire.request(daemon.port, data), "TOKEN_MISSING")


def test_a_token_past_its_time_is_token_expired(daemon, sub):
    assert_refused(daemon.upload(tokens.mint(sub, lifetime=-1), PNG, "png"), "TOKEN_EXPIRED")


@pytest.mark.parametrize("claims", [
    {"secret": "another-secret"},
    {"secret": "another-secret", "lifetime": -60},
    {"algorithm": "none"},
    {"algorithm": "RS256"},
    {"exp": None},
    {"exp": "4102444800"},
    {"nbf": 4102444800},
    {"sub": "../escape"},
    {"sub": "a/b"},
    {"sub": "x" * 129},
    {"role": "ADMIN"},
    {"role": "GUEST"},
    {"header": {"crit": ["b64"]}},
], ids=str)
def test_a_token_that_is_wrong_in_any_other_way_is_token_invalid(daemon, claims):
    assert_refused(daemon.upload(tokens.mint(**claims), PNG, "png"), "TOKEN_INVALID")


@pytest.mark.parametrize("text", ["x", "a.b.c", "..", "e30.e30.e30"])
def test_text_that_is_no_token_is_token_invalid(daemon, text):
    response = daemon.upload(text, PNG, "png")
    body = assert_refused(response, "TOKEN_INVALID")
    assert text not in body["detail"] or len(text) < 3


@pytest.mark.parametrize("content_type", [
    None, "", "image/webp", "image/jpg", "text/plain", "application/json", "image",
])
def test_a_type_that_is_not_on_the_list_is_refused(daemon, token, content_type):
    lines = [] if content_type is None else [f"Content-Type: {content_type}"]
    data = wire.upload_head(token, None, *lines, length=500) + PNG
    assert_refused(wire.request(daemon.port, data), "INVALID_FILE_TYPE")


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize(("kind", "body"), [
    ("jpeg", PNG), ("png", image("gif", 500)), ("gif", image("jpeg", 500)), ("gif", b"GIF88a" + bytes(50)),
    ("png", b"<html>" + bytes(600_000)), ("jpeg", MAGIC["jpeg"][:2]), ("png", MAGIC["png"][:7]), ("gif", b"G"),
    ("png", b""),
], ids=lambda value: value if isinstance(value, str) else f"{value[:6]!r}x{len(value)}")
def test_bytes_that_are_not_what_the_type_says(daemon, moto, sub, token, kind, body, chunked):
    assert_refused(daemon.upload(token, body, kind, chunked=chunked), "INVALID_FILE_SIGNATURE")
    assert moto.operations(f"users/{sub}/") == []


def test_no_body_at_all_is_an_empty_body(daemon, token):
    assert_refused(wire.request(daemon.port, wire.upload_head(token, "png")), "INVALID_FILE_SIGNATURE")


def test_one_byte_over_the_cap_declared(daemon, moto, sub, token):
    """Refused by its length alone: nothing of the body is needed, and the store is not asked."""
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, length=CAP + 1))
        assert_refused(connection.response(), "FILE_TOO_LARGE")
    assert_refused(daemon.upload(token, image("jpeg", CAP + 1)), "FILE_TOO_LARGE")
    assert moto.operations(f"users/{sub}/") == []


def test_one_byte_over_the_cap_chunked(daemon, moto, sub, token):
    """The count decides while the body streams, and nothing of it stays in the store."""
    assert_refused(daemon.upload(token, image("jpeg", CAP + 1), chunked=True), "FILE_TOO_LARGE")
    prefix = f"users/{sub}/"
    created = [name for name, _ in moto.operations(prefix)].count("CreateMultipartUpload")
    if created:
        moto.wait_for(prefix, "AbortMultipartUpload")
    assert moto.keys(prefix) == [] and moto.unfinished(prefix) == []


@pytest.mark.parametrize("length", [str(2**31), str(2**63 - 1)])
def test_an_enormous_declared_length(daemon, token, length):
    assert_refused(wire.request(daemon.port, wire.upload_head(token, length=length)), "FILE_TOO_LARGE")


def test_an_enormous_chunk(daemon, token):
    data = wire.upload_head(token, chunked=True) + b"fffffff\r\n" + image("jpeg", 100_000)
    with wire.Connection(daemon.port) as connection:
        connection.send(data)
        for _ in range(60):
            connection.send(bytes(100_000))
        assert_refused(connection.response(), "FILE_TOO_LARGE")


@pytest.mark.parametrize("target", ["/", "/image", "/images/", "/imagesx", "/images/metadata/x", "//images", "/IMAGES"])
def test_a_route_that_does_not_exist(daemon, token, target):
    data = wire.head("POST", target, f"Authorization: Bearer {token}", "Content-Length: 0")
    assert_refused(wire.request(daemon.port, data), "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "FOO"])
def test_a_method_that_the_route_does_not_know(daemon, token, method):
    data = wire.head(method, "/images", f"Authorization: Bearer {token}")
    response = wire.request(daemon.port, data, method=method)
    if method == "HEAD":
        assert response.status == 405 and response.body == b""
    elif method == "FOO" and response.status == 501:
        return
    else:
        assert_refused(response, "METHOD_NOT_ALLOWED")
    assert {name.strip() for name in response["Allow"].split(",")} >= {"POST", "OPTIONS"}


@pytest.mark.parametrize(("data", "error"), [
    (b"POST /images HTTP/1.1\r\n\r\n", "BAD_REQUEST"),
    (b"POST /images HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "BAD_REQUEST"),
    (b"POST /images HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\n", "BAD_REQUEST"),
    (b"POST /images HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "BAD_REQUEST"),
    (b"POST /images HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "BAD_REQUEST"),
    (b"POST /images HTTP/1.1\r\nHost: a\r\nBad Field: 1\r\n\r\n", "BAD_REQUEST"),
    (b"POST /images HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n", "BAD_REQUEST"),
    (b"POST /images\r\n\r\n", "BAD_REQUEST"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on\r\n\r\n", "BAD_REQUEST"),
    (b"POST /" + b"x" * 12_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", "URI_TOO_LONG"),
    (b"POST /images HTTP/1.1\r\nHost: a\r\nx-long: " + b"x" * 12_000 + b"\r\n\r\n", "HEADERS_TOO_LARGE"),
    (b"POST /images HTTP/1.1\r\nHost: a\r\n" + b"x-many: 1\r\n" * 2_000 + b"\r\n", "HEADERS_TOO_LARGE"),
], ids=lambda value: value if isinstance(value, str) else repr(value[:60]))
def test_malformed_requests(daemon, data, error):
    with wire.Connection(daemon.port) as connection:
        connection.send(data)
        assert_refused(connection.response(), error)
        assert connection.ends()


@pytest.mark.parametrize("bad", [b"zz\r\n", b"5\r\nabcdeXX", b"-1\r\n", b"5 5\r\nabcde\r\n"])
def test_a_malformed_chunk(daemon, moto, sub, token, bad):
    data = wire.upload_head(token, "png", chunked=True) + b"1f4\r\n" + PNG + b"\r\n" + bad
    with wire.Connection(daemon.port) as connection:
        connection.send(data)
        assert_refused(connection.response(), "BAD_REQUEST")
        assert connection.ends()
    assert moto.keys(f"users/{sub}/") == []


class TestOrder:
    """Each check is made as early as its input allows, in the order of the contract."""

    def test_route_before_method_before_token(self, daemon):
        for target, error in (("/nowhere", "NOT_FOUND"), ("/images", "METHOD_NOT_ALLOWED")):
            assert_refused(wire.request(daemon.port, wire.head("PUT", target, "Content-Length: 0")), error)

    def test_token_before_type_before_length(self, daemon, token):
        too_long = {"length": CAP + 1}
        assert_refused(wire.request(daemon.port, wire.upload_head(None, "webp", **too_long)), "TOKEN_MISSING")
        assert_refused(wire.request(daemon.port, wire.upload_head("x", "webp", **too_long)), "TOKEN_INVALID")
        assert_refused(wire.request(daemon.port, wire.upload_head(token, "webp", **too_long)), "INVALID_FILE_TYPE")
        assert_refused(wire.request(daemon.port, wire.upload_head(token, "png", **too_long)), "FILE_TOO_LARGE")

    def test_the_magic_number_is_judged_by_the_first_bytes_alone(self, daemon, token):
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(token, "png", length=CAP) + b"<!DOCTYPE html>\n")
            assert_refused(connection.response(), "INVALID_FILE_SIGNATURE")

    def test_one_wrong_byte_is_enough(self, daemon, token):
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(token, "png", length=CAP) + b"P" * 16)
            assert_refused(connection.response(), "INVALID_FILE_SIGNATURE")


class TestEarlyAnswersAreReadable:
    """An answer that is known before the body was read is not destroyed by a reset."""

    def test_by_http_client_that_sends_all_of_six_mebibytes_first(self, daemon):
        body = bytes(6 * MIB)
        for _ in range(5):
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
            connection.request("POST", "/images", body, {"Content-Type": "image/png"})
            response = connection.getresponse()
            assert response.status == 401
            assert b'"error":"TOKEN_MISSING"' in response.read()
            connection.close()

    def test_by_a_client_that_sends_slowly_and_reads_late(self, daemon, token):
        with wire.Connection(daemon.port) as connection:
            connection.socket.sendall(wire.upload_head(token, "png", length=CAP + 1))
            for _ in range(8):
                connection.socket.sendall(bytes(100_000))
                time.sleep(0.05)
            assert_refused(connection.response(), "FILE_TOO_LARGE")

    def test_and_the_connection_is_closed_after_it(self, daemon):
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(None, "png", length=MIB) + bytes(1000))
            response = connection.response()
            assert_refused(response, "TOKEN_MISSING")
            assert response["Connection"].lower() == "close"
            assert connection.ends()


@pytest.fixture(scope="module")
def hasty(s3_environment):
    """A daemon that has little patience."""
    settings = {"SLUICE_REQUEST_TIMEOUT_SECONDS": "3", "SLUICE_MIN_BODY_BYTES_PER_SECOND": "1000",
                "SLUICE_MIN_BODY_GRACE_SECONDS": "1", "SLUICE_HEADER_TIMEOUT_SECONDS": "2",
                "SLUICE_KEEPALIVE_SECONDS": "2"}
    with Daemon({**s3_environment, **settings}) as daemon:
        yield daemon


class TestTime:
    def test_a_head_that_does_not_end_is_request_timeout(self, hasty):
        with wire.Connection(hasty.port) as connection:
            connection.send(b"POST /images HTTP/1.1\r\nHost: a\r\n")
            assert_refused(connection.response(), "REQUEST_TIMEOUT")
            assert connection.ends()

    @pytest.mark.parametrize("begun", [0, 4, 200, 100_000])
    def test_a_body_that_stops_is_request_timeout(self, hasty, moto, sub, token, begun):
        body = image("jpeg", 200_000)
        with wire.Connection(hasty.port) as connection:
            connection.send(wire.upload_head(token, length=len(body)) + body[:begun])
            assert_refused(connection.response(), "REQUEST_TIMEOUT")
            assert connection.ends()
        prefix = f"users/{sub}/"
        if begun == 100_000:
            moto.wait_for(prefix, "AbortMultipartUpload")
        assert moto.keys(prefix) == [] and moto.unfinished(prefix) == []

    def test_a_connection_that_rests_is_closed_without_a_word(self, hasty, token):
        with wire.Connection(hasty.port) as connection:
            connection.send(wire.upload_head(token, "png", length=len(PNG)) + PNG)
            assert connection.response().status == 201
            assert connection.ends()


class TestCORS:
    def test_preflight(self, daemon):
        asked = ["Origin: https://app.example", "Access-Control-Request-Method: POST",
                 "Access-Control-Request-Headers: authorization,content-type,x-filename"]
        response = wire.request(daemon.port, wire.head("OPTIONS", "/images", *asked), method="OPTIONS")
        assert response.status == 204 and response.body == b""
        assert_common_fields(response)
        assert listed(response["Access-Control-Allow-Methods"]) == {"post", "get", "options"}
        allowed = listed(response["Access-Control-Allow-Headers"])
        assert allowed == {"authorization", "content-type", "x-filename", "idempotency-key"}
        assert response["Access-Control-Max-Age"] == "86400"

    def test_preflight_needs_no_known_path(self, daemon):
        for target in ("/nowhere", "*"):
            response = wire.request(daemon.port, wire.head("OPTIONS", target, "Origin: https://a"), method="OPTIONS")
            assert response.status == 204

    def test_a_list_of_origins_is_echoed_and_no_other(self, directory_environment, token):
        origins = "https://app.example, https://admin.example"
        with Daemon({**directory_environment, "FRONTEND_URL": origins}) as daemon:
            for origin, allowed in (("https://admin.example", True), ("https://evil.example", False)):
                response = daemon.upload(token, PNG, "png", f"Origin: {origin}")
                assert response.status == 201
                assert response.all("Access-Control-Allow-Origin") == ([origin] if allowed else [])
                assert "origin" in listed(response["Vary"])
                refused = daemon.upload("x", PNG, "png", f"Origin: {origin}")
                assert refused.status == 401
                assert refused.all("Access-Control-Allow-Origin") == ([origin] if allowed else [])


def listed(value):
    return {part.strip().lower() for part in value.split(",")}


def test_a_request_id_of_a_stranger_is_not_kept(daemon, token):
    asked = "11111111-2222-4333-8444-555555555555"
    first, second = (daemon.upload(token, PNG, "png", f"x-request-id: {asked}") for _ in range(2))
    assert len({first["x-request-id"], second["x-request-id"], asked}) == 3
