"""Answers of a store that has done what it was asked and tells of it in a monstrous way: for `MortalStore.faults`."""

import time

from support.s3_double import error

GIBIBYTE = 1 << 30
JUNK = b"<Junk>" + bytes(range(256)) * 256


class Flood:
    """A GiB of what is no answer, framed as `framing` says, as long as somebody reads it; counts what was taken."""

    def __init__(self, framing, block=JUNK):
        self.framing, self.block = framing, block
        self.sent = []

    def __call__(self, handler, status, answer):
        handler.close_connection = True
        head = f"HTTP/1.1 {status if status != 204 else 200} Flood\r\nETag: \"0123456789abcdef\"\r\n".encode()
        block = self.block
        if self.framing == "declared":
            head += b"Content-Length: %d\r\n\r\n" % GIBIBYTE
        elif self.framing == "chunked":
            head += b"Transfer-Encoding: chunked\r\n\r\n"
            block = b"%x\r\n%b\r\n" % (len(block), block)
        elif self.framing == "unframed":
            head += b"Connection: close\r\n\r\n"
        elif self.framing == "fields":
            block = b"".join(b"x-junk-%d: %b\r\n" % (number, b"j" * 1_000) for number in range(64))
        elif self.framing == "one-field":
            head, block = head + b"x-junk: ", b"j" * 65_536
        elif self.framing == "interim":
            head, block = b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1_000
        elif self.framing == "trailers":
            body = answer or b" "
            head += b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(body), body)
            block = b"".join(b"x-junk-%d: %b\r\n" % (number, b"j" * 1_000) for number in range(64))
        sent = 0
        try:
            handler.connection.settimeout(60)
            handler.connection.sendall(head)
            while sent < GIBIBYTE:
                handler.connection.sendall(block)
                sent += len(block)
        except OSError:
            pass
        finally:
            self.sent.append(sent)


def declares(difference, and_then="close"):
    """An answer whose `Content-Length` is off by so much; the connection then ends, or stays silently open."""
    def say(handler, status, answer):
        status = 200 if status == 204 else status
        # One that is cut off at nothing would be whole.
        length = max(len(answer) + difference, 0)
        head = f"HTTP/1.1 {status} Off\r\nETag: \"0123456789abcdef\"\r\nContent-Length: {length}\r\n\r\n"
        handler.wfile.write(head.encode() + answer)
        if and_then == "close":
            handler.close_connection = True
        elif and_then == "silence":
            handler.close_connection = True
            handler.connection.settimeout(60)
            handler.rfile.read(1)
    return say


def smuggles(handler, status, answer):
    """Behind the answer stands another, which says yes to whatever the connection is used for next."""
    body = b"<CompleteMultipartUploadResult><ETag>&quot;e&quot;</ETag></CompleteMultipartUploadResult>"
    first = f"HTTP/1.1 {status} Right\r\nETag: \"0123456789abcdef\"\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
    second = b"HTTP/1.1 200 Smuggled\r\nETag: \"e\"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    handler.connection.sendall(first + answer + second)


def says(document, status=200):
    """`document` instead of the answer's own."""
    def say(handler, *_):
        head = f"HTTP/1.1 {status} Words\r\nETag: \"0123456789abcdef\"\r\nContent-Length: {len(document)}\r\n\r\n"
        handler.wfile.write(head.encode() + document)
    return say


def half_of(seconds):
    """Half of the answer, and the other half so much later."""
    def say(handler, status, answer):
        whole = f"HTTP/1.1 {status} Half\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer
        handler.wfile.write(whole[:len(whole) // 2])
        time.sleep(seconds)
        handler.wfile.write(whole[len(whole) // 2:])
    return say


# Documents that no S3 sends, by what is wrong with them.
JUNK_XML = {
    "unclosed": b"<InitiateMultipartUploadResult><UploadId>1",
    "deep": b"<a>" * 10_000,
    "entities": b'<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "' + b"&l;" * 1_000 + b'">]><a>' + b"&m;" * 1_000 + b"</a>",
    "external": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><InitiateMultipartUploadResult><UploadId>&x;'
                b"</UploadId></InitiateMultipartUploadResult>",
    "attribute": b'<InitiateMultipartUploadResult a="' + b"x" * 30_000 + b'"><UploadId>1</UploadId>',
    "empty-id": b"<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>",
    "huge-id": b"<InitiateMultipartUploadResult><UploadId>" + b"1" * 9_000
               + b"</UploadId></InitiateMultipartUploadResult>",
    "wrong-root": b"<Result><UploadId>1</UploadId><ETag>e</ETag></Result>",
    "nested": b"<a><CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult></a>",
    "nul": b"<CompleteMultipartUploadResult><ETag>\0</ETag></CompleteMultipartUploadResult>",
    "utf-16": "<CompleteMultipartUploadResult/>".encode("utf-16"),
    "html": b"<!DOCTYPE html><html><body>Welcome to the portal<br></body></html>",
    "json": b'{"UploadId":"1"}',
    "nothing": b"",
    "error-within": b"<CompleteMultipartUploadResult>" + error("InternalError") + b"</CompleteMultipartUploadResult>",
}
