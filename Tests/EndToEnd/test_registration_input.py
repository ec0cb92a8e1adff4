"""What `POST /images/metadata` is sent and cannot use: URLs of others, bodies that are none, too much, too little."""

import json

import pytest

from support import records, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import image
from support.records import assert_registered, assert_seen, register

JPEG = image("jpeg", 5_000)


@pytest.fixture(scope="module")
def directory_daemon(directory_environment):
    with Daemon({**directory_environment, "SLUICE_PUBLIC_BASE_URL": "https://cdn.example/pictures"}) as daemon:
        yield daemon


def uploaded(daemon, token, sub):
    return assert_created(daemon.upload(token, JPEG), size=len(JPEG), kind="jpeg", sub=sub)[0]


def test_urls_that_are_none_of_ours(directory_daemon, sub, token):
    good = uploaded(directory_daemon, token, sub)["imageUrl"]
    base = "https://cdn.example/pictures/"
    key = good.removeprefix(base)
    for url in [
        "", " ", key, "/" + key, good + "?x=1", good + "#x", good + "/", good + " ", " " + good, good + ".",
        good.replace("https", "HTTPS"), good.replace("https", "http"), good.replace("https:", ""),
        good.replace("cdn.example", "CDN.example"), good.replace("cdn.example", "cdn.example."),
        good.replace("cdn.example", "cdn.example:443"), good.replace("cdn.example", "user@cdn.example"),
        good.replace("cdn.example", "cdn.example@evil.test"), good.replace("cdn.example", "evil.test"),
        good.replace("cdn.example", "cdn.example.evil.test"), base, base + base + key, base + "/" + key,
        good.replace("/images/", "%2Fimages%2F"), good.replace("users/", "users%2f"), good.replace("users", "%75sers"),
        good.replace("/images/", "/./images/"), good.replace("/images/", "/../" + sub + "/images/"),
        good.replace(f"users/{sub}", "users/%2e%2e"), good.replace("/images/", "\\images\\"),
        good.replace("/images/", "//images/"), good.replace("jpeg", "JPEG"), good.replace("jpeg", "png"),
        good.replace("jpeg", "webp"), good.replace("/images/", "/images/0"), good.replace("/images/", "/images/%20"),
        good[:-6] + "0.jpeg" if good[-6] != "0" else good[:-6] + "1.jpeg", good + "\0", good + "\n", good + "é",
        "file:///etc/passwd", "javascript:alert(1)", "//cdn.example/pictures/" + key, "a" * 7_000,
    ]:
        assert url != good
        assert_refused(register(directory_daemon, token, {"imageUrl": url}), "INVALID_IMAGE_URL")
    assert register(directory_daemon, token, {"imageUrl": good}).status == 201


BAD_BODIES = [
    b"", b" ", b"null", b"[]", b'"text"', b"1", b"{", b"{}", b"{]", b'{"imageUrl":"a"', b'{"imageUrl":"a"}x',
    b"\xef\xbb\xbf{}", b'{"imageUrl":"\xff"}', b'{"imageUrl":"\xed\xa0\x80"}', b'{"imageUrl":"\\ud800"}',
    b'{"imageUrl":"a","imageUrl":"a"}', b'{"imageUrl":"a","image\\u0055rl":"a"}', b'{"imageUrl":"a\n"}',
    b"{'imageUrl':'a'}", b'{"imageUrl":"a",}', b'{"imageUrl":1}', b'{"imageUrl":["a"]}', b'{"imageUrl":true}',
    b'{"imageUrl":null}', b'{"imageId":null,"imageUrl":null}', b'{"imageUrl":"a","imageId":1}', b'{"imageId":"1"}',
    b'{"imageId":0}', b'{"imageId":-1}', b'{"imageId":1.0}', b'{"imageId":1e0}', b'{"imageId":01}', b'{"imageId":+1}',
    b'{"imageId":9223372036854775808}', b'{"imageId":1e400}', b'{"imageId":NaN}', b'{"imageId":{}}',
    b'{"imageId":1,"fileSize":"1"}', b'{"imageId":1,"fileSize":-1}', b'{"imageId":1,"fileSize":1.5}',
    b'{"imageId":1,"fileSize":99999999999999999999}', b'{"imageId":1,"originalFilename":1}',
    b'{"imageId":1,"owner":1}', b'{"imageId":1,"owner":""}', b'{"imageId":1,"owner":"a/b"}',
    b'{"imageId":1,"owner":".."}', b'{"imageId":1,"owner":"a\\u0000"}', b'{"imageId":1,"owner":"' + b"a" * 129 + b'"}',
    b'{"imageId":1,"x":' + b"[" * 9 + b"]" * 9 + b"}", b'{"imageId":1,"x":' + b"[" * 4_000 + b"]" * 4_000 + b"}",
    b'{"imageId":1' + b" " * 8_192 + b"}",
]


def test_bodies_that_are_none(directory_daemon):
    token = records.service()
    details = set()
    for body in BAD_BODIES:
        for chunked in (False, True):
            answer = register(directory_daemon, token, body, chunked=chunked)
            details.add(assert_refused(answer, "BAD_REQUEST")["detail"])
    assert len(details) == 10, details


def test_a_body_of_the_largest_size_is_read(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    body = json.dumps({"imageId": data["imageId"]}).encode()
    body += b" " * (8_192 - len(body))
    assert_refused(register(directory_daemon, token, body + b" "), "BAD_REQUEST")
    assert_registered(register(directory_daemon, token, body), data)


def test_too_large_a_body_is_refused_by_its_head(directory_daemon, token):
    with wire.Connection(directory_daemon.port) as connection:
        connection.send(wire.head("POST", "/images/metadata", f"Authorization: Bearer {token}", "Content-Length: 8193",
                                  "Expect: 100-continue"))
        assert_refused(connection.response(), "BAD_REQUEST")


def test_a_client_that_asks_first_is_told_to_go_on(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    body = json.dumps({"imageId": data["imageId"]}).encode()
    with wire.Connection(directory_daemon.port) as connection:
        connection.send(wire.head("POST", "/images/metadata", f"Authorization: Bearer {token}",
                                  f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert connection.response().status == 100
        connection.send(body)
        assert_registered(connection.response(), data)
        # The connection serves on.
        connection.send(wire.head("GET", f"/images/{data['imageId']}", f"Authorization: Bearer {token}"))
        assert_seen(connection.response(), data)


def test_less_than_was_declared(directory_daemon, token):
    with wire.Connection(directory_daemon.port) as connection:
        connection.send(wire.head("POST", "/images/metadata", f"Authorization: Bearer {token}", "Content-Length: 50")
                        + b'{"imageId":1')
        connection.shutdown()
        assert_refused(connection.response(), "BAD_REQUEST")


def test_a_body_that_does_not_come(directory_environment, token):
    with Daemon({**directory_environment, "SLUICE_REQUEST_TIMEOUT_SECONDS": "1"}) as daemon:
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.head("POST", "/images/metadata", f"Authorization: Bearer {token}",
                                      "Content-Length: 50") + b"{")
            assert_refused(connection.response(), "REQUEST_TIMEOUT")
