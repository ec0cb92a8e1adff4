"""An SSM that answers GetParameter with what it is told to. It verifies nothing."""

import http.server
import json
import threading

DENIED = "User: arn:aws:sts::1:assumed-role/gateway/i is not authorized to perform: "


class ParameterStore:
    """`value` is what is answered, unless `refusal` is a (status, code, message); `reads` counts."""

    def __init__(self, value):
        self.value = value
        self.refusal = None
        self.reads = 0
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                store.reads += 1
                status, answer = 200, {"Parameter": {"Type": "SecureString", "Value": store.value}}
                if store.refusal:
                    status, code, message = store.refusal
                    answer = {"__type": f"com.amazonaws.ssm#{code}", "message": message}
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def settings(self, **more):
        """Of a daemon that takes its secret from here, and keeps its images in a directory."""
        return {"SLUICE_STORE": "directory", "JWT_SECRET_PARAMETER": "/gateway/secret", "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL_SSM": self.endpoint, "AWS_ACCESS_KEY_ID": "AKIATEST",
                "AWS_SECRET_ACCESS_KEY": "hidden", **more}
