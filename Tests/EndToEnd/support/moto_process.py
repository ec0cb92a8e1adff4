"""S3, SSM and IAM played by moto with signatures verified, in one process on two free loopback ports, plain and TLS.

Takes the files of a certificate and of its key. Prints one JSON line (endpoints, access key, secret key) when it
serves. Every request that reaches moto is kept and
handed out by `GET /-record`, which is not itself kept. Run by `support.moto_server.Moto`; ends on SIGTERM.
"""

import json
import logging
import signal
import sys
import threading
import time
import urllib.parse
import urllib.request

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


class Recorder:
    """A WSGI layer over moto that writes down what was asked and what was answered."""

    def __init__(self, application):
        self.application = application
        self.lock = threading.Lock()
        self.requests = []
        self.begun = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()).encode()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/-record":
            with self.lock:
                body = json.dumps(self.requests).encode()
            start_response("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        entry = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ.get("QUERY_STRING", ""),
            "target": environ.get("HTTP_X_AMZ_TARGET", ""),
            "length": environ.get("CONTENT_LENGTH", ""),
            "payload": environ.get("HTTP_X_AMZ_CONTENT_SHA256", ""),
            "port": environ.get("REMOTE_PORT"),
            "scheme": environ["wsgi.url_scheme"],
            "status": None,
        }
        with self.lock:
            self.requests.append(entry)

        def note_status(status, headers, *rest):
            entry["status"] = int(status.split()[0])
            return start_response(status, headers, *rest)

        answer = self.application(environ, note_status)
        if environ["REQUEST_METHOD"] == "GET" and "uploads" in environ.get("QUERY_STRING", ""):
            # Moto knows no time of an upload, and would have all of them old enough to be swept by anybody.
            return [b"".join(answer).replace(b"2010-11-10T20:48:33.000Z", self.begun)]
        return answer


def judge_queries_as_they_came():
    """Moto decodes the slashes of a query before it verifies the signature, which was made over the escaped ones."""
    from moto.iam import access_control
    make = access_control.IAMRequestBase.__init__

    def make_escaped(self, *arguments, path, **others):
        path, mark, query = path.partition("?")
        make(self, *arguments, path=path + mark + urllib.parse.quote(query, safe="%=&-_.~"), **others)

    access_control.IAMRequestBase.__init__ = make_escaped


def make_user(endpoint):
    """A user who may do everything; after this moto refuses whatever that user's key has not signed."""
    iam = boto3.client(
        "iam", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    iam.create_user(UserName="sluice")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="sluice", PolicyName="all", PolicyDocument=policy)
    key = iam.create_access_key(UserName="sluice")["AccessKey"]
    headers = {"Content-Type": "application/octet-stream"}
    verify_from_now_on = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", data=b"0", headers=headers)
    urllib.request.urlopen(verify_from_now_on).read()
    return key["AccessKeyId"], key["SecretAccessKey"]


def serve(application, ssl_context=None):
    """The port on which a thread serves from now on."""
    server = make_server("127.0.0.1", 0, application, threaded=True, ssl_context=ssl_context)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    judge_queries_as_they_came()
    recorder = Recorder(DomainDispatcherApplication(create_backend_app))
    endpoint = f"http://127.0.0.1:{serve(recorder)}"
    tls_endpoint = f"https://127.0.0.1:{serve(recorder, tuple(sys.argv[1:3]))}"
    access_key, secret_key = make_user(endpoint)
    print(json.dumps({"endpoint": endpoint, "tls_endpoint": tls_endpoint, "access_key": access_key,
                      "secret_key": secret_key}), flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
