"""TLS on the public listener: versions, certificates, ends of streams, and clients that mean no good."""

import random
import re
import ssl
import subprocess
import threading

import pytest

from support import tokens, wire
from support.certificates import Authority
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import CAP, MIB, image
from support.secure import VERSIONS, Secure, context, counts, grows, handshake, settings, upload
from support.waiting import eventually


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder)


@pytest.fixture(scope="module")
def pairs(authority):
    return [authority.leaf("localhost", "localhost", "127.0.0.1"), authority.leaf("b.example", kind="rsa")]


@pytest.fixture(scope="module")
def daemon(pairs):
    with Daemon(settings(pairs)) as started:
        yield started
        assert started.process.poll() is None, started.output


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
