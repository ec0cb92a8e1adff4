"""TLS on the public listener: versions, certificates, ends of streams, and clients that mean no good."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from support import tokens, wire
from support.certificates import Authority
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import CAP, MIB, image
from support.waiting import eventually

SHARED = pathlib.Path(os.environ.get("SHARED_DIR") or pathlib.Path(__file__).resolve().parents[3] / "shared")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder)


@pytest.fixture(scope="module")
def pairs(authority):
    return [authority.leaf("localhost", "localhost", "127.0.0.1"), authority.leaf("b.example", kind="rsa")]


def settings(pairs, **more):
    return {
        "SLUICE_STORE": "directory", "JWT_SECRET": tokens.SECRET,
        "SLUICE_TLS_CERTIFICATE": ",".join(str(chain) for chain, _ in pairs),
        "SLUICE_TLS_PRIVATE_KEY": ", ".join(str(key) for _, key in pairs), **more,
    }


@pytest.fixture(scope="module")
def daemon(pairs):
    with Daemon(settings(pairs)) as started:
        yield started
        assert started.process.poll() is None, started.output


def context(authority, version=None):
    made = ssl.create_default_context(cafile=authority.path)
    made.set_alpn_protocols(["http/1.1"])
    if version:
        made.minimum_version = made.maximum_version = version
    return made


class Secure(wire.Connection):
    """The scripted client of `wire`, with TLS between; its socket blocks."""

    def __init__(self, port, made, *, session=None, host="localhost", timeout=30.0):
        super().__init__(port, timeout)
        self.socket = made.wrap_socket(self.socket, server_hostname=host, session=session)

    def send(self, data):
        self.socket.sendall(data)

    def _take(self):
        try:
            data = self.socket.recv(65536)
        except ssl.SSLEOFError:
            self.is_cut = True
            data = b""
        self.received += data
        self.is_ended = not data

    is_cut = False

    def receive_until(self, condition):
        while not condition():
            if self.is_ended:
                return False
            self._take()
        return True


def counts(daemon):
    """Handshakes by how they ended, over all workers."""
    found = {}
    for name, value in re.findall(
            r'sluice_tls_handshakes_total\{outcome="(\w+)"[^}]*\} (\d+)', daemon.admin("/metrics").body.decode()):
        found[name] = found.get(name, 0) + int(value)
    return found


def grows(daemon, outcome, before):
    eventually(lambda: counts(daemon)[outcome] > before[outcome], 10, lambda: f"{before} → {counts(daemon)}")


def upload(connection, token, body, *fields):
    connection.send(wire.upload_head(token, "jpeg", *fields, length=len(body)) + body)
    return connection.response()


@pytest.mark.parametrize("version", VERSIONS)
class TestEachVersion:
    def test_an_upload_of_the_cap(self, daemon, authority, version, sub, token):
        body = image("jpeg", CAP)
        with Secure(daemon.port, context(authority, version)) as connection:
            assert connection.socket.selected_alpn_protocol() == "http/1.1"
            for _ in range(2):
                data, key = assert_created(
                    upload(connection, token, body), size=len(body), kind="jpeg", sub=sub)
                assert data["imageUrl"] == f"https://sluice.test/objects/{key}"
                assert (daemon.folder / "objects" / key).read_bytes() == body

    def test_curl(self, daemon, authority, version, sub, token, tmp_path):
        body = image("png", 3 * MIB)
        (tmp_path / "a.png").write_bytes(body)
        name = "1.2" if version == ssl.TLSVersion.TLSv1_2 else "1.3"
        run = subprocess.run(
            ["curl", "-sS", "--max-time", "60", "--cacert", authority.path, f"--tlsv{name}", "--tls-max", name,
             "-H", f"Authorization: Bearer {token}", "-H", "Content-Type: image/png", "--data-binary",
             f"@{tmp_path / 'a.png'}", "-w", "\n%{http_code} %{ssl_verify_result}",
             f"https://localhost:{daemon.port}/images"], capture_output=True, text=True, timeout=90)
        assert run.stdout.endswith("\n201 0"), (run.stdout, run.stderr)

    def test_an_early_refusal_reaches_a_client_that_writes_everything_first(self, daemon, authority, version):
        body = image("jpeg", 6 * MIB)
        for allowed, error in ((None, "TOKEN_MISSING"), (tokens.mint("1"), "FILE_TOO_LARGE")):
            with Secure(daemon.port, context(authority, version)) as connection:
                assert_refused(upload(connection, allowed, body), error)
                assert connection.ends() and not connection.is_cut

    def test_a_session_is_resumed(self, daemon, authority, version):
        made = context(authority, version)
        session = None
        for turn in range(3):
            with Secure(daemon.port, made, session=session) as connection:
                connection.send(wire.head("GET", "/"))
                assert connection.response().status == 404
                assert connection.socket.session_reused == (turn > 0)
                session = connection.socket.session

    def test_records_of_one_byte(self, daemon, authority, version, sub, token):
        body = image("jpeg", 600)
        with Secure(daemon.port, context(authority, version)) as connection:
            for byte in wire.upload_head(token, "jpeg", length=len(body)) + body:
                connection.send(bytes([byte]))
            assert_created(connection.response(), size=len(body), kind="jpeg", sub=sub)

    def test_the_whole_conversation_in_pieces_of_one_byte(self, daemon, authority, version, sub, token):
        body = image("jpeg", 300)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        engine = context(authority, version).wrap_bio(incoming, outgoing, server_hostname="localhost")
        with wire.Connection(daemon.port) as raw:
            def exchange(call):
                while True:
                    try:
                        return call()
                    except ssl.SSLWantReadError:
                        for byte in outgoing.read():
                            raw.send(bytes([byte]))
                        assert raw.receive_until(lambda: raw.received)
                        incoming.write(bytes(raw.received))
                        raw.received.clear()
            exchange(engine.do_handshake)
            engine.write(wire.upload_head(token, "jpeg", length=len(body)) + body)
            answer = exchange(lambda: engine.read(65536))
            assert answer.startswith(b"HTTP/1.1 201 ")

    def test_close_notify_after_the_whole_body_gets_the_201(self, daemon, authority, version, sub, token):
        body = image("jpeg", 100_000)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        engine = context(authority, version).wrap_bio(incoming, outgoing, server_hostname="localhost")
        with wire.Connection(daemon.port) as raw:
            handshake(engine, incoming, outgoing, raw)
            engine.write(wire.upload_head(token, "jpeg", length=len(body)) + body)
            with pytest.raises(ssl.SSLWantReadError):
                engine.unwrap()
            raw.send(outgoing.read())
            raw.shutdown()
            assert raw.receive_until(lambda: False) is False
            incoming.write(bytes(raw.received))
            incoming.write_eof()
            # The engine that has said its own close_notify reads on only by `unwrap`; look at the size of what came.
            assert len(raw.received) > 300
        daemon.access_log(1, lambda line: line.get("sub") == sub and line["status"] == 201)

    @pytest.mark.parametrize("says_so", [True, False])
    def test_an_end_within_the_body_is_no_upload(self, daemon, authority, version, says_so, sub, token):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        engine = context(authority, version).wrap_bio(incoming, outgoing, server_hostname="localhost")
        with wire.Connection(daemon.port) as raw:
            handshake(engine, incoming, outgoing, raw)
            engine.write(wire.upload_head(token, "jpeg", length=100_000) + image("jpeg", 50_000))
            if says_so:
                with pytest.raises(ssl.SSLWantReadError):
                    engine.unwrap()
            raw.send(outgoing.read())
            if not says_so:
                raw.shutdown()
            assert raw.receive_until(lambda: False) is False
        daemon.access_log(1, lambda line: line.get("sub") == sub and line["status"] == 400)

    def test_our_close_notify_is_seen(self, daemon, authority, version):
        with Secure(daemon.port, context(authority, version)) as connection:
            connection.send(wire.head("GET", "/", "Connection: close"))
            assert connection.response().status == 404
            assert connection.ends() and not connection.is_cut

    def test_the_name_chooses_the_certificate(self, daemon, authority, version):
        for host, name in (("localhost", "localhost"), ("b.example", "b.example")):
            with Secure(daemon.port, context(authority, version), host=host) as connection:
                subject = dict(part[0] for part in connection.socket.getpeercert()["subject"])
                assert subject["commonName"] == name
        unknown = context(authority, version)
        unknown.check_hostname = False
        for host in ("c.example", None):
            with Secure(daemon.port, unknown, host=host) as connection:
                assert "localhost" in str(connection.socket.getpeercert()["subject"])


def handshake(engine, incoming, outgoing, raw):
    while True:
        try:
            engine.do_handshake()
            raw.send(outgoing.read())
            return
        except ssl.SSLWantReadError:
            raw.send(outgoing.read())
            assert raw.receive_until(lambda: raw.received)
            incoming.write(bytes(raw.received))
            raw.received.clear()


def test_plain_http_gets_one_plain_answer(daemon):
    for head in (wire.head("GET", "/"), wire.head("OPTIONS", "/images"), wire.head("DELETE", "/")):
        with wire.Connection(daemon.port) as connection:
            connection.send(head)
            body = assert_refused(connection.response(), "BAD_REQUEST")
            assert "https" in body["detail"]
            assert connection.ends()


def test_garbage_ends_without_harm(daemon, authority):
    before, generator = counts(daemon), random.Random(7)
    hello = bytes([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3])
    for start in (b"", hello, b"\x16\x03\x01\xff\xff", b"\x80\x2e\x01\x00\x02", b"\x17\x03\x03\x00\x02"):
        for _ in range(5):
            with wire.Connection(daemon.port, timeout=15) as connection:
                connection.send(start + bytes([generator.randrange(0x80, 0x100)]) + generator.randbytes(2_000))
                assert connection.receive_until(lambda: False) is False
    grows(daemon, "failed", before)
    with Secure(daemon.port, context(authority)) as connection:
        connection.send(wire.head("GET", "/"))
        assert connection.response().status == 404


def test_a_client_without_our_protocol_is_told_so(daemon, authority):
    made = context(authority)
    made.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        Secure(daemon.port, made)


def test_a_renegotiation_is_refused(daemon, authority):
    """OpenSSL's own client asks for one at a line that is an R."""
    run = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}", "-tls1_2", "-CAfile", authority.path],
        input=b"R\n", capture_output=True, timeout=30)
    text = (run.stdout + run.stderr).decode(errors="replace")
    assert "RENEGOTIATING" in text
    assert re.search("no renegotiation|handshake failure", text), text


def test_openssl_reconnects_with_its_session(daemon, authority):
    run = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}", "-tls1_2", "-reconnect", "-CAfile",
         authority.path], input=b"", capture_output=True, timeout=60)
    text = run.stdout.decode(errors="replace")
    assert text.count("Reused, TLSv1.2") == 5, text


def test_client_certificates(authority, pairs, folder):
    stranger = Authority(folder, "stranger-ca")
    good, bad = authority.leaf("client", client=True), stranger.leaf("other-client", client=True)
    with Daemon(settings(pairs, SLUICE_TLS_CLIENT_CA=str(authority.path))) as daemon:
        for version in VERSIONS:
            made = context(authority, version)
            made.load_cert_chain(*good)
            session = None
            for _ in range(2):
                with Secure(daemon.port, made, session=session) as connection:
                    connection.send(wire.head("GET", "/"))
                    assert connection.response().status == 404
                    session = connection.socket.session
            for pair in (bad, None):
                made = context(authority, version)
                if pair:
                    made.load_cert_chain(*pair)
                with pytest.raises(ssl.SSLError, match="(?i)alert"):
                    with Secure(daemon.port, made) as connection:
                        # With TLS 1.3 the client hears of it only after its own handshake is done.
                        connection.send(wire.head("GET", "/"))
                        connection.response()


def test_a_handshake_has_its_own_deadline(authority, pairs):
    with Daemon(settings(pairs, SLUICE_HANDSHAKE_TIMEOUT_SECONDS="1", SLUICE_HEADER_TIMEOUT_SECONDS="60")) as daemon:
        before = counts(daemon)
        with wire.Connection(daemon.port, timeout=20) as silent, wire.Connection(daemon.port, timeout=20) as begun:
            begun.send(b"\x16\x03\x01")
            assert silent.ends() and begun.ends()
        grows(daemon, "unfinished", before)
        with Secure(daemon.port, context(authority)) as connection:
            time.sleep(2)
            connection.send(wire.head("GET", "/"))
            assert connection.response().status == 404


def test_hangup_reads_the_certificates_again(authority, folder):
    own = Authority(folder, "renewed-ca")
    chain, key = folder / "current.pem", folder / "current.key"

    def use(pair):
        shutil.copy(pair[0], chain)
        shutil.copy(pair[1], key)

    use(authority.leaf("old", "localhost"))
    with Daemon(settings([(chain, key)])) as daemon:
        with Secure(daemon.port, context(authority)) as before:
            def hangup(text):
                seen = daemon.output.count(text)
                daemon.process.send_signal(signal.SIGHUP)
                eventually(lambda: daemon.output.count(text) > seen, 10, lambda: daemon.output)

            # Half of a renewal: the key of another certificate.
            shutil.copy(own.leaf("odd", "localhost")[1], key)
            hangup("those in use stay")
            assert "does not belong" in daemon.output
            with Secure(daemon.port, context(authority)) as connection:
                connection.send(wire.head("GET", "/"))
                assert connection.response().status == 404
            use(own.leaf("new", "localhost"))
            hangup("were read again")

            def is_new():
                try:
                    with Secure(daemon.port, context(own)):
                        return True
                except ssl.SSLError:
                    return False
            eventually(is_new)
            # Who was there before stays.
            before.send(wire.head("GET", "/"))
            assert before.response().status == 404


def refused_start(environment):
    with Daemon(environment, wait=None) as daemon:
        status = daemon.process.wait(20)
        return status, daemon.output


def test_what_is_wrong_with_the_files_is_said(authority, pairs, folder):
    (chain, key), (_, other) = pairs
    noise = folder / "noise.pem"
    noise.write_text("nothing\n")
    locked = folder / "locked.key"
    subprocess.run(["openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:x", "-out", locked], check=True)
    for certificate, private, words in (
        (folder / "none.pem", key, "SLUICE_TLS_CERTIFICATE cannot be read: open .*none.pem: No such file"),
        (noise, key, "SLUICE_TLS_CERTIFICATE: .*noise.pem holds no certificate in PEM"),
        (chain, noise, "SLUICE_TLS_PRIVATE_KEY: .*noise.pem holds no private key in PEM"),
        (chain, locked, "SLUICE_TLS_PRIVATE_KEY: .*locked.key holds a private key that is encrypted"),
        (chain, other, "SLUICE_TLS_PRIVATE_KEY: .*b.example.key does not belong to the first certificate"),
    ):
        status, output = refused_start(settings([(certificate, private)]))
        assert status == 1 and re.search(words, output), output
    status, output = refused_start(
        {"SLUICE_STORE": "directory", "JWT_SECRET": tokens.SECRET, "SLUICE_TLS_CERTIFICATE": str(chain)})
    assert status == 2 and "SLUICE_TLS_PRIVATE_KEY: is not set: needed with SLUICE_TLS_CERTIFICATE" in output
    status, output = refused_start(settings([(chain, key), (chain, f"{key},{key}")]))
    assert status == 2 and "must be as many files" in output


def test_an_expired_certificate_is_warned_of(authority):
    with Daemon(settings([authority.leaf("expired", "localhost", days=-1)])) as daemon:
        assert re.search(r"expired.pem has expired", daemon.output)


def test_development_mode_says_https(pairs, tmp_path):
    chosen = settings(pairs)
    del chosen["SLUICE_STORE"], chosen["JWT_SECRET"]
    with Daemon({**chosen, "SLUICE_STORE_DIR": None}, "--dev") as daemon:
        line = eventually(lambda: re.search(r"^curl .*$", daemon.output, re.M))
        run = subprocess.run(line.group(), shell=True, capture_output=True, text=True, timeout=60)
        assert "HTTP/1.1 201" in run.stdout and '"imageUrl":"https://' in run.stdout, run.stdout


def test_the_admin_listener_stays_plain(daemon):
    assert daemon.admin("/healthz").status == 200


def test_many_at_once_leave_nothing_behind(daemon, authority):
    made = context(authority)
    descriptors = daemon.descriptors()

    def one(number):
        try:
            with Secure(daemon.port, made) as connection:
                if number % 3 == 0:
                    connection.reset()
                elif number % 3 == 1:
                    connection.send(wire.head("GET", "/"))
                    connection.response()
        except OSError:
            pass

    threads = [threading.Thread(target=one, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: daemon.descriptors() <= descriptors, 15, lambda: f"{descriptors} → {daemon.descriptors()}")


@pytest.mark.timeout(300)
def test_the_shared_wire_cases(daemon, tmp_path):
    """Every case of the shared collection over TLS, whole, cut at its marks and byte by byte."""
    script, cases = SHARED / "http/replay.py", SHARED / "http/http1_vectors.json"
    if not script.exists():
        assert not os.environ.get("CI"), f"no {script}: CI runs nothing without it"
        pytest.skip(f"needs the shared wire cases: set SHARED_DIR to their folder (no {script})")
    report = tmp_path / "report.json"
    run = subprocess.run(
        [sys.executable, str(script), "--port", str(daemon.port), "--tls", "--mode", "all", "--strict", "--alive",
         "--path", "/images", "--json", str(report), str(cases)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280)
    results = json.loads(report.read_text())
    failed = {(result["name"], result["detail"]) for result in results if result["verdict"] == "fail"}
    assert not failed, (failed, run.stdout[-2000:])
    assert "alive after run" in run.stdout, run.stdout
