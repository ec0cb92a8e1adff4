"""The access log: one JSON object for each request, with what an operator asks for and nothing that is secret."""

import re
import uuid

from support import tokens, wire
from support.daemon import Daemon
from support.images import image
from support.waiting import eventually

PNG = image("png", 50_000)


def line_of(daemon, response):
    identifier = response["x-request-id"].lower()
    return daemon.access_log(1, lambda line: str(line.get("request_id", "")).lower() == identifier)


def test_one_line_for_an_upload(daemon, sub, token):
    response = daemon.upload(token, PNG, "png")
    assert response.status == 201
    lines = line_of(daemon, response)
    assert len(lines) == 1
    line = lines[0]
    assert line["status"] == 201
    assert line["method"] == "POST" and line["path"] == "/images"
    assert line["sub"] == sub
    assert line["bytes_in"] == len(PNG)
    assert line.get("error") is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z", line["time"])
    durations = [value for name, value in line.items() if name.endswith(("_ms", "_milliseconds", "_seconds", "_us"))]
    assert durations and all(isinstance(value, (int, float)) and value >= 0 for value in durations), line


def test_one_line_for_a_refusal_with_its_error(daemon, sub):
    response = daemon.upload(tokens.mint(sub, lifetime=-5), PNG, "png")
    line, = line_of(daemon, response)
    assert (line["status"], line["error"]) == (401, "TOKEN_EXPIRED")


def test_one_line_for_a_request_that_is_malformed(daemon):
    response = wire.request(daemon.port, b"POST /images HTTP/1.1\r\nHost: a\r\nBad Field: 1\r\n\r\n")
    line, = line_of(daemon, response)
    assert (line["status"], line["error"]) == (400, "BAD_REQUEST")


def test_one_line_for_a_client_that_vanished(daemon, moto, sub, token):
    before = len(daemon.access_log())
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(token, "png", length=10 * len(PNG) // 2) + PNG * 2)
        moto.wait_for(f"users/{sub}/", "CreateMultipartUpload")
    lines = daemon.access_log(before + 1)[before:]
    assert len([line for line in lines if line.get("sub") == sub]) == 1, lines


def test_every_line_is_json_and_none_holds_a_secret(s3_environment, moto):
    with Daemon(s3_environment) as daemon:
        seen = []
        for number in range(20):
            token = tokens.mint(f"log{number}", secret=tokens.SECRET if number % 2 else "wrong")
            fields = ["x-filename: a\"b%0A%22\\", "User-Agent: \"quotes\" and \\ \t tabs", "Referer: http://a/?b={}"]
            daemon.upload(token, PNG, "png", *fields)
            seen += [token, token.split(".")[2]]
        eventually(lambda: len(daemon.access_log()) >= 20, 10, lambda: daemon.output)
        daemon.terminate()
        for line in daemon.output.splitlines():
            assert line.startswith("{") and line.endswith("}"), line
        assert len(daemon.log()) == len(daemon.output.splitlines())
        for secret in [*seen, tokens.SECRET, s3_environment["AWS_SECRET_ACCESS_KEY"]]:
            assert secret not in daemon.output
        assert "Bearer" not in daemon.output


def test_pipelined_requests_have_a_line_each(daemon, token):
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.head("GET", "/log-a") + wire.head("GET", "/log-b") + wire.head("GET", "/log-c"))
        answers = [connection.response() for _ in range(3)]
    identifiers = {str(uuid.UUID(answer["x-request-id"])) for answer in answers}
    assert len(identifiers) == 3
    lines = daemon.access_log(3, lambda line: str(line.get("path", "")).startswith("/log-"))
    assert {line["request_id"].lower() for line in lines} == identifiers


def test_text_on_request(directory_environment, token):
    with Daemon({**directory_environment, "SLUICE_LOG_FORMAT": "text"}) as daemon:
        assert daemon.upload(token, PNG, "png").status == 201
        eventually(lambda: "/images" in daemon.output, 10)
        daemon.terminate()
        assert not [line for line in daemon.output.splitlines() if line.startswith("{")]
        assert token not in daemon.output
