"""An S3 that checks all that S3 checks of an upload: heads, chunks, trailers, checksums, lengths, parts.

What it refuses is kept in `refusals`, so that a test fails for it even where the daemon bears it.
"""

import hashlib
import time
import urllib.parse
import xml.etree.ElementTree as ET

from support.loopback import Handler, LoopbackServer
from support.s3_double import BUCKET
from support.sigv4 import Refused, Verifier, read_body

REGION = "eu-central-1"
OWNER = "123456789012"
PART_BYTES_MIN = 5 * 1024 * 1024
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class StrictHandler(Handler):
    def date_time_string(self, timestamp=None):
        return super().date_time_string(self.owner.now())

    def handle_expect_100(self):
        """Whoever asks first is refused before its body is sent."""
        try:
            self.owner.judge(self)
        except Refused as refused:
            self.owner.refuse(self, refused)
            self.close_connection = True
            return False
        return super().handle_expect_100()


class StrictStore(LoopbackServer):
    handler = StrictHandler

    def __init__(self, *, certificate=None, bucket=BUCKET, session_token=None):
        """`certificate`: paths of a chain and its key, for TLS."""
        self.bucket = bucket
        self.verifier = Verifier("AKIASTRICT", "strict/Secret+0123456789", REGION, session_token)
        self.clock_ahead = 0
        self.requests, self.refusals, self.objects, self.uploads = [], [], {}, {}
        self.before = lambda operation: None
        # What the network makes of a body.
        self.transit = lambda operation, body: body
        super().__init__(tls=certificate)

    def environment(self, host="127.0.0.1"):
        settings = {
            "AWS_ENDPOINT_URL_S3": f"{self.scheme}://{host}:{self.port}", "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.verifier.access_key, "AWS_SECRET_ACCESS_KEY": self.verifier.secret_key,
            "S3_BUCKET": self.bucket}
        if self.verifier.session_token:
            settings["AWS_SESSION_TOKEN"] = self.verifier.session_token
        return settings

    def now(self):
        return time.time() + self.clock_ahead

    def seen(self, operation=None):
        with self._lock:
            return [request for request in self.requests if operation in (None, request["operation"])]

    # Judging

    @staticmethod
    def fields(handler):
        fields = {}
        for name, value in handler.headers.items():
            fields.setdefault(name.lower(), []).append(value)
        return fields

    def judge(self, handler):
        """The seed of the body's signatures; a head that S3 would not take is refused."""
        fields = self.fields(handler)
        if "transfer-encoding" in fields:
            raise Refused(501, "NotImplemented", "Transfer-Encoding")
        if handler.command in ("PUT", "POST") and len(fields.get("content-length", [])) != 1:
            raise Refused(411, "MissingContentLength")
        seed = self.verifier.verify(handler.command, handler.path, fields, self.now())
        if fields.get("x-amz-expected-bucket-owner", [OWNER]) != [OWNER]:
            raise Refused(403, "AccessDenied", "the bucket is somebody else's")
        return seed

    def place(self, handler):
        """The style of the address, and the object's key."""
        path = urllib.parse.urlsplit(handler.path).path
        host = handler.headers["Host"].removesuffix(f":{self.port}")
        if host.startswith(self.bucket + "."):
            return "virtual", urllib.parse.unquote(path[1:])
        if path != f"/{self.bucket}" and not path.startswith(f"/{self.bucket}/"):
            raise Refused(404, "NoSuchBucket", path)
        return "path", urllib.parse.unquote(path[len(self.bucket) + 2:])

    @staticmethod
    def operation(handler, query):
        if "uploads" in query:
            return "create" if handler.command == "POST" else "list"
        if "uploadId" in query:
            return {"PUT": "part", "POST": "complete", "DELETE": "abort"}[handler.command]
        return {"PUT": "put", "HEAD": "head", "DELETE": "delete"}[handler.command]

    def answer(self, handler):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query, keep_blank_values=True)
        operation = self.operation(handler, query)
        self.before(operation)
        body = self.transit(operation, handler.rfile.read(int(handler.headers.get("Content-Length") or 0)))
        fields = self.fields(handler)
        try:
            seed = self.judge(handler)
            style, key = self.place(handler)
            payload, checksum = read_body(body, fields, seed)
            with self._lock:
                status, answered, reply = getattr(self, "do_" + operation)(key, query, fields, payload, checksum)
        except Refused as refused:
            return self.refuse(handler, refused)
        with self._lock:
            self.requests.append({
                "operation": operation, "key": key, "style": style, "fields": fields, "length": len(body),
                "kind": fields["x-amz-content-sha256"][0]})
        handler.reply(status, reply, answered)

    def refuse(self, handler, refused):
        with self._lock:
            self.refusals.append(refused)
        body = f"<Error><Code>{refused.code}</Code><Message>refused</Message></Error>".encode()
        handler.reply(refused.status, body)

    # What is done, under the lock

    def do_create(self, key, _query, fields, payload, _checksum):
        if payload:
            raise Refused(400, "InvalidRequest", "a body")
        algorithm = fields.get("x-amz-checksum-algorithm", [None])[0]
        if algorithm not in (None, "CRC32C"):
            raise Refused(400, "InvalidRequest", algorithm)
        upload = f"{len(self.uploads) + 1}+/="
        self.uploads[upload] = {"key": key, "fields": fields, "algorithm": algorithm, "parts": {}}
        return 200, {}, (f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId>"
                         "</InitiateMultipartUploadResult>").encode()

    def open_upload(self, key, query):
        upload = self.uploads.get(query["uploadId"][0])
        if upload is None or upload["key"] != key:
            raise Refused(404, "NoSuchUpload", f"{query}")
        return upload

    def do_part(self, key, query, _fields, payload, checksum):
        upload = self.open_upload(key, query)
        if (upload["algorithm"] is None) != (checksum is None):
            raise Refused(400, "InvalidRequest", f"a checksum {checksum} in an upload with {upload['algorithm']}")
        etag = f'"{hashlib.md5(payload).hexdigest()}"'
        upload["parts"][int(query["partNumber"][0])] = (etag, checksum, payload)
        return 200, {"ETag": etag, **({"x-amz-checksum-crc32c": checksum} if checksum else {})}, b""

    def do_complete(self, key, query, _fields, payload, _checksum):
        upload = self.open_upload(key, query)
        root = ET.fromstring(payload)
        parts, last = [], 0
        for element in root.findall(NAMESPACE + "Part"):
            number, etag, checksum = (
                element.findtext(NAMESPACE + name) for name in ("PartNumber", "ETag", "ChecksumCRC32C"))
            if int(number) <= last:
                raise Refused(400, "InvalidPartOrder")
            last = int(number)
            known = upload["parts"].get(last, (None, None, b""))
            if etag != known[0]:
                raise Refused(400, "InvalidPart", f"{etag} is not {known[0]}")
            if checksum != known[1]:
                raise Refused(400, "InvalidPart", f"part {last} has the checksum {known[1]}, not {checksum}")
            parts.append(known[2])
        if root.tag != NAMESPACE + "CompleteMultipartUpload" or not parts:
            raise Refused(400, "MalformedXML", f"{payload!r}")
        if any(len(part) < PART_BYTES_MIN for part in parts[:-1]):
            raise Refused(400, "EntityTooSmall")
        self.objects[key] = (b"".join(parts), upload["fields"])
        del self.uploads[query["uploadId"][0]]
        return 200, {}, b'<CompleteMultipartUploadResult><ETag>"x-1"</ETag></CompleteMultipartUploadResult>'

    def do_abort(self, key, query, _fields, _payload, _checksum):
        self.open_upload(key, query)
        del self.uploads[query["uploadId"][0]]
        return 204, {}, b""

    def do_put(self, key, _query, fields, payload, checksum):
        self.objects[key] = (payload, fields)
        etag = f'"{hashlib.md5(payload).hexdigest()}"'
        return 200, {"ETag": etag, **({"x-amz-checksum-crc32c": checksum} if checksum else {})}, b""

    def do_head(self, key, _query, _fields, _payload, _checksum):
        if not key:
            return 200, {}, b""
        if key not in self.objects:
            raise Refused(404, "NotFound")
        data, fields = self.objects[key]
        return 200, {"ETag": '"e"', "x-amz-meta-sluice-id": fields["x-amz-meta-sluice-id"][0],
                     "Content-Length": str(len(data))}, None

    def do_delete(self, key, _query, _fields, _payload, _checksum):
        self.objects.pop(key, None)
        return 204, {}, b""

    def do_list(self, _key, query, _fields, _payload, _checksum):
        found = "".join(
            f"<Upload><Key>{upload['key']}</Key><UploadId>{name}</UploadId></Upload>"
            for name, upload in self.uploads.items() if upload["key"].startswith(query["prefix"][0]))
        return 200, {}, f"<ListMultipartUploadsResult>{found}</ListMultipartUploadsResult>".encode()
