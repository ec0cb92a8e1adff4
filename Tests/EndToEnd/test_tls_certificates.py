"""TLS as its operator meets it: client certificates, deadlines, renewal, and files that are wrong."""

import re
import shutil
import signal
import ssl
import subprocess
import time

import pytest

from support import tokens, wire
from support.certificates import Authority
from support.daemon import Daemon
from support.secure import VERSIONS, Secure, context, counts, grows, settings
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
