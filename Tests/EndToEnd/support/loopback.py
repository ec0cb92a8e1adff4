"""The HTTP of the servers on loopback that a daemon talks to in these tests; what they answer is their own."""

import http.server
import ssl
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Hands every request to the `LoopbackServer` that it came to, its `owner`."""

    protocol_version = "HTTP/1.1"
    # TCP_NODELAY: an answer is a head and a body in two writes.
    disable_nagle_algorithm = True

    @property
    def owner(self):
        return self.server.owner

    def log_message(self, *_):
        pass

    def answer_all(self):
        self.owner.answer(self)

    do_POST = do_PUT = do_DELETE = do_GET = do_HEAD = answer_all

    def read(self, length=None):
        """So many bytes of the body, all by default."""
        if length is None:
            length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length)
        if len(data) != length:
            raise ConnectionError("the body ended early")
        return data

    def reply(self, status, body=b"", fields=None):
        fields = fields or {}
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        if status != 204 and "Content-Length" not in fields:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, request, address):
        """A connection that broke is what the tests are about; whatever else goes wrong here is to be seen."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, address)


class LoopbackServer:
    """Serves from its creation to the end of a `with`. Its `answer(handler)` answers a request, on a thread of the
    connection's own.

    `tls`: paths of a chain and its key.
    """

    handler = Handler

    def __init__(self, host="127.0.0.1", port=0, tls=None):
        self.host, self.port, self.tls = host, port, tls
        self._lock = threading.Lock()
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def scheme(self):
        return "https" if self.tls else "http"

    @property
    def endpoint(self):
        return f"{self.scheme}://{self.host}:{self.port}"

    def start(self):
        """Listens, after a stop on the same port."""
        self._server = _Server((self.host, self.port), self.handler)
        self._server.owner = self
        self.port = self._server.server_port
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
