"""A daemon that speaks TLS, and clients of it."""

import re
import ssl

from support import tokens, wire
from support.waiting import eventually

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def settings(pairs, **more):
    return {
        "SLUICE_STORE": "directory", "JWT_SECRET": tokens.SECRET,
        "SLUICE_TLS_CERTIFICATE": ",".join(str(chain) for chain, _ in pairs),
        "SLUICE_TLS_PRIVATE_KEY": ", ".join(str(key) for _, key in pairs), **more,
    }


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
