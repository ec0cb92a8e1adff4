"""An S3 that misbehaves on request. It verifies nothing, so it vouches only for how faults are borne."""

import hashlib
import re
import socket
import struct
import urllib.parse

from support.s3_double import COMPLETED, S3Double, created, error


class HostileStore(S3Double):
    """`faults[operation]` is what happens instead of a good answer:

    a status (with an XML error), `reset`, `reset-early` (before the body is read), `reset-midway` (within it), `close`,
    `garbage`, `error-in-200`, `lost` (a PutObject is done, and its answer reset), `silent`; or a function that says
    which, given the number of the request among those of its operation, from 1.

    Operations are `create`, `part`, `complete`, `abort`, `put`, `head`, `delete`. It keeps no bytes, but of each part
    and object that came whole the digest.
    """

    def __init__(self, **options):
        self.faults = {}
        self.seen = []
        self._paths = []
        self.parts = {}
        self.objects = {}
        # Bytes of bodies that have come, as they come.
        self.received = 0
        self._uploads = 0
        super().__init__(**options)

    def count(self, operation):
        with self._lock:
            return self.seen.count(operation)

    def asked_of(self, sub):
        """The operations on keys of `sub`: a daemon asks for other things too, such as the list of its sweep."""
        with self._lock:
            return [name for name, path in zip(self.seen, self._paths) if f"/users/{sub}/" in path]

    def answer(self, handler):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query, keep_blank_values=True)
        in_parts = "uploadId" in query
        names = {"PUT": "part" if in_parts else "put", "DELETE": "abort" if in_parts else "delete",
                 "POST": "create" if "uploads" in query else "complete"}
        operation = names.get(handler.command, handler.command.lower())
        with self._lock:
            self.seen.append(operation)
            self._paths.append(handler.path)
            number = self.seen.count(operation)
            self._uploads += operation == "create"
            upload = self._uploads
        fault = self.faults.get(operation)
        if callable(fault):
            fault = fault(number)
        if fault != "reset-early":
            length, digest = self.read_body(handler, 1 << 20 if fault == "reset-midway" else None)
            with self._lock:
                if operation == "part":
                    self.parts[int(query["partNumber"][0])] = (length, digest)
                if operation == "put" and fault in (None, "lost"):
                    self.objects[handler.path] = (length, digest, handler.headers["x-amz-meta-sluice-id"])
                if operation == "delete" and fault is None:
                    self.objects.pop(handler.path, None)
        if fault in ("reset", "reset-early", "reset-midway", "close", "lost"):
            if fault != "close":
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.shutdown(socket.SHUT_RDWR) if fault == "close" else handler.connection.close()
            handler.close_connection = True
        elif fault == "garbage":
            handler.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
            handler.close_connection = True
        elif fault == "silent":
            handler.connection.settimeout(100)
            handler.rfile.read(1)
        elif isinstance(fault, int):
            codes = {403: "AccessDenied", 503: "SlowDown"}
            reply(handler, fault, error(codes.get(fault, "InternalError")))
        elif fault == "error-in-200":
            reply(handler, 200, error("InternalError"))
        elif operation == "head":
            self.answer_head(handler)
        else:
            bodies = {"create": created(upload), "complete": COMPLETED}
            reply(handler, 204 if operation in ("abort", "delete") else 200, bodies.get(operation, b""))

    def answer_head(self, handler):
        length, _, token = self.objects.get(handler.path, (0, "", None))
        handler.send_response(404 if token is None else 200)
        handler.send_header("Content-Length", str(length))
        if token is not None:
            handler.send_header("ETag", '"e"')
            handler.send_header("x-amz-meta-sluice-id", token)
        handler.end_headers()

    def read_body(self, handler, limit=None):
        """Length and digest of what comes, which is no more than `limit`."""
        if re.match("100-continue", handler.headers.get("Expect", ""), re.I) and handler.request_version == "HTTP/1.0":
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(handler.headers.get("Content-Length") or 0)
        left = length if limit is None else min(limit, length)
        digest = hashlib.sha256()
        while left > 0:
            data = handler.rfile.read1(min(left, 65536))
            if not data:
                raise ConnectionError("the body ended early")
            left -= len(data)
            digest.update(data)
            self.received += len(data)
        return length, digest.hexdigest()


def reply(handler, status, body):
    handler.send_response(status)
    handler.send_header("ETag", '"0123456789abcdef0123456789abcdef"')
    handler.send_header("x-amz-request-id", "HOSTILE")
    if status != 204:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if status != 204:
        handler.wfile.write(body)
