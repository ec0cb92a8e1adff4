"""Images that arrive whole: what is stored, what is answered, what is asked of the store."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created
from support.images import CAP, KIB, MAGIC, MIB, image
from support.moto_server import BUCKET

MULTIPART = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]

# None stands for one byte past the magic number, whose length differs by kind.
SIZES = [None, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, MIB, CAP - 1, CAP]


def assert_stored(moto, response, body, kind, sub):
    data, key = assert_created(response, size=len(body), kind=kind, sub=sub)
    stored, content_type = moto.object(key)
    assert content_type == f"image/{kind}"
    assert len(stored) == len(body) and stored == body
    assert data["imageUrl"] == f"{moto.endpoint}/{BUCKET}/{key}"
    assert moto.operations(key)[:3] == [(name, 200) for name in MULTIPART]
    return data, key


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size) if size else "magic+1")
@pytest.mark.parametrize("kind", MAGIC)
def test_bytes_stored_equal_bytes_sent(daemon, moto, sub, token, kind, size, chunked):
    body = image(kind, size or len(MAGIC[kind]) + 1)
    assert_stored(moto, daemon.upload(token, body, kind, chunked=chunked), body, kind, sub)


@pytest.mark.parametrize("payload", ["signed", "unsigned"])
@pytest.mark.parametrize("size", [1000, MIB + 1])
def test_payloads_are_signed_as_the_setting_says(s3_environment, moto, sub, token, payload, size):
    body = image("png", size)
    with Daemon({**s3_environment, "SLUICE_S3_PAYLOAD": payload}) as daemon:
        _, key = assert_stored(moto, daemon.upload(token, body, "png"), body, "png", sub)
    part = moto.entries(key)[1]
    expected = {"signed": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "unsigned": "UNSIGNED-PAYLOAD"}
    assert part["payload"] == expected[payload]
    assert int(part["length"]) >= size


def test_auto_signs_the_payload_where_the_wire_is_open(daemon, moto, sub, token):
    body = image("jpeg", 70_000)
    _, key = assert_stored(moto, daemon.upload(token, body), body, "jpeg", sub)
    assert moto.entries(key)[1]["payload"] == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


def test_a_body_in_many_small_chunks_is_one_part(daemon, moto, sub, token):
    body = image("gif", 200_000)
    framed = wire.chunks(body, size=997)
    response = wire.request(daemon.port, wire.upload_head(token, "gif", chunked=True) + framed)
    assert_stored(moto, response, body, "gif", sub)


def test_chunk_extensions_and_trailers_are_not_part_of_the_image(daemon, moto, sub, token):
    body = image("png", 300)
    framed = b"64;a=b\r\n" + body[:100] + b"\r\nc8;c=\"d;e\"\r\n" + body[100:] + b"\r\n0\r\nx-trailer: 1\r\n\r\n"
    response = wire.request(daemon.port, wire.upload_head(token, "png", chunked=True) + framed)
    assert_stored(moto, response, body, "png", sub)


@pytest.mark.parametrize("pause", [1, 4, 16, 100, 5_000])
def test_a_body_that_comes_in_two_pieces(daemon, moto, sub, token, pause):
    body = image("png", 10_000)
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, "png", length=len(body)) + body[:pause])
        # More than the time after which a started upload is opened at the store.
        assert not connection_answers(connection, 0.35)
        connection.send(body[pause:])
        assert_stored(moto, connection.response(), body, "png", sub)


def connection_answers(connection, seconds):
    connection.timeout, kept = seconds, connection.timeout
    try:
        return connection.receive_until(lambda: len(connection.received) > 0)
    except TimeoutError:
        return False
    finally:
        connection.timeout = kept


def test_a_request_byte_by_byte(daemon, moto, sub, token):
    body = image("gif", 60)
    with wire.Connection(daemon.port) as connection:
        for byte in wire.upload_head(token, "gif", length=len(body)) + body:
            connection.send(bytes([byte]))
        assert_stored(moto, connection.response(), body, "gif", sub)


def test_a_client_that_half_closes_after_its_whole_body_gets_its_answer(daemon, moto, sub, token):
    body = image("jpeg", 300_000)
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, length=len(body)) + body)
        connection.shutdown()
        assert_stored(moto, connection.response(), body, "jpeg", sub)
        assert connection.ends()


@pytest.mark.parametrize("content_type", ["IMAGE/JPEG", "image/jpeg; charset=utf-8", "Image/Jpeg;q=1"])
def test_the_content_type_is_read_without_case_and_parameters(daemon, sub, token, content_type):
    body = image("jpeg", 500)
    fields = [f"Content-Type: {content_type}", "Content-Length: 500"]
    response = wire.request(daemon.port, wire.upload_head(token, None, *fields) + body)
    assert_created(response, size=500, kind="jpeg", sub=sub)


@pytest.mark.parametrize(("sent", "read"), [
    ("photo.png", "photo.png"),
    ("%ED%95%9C%EA%B8%80%20%EC%82%AC%EC%A7%84.png", "한글 사진.png"),
    ("한글.png", "한글.png"),
])
def test_the_original_name_comes_from_x_filename(daemon, token, sent, read):
    response = daemon.upload(token, image("png", 99), "png", f"x-filename: {sent}")
    assert response.status == 201, response.body
    assert response.json["data"]["originalFilename"] == read


def test_without_x_filename_the_name_is_the_keys_last_segment(daemon, sub, token):
    data, key = assert_created(daemon.upload(token, image("gif", 99), "gif"), size=99, kind="gif", sub=sub)
    assert data["originalFilename"] == key.split("/")[-1]


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_each_algorithm_of_the_contract_opens_the_door(daemon, sub, algorithm):
    token = tokens.mint(sub, algorithm=algorithm)
    assert_created(daemon.upload(token, image("png", 99), "png"), size=99, kind="png", sub=sub)


def test_the_public_base_url_stands_before_the_key(s3_environment, sub, token):
    with Daemon({**s3_environment, "SLUICE_PUBLIC_BASE_URL": "https://images.example/pictures"}) as daemon:
        data, key = assert_created(daemon.upload(token, image("png", 99), "png"), size=99, kind="png", sub=sub)
    assert data["imageUrl"] == f"https://images.example/pictures/{key}"


def test_the_directory_store_keeps_the_bytes_and_names_them_by_host(directory_environment, sub, token):
    body = image("jpeg", 300_001)
    with Daemon(directory_environment) as daemon:
        for chunked in (False, True):
            response = daemon.upload(token, body, chunked=chunked)
            data, key = assert_created(response, size=len(body), kind="jpeg", sub=sub)
            assert data["imageUrl"] == f"http://sluice.test/objects/{key}"
            assert (daemon.folder / "objects" / key).read_bytes() == body
        left = [path for path in (daemon.folder / "objects").rglob("*") if path.is_file()]
        assert len(left) == 2, left


def test_many_at_once_do_not_mix(daemon, moto):
    def one(number):
        sub = tokens.fresh_subject()
        kind = list(MAGIC)[number % 3]
        body = image(kind, 40_000 + 7_919 * (number % 20))
        response = daemon.upload(tokens.mint(sub), body, kind, chunked=number % 4 == 0, timeout=60)
        _, key = assert_created(response, size=len(body), kind=kind, sub=sub)
        return moto.object(key)[0] == body, response.json["data"]["imageId"]

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(one, range(64)))
    assert all(same for same, _ in results)
    assert len({number for _, number in results}) == 64


def test_the_url_is_percent_encoded(daemon, moto):
    """Every segment of the key that a `sub` may bring and a URL may not hold as it is."""
    response = daemon.upload(tokens.mint("a b+c"), image("png", 99), "png")
    # moto refuses correct signatures of such keys, so that only the form of a 201 can be judged here.
    if response.status == 201:
        assert re.search(r"/users/a%20b%2Bc/images/", response.json["data"]["imageUrl"])
    else:
        assert response.status == 503, response.body
