"""A client that says exactly what it is told to, in the pieces it is told to, and reads while it writes."""

import dataclasses
import json
import select
import socket
import struct
import time


@dataclasses.dataclass
class Response:
    status: int
    reason: str
    fields: list
    body: bytes

    def all(self, name):
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def __getitem__(self, name):
        """The value of a field that stands there once."""
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values} in {self.fields}"
        return values[0]

    @property
    def json(self):
        return json.loads(self.body)


def ready(connection, timeout, *, writing=False):
    """Whether a socket is readable and whether it is writable, once it is or after `timeout` seconds.

    select(2) takes no descriptor above 1,023, and some tests have thousands.
    """
    watch = select.poll()
    watch.register(connection, select.POLLIN | (select.POLLOUT if writing else 0))
    events = sum(found for _, found in watch.poll(timeout * 1_000))
    return bool(events & ~select.POLLOUT), bool(events & (select.POLLOUT | select.POLLERR))


class Connection:
    """One TCP connection; usable in `with`."""

    def __init__(self, port, timeout=30.0, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.received = bytearray()
        self.is_ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Writes everything, taking in what the server says meanwhile; stops quietly when the server has closed."""
        view = memoryview(data)
        deadline = time.monotonic() + self.timeout
        while view and not self.is_ended:
            readable, writable = ready(self.socket, self.timeout, writing=True)
            if time.monotonic() > deadline:
                raise TimeoutError("the server takes no more bytes")
            if readable:
                self._take()
            if writable:
                try:
                    view = view[self.socket.send(view[:65536]):]
                except (BrokenPipeError, ConnectionResetError):
                    self._take()
                    return

    def _take(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if data:
            self.received += data
        else:
            self.is_ended = True

    def shutdown(self):
        """Says that no more bytes will come."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes so that the server sees a reset instead of an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def receive_until(self, condition):
        deadline = time.monotonic() + self.timeout
        while not condition():
            if self.is_ended:
                return False
            if not ready(self.socket, max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no answer; so far {bytes(self.received[:300])!r}")
            self._take()
        return True

    def response(self, *, method="POST") -> Response:
        """The next response, interim ones included."""
        if not self.receive_until(lambda: b"\r\n\r\n" in self.received):
            raise ConnectionError(f"closed before a response head: {bytes(self.received[:300])!r}")
        head, _, rest = bytes(self.received).partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        version, status, reason = (lines[0].split(" ", 2) + [""])[:3]
        assert version in ("HTTP/1.1", "HTTP/1.0"), lines[0]
        fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        answer = Response(int(status), reason, fields, b"")
        if answer.status >= 200 and answer.status not in (204, 304) and method != "HEAD":
            length = int(answer["Content-Length"])
            end = len(head) + 4 + length
            if not self.receive_until(lambda: len(self.received) >= end):
                raise ConnectionError(f"closed within a response body of {length} bytes: {rest!r}")
            answer.body = bytes(self.received[len(head) + 4:end])
        else:
            end = len(head) + 4
        del self.received[:end]
        return answer

    def ends(self):
        """Waits for the server to close; false when it sends more bytes instead."""
        return not self.receive_until(lambda: len(self.received) > 0)


def head(method="POST", target="/images", *fields, version="HTTP/1.1") -> bytes:
    """A request head with `Host`; each field is a line or a (name, value)."""
    lines = [f"{method} {target} {version}", "Host: sluice.test"]
    lines += [field if isinstance(field, str) else f"{field[0]}: {field[1]}" for field in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def chunks(body, size=64 * 1024) -> bytes:
    """A chunked body."""
    pieces = []
    for start in range(0, len(body), size):
        piece = body[start:start + size]
        pieces.append(b"%x\r\n%b\r\n" % (len(piece), piece))
    return b"".join(pieces) + b"0\r\n\r\n"


def request(port, data, *, method="POST", timeout=30.0) -> Response:
    """One request on a connection of its own, and its answer."""
    with Connection(port, timeout) as connection:
        connection.send(data)
        return connection.response(method=method)


def upload_head(token, kind="jpeg", *fields, length=None, chunked=False, version="HTTP/1.1"):
    described = ["Transfer-Encoding: chunked"] if chunked else [] if length is None else [f"Content-Length: {length}"]
    allowed = [f"Authorization: Bearer {token}"] if token else []
    typed = [f"Content-Type: image/{kind}"] if kind else []
    return head("POST", "/images", *allowed, *typed, *described, *fields, version=version)


def upload(port, token, body, kind="jpeg", *fields, chunked=False, timeout=30.0) -> Response:
    """Uploads one image on a connection of its own."""
    framed = chunks(body) if chunked else body
    return request(port, upload_head(token, kind, *fields, length=len(body), chunked=chunked) + framed, timeout=timeout)
