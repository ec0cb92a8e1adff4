"""Clients that write their whole body before they read: they get the answer, and no reset in its place.

An early refusal leaves megabytes on their way. Whether the answer survives that is a race, so that each client tries
many times.
"""

import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import ERRORS, assert_created, assert_refused
from support.images import KIB, MAGIC, MIB, image

SCRIPT = pathlib.Path(__file__).with_name("support") / "push.mjs"
TIMES = 50
TOGETHER = 5
SIZE = 6 * MIB


@pytest.fixture(scope="module")
def daemon(directory_environment):
    with Daemon(directory_environment) as started:
        yield started
        assert started.process.poll() is None, started.output


class Refusal:
    """A body of 6 MiB and why it is refused early."""

    def __init__(self, error, kind="png", *, allowed=True, magic=MAGIC["png"], chunked=False, times=TIMES):
        self.error, self.kind, self.allowed, self.chunked, self.magic = error, kind, allowed, chunked, magic
        self.times = times

    @property
    def fields(self):
        fields = {"Content-Type": f"image/{self.kind}"}
        return {**fields, "Authorization": f"Bearer {tokens.mint()}"} if self.allowed else fields

    @property
    def body(self):
        return self.magic + bytes(SIZE - len(self.magic))


REFUSALS = {
    "token": Refusal("TOKEN_MISSING", allowed=False),
    "token-chunked": Refusal("TOKEN_MISSING", allowed=False, chunked=True),
    "type": Refusal("INVALID_FILE_TYPE", "webp"),
    # The length would be refused too, before any byte of the body: unknown, the first bytes decide.
    "magic": Refusal("INVALID_FILE_SIGNATURE", magic=b"<svg>", chunked=True),
    "declared": Refusal("FILE_TOO_LARGE"),
    # Five mebibytes go to the disk first.
    "counted": Refusal("FILE_TOO_LARGE", chunked=True, times=10),
}


@pytest.fixture(params=REFUSALS.values(), ids=REFUSALS.keys())
def refusal(request):
    return request.param


def assert_answers(answers, refusal):
    """Each answer is (status, body) or what went wrong."""
    expected = ERRORS[refusal.error][0]
    wrong = [answer for answer in answers if not isinstance(answer, tuple) or answer[0] != expected]
    assert not wrong, f"{len(wrong)} of {len(answers)}: {wrong[:3]}"
    assert {json.loads(body)["error"] for _, body in answers} == {refusal.error}
    assert len(answers) == refusal.times


def test_http_client_of_python(daemon, refusal):
    body = refusal.body

    def push(_):
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
        try:
            content = iter([body]) if refusal.chunked else body
            connection.request("POST", "/images", content, refusal.fields, encode_chunked=refusal.chunked)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError as error:
            return repr(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(TOGETHER) as pool:
        assert_answers(list(pool.map(push, range(refusal.times))), refusal)


def test_curl(daemon, refusal, tmp_path):
    """One curl for all of them; it has to connect anew each time."""
    (tmp_path / "body").write_bytes(refusal.body)
    fields = {**refusal.fields, "Expect": "", **({"Transfer-Encoding": "chunked"} if refusal.chunked else {})}
    lines = [argument for name, value in fields.items() for argument in ("-H", f"{name}: {value}".strip())]
    run = subprocess.run(
        ["curl", "-sS", "--max-time", "60", "-X", "POST", *lines, "--data-binary", "@body", "-w", "\t%{http_code}\n",
         *[f"http://127.0.0.1:{daemon.port}/images"] * refusal.times],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110)
    assert run.returncode == 0, (run.returncode, run.stderr, run.stdout[-500:])
    answers = [line.rsplit("\t", 1) for line in run.stdout.splitlines() if line.strip()]
    assert_answers([(int(status), body) for body, status in answers], refusal)


@pytest.mark.parametrize("client", ["http", "fetch", "socket"])
def test_node(daemon, refusal, client):
    node = shutil.which("node")
    if not node:
        assert not os.environ.get("CI"), "no node: .ci/setup test installs it"
        pytest.skip("needs Node.js: .ci/setup test installs it")
    described = {"client": client, "headers": refusal.fields, "size": SIZE, "magic": refusal.magic.hex(),
                 "chunked": refusal.chunked}
    run = subprocess.run(
        [node, str(SCRIPT), str(daemon.port), str(refusal.times), str(TOGETHER), json.dumps(described)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110)
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout)
    assert_answers([answer.get("error") or (answer["status"], answer["body"]) for answer in answers], refusal)


@pytest.fixture(scope="module")
def modest(directory_environment):
    """A daemon with a small cap, so that a slow line's refusal is soon over."""
    with Daemon({**directory_environment, "SLUICE_MAX_UPLOAD_BYTES": str(200 * KIB)}) as started:
        yield started


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "counted"])
def test_a_slow_line_reads_its_refusal_after_its_whole_body(modest, chunked):
    """A phone at 1 Mbit/s that sends more than the cap, and reads only when all of it is sent."""
    body = image("png", 500 * KIB)
    framed = wire.chunks(body, 8 * KIB) if chunked else body
    with wire.Connection(modest.port) as connection:
        # Little waits in the kernels between: the line is as slow as the sender.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * KIB)
        connection.socket.sendall(wire.upload_head(tokens.mint(), "png", length=len(body), chunked=chunked))
        for start in range(0, len(framed), 12_500):
            connection.socket.sendall(framed[start:start + 12_500])
            time.sleep(0.1)
        assert_refused(connection.response(), "FILE_TOO_LARGE")
        assert connection.ends()


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_half_close_after_the_whole_body_is_legal(daemon, sub, token, chunked):
    body = image("jpeg", 700_000)
    head = wire.upload_head(token, length=len(body), chunked=chunked)
    for _ in range(10):
        with wire.Connection(daemon.port) as connection:
            connection.send(head + (wire.chunks(body) if chunked else body))
            connection.shutdown()
            assert_created(connection.response(), size=len(body), kind="jpeg", sub=sub)
            assert connection.ends()
