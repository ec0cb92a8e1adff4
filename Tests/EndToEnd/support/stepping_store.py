"""An S3 that stops at a named step until it is told to go on: what a daemon's death between two steps needs.

It keeps what S3 keeps, with a digest instead of an object's bytes. It verifies no signature.
"""

import collections
import dataclasses
import hashlib
import re
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

from support import s3_double
from support.s3_double import BUCKET, COMPLETED, S3Double, created, error, listed_upload

HOLD_SECONDS_MAX = 60
# Of a body that is cut off inside: a PutObject of more than 64 KiB shows all but its last 4 before it is whole.
INSIDE_BYTES = 8_192


@dataclasses.dataclass
class Step:
    """Where a request stops: `before` it is carried out (its body is there), `inside` of its body, or `after` it was
    carried out and before it is answered."""

    operation: str
    point: str
    # Only for keys that begin with this.
    prefix: str = "users/"
    # While Complete is held before it is carried out, another Complete of the upload is told that there is none.
    is_busy: bool = False
    # Of a part.
    number: int = 0
    key: str = ""
    reached: threading.Event = dataclasses.field(default_factory=threading.Event)
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    _go: threading.Event = dataclasses.field(default_factory=threading.Event)
    # Seconds until it is carried out; None: it never is.
    _fate: float | None = 0.0

    def __str__(self):
        return f"{self.operation}{self.number or ''}:{'running' if self.is_busy else self.point}"

    def let_go(self, carried_out_after=None):
        self._fate = carried_out_after
        self._go.set()

    def hold(self):
        self.reached.set()
        self._go.wait(HOLD_SECONDS_MAX)
        if self._fate:
            time.sleep(self._fate)
        return self._fate is not None


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class SteppingStore(S3Double):
    def __init__(self):
        self.objects, self.uploads = {}, {}
        self.history = collections.defaultdict(list)
        self.seen = collections.Counter()
        # `{operation: (status, how many more)}`
        self.refusals = {}
        self._armed = []
        self._busy = set()
        self._serial = 0
        super().__init__()

    def arm(self, step):
        with self._lock:
            self._armed.append(step)
        return step

    def disarm(self, step):
        with self._lock:
            if step in self._armed:
                self._armed.remove(step)
        step.let_go()

    def open_keys(self, prefix="users/"):
        with self._lock:
            return sorted(upload["key"] for upload in self.uploads.values() if upload["key"].startswith(prefix))

    def stored(self, prefix="users/"):
        with self._lock:
            return {key: entry for key, entry in self.objects.items() if key.startswith(prefix)}

    def told(self, key):
        """What was asked of a key, for a message."""
        with self._lock:
            return " ".join(self.history[key]) or "nothing"

    # What it is asked

    def answer(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        query = {name: values[0] for name, values in
                 urllib.parse.parse_qs(parts.query, keep_blank_values=True).items()}
        key = urllib.parse.unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/")
        operation = s3_double.operation(handler.command, query, key)
        named = key or query.get("prefix", "")
        step = self.take(operation, named, int(query.get("partNumber", 0)))
        length = int(handler.headers.get("Content-Length") or 0)
        try:
            if step and step.point == "inside":
                body = handler.read(min(length // 2, INSIDE_BYTES))
                step.hold()
                body += handler.read(length - len(body))
            else:
                body = handler.read(length)
            status, answered, reply = self.carry_out(step, operation, key, query, handler.headers, body)
        except Refused as refused:
            status, answered, reply = refused.status, {}, error(refused.code)
        finally:
            if step:
                step.done.set()
        self.note(named, f"{operation}={status}")
        handler.reply(status, reply, answered)

    def take(self, operation, key, number):
        with self._lock:
            for step in self._armed:
                if step.operation == operation and key.startswith(step.prefix) and step.number in (0, number):
                    self._armed.remove(step)
                    step.key = key
                    return step
        return None

    def note(self, key, word):
        with self._lock:
            self.history[key].append(word)
            self.seen[word.partition("=")[0]] += 1

    def carry_out(self, step, operation, key, query, headers, body):
        if step and step.point == "before":
            if step.is_busy:
                with self._lock:
                    self._busy.add(query["uploadId"])
            self.note(key, f"{operation}:held")
            if not step.hold():
                raise ConnectionError("never carried out")
            with self._lock:
                self._busy.discard(query.get("uploadId"))
        with self._lock:
            status, left = self.refusals.get(operation, (0, 0))
            if left:
                self.refusals[operation] = (status, left - 1)
                raise Refused(status, "AccessDenied")
            result = self.perform(operation, key, query, headers, body)
        if step and step.point == "after":
            self.note(key, f"{operation}:unanswered")
            step.hold()
        return result

    # What is done, under the lock

    def perform(self, operation, key, query, headers, body):
        mark = headers.get("x-amz-meta-sluice-id", "")
        if operation == "create":
            self._serial += 1
            name = f"upload-{self._serial}"
            self.uploads[name] = {"key": key, "mark": mark, "parts": {}, "at": time.time()}
            return 200, {}, created(name)
        if operation == "search":
            return 200, {}, self.listing(query)
        if operation == "probe":
            return 200, {}, b""
        if operation == "head":
            if key not in self.objects:
                return 404, {}, b""
            size, _, mark = self.objects[key]
            return 200, {"ETag": '"e"', "Content-Length": str(size), "x-amz-meta-sluice-id": mark}, b""
        if operation == "put":
            self.objects[key] = (len(body), hashlib.sha256(body).hexdigest(), mark)
            return 200, {"ETag": etag(body)}, b""
        if operation == "delete":
            self.objects.pop(key, None)
            return 204, {}, b""
        upload = self.uploads.get(query["uploadId"])
        if upload is None or upload["key"] != key:
            raise Refused(404, "NoSuchUpload")
        if operation == "part":
            upload["parts"][int(query["partNumber"])] = body
            return 200, {"ETag": etag(body)}, b""
        if operation == "parts":
            found = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag(data))}</ETag>"
                            f"<Size>{len(data)}</Size></Part>" for number, data in sorted(upload["parts"].items()))
            return 200, {}, f"<ListPartsResult><IsTruncated>false</IsTruncated>{found}</ListPartsResult>".encode()
        if operation == "complete" and query["uploadId"] in self._busy:
            raise Refused(404, "NoSuchUpload")
        if operation == "abort":
            del self.uploads[query["uploadId"]]
            return 204, {}, b""
        return self.complete(query["uploadId"], upload, body)

    def complete(self, name, upload, body):
        named = re.findall(rb"<Part>.*?</Part>", body, re.S)
        data = b""
        for part in named:
            number = int(re.search(rb"<PartNumber>(\d+)<", part)[1])
            tag = re.search(rb"<ETag>(.*?)</ETag>", part)[1].decode().replace("&quot;", '"')
            if number not in upload["parts"] or etag(upload["parts"][number]) != tag:
                raise Refused(400, "InvalidPart")
            data += upload["parts"][number]
        if not named:
            raise Refused(400, "MalformedXML")
        del self.uploads[name]
        self.objects[upload["key"]] = (len(data), hashlib.sha256(data).hexdigest(), upload["mark"])
        return 200, {}, COMPLETED

    def listing(self, query):
        found = "".join(listed_upload(upload["key"], name, upload["at"]) for name, upload in self.uploads.items()
                        if upload["key"].startswith(query.get("prefix", "")))
        return (f"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{found}"
                "</ListMultipartUploadsResult>").encode()


def etag(data):
    return f'"{hashlib.md5(data).hexdigest()}"'
