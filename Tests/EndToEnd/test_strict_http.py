"""The shared wire cases against the real daemon: whole, cut at their marks, and byte by byte, the strict choice each.

They run three times, plain and over TLS. Without a token every request is refused at its head. With one and an image
type, bodies are read as far as their magic number. On the upload path each well-formed body begins as a JPEG does, so
that all of it, chunk by chunk, reaches the store.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from support import strict_replay, tokens
from support.certificates import Authority
from support.daemon import TOP, Daemon
from support.secure import settings

SHARED = pathlib.Path(os.environ.get("SHARED_DIR") or TOP.parent / "shared") / "http"
SCRIPT, CASES = SHARED / "replay.py", SHARED / "http1_vectors.json"
MODES = ("whole", "split", "bytes")

# Its chunk size is malformed, and the request is answered by its head alone: the refusal is about the token (or the
# method), and nothing after the head is read as anything. With a token the case passes, see the other two runs.
ANSWERED_BY_THE_HEAD = "pl-badbody-then-good"

if not SCRIPT.exists():
    assert not os.environ.get("CI"), f"no {SCRIPT}: CI runs nothing without it"
    pytestmark = pytest.mark.skip(f"needs the shared wire cases: set SHARED_DIR to their folder (no {SCRIPT})")


@pytest.fixture(scope="module", params=["plain", "tls"])
def layer(request):
    return request.param


@pytest.fixture(scope="module")
def daemon(layer, directory_environment, tmp_path_factory):
    environment = directory_environment
    if layer == "tls":
        environment = settings([Authority(tmp_path_factory.mktemp("tls")).leaf("sluice.test")])
    with Daemon(environment) as started:
        yield started
        assert started.process.poll() is None, started.output


def replay(port, layer, tmp_path, path, *fields, cases=CASES):
    """Every case in every mode: {name: {mode: (verdict, detail)}}, and what the script printed."""
    report = tmp_path / "report.json"
    lines = [argument for field in fields for argument in ("--header", field)]
    if layer == "tls":
        lines.append("--tls")
    run = subprocess.run(
        [sys.executable, strict_replay.__file__, str(SCRIPT), "--port", str(port), "--mode", "all", "--strict",
         "--alive", "--workers", "32", "--path", path, *lines, "--json", str(report), str(cases)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=110)
    assert "alive after run: b'HTTP/1.1" in run.stdout, run.stdout
    results = {}
    for result in json.loads(report.read_text()):
        results.setdefault(result["name"], {})[result["mode"]] = (result["verdict"], result["detail"])
    expected = {case["name"] for case in json.loads(cases.read_text())}
    assert set(results) == expected and len(expected) > 400
    assert all(set(modes) == set(MODES) for modes in results.values())
    assert "DESYNC" not in run.stdout, run.stdout
    return results, run


def failures(results):
    return {(name, mode): detail for name, modes in results.items() for mode, (verdict, detail) in modes.items()
            if verdict == "fail"}


def differences(results):
    """Cases whose verdict depends on how the bytes were cut."""
    return {name: modes for name, modes in results.items() if len({verdict for verdict, _ in modes.values()}) > 1}


@pytest.mark.parametrize(("listener", "path", "status"), [("public", "/images", 401), ("admin", "/healthz", 405)])
def test_refused_at_the_head(daemon, layer, tmp_path, listener, path, status):
    port, layer = (daemon.port, layer) if listener == "public" else (daemon.admin_port, "plain")
    results, run = replay(port, layer, tmp_path, path)
    assert failures(results) == {(ANSWERED_BY_THE_HEAD, mode): f"accepted [{status}] EOF" for mode in MODES}, run.stdout
    # Whether a refused request's small body is there by the time of the answer decides whether the connection goes on:
    # the cases may end after the refusal, but no message is ever read differently.
    for name, modes in differences(results).items():
        assert {verdict for verdict, _ in modes.values()} <= {"pass", "early"}, (name, modes)


def test_with_a_token(daemon, layer, tmp_path):
    fields = [f"Authorization: Bearer {tokens.mint()}", "Content-Type: image/png"]
    results, run = replay(daemon.port, layer, tmp_path, "/images", *fields)
    assert failures(results) == {} and differences(results) == {}, run.stdout
    assert run.returncode == 0, run.stdout


def test_on_the_upload_path(daemon, layer, tmp_path):
    cases = [with_image(case) for case in json.loads(CASES.read_text())]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    before = daemon_counts(daemon)
    fields = [f"Authorization: Bearer {tokens.mint()}", "Content-Type: image/jpeg"]
    results, run = replay(daemon.port, layer, tmp_path, "/images", *fields, cases=tmp_path / "cases.json")
    assert failures(results) == {} and differences(results) == {}, run.stdout
    assert run.returncode == 0, run.stdout
    verdicts = {verdict for modes in results.values() for verdict, _ in modes.values()}
    assert verdicts == {"pass"}, run.stdout
    # Bodies were read and kept: an image for each well-formed one, and for each mode.
    whole = {case["name"] for case in cases if case["is_image"] and case["expect"]["kind"] == "accept"}
    stored = {name for name, modes in results.items() if all("201" in detail for _, detail in modes.values())}
    assert len(whole) > 40 and whole <= stored, (whole - stored, run.stdout)
    after = daemon_counts(daemon)
    assert after["stored"] - before["stored"] >= 3 * len(whole)
    assert after["open"] == 0


def daemon_counts(daemon):
    text = daemon.admin("/metrics").body.decode()
    return {name: int(re.search(rf"^sluice_uploads_{metric} (\d+)$", text, re.M).group(1))
            for name, metric in (("stored", "stored_total"), ("open", "open"))}


JPEG = b"\xff\xd8\xff"
CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n")
LENGTH = re.compile(rb"(?i)(\r\ncontent-length:[ \t]*)([0-9]+)(?=[ \t]*\r\n)")


def with_image(case):
    """The case with a JPEG's first bytes before each body of a `POST` whose head has no fault.

    Offsets into the bytes move along; a case whose fault is in a head stays as it is.
    """
    changed = {**case, "is_image": False}
    expected = case["expect"]
    if expected["kind"] == "reject" and case["phase"] != "body" and not expected.get("prior"):
        return changed
    data = base64.b64decode(case["bytes_base64"])
    edits = []  # (offset, bytes removed, bytes inserted)
    for inside in case["inject_at"]:
        end = data.find(b"\r\n\r\n", inside - 2) + 4
        start = data.rfind(b"\n", 0, max(data.rfind(b" HTTP/1.", 0, inside), 0)) + 1
        head = data[start:end]
        if end < 4 or not head.startswith(b"POST "):
            continue
        lengths = list(LENGTH.finditer(head))
        if len(CHUNKED.findall(head)) == 1 and not lengths:
            edits.append((end, 0, b"3\r\n" + JPEG + b"\r\n"))
        elif len(lengths) == 1 and b"transfer-encoding" not in head.lower():
            digits = lengths[0].group(2)
            more = str(int(digits) + len(JPEG)).encode().zfill(len(digits))
            edits += [(start + lengths[0].start(2), len(digits), more), (end, 0, JPEG)]
    if not edits:
        return changed
    moved = bytearray(data)
    for offset, removed, inserted in reversed(edits):
        moved[offset:offset + removed] = inserted

    def shift(offset):
        return offset + sum(len(inserted) - removed for at, removed, inserted in edits if at + removed <= offset)

    return {**changed, "is_image": True, "bytes_base64": base64.b64encode(bytes(moved)).decode(),
            "split_points": [shift(point) for point in case["split_points"]],
            "inject_at": [shift(offset) for offset in case["inject_at"]],
            "path_at": [[shift(offset), count] for offset, count in case["path_at"]]}
