"""`multipart/form-data`: one file among fields, however the body is cut; and forms of which no image may come."""

import base64
import json
import os
import pathlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import tokens, wire
from support.daemon import TOP, Daemon
from support.expectations import assert_created, assert_refused
from support.forms import BOUNDARY, CONTENT_TYPE, file, form, part
from support.images import CAP, KIB, MAGIC, MIB, image
from support.waiting import eventually
from test_curl import stored

SHARED = pathlib.Path(os.environ.get("SHARED_DIR") or TOP.parent / "shared")
MULTIPART = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]


def send(daemon, token, body, *fields, chunked=False, chunk=64 * KIB, content_type=CONTENT_TYPE, timeout=30.0):
    """Posts a body as a form on a connection of its own."""
    framed = wire.chunks(body, chunk) if chunked else body
    head = wire.upload_head(token, None, content_type, *fields, length=len(body), chunked=chunked)
    return wire.request(daemon.port, head + framed, timeout=timeout)


def assert_stored(moto, response, body, kind, sub, name="picture.png"):
    data, key = assert_created(response, size=len(body), kind=kind, sub=sub)
    content, content_type = moto.object(key)
    assert content_type == f"image/{kind}"
    assert len(content) == len(body) and content == body
    assert data["originalFilename"] == name
    assert moto.operations(key)[:3] == [(operation, 200) for operation in MULTIPART]
    return data, key


def assert_nothing_left(daemon, moto, sub):
    """No object, no upload, and no record that says otherwise."""
    eventually(lambda: not daemon.rows("owner = ?", sub), 10, lambda: f"{daemon.rows('owner = ?', sub)}")
    completed = [name for name, _ in moto.operations(f"users/{sub}/") if name == "CompleteMultipartUpload"]
    assert completed == []
    assert moto.keys(f"users/{sub}/") == [] and moto.unfinished(f"users/{sub}/") == []


FIELD = part("title", "제목".encode())
LAYOUTS = {
    "alone": lambda picture: form(picture),
    "fields-first": lambda picture: form(FIELD, part("empty", b""), picture),
    "fields-after": lambda picture: form(picture, FIELD, part("empty", b"")),
    "between": lambda picture: form(FIELD, picture, FIELD, preamble=b"\r\n", epilogue=b"\r\nthat was all"),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("size", [9, 64 * KIB, MIB + 1])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_bytes_stored_equal_bytes_sent(daemon, moto, sub, token, layout, size, chunked):
    picture = image("png", size)
    response = send(daemon, token, LAYOUTS[layout](file(picture)), chunked=chunked)
    assert_stored(moto, response, picture, "png", sub)


@pytest.mark.parametrize("kind", MAGIC)
def test_the_parts_content_type_decides_type_and_extension(daemon, moto, sub, token, kind):
    picture = image(kind, 500)
    body = form(part("f", picture, filename="a", content_type=f"IMAGE/{kind.upper()}; x=y"))
    assert_stored(moto, send(daemon, token, body), picture, kind, sub, name="a")


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_the_cap_counts_the_files_bytes(daemon, moto, sub, token, chunked):
    picture = image("png", CAP)
    body = form(part("a", bytes(30 * KIB)), file(picture), part("b", bytes(30 * KIB)))
    assert_stored(moto, send(daemon, token, body, chunked=chunked), picture, "png", sub)
    over = form(file(image("png", CAP + 1)))
    assert_refused(send(daemon, token, over, chunked=chunked), "FILE_TOO_LARGE")
    eventually(lambda: len(daemon.rows("owner = ?", sub)) == 1, 10)
    assert len(moto.keys(f"users/{sub}/")) == 1 and moto.unfinished(f"users/{sub}/") == []


def test_a_declared_length_over_cap_and_overhead_is_refused_by_the_head(daemon, token):
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, None, CONTENT_TYPE, length=CAP + 64 * KIB + 1))
        assert_refused(connection.response(), "FILE_TOO_LARGE")


# Where the bytes are cut


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 37, 41])
def test_chunks_of_a_few_bytes(daemon, moto, sub, token, chunk):
    near = b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n\r\n--\r\r\n-"
    picture = image("gif", 300) + near * 3
    body = form(FIELD, file(picture, "gif"), FIELD)
    assert_stored(moto, send(daemon, token, body, chunked=True, chunk=chunk), picture, "gif", sub)


def test_a_form_byte_by_byte(daemon, moto, sub, token):
    picture = image("jpeg", 40) + b"\r\n--" + BOUNDARY.encode()[:20]
    body = form(FIELD, file(picture, "jpeg"))
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, None, CONTENT_TYPE, length=len(body)))
        for byte in body:
            connection.send(bytes([byte]))
        assert_stored(moto, connection.response(), picture, "jpeg", sub)


def test_a_form_cut_around_its_last_delimiter(daemon, moto):
    """The upload is open and has had every byte but those that may be the delimiter."""
    picture = image("png", 70_000)
    body = form(file(picture))
    start = len(body) - len(BOUNDARY) - 8
    assert body[start:start + 4] == b"\r\n--"
    for cut in [start, start + 1, start + 2, start + 5, len(body) - 4, len(body) - 2]:
        sub = tokens.fresh_subject()
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(tokens.mint(sub), None, CONTENT_TYPE, length=len(body)) + body[:cut])
            moto.wait_for(f"users/{sub}/", "CreateMultipartUpload")
            assert not connection.received
            connection.send(body[cut:])
            assert_stored(moto, connection.response(), picture, "png", sub)


def test_100_continue_comes_for_a_form_and_not_for_one_that_is_refused(daemon, moto, sub, token):
    picture = image("png", 900)
    body = form(file(picture))
    head = wire.upload_head(token, None, CONTENT_TYPE, "Expect: 100-continue", length=len(body))
    with wire.Connection(daemon.port) as connection:
        connection.send(head)
        assert connection.response().status == 100
        connection.send(body)
        assert_stored(moto, connection.response(), picture, "png", sub)
    bad = head.replace(BOUNDARY.encode(), b"")
    with wire.Connection(daemon.port) as connection:
        connection.send(bad)
        assert_refused(connection.response(), "BAD_REQUEST")


def test_two_forms_on_one_connection(daemon, moto, sub, token):
    picture = image("png", 700)
    body = form(file(picture))
    request = wire.upload_head(token, None, CONTENT_TYPE, length=len(body)) + body
    with wire.Connection(daemon.port) as connection:
        connection.send(request * 2)
        assert_stored(moto, connection.response(), picture, "png", sub)
        assert_stored(moto, connection.response(), picture, "png", sub)


# Names


@pytest.mark.parametrize(("sent", "parameters", "read"), [
    ("한글 파일.jpg", "", "한글 파일.jpg"),
    ("😀.png", "", "😀.png"),
    (r"C:\fakepath\a.png", "", "a.png"),
    ("../../etc/passwd", "", "passwd"),
    ("a%22b%20.png", "", 'a"b%20.png'),
    ("plain.png", "; filename*=UTF-8''%ED%95%9C.png", "한.png"),
])
def test_the_original_name_is_the_parts(daemon, moto, sub, token, sent, parameters, read):
    picture = image("png", 99)
    body = form(file(picture, filename=sent, parameters=parameters))
    assert_stored(moto, send(daemon, token, body), picture, "png", sub, name=read)


def test_x_filename_counts_before_the_parts_name(daemon, moto, sub, token):
    picture = image("png", 99)
    response = send(daemon, token, form(file(picture)), "x-filename: %ED%95%9C.png")
    assert_stored(moto, response, picture, "png", sub, name="한.png")


# Forms of which no image comes


def detail_of(response, error="BAD_REQUEST"):
    return assert_refused(response, error)["detail"]


PICTURE = image("png", 300)
CLOSE = f"--{BOUNDARY}--".encode()
REFUSED = {
    "no part": (form(), "no part with a file"),
    "no file": (form(FIELD), "no part with a file"),
    "nothing chosen": (form(part("f", b"", filename="", content_type="application/octet-stream")), "no part with"),
    "two files": (form(file(PICTURE), file(PICTURE)), "more than one file"),
    "other fields too large": (form(part("t", bytes(64 * KIB)), file(PICTURE)), "64 KiB"),
    "fields after the file too large": (form(file(PICTURE), part("t", bytes(64 * KIB))), "64 KiB"),
    "truncated": (form(file(PICTURE))[:-4], "ends before"),
    "empty": (b"", "does not hold the boundary"),
    "another boundary": (form(file(PICTURE)).replace(BOUNDARY.encode(), b"x"), "does not hold the boundary"),
    "bare LF": (form(file(PICTURE)).replace(b"\r\n", b"\n"), "line feed alone"),
    "text behind a boundary": (form(file(PICTURE) + CLOSE[:-2] + b"x\r\n"), "something else on its line"),
    "no name": (form(f"--{BOUNDARY}\r\nContent-Type: image/png\r\n\r\n".encode() + PICTURE + b"\r\n"), "Disposition"),
    "base64": (form(file(PICTURE, fields=["Content-Transfer-Encoding: base64"])), "Content-Transfer-Encoding"),
    "long epilogue": (form(file(PICTURE), epilogue=bytes(5_000)), "last boundary"),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_form_that_is_none_is_a_bad_request(daemon, moto, sub, token, case, chunked):
    body, words = REFUSED[case]
    assert words in detail_of(send(daemon, token, body, chunked=chunked))
    assert_nothing_left(daemon, moto, sub)


@pytest.mark.parametrize("content_type", [None, "text/plain", "image/webp", "application/octet-stream"])
def test_a_file_of_another_type_is_refused(daemon, moto, sub, token, content_type):
    body = form(part("f", PICTURE, filename="a.png", content_type=content_type))
    assert "part" in detail_of(send(daemon, token, body), "INVALID_FILE_TYPE")
    assert_nothing_left(daemon, moto, sub)


@pytest.mark.parametrize("data", [b"", b"\x89", b"\x89PNG\r\n\x1a", b"GIF89a" + bytes(70_000), b"\r\n--"], ids=len)
def test_a_file_whose_first_bytes_are_wrong_is_refused(daemon, moto, sub, token, data):
    assert_refused(send(daemon, token, form(file(data))), "INVALID_FILE_SIGNATURE")
    assert_nothing_left(daemon, moto, sub)


@pytest.mark.parametrize("parameters", [
    "", "; boundary=", '; boundary=""', "; boundary=" + "b" * 71, "; boundary=a; boundary=a", '; boundary="a\\b"',
    "; boundary", "; boundary=a*b",
])
def test_a_boundary_that_is_none_is_a_bad_request(daemon, token, parameters):
    body = form(file(PICTURE))
    content_type = "Content-Type: multipart/form-data" + parameters
    assert_refused(send(daemon, token, body, content_type=content_type), "BAD_REQUEST")


def test_another_multipart_type_is_an_invalid_type(daemon, token):
    content_type = CONTENT_TYPE.replace("form-data", "mixed")
    assert_refused(send(daemon, token, form(file(PICTURE)), content_type=content_type), "INVALID_FILE_TYPE")


def test_the_token_is_judged_before_the_form(daemon):
    response = send(daemon, None, b"", content_type="Content-Type: multipart/form-data")
    assert_refused(response, "TOKEN_MISSING")


@pytest.mark.parametrize("tail", [b"", b"\r\n--", b"\r\n" + CLOSE[:-1], b"\r\n" + CLOSE[:-2] + b"\r\nX: "], ids=len)
def test_a_form_that_ends_behind_its_file_leaves_nothing(daemon, moto, sub, token, tail):
    """The upload is open at the store, has all of its bytes, and still must not be completed."""
    body = form(file(image("png", 200_000)))
    body = body[:body.rindex(b"\r\n" + CLOSE)] + tail
    assert_refused(send(daemon, token, body, chunked=True), "BAD_REQUEST")
    assert_nothing_left(daemon, moto, sub)


@pytest.mark.parametrize("at", [10, 200, 100_000])
def test_a_client_that_vanishes_within_a_form_leaves_nothing(daemon, moto, sub, token, at):
    body = form(file(image("png", 200_000)))
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, None, CONTENT_TYPE, length=len(body)) + body[:at])
        if at > 64 * KIB:
            moto.wait_for(f"users/{sub}/", "CreateMultipartUpload")
        connection.reset()
    assert_nothing_left(daemon, moto, sub)


def test_a_client_that_closes_early_is_told(daemon, moto, sub, token):
    body = form(file(image("png", 200_000)))
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, None, CONTENT_TYPE, length=len(body)) + body[:-1])
        connection.shutdown()
        assert_refused(connection.response(), "BAD_REQUEST")
    assert_nothing_left(daemon, moto, sub)


# The setting, and the other store


def test_the_field_that_the_setting_names_carries_the_file(s3_environment, moto, sub, token):
    picture = image("png", 5_000)
    with Daemon({**s3_environment, "SLUICE_FORM_FIELD": "사진"}) as daemon:
        other = file(image("gif", 90), "gif", name="file", filename="other.gif")
        response = send(daemon, token, form(other, file(picture, name="사진"), other))
        assert_stored(moto, response, picture, "png", sub)
        assert "no part with a file" in detail_of(send(daemon, token, form(other)))


def test_a_file_of_several_parts(s3_environment, moto, sub, token):
    picture = image("png", 12 * MIB + 1)
    with Daemon({**s3_environment, "SLUICE_MAX_UPLOAD_BYTES": str(13 * MIB)}) as daemon:
        response = send(daemon, token, form(FIELD, file(picture), FIELD), timeout=60)
        data, key = assert_created(response, size=len(picture), kind="png", sub=sub)
    assert moto.object(key)[0] == picture
    assert [name for name, _ in moto.operations(key)].count("UploadPart") == 3


def test_the_directory_store_takes_forms_too(directory_environment, sub, token):
    picture = image("jpeg", 6_000_000)
    with Daemon({**directory_environment, "SLUICE_MAX_UPLOAD_BYTES": "6000000"}) as daemon:
        _, key = assert_created(
            send(daemon, token, form(FIELD, file(picture, "jpeg"), FIELD)), size=len(picture), kind="jpeg", sub=sub)
        assert (daemon.folder / "objects" / key).read_bytes() == picture
        assert_refused(send(daemon, token, form(file(picture, "jpeg"))[:-4]), "BAD_REQUEST")

        # The refusal does not wait for the half object to be removed.
        def left():
            return [path for path in (daemon.folder / "objects").rglob("*") if path.is_file()]
        eventually(lambda: len(left()) == 1, 10, lambda: str(left()))


def test_many_large_forms_at_once_hold_no_bodies(directory_environment, token):
    body = form(FIELD, file(image("png", CAP)), FIELD)
    with Daemon({**directory_environment, "SLUICE_WORKERS": "1"}) as daemon, ThreadPoolExecutor(8) as pool:
        assert send(daemon, token, body).status == 201
        before = peak = daemon.resident_bytes()
        pending = [pool.submit(send, daemon, token, body, timeout=100) for _ in range(12)]
        while not all(job.done() for job in pending):
            peak = max(peak, daemon.resident_bytes())
            time.sleep(0.02)
    assert all(job.result().status == 201 for job in pending)
    assert peak - before < 12 * MIB, f"{(peak - before) / MIB:.1f} MiB for {12 * CAP / MIB:.0f} MiB of bodies"


def test_a_store_that_stands_still_makes_the_client_wait(token):
    """Two parts are in the spool and a little is on the way; the rest is not taken from the client."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as store:
        settings = {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{store.getsockname()[1]}", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "S3_BUCKET": "pictures",
            "JWT_SECRET": tokens.SECRET, "SLUICE_MAX_UPLOAD_BYTES": str(100 * MIB),
            "SLUICE_SHUTDOWN_GRACE_SECONDS": "1",
        }
        body = form(file(MAGIC["png"] + bytes(80 * MIB)))
        with Daemon(settings, wait="healthz") as daemon, wire.Connection(daemon.port, timeout=60) as connection:
            connection.send(wire.upload_head(token, None, CONTENT_TYPE, length=len(body)))
            connection.socket.settimeout(2)
            sent = 0
            with pytest.raises(TimeoutError):
                while sent < len(body):
                    sent += connection.socket.send(body[sent:sent + 64 * KIB])
            assert sent < 40 * MIB
            assert daemon.resident_bytes() < 60 * MIB


def test_a_form_that_waits_for_its_file_is_answered_when_the_time_is_over(directory_environment, token):
    with Daemon({**directory_environment, "SLUICE_SHUTDOWN_GRACE_SECONDS": "0"}) as daemon:
        with wire.Connection(daemon.port) as connection:
            connection.send(wire.upload_head(token, None, CONTENT_TYPE, "Expect: 100-continue", length=9_000))
            assert connection.response().status == 100
            connection.send(form(FIELD)[:100])
            daemon.process.terminate()
            assert_refused(connection.response(), "STORE_UNAVAILABLE")
        assert daemon.process.wait(20) == 0


# The shared cases


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_the_shared_forms(daemon, moto, token, chunked):
    """Each is answered, and of none but a right one comes an image, which is then the whole of its file."""
    path = SHARED / "vectors/multipart/multipart.json"
    if not path.exists():
        assert not os.environ.get("CI"), f"no {path}: CI runs nothing without it"
        pytest.skip(f"needs the shared forms: set SHARED_DIR to their folder (no {path})")
    vectors = json.loads(path.read_text())
    created = 0
    for case in vectors["cases"]:
        body = base64.b64decode(case["body_b64"])
        content_type = "Content-Type: " + case["content_type"]
        response = send(daemon, token, body, content_type=content_type, chunked=chunked, chunk=1_000)
        if response.status != 201:
            assert response.status == 400, (case["name"], response.body)
            continue
        created += 1
        files = [part for part in case["expect"]["parts"] if part["filename"]]
        assert len(files) == 1, case["name"]
        assert stored(moto, response) == base64.b64decode(files[0]["data_b64"]), case["name"]
    assert len(vectors["cases"]) == vectors["count"] and created >= 15
