"""What the doubles of S3 that verify no signature have in common: what a request asks for, and words of answers."""

import time
from xml.sax.saxutils import escape

from support import tokens
from support.loopback import LoopbackServer

BUCKET = "pictures"
COMPLETED = b"<CompleteMultipartUploadResult><ETag>&quot;0-1&quot;</ETag></CompleteMultipartUploadResult>"


class S3Double(LoopbackServer):
    @property
    def environment(self):
        return {"AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIATEST",
                "AWS_SECRET_ACCESS_KEY": "secret", "S3_BUCKET": BUCKET, "SLUICE_S3_PAYLOAD": "unsigned"}

    def settings(self, **more):
        """Of a daemon of one worker that keeps its images here."""
        return {**self.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", **more}


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


def error(code):
    return (f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>as told</Message>"
            "<RequestId>1</RequestId></Error>").encode()


def created(upload):
    return (f"<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>{upload}</UploadId>"
            "</InitiateMultipartUploadResult>").encode()


def listed_upload(key, upload, begun):
    """One of a ListMultipartUploads."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(begun))
    return f"<Upload><Key>{escape(key)}</Key><UploadId>{upload}</UploadId><Initiated>{at}</Initiated></Upload>"
