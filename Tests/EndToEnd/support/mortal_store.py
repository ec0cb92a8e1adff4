"""An S3 in memory that keeps what it is given, loses answers, throttles, and dies and comes back on the same port.

It verifies no signature, so it vouches only for what is left in it.
"""

import collections
import random
import re
import socket
import struct
import time
import urllib.parse

from support import loopback, s3_double
from support.ports import free_port
from support.s3_double import S3Double, created, error, listed_upload

REDIRECTED = (b"<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message>"
              b"<Region>%b</Region></Error>")
# What may come instead of an answer, or of all of it. The first do what they were asked before they go wrong.
LATE = ("lost", "half", "reset-in-answer", "error-after")
EARLY = ("reset", "close", "slowdown", "unavailable", "error-in-200", "silent-close", "junk")


class Handler(loopback.Handler):
    def setup(self):
        if self.owner.tls:
            self.request.do_handshake()
            self.owner.resumed.append(self.request.session_reused)
        self.owner.begun(self.request)
        super().setup()

    def finish(self):
        self.owner.ended(self.request)
        super().finish()

    def handle_expect_100(self):
        if not self.owner.refuses_expectations:
            return super().handle_expect_100()
        self.close_connection = True
        self.owner.refuse_expectation(self)
        return False


class MortalStore(S3Double):
    """`faults[operation]` is a fault, or a list of them that is used up one for each request. A function is one that
    does what it was asked and lets `fault(handler, status, answer)` say so.

    `refuses_expectations` is what is answered, instead of `100 Continue`, to whoever asks before sending a body.
    `chaos` is the share of requests that meet a fault of `chaos_faults`, chosen by a fixed seed.
    """

    handler = Handler

    def __init__(self, tls=None, region=None, host="127.0.0.1", port=None):
        self.faults, self.chaos, self.chaos_faults = {}, 0.0, LATE + EARLY
        self.region = region
        self.open, self.objects = {}, {}
        self.seen = collections.Counter()
        self.resumed = []
        self.accepted = 0
        self.keeps_connections = True
        self.refuses_expectations = None
        # Bytes of bodies that have come.
        self.received = 0
        self.page_size = 100
        self._random = random.Random(7)
        self._serial = 0
        self._connections = set()
        super().__init__(host, port or free_port(), tls)

    @property
    def endpoint(self):
        return f"{self.scheme}://localhost:{self.port}"

    # Life and death

    def stop(self):
        """Nobody listens any more, and what was under way is reset."""
        if not self._server:
            return
        super().stop()
        self._server = None
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            reset(connection)

    revive = S3Double.start
    die = stop

    def begun(self, connection):
        with self._lock:
            self._connections.add(connection)
            self.accepted += 1

    def ended(self, connection):
        with self._lock:
            self._connections.discard(connection)

    # What it is asked

    def answer(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        key = urllib.parse.unquote(parts.path).removeprefix("/pictures").lstrip("/")
        operation = s3_double.operation(handler.command, query, key)
        with self._lock:
            self.seen[operation] += 1
            fault = self.next_fault(operation)
        body = handler.read()
        with self._lock:
            self.received += len(body)
        if not self.keeps_connections:
            handler.close_connection = True
        if self.region and f"/{self.region}/s3/" not in handler.headers.get("Authorization", ""):
            # Recovery's own look is not an upload's.
            self.seen["astray"] += operation != "search"
            return handler.reply(400, REDIRECTED % self.region.encode())
        if fault == "reset":
            return reset(handler.connection)
        if fault in ("close", "silent-close"):
            time.sleep(0.05 if fault == "silent-close" else 0)
            handler.close_connection = True
            return
        if fault == "hang":
            # Until the caller gives up, or dies.
            handler.connection.settimeout(60)
            try:
                handler.connection.recv(1)
            except OSError:
                pass
            handler.close_connection = True
            return
        if fault == "vanish":
            # Somebody else aborts it, and nobody hears of it.
            with self._lock:
                self.open.pop(query.get("uploadId", [""])[0], None)
            return reset(handler.connection)
        if fault == "forbidden":
            return handler.reply(403, error("AccessDenied"))
        if fault == "slowdown":
            return handler.reply(503, error("SlowDown"))
        if fault == "unavailable":
            return handler.reply(503, b"<html>an upstream is away</html>")
        if fault == "error-in-200":
            return handler.reply(200, b"\n  \n" + error("InternalError"))
        if fault == "junk":
            return handler.reply(200, b"<<<\x00\xff")
        with self._lock:
            status, fields, answer = self.perform(operation, key, query, handler.headers, body)
        if fault == "hang-after":
            time.sleep(60)
        if callable(fault):
            fault(handler, status, answer)
        elif fault in ("lost", "hang-after"):
            handler.close_connection = True
        elif fault == "error-after":
            handler.reply(500, error("InternalError"))
        elif fault in ("half", "reset-in-answer"):
            head = f"HTTP/1.1 {status} Half\r\nContent-Length: {len(answer) + 10}\r\n\r\n".encode()
            handler.wfile.write(head + answer[:len(answer) // 2])
            handler.close_connection = True
            if fault == "reset-in-answer":
                reset(handler.connection)
        elif fault == "trickle":
            trickle(handler, status, answer)
        else:
            handler.reply(status, answer, fields)

    def refuse_expectation(self, handler):
        status, code = self.refuses_expectations
        with self._lock:
            self.seen["expectation"] += 1
        handler.reply(status, error(code))

    def next_fault(self, operation):
        fault = self.faults.get(operation)
        if isinstance(fault, list):
            fault = fault.pop(0) if fault else None
        if fault is None and self.chaos and self._random.random() < self.chaos:
            fault = self._random.choice(self.chaos_faults)
        return fault

    def perform(self, operation, key, query, headers, body):
        upload = query.get("uploadId", [""])[0]
        if operation == "create":
            self._serial += 1
            name = f"upload-{self._serial}"
            self.open[name] = {"key": key, "mark": headers.get("x-amz-meta-sluice-id", ""), "parts": {},
                               "begun": time.time()}
            return 200, {}, created(name)
        if operation == "search":
            return 200, {}, self.listed(query)
        if operation == "probe":
            return 200, {}, b""
        if operation == "head":
            if key not in self.objects:
                return 404, {}, b""
            size, mark = self.objects[key]
            return 200, {"ETag": '"e"', "Content-Length": str(size), "x-amz-meta-sluice-id": mark}, b""
        if operation == "put":
            self.objects[key] = (len(body), headers.get("x-amz-meta-sluice-id", ""))
            return 200, {"ETag": '"0123456789abcdef0123456789abcdef"'}, b""
        if operation == "delete":
            self.objects.pop(key, None)
            return 204, {}, b""
        if upload not in self.open:
            return 404, {}, error("NoSuchUpload")
        entry = self.open[upload]
        if operation == "parts":
            found = "".join(
                f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;etag&quot;</ETag><Size>{size}</Size></Part>"
                for number, size in sorted(entry["parts"].items()))
            return 200, {}, f"<ListPartsResult><IsTruncated>false</IsTruncated>{found}</ListPartsResult>".encode()
        if operation == "part":
            entry["parts"][int(query["partNumber"][0])] = len(body)
            return 200, {"ETag": '"0123456789abcdef0123456789abcdef"'}, b""
        del self.open[upload]
        if operation == "abort":
            return 204, {}, b""
        numbers = [int(number) for number in re.findall(rb"<PartNumber>(\d+)<", body)]
        self.objects[entry["key"]] = (sum(entry["parts"][number] for number in numbers), entry["mark"])
        return 200, {}, (b"\n   <CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>")

    def listed(self, query):
        """A page of the uploads that are open, of at most `page_size`."""
        marker = (query.get("key-marker", [""])[0], query.get("upload-id-marker", [""])[0])
        found = sorted((entry["key"], name, entry["begun"]) for name, entry in self.open.items()
                       if entry["key"].startswith(query["prefix"][0]) and (entry["key"], name) > marker)
        page = found[:self.page_size]
        text = "".join(listed_upload(*upload) for upload in page)
        if len(found) > len(page):
            text += (f"<IsTruncated>true</IsTruncated><NextKeyMarker>{page[-1][0]}</NextKeyMarker>"
                     f"<NextUploadIdMarker>{page[-1][1]}</NextUploadIdMarker>")
        return f"<ListMultipartUploadsResult>{text}</ListMultipartUploadsResult>".encode()


def reset(connection):
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
        connection.close()
    except OSError:
        pass


def trickle(handler, status, answer):
    for byte in f"HTTP/1.1 {status} Slow\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.002)
