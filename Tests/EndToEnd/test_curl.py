"""The ways in which curl sends a body."""

import json
import subprocess

import pytest

from support.expectations import assert_refused
from support.images import CAP, MIB, image
from support.wire import Response


def curl(daemon, token, *arguments, body=None, folder=None, path="/images"):
    """Runs curl as a person would and parses what `-i` prints."""
    allowed = ["-H", f"Authorization: Bearer {token}"] if token else []
    command = ["curl", "-sS", "-i", "--max-time", "60", *allowed, *arguments, f"http://127.0.0.1:{daemon.port}{path}"]
    run = subprocess.run(
        command, input=body or b"", stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, timeout=90)
    assert run.returncode == 0, (run.returncode, run.stderr, run.stdout[:500])
    output = run.stdout
    interim = []
    while True:
        head, _, output = output.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        if status >= 200:
            fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
            response = Response(status, "", fields, output)
            response.interim = interim
            return response
        interim.append(status)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(image("png", 123_457))
    return path


def stored(moto, response):
    assert response.status == 201, response.body
    key = response.json["data"]["imageUrl"].split("/pictures/", 1)[1]
    return moto.object(key)[0]


def test_data_binary(daemon, moto, token, picture):
    response = curl(daemon, token, "-H", "Content-Type: image/png", "--data-binary", f"@{picture}")
    assert stored(moto, response) == picture.read_bytes()


def test_data_of_text_without_line_ends(daemon, moto, token, tmp_path):
    body = b"GIF89a" + b"letters and digits 0123456789 " * 100
    (tmp_path / "a.gif").write_bytes(body)
    response = curl(daemon, token, "-H", "Content-Type: image/gif", "-d", "@a.gif", folder=tmp_path)
    assert stored(moto, response) == body


def test_data_drops_line_ends_and_with_them_the_magic_number_of_png(daemon, token, picture):
    response = curl(daemon, token, "-H", "Content-Type: image/png", "-d", f"@{picture}")
    assert_refused(response, "INVALID_FILE_SIGNATURE")


def test_data_without_a_type_of_its_own_is_a_form(daemon, token):
    assert_refused(curl(daemon, token, "-d", "a=b"), "INVALID_FILE_TYPE")


@pytest.mark.parametrize("size", [9, 65_537, 3 * MIB, CAP])
def test_upload_of_standard_input_is_chunked(daemon, moto, token, size):
    body = image("png", size)
    response = curl(daemon, token, "-X", "POST", "-H", "Content-Type: image/png", "-T", "-", body=body)
    assert stored(moto, response) == body


def test_upload_of_standard_input_over_the_cap(daemon, token):
    body = image("png", CAP + 1)
    response = curl(daemon, token, "-X", "POST", "-H", "Content-Type: image/png", "-T", "-", body=body)
    assert_refused(response, "FILE_TOO_LARGE")


def test_expect_continue(daemon, moto, token, picture):
    fields = ["-H", "Content-Type: image/png", "-H", "Expect: 100-continue"]
    response = curl(daemon, token, *fields, "--data-binary", f"@{picture}")
    assert stored(moto, response) == picture.read_bytes()
    assert response.interim == [100]


def test_expect_continue_refused(daemon, picture):
    fields = ["-H", "Content-Type: image/png", "-H", "Expect: 100-continue"]
    response = curl(daemon, None, *fields, "--data-binary", f"@{picture}")
    assert_refused(response, "TOKEN_MISSING")
    assert response.interim == []


def test_http_1_0(daemon, moto, token, picture):
    response = curl(daemon, token, "--http1.0", "-H", "Content-Type: image/png", "--data-binary", f"@{picture}")
    assert stored(moto, response) == picture.read_bytes()


@pytest.mark.parametrize("how", ["--data-binary", "-T"])
def test_an_early_refusal_of_six_mebibytes_is_readable(daemon, token, tmp_path, how):
    (tmp_path / "large").write_bytes(bytes(6 * MIB))
    value = "@large" if how == "--data-binary" else "large"
    for allowed, error in ((None, "TOKEN_MISSING"), (token, "FILE_TOO_LARGE")):
        fields = ["-X", "POST", "-H", "Content-Type: image/png", "-H", "Expect:"]
        assert_refused(curl(daemon, allowed, *fields, how, value, folder=tmp_path), error)


def test_two_uploads_on_one_connection(daemon, token, picture):
    url = f"http://127.0.0.1:{daemon.port}/images"
    command = ["curl", "-sS", "-w", "%{num_connects}\n", "-H", f"Authorization: Bearer {token}", "-H",
               "Content-Type: image/png", "--data-binary", f"@{picture}", url, url]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, text=True)
    first, second = run.stdout.splitlines()
    assert (first[-1], second[-1]) == ("1", "0")
    assert json.loads(first[:-1])["data"]["imageId"] < json.loads(second[:-1])["data"]["imageId"]
