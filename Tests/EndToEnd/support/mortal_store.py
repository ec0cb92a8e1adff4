"""An S3 in memory that keeps what it is given, loses answers, throttles, and dies and comes back on the same port.

It verifies no signature, so it vouches only for what is left in it.
"""

import collections
import http.server
import random
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

from support.ports import free_port

REDIRECTED = (b"<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message>"
              b"<Region>%b</Region></Error>")
# What may come instead of an answer, or of all of it. The first do what they were asked before they go wrong.
LATE = ("lost", "half", "reset-in-answer", "error-after")
EARLY = ("reset", "close", "slowdown", "unavailable", "error-in-200", "silent-close", "junk")


class MortalStore:
    """`faults[operation]` is a fault, or a list of them that is used up one for each request.

    `chaos` is the share of requests that meet a fault of `chaos_faults`, chosen by a fixed seed.
    """

    def __init__(self, tls=None, region=None):
        self.faults, self.chaos, self.chaos_faults = {}, 0.0, LATE + EARLY
        self.region = region
        self.open, self.objects = {}, {}
        self.seen = collections.Counter()
        self.resumed = []
        self.accepted = 0
        self.keeps_connections = True
        self.page_size = 100
        self._lock = threading.Lock()
        self._random = random.Random(7)
        self._serial = 0
        self._tls = tls
        self._connections = set()
        self._server = None
        self.port = free_port()
        self.revive()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.die()

    @property
    def environment(self):
        scheme = "https" if self._tls else "http"
        return {"AWS_ENDPOINT_URL_S3": f"{scheme}://localhost:{self.port}", "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "S3_BUCKET": "pictures",
                "SLUICE_S3_PAYLOAD": "unsigned"}

    # Life and death

    def revive(self):
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def setup(self):
                if store._tls:
                    self.request.do_handshake()
                    store.resumed.append(self.request.session_reused)
                with store._lock:
                    store._connections.add(self.request)
                    store.accepted += 1
                super().setup()

            def handle(self):
                try:
                    super().handle()
                except (OSError, ValueError):
                    pass

            def finish(self):
                with store._lock:
                    store._connections.discard(self.request)
                try:
                    super().finish()
                except OSError:
                    pass

            def answer_all(self):
                store.answer(self)

            do_POST = do_PUT = do_DELETE = do_GET = do_HEAD = answer_all

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def die(self):
        """Nobody listens any more, and what was under way is reset."""
        if not self._server:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            reset(connection)

    # What it is asked

    def answer(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        key = urllib.parse.unquote(parts.path).removeprefix("/pictures").lstrip("/")
        operation = self.operation(handler.command, query, key)
        with self._lock:
            self.seen[operation] += 1
            fault = self.next_fault(operation)
        body = read_body(handler)
        if not self.keeps_connections:
            handler.close_connection = True
        if self.region and f"/{self.region}/s3/" not in handler.headers.get("Authorization", ""):
            # Recovery's own look is not an upload's.
            self.seen["astray"] += operation != "search"
            return reply(handler, 400, REDIRECTED % self.region.encode())
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
            return reply(handler, 403, error("AccessDenied"))
        if fault == "slowdown":
            return reply(handler, 503, error("SlowDown"))
        if fault == "unavailable":
            return reply(handler, 503, b"<html>an upstream is away</html>")
        if fault == "error-in-200":
            return reply(handler, 200, b"\n  \n" + error("InternalError"))
        if fault == "junk":
            return reply(handler, 200, b"<<<\x00\xff")
        with self._lock:
            status, fields, answer = self.perform(operation, key, query, handler.headers, body)
        if fault == "hang-after":
            time.sleep(60)
        if fault in ("lost", "hang-after"):
            handler.close_connection = True
        elif fault == "error-after":
            reply(handler, 500, error("InternalError"))
        elif fault in ("half", "reset-in-answer"):
            head = f"HTTP/1.1 {status} Half\r\nContent-Length: {len(answer) + 10}\r\n\r\n".encode()
            handler.wfile.write(head + answer[:len(answer) // 2])
            handler.close_connection = True
            if fault == "reset-in-answer":
                reset(handler.connection)
        elif fault == "trickle":
            trickle(handler, status, answer)
        else:
            reply(handler, status, answer, fields)

    @staticmethod
    def operation(method, query, key):
        if method == "POST":
            return "create" if "uploads" in query else "complete"
        if method == "HEAD":
            return "head" if key else "probe"
        if method == "GET":
            return "parts" if "uploadId" in query else "search"
        if "uploadId" in query:
            return {"PUT": "part", "DELETE": "abort"}[method]
        return {"PUT": "put", "DELETE": "delete"}[method]

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
            return 200, (), (f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId>"
                             "</InitiateMultipartUploadResult>").encode()
        if operation == "search":
            return 200, (), self.listed(query)
        if operation == "probe":
            return 200, (), b""
        if operation == "head":
            if key not in self.objects:
                return 404, (), b""
            size, mark = self.objects[key]
            return 200, (("Content-Length", str(size)), ("x-amz-meta-sluice-id", mark)), b""
        if operation == "put":
            self.objects[key] = (len(body), headers.get("x-amz-meta-sluice-id", ""))
            return 200, (("ETag", '"0123456789abcdef0123456789abcdef"'),), b""
        if operation == "delete":
            self.objects.pop(key, None)
            return 204, (), b""
        if upload not in self.open:
            return 404, (), error("NoSuchUpload")
        entry = self.open[upload]
        if operation == "parts":
            found = "".join(
                f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;etag&quot;</ETag><Size>{size}</Size></Part>"
                for number, size in sorted(entry["parts"].items()))
            return 200, (), f"<ListPartsResult><IsTruncated>false</IsTruncated>{found}</ListPartsResult>".encode()
        if operation == "part":
            entry["parts"][int(query["partNumber"][0])] = len(body)
            return 200, (("ETag", '"0123456789abcdef0123456789abcdef"'),), b""
        del self.open[upload]
        if operation == "abort":
            return 204, (), b""
        numbers = [int(number) for number in re.findall(rb"<PartNumber>(\d+)<", body)]
        self.objects[entry["key"]] = (sum(entry["parts"][number] for number in numbers), entry["mark"])
        return 200, (), (b"\n   <CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>")


    def listed(self, query):
        """A page of the uploads that are open, of at most `page_size`."""
        marker = (query.get("key-marker", [""])[0], query.get("upload-id-marker", [""])[0])
        found = sorted((entry["key"], name, entry["begun"]) for name, entry in self.open.items()
                       if entry["key"].startswith(query["prefix"][0]) and (entry["key"], name) > marker)
        page = found[:self.page_size]
        text = "".join(
            f"<Upload><Key>{key}</Key><UploadId>{name}</UploadId>"
            f"<Initiated>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(begun))}</Initiated></Upload>"
            for key, name, begun in page)
        if len(found) > len(page):
            text += (f"<IsTruncated>true</IsTruncated><NextKeyMarker>{page[-1][0]}</NextKeyMarker>"
                     f"<NextUploadIdMarker>{page[-1][1]}</NextUploadIdMarker>")
        return f"<ListMultipartUploadsResult>{text}</ListMultipartUploadsResult>".encode()


def error(code):
    return (f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>as told</Message>"
            "<RequestId>1</RequestId></Error>").encode()


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


def read_body(handler):
    left = int(handler.headers.get("Content-Length") or 0)
    data = bytearray()
    while left > 0:
        piece = handler.rfile.read(min(left, 65536))
        if not piece:
            raise ConnectionError("the body ended early")
        data += piece
        left -= len(piece)
    return bytes(data)


def reply(handler, status, body, fields=()):
    handler.send_response(status)
    for name, value in fields:
        handler.send_header(name, value)
    if handler.close_connection:
        handler.send_header("Connection", "close")
    if status != 204 and not any(name == "Content-Length" for name, _ in fields):
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if status != 204 and handler.command != "HEAD":
        handler.wfile.write(body)
