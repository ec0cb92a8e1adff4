"""Who is calling: the fields of trusted proxies, the PROXY protocol, and that nobody else is believed."""

import socket
import ssl
import struct
import uuid

import pytest

from support import wire
from support.certificates import Authority
from support.daemon import Daemon, run
from support.expectations import assert_created, assert_refused
from support.images import image
from support.secure import context
from support.secure import settings as tls_settings

BODY = image("png", 3_000)
UPLOAD_FIELDS = ("Content-Type: image/png", f"Content-Length: {len(BODY)}")


@pytest.fixture(scope="module")
def trusting(directory_environment):
    with Daemon({**directory_environment, "SLUICE_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8, fd00::/8"}) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def distrusting(directory_environment):
    with Daemon({**directory_environment, "SLUICE_TRUSTED_PROXIES": "192.0.2.0/24"}) as daemon:
        yield daemon


def remote(daemon, token, sub, *fields, before=b""):
    """The caller's address as the access log has it."""
    head = wire.head("POST", "/images", f"Authorization: Bearer {token}", *UPLOAD_FIELDS, *fields)
    assert_created(wire.request(daemon.port, before + head + BODY), size=len(BODY), kind="png", sub=sub)
    return daemon.access_log(1, lambda line: line.get("sub") == sub)[-1]["remote"]


@pytest.mark.parametrize("fields, caller", [
    ([], "127.0.0.1"),
    (["X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
    (["X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
    (["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
    (["X-Forwarded-For: [2001:db8::7]:4711"], "2001:db8::7"),
    (["Forwarded: for=203.0.113.9;proto=https"], "203.0.113.9"),
    (["Forwarded: for=198.51.100.1, for=\"[2001:db8::9]:80\", for=10.9.9.9"], "2001:db8::9"),
    (["X-Forwarded-For: nonsense"], "127.0.0.1"),
    (["X-Forwarded-For: 203.0.113.9, nonsense, 10.1.1.1"], "10.1.1.1"),
    (["Forwarded: for=unknown"], "127.0.0.1"),
])
def test_a_trusted_proxy_is_believed(trusting, token, sub, fields, caller):
    assert remote(trusting, token, sub, *fields) == caller


def test_nobody_else_is_believed(distrusting, token, sub):
    fields = ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "x-request-id: mine",
              "X-Forwarded-Proto: https"]
    assert remote(distrusting, token, sub, *fields) == "127.0.0.1"
    head = wire.head("POST", "/images", *fields)
    answer = wire.request(distrusting.port, head)
    assert answer.status == 401
    assert uuid.UUID(answer["x-request-id"])


def test_an_unix_socket_is_believed_where_it_is_named(directory_environment, token, sub, tmp_path):
    path = tmp_path / "s.sock"
    settings = {**directory_environment, "SLUICE_LISTEN": f"unix:{path}"}

    def ask(daemon):
        head = wire.head("POST", "/images", f"Authorization: Bearer {token}", *UPLOAD_FIELDS,
                         "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(head + BODY)
            answer = connection.recv(65_536)
            assert b" 201 " in answer, answer
        return answer, daemon.access_log(1, lambda line: line.get("sub") == sub)[-1]["remote"]
    with Daemon(settings) as daemon:
        answer, caller = ask(daemon)
        assert caller == "unix"
        assert b'"imageUrl":"http://' in answer
    with Daemon({**settings, "SLUICE_TRUSTED_PROXIES": "unix"}) as daemon:
        answer, caller = ask(daemon)
        assert caller == "203.0.113.9"
        assert b'"imageUrl":"https://' in answer


@pytest.mark.parametrize("value", ["abc-123", "0123456789abcdef" * 8, "Root=1-67891233-abcdef012345678912345678"])
def test_a_proxys_request_id_is_kept(trusting, value):
    answer = wire.request(trusting.port, wire.head("POST", "/images", f"x-request-id: {value}"))
    assert answer["x-request-id"] == value
    assert trusting.access_log(1, lambda line: line["request_id"] == value)


@pytest.mark.parametrize("fields", [
    ["x-request-id: "], ["x-request-id: a b"], ["x-request-id: <script>"], ["x-request-id: one", "x-request-id: two"],
    [f"x-request-id: {'x' * 129}"], ["x-request-id: \u00e9"]])
def test_an_id_that_is_none_is_replaced(trusting, fields):
    answer = wire.request(trusting.port, wire.head("POST", "/images", *fields))
    assert str(uuid.UUID(answer["x-request-id"])) == answer["x-request-id"]


# The PROXY protocol

def v2(command, family, addresses, tlvs=b""):
    payload = addresses + tlvs
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20 | command, family]) + struct.pack(">H", len(payload)) + payload


V4 = socket.inet_aton("203.0.113.5") + socket.inet_aton("192.0.2.1") + struct.pack(">HH", 5000, 80)
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::5") + bytes(16) + struct.pack(">HH", 5000, 80)

PREFACES = {
    "v1-tcp4": (b"PROXY TCP4 203.0.113.5 192.0.2.1 5000 80\r\n", "203.0.113.5"),
    "v1-tcp6": (b"PROXY TCP6 2001:db8::5 2001:db8::1 5000 80\r\n", "2001:db8::5"),
    "v1-unknown": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "v2-tcp4": (v2(1, 0x11, V4), "203.0.113.5"),
    "v2-tcp6": (v2(1, 0x21, V6), "2001:db8::5"),
    "v2-tlvs": (v2(1, 0x11, V4, b"\x04\x00\x03abc"), "203.0.113.5"),
    "v2-local": (v2(0, 0x00, b""), "127.0.0.1"),
}


@pytest.mark.parametrize("name", PREFACES)
def test_a_preface_names_the_caller(trusting, token, sub, name):
    preface, caller = PREFACES[name]
    assert remote(trusting, token, sub, before=preface) == caller


@pytest.mark.parametrize("name", PREFACES)
def test_a_preface_in_pieces(trusting, token, sub, name):
    preface, caller = PREFACES[name]
    head = wire.head("POST", "/images", f"Authorization: Bearer {token}", *UPLOAD_FIELDS)
    with wire.Connection(trusting.port) as connection:
        for byte in preface:
            connection.send(bytes([byte]))
        connection.send(head + BODY)
        assert connection.response().status == 201
        # It stands for the whole connection.
        connection.send(head + BODY)
        assert connection.response().status == 201
    lines = trusting.access_log(2, lambda line: line.get("sub") == sub)
    assert {line["remote"] for line in lines} == {caller}


def test_a_preface_and_a_field(trusting, token, sub):
    """The preface names the proxy before: it is believed only if it is trusted itself."""
    fields = ["X-Forwarded-For: 198.51.100.77"]
    untrusted = b"PROXY TCP4 203.0.113.5 192.0.2.1 5000 80\r\n"
    assert remote(trusting, token, sub, *fields, before=untrusted) == "203.0.113.5"


def test_a_trusted_one_behind_a_preface(trusting, token, sub):
    fields = ["X-Forwarded-For: 198.51.100.77"]
    trusted = b"PROXY TCP4 10.0.0.5 192.0.2.1 5000 80\r\n"
    assert remote(trusting, token, sub, *fields, before=trusted) == "198.51.100.77"


@pytest.mark.parametrize("preface", [
    b"PROXY TCP4 203.0.113.5 192.0.2.1 5000\r\n", b"PROXY TCP4 2001:db8::1 192.0.2.1 5000 80\r\n",
    b"PROXY " + b"x" * 200 + b"\r\n", b"\r\n\r\n\0\r\nQUIT\n\x31\x11\x00\x0c" + V4, v2(1, 0x11, V4[:6])])
def test_a_preface_that_is_none_ends_the_connection(trusting, preface):
    with wire.Connection(trusting.port) as connection:
        connection.send(preface + wire.head("OPTIONS", "/images"))
        assert connection.ends() and not connection.received


@pytest.mark.parametrize("name", ["v1-tcp4", "v2-tcp4"])
def test_a_preface_of_a_stranger_is_malformed_http(distrusting, name):
    answer = wire.request(distrusting.port, PREFACES[name][0] + wire.head("OPTIONS", "/images"))
    assert_refused(answer, "BAD_REQUEST")


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0.0/33", "proxy.example", "::1/129", "10.0.0.0/8,,x"])
def test_lists_that_are_none(directory_environment, value):
    ended = run("serve", environment={**directory_environment, "SLUICE_TRUSTED_PROXIES": value})
    assert ended.returncode == 2
    assert "SLUICE_TRUSTED_PROXIES" in ended.stderr


# The same before TLS

@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """A daemon that speaks TLS and trusts this machine, and what trusts its certificate."""
    authority = Authority(tmp_path_factory.mktemp("callers"))
    with Daemon({**tls_settings([authority.leaf("localhost", "localhost", "127.0.0.1")]),
                 "SLUICE_TRUSTED_PROXIES": "127.0.0.1"}) as daemon:
        yield daemon, context(authority)


@pytest.mark.parametrize("name", ["v1-tcp4", "v2-tcp6", "v2-local"])
@pytest.mark.parametrize("together", [False, True], ids=["apart", "with the hello"])
def test_a_preface_before_tls(secure, token, sub, name, together):
    daemon, trust = secure
    preface, caller = PREFACES[name]
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = trust.wrap_bio(incoming, outgoing, server_hostname="localhost")
    head = wire.head("POST", "/images", f"Authorization: Bearer {token}", *UPLOAD_FIELDS)
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as connection:
        with pytest.raises(ssl.SSLWantReadError):
            engine.do_handshake()
        hello = outgoing.read()
        if together:
            connection.sendall(preface + hello)
        else:
            for byte in preface:
                connection.sendall(bytes([byte]))
            connection.sendall(hello)

        def until_done(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(connection.recv(65_536))
        until_done(engine.do_handshake)
        engine.write(head + BODY)
        connection.sendall(outgoing.read())
        answer = until_done(lambda: engine.read(65_536))
        assert answer.startswith(b"HTTP/1.1 201 "), answer
    assert daemon.access_log(1, lambda line: line.get("sub") == sub)[0]["remote"] == caller
