"""Signature Version 4 and aws-chunked bodies as a strict server reads them, from AWS's documents, with `hashlib` and
`hmac` alone. Nothing here knows how Sluice does it.
"""

import base64
import dataclasses
import datetime
import hashlib
import hmac
import re
import urllib.parse

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
STREAMING = {
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": (True, False),
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": (True, True),
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER": (False, True),
}
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html: at least 8 KB, but for the last one.
CHUNK_BYTES_MIN = 8 * 1024
SKEW_SECONDS_MAX = 15 * 60
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/, ]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})")
CANONICAL_PATH = re.compile(r"/(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*")


class Refused(Exception):
    """What S3 would answer instead."""

    def __init__(self, status, code, message=""):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


def mac(key, text):
    return hmac.new(key, text.encode() if isinstance(text, str) else text, hashlib.sha256).digest()


def signing_key(secret, day, region, service):
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = mac(key, part)
    return key


@dataclasses.dataclass
class Seed:
    """What the chunks of a body continue."""
    key: bytes
    date: str
    scope: str
    signature: str

    def sign(self, algorithm, *rest):
        """The next signature, which continues the last one."""
        text = "\n".join((algorithm, self.date, self.scope, self.signature, *rest))
        self.signature = mac(self.key, text).hex()
        return self.signature


def canonical_query(query):
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def canonical_request(method, target, fields, names, payload):
    """`fields` is a dictionary of lists by lower-case names."""
    path, _, query = target.partition("?")
    lines = [f"{name}:{','.join(' '.join(value.split()) for value in fields[name])}\n" for name in names]
    return "\n".join((method, path, canonical_query(query), "".join(lines), ";".join(names), payload))


@dataclasses.dataclass
class Verifier:
    """One account's key."""
    access_key: str
    secret_key: str
    region: str
    session_token: str | None = None

    def verify(self, method, target, fields, now):
        """Judges a head; answers with the seed of its chunks. `fields` as above; `now` in seconds since 1970."""
        def one(name):
            values = fields.get(name, [])
            if len(values) != 1:
                raise Refused(400, "InvalidRequest", f"{len(values)} fields {name}")
            return values[0]

        found = AUTHORIZATION.fullmatch(one("authorization"))
        if not found:
            raise Refused(400, "AuthorizationHeaderMalformed", one("authorization"))
        access_key, day, region, service, names, signature = found.groups()
        date, payload = one("x-amz-date"), one("x-amz-content-sha256")
        self._judge_scope(access_key, day, region, service, date)
        self._judge_names(names.split(";"), fields)
        path, _, query = target.partition("?")
        if not CANONICAL_PATH.fullmatch(path):
            raise Refused(400, "InvalidURI", f"not in canonical form: {path}")
        for pair in query.split("&") if query else []:
            name, equals, value = pair.partition("=")
            if not equals or any(urllib.parse.quote(urllib.parse.unquote(text), safe="-._~") != text
                                 for text in (name, value)):
                raise Refused(400, "InvalidURI", f"not in canonical form: {pair}")
        canonical = canonical_request(method, target, fields, names.split(";"), payload)
        scope = f"{day}/{region}/{service}/aws4_request"
        text = "\n".join(("AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        key = signing_key(self.secret_key, day, region, service)
        if mac(key, text).hex() != signature:
            raise Refused(403, "SignatureDoesNotMatch", canonical)
        moment = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs(moment.timestamp() - now) > SKEW_SECONDS_MAX:
            raise Refused(403, "RequestTimeTooSkewed", "the difference is too large")
        token = fields.get("x-amz-security-token", [None])
        if token != [self.session_token]:
            raise Refused(403, "InvalidToken", "another session token than the key's")
        return Seed(key, date, scope, signature)

    def _judge_scope(self, access_key, day, region, service, date):
        if access_key != self.access_key:
            raise Refused(403, "InvalidAccessKeyId", access_key)
        if not re.fullmatch(r"\d{8}T\d{6}Z", date) or date[:8] != day:
            raise Refused(403, "SignatureDoesNotMatch", f"{date} is not on {day}")
        if (region, service) != (self.region, "s3"):
            raise Refused(400, "AuthorizationHeaderMalformed", f"scope {region}/{service}")

    @staticmethod
    def _judge_names(names, fields):
        if names != sorted(set(names)):
            raise Refused(400, "AuthorizationHeaderMalformed", f"not in order: {names}")
        must = {name for name in fields if name.startswith("x-amz-")} | {"host"}
        must |= {"content-type", "content-encoding", "content-md5"} & set(fields)
        if not must <= set(names):
            raise Refused(403, "AccessDenied", f"fields that were not signed: {sorted(must - set(names))}")
        if not set(names) <= set(fields):
            raise Refused(403, "SignatureDoesNotMatch", f"fields that are not there: {names}")


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc32c_table()


def crc32c(data) -> str:
    """As S3 writes it: base 64 of four bytes."""
    value, table = 0xFFFFFFFF, TABLE
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return base64.b64encode((value ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


def decode_chunks(body, kind, seed, chunk_bytes_min=CHUNK_BYTES_MIN):
    """The payload and the trailers, a list of pairs, of an aws-chunked body; every signature is checked."""
    is_signed, has_trailers = STREAMING[kind]
    signature = rb";chunk-signature=([0-9a-f]{64})" if is_signed else rb""
    head = re.compile(rb"(0|[1-9a-f][0-9a-f]*)" + signature + rb"\r\n")
    payload, sizes, place = [], [], 0
    while not sizes or sizes[-1] > 0:
        found = head.match(body, place)
        if not found:
            raise Refused(400, "InvalidRequest", f"no chunk at {place}: {body[place:place + 90]!r}")
        size, place = int(found[1], 16), found.end()
        data = body[place:place + size]
        if len(data) < size:
            raise Refused(400, "IncompleteBody", f"a chunk of {size} bytes has {len(data)}")
        if is_signed:
            expected = seed.sign("AWS4-HMAC-SHA256-PAYLOAD", EMPTY_SHA256, hashlib.sha256(data).hexdigest())
            if found[2].decode() != expected:
                raise Refused(403, "SignatureDoesNotMatch", f"chunk {len(sizes)}")
        payload.append(data)
        sizes.append(size)
        place += size
        if size > 0:
            if body[place:place + 2] != b"\r\n":
                raise Refused(400, "InvalidRequest", f"no line end behind chunk {len(sizes)}")
            place += 2
    if any(size < chunk_bytes_min for size in sizes[:-2]):
        raise Refused(403, "InvalidChunkSizeError", f"{sizes}")
    trailers = read_trailers(body[place:], seed if is_signed and has_trailers else None)
    if trailers and not has_trailers:
        raise Refused(400, "MalformedTrailerError", "trailers that nothing announced")
    return b"".join(payload), trailers


def read_trailers(rest, seed):
    """The trailers behind the last chunk; the last one signs the others where there is a seed."""
    if not rest.endswith(b"\r\n"):
        raise Refused(400, "MalformedTrailerError", f"{rest!r}")
    lines = rest[:-2].decode("ascii")
    if lines and not re.fullmatch(r"(?:[a-z0-9-]+:[^\r\n]+\r\n)+", lines):
        raise Refused(400, "MalformedTrailerError", f"{rest!r}")
    trailers = [tuple(line.split(":", 1)) for line in lines.split("\r\n")[:-1]]
    if seed is None:
        return trailers
    if not trailers or trailers[-1][0] != "x-amz-trailer-signature":
        raise Refused(403, "SignatureDoesNotMatch", "the trailers are not signed")
    *trailers, (_, signature) = trailers
    canonical = "".join(f"{name}:{value}\n" for name, value in trailers)
    if seed.sign("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(canonical.encode()).hexdigest()) != signature:
        raise Refused(403, "SignatureDoesNotMatch", "trailers")
    return trailers


def read_body(body, fields, seed):
    """What a body with such a head stores, checked in full: (bytes, checksum or None)."""
    def one(name):
        values = fields.get(name, [])
        if len(values) > 1:
            raise Refused(400, "InvalidRequest", f"{len(values)} fields {name}")
        return values[0] if values else None

    kind = one("x-amz-content-sha256")
    streaming = ("x-amz-decoded-content-length", "x-amz-trailer", "content-encoding")
    if kind not in STREAMING:
        if any(one(name) is not None for name in streaming):
            raise Refused(400, "InvalidRequest", f"fields of aws-chunked with {kind}")
        if kind != "UNSIGNED-PAYLOAD" and kind != hashlib.sha256(body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch", f"{kind}")
        return body, None
    if one("content-encoding") not in ("aws-chunked", None):
        raise Refused(400, "InvalidRequest", f"content-encoding: {one('content-encoding')}")
    payload, trailers = decode_chunks(body, kind, seed)
    if one("x-amz-decoded-content-length") != str(len(payload)):
        raise Refused(400, "IncompleteBody", f"{len(payload)} bytes, not {one('x-amz-decoded-content-length')}")
    announced = (one("x-amz-trailer") or "").split(",") if one("x-amz-trailer") else []
    if [name for name, _ in trailers] != announced or STREAMING[kind][1] != bool(announced):
        raise Refused(400, "MalformedTrailerError", f"{trailers}, announced {announced}")
    if not announced:
        return payload, None
    if announced != ["x-amz-checksum-crc32c"]:
        raise Refused(400, "InvalidRequest", f"{announced}")
    checksum = trailers[0][1]
    if checksum != crc32c(payload):
        raise Refused(400, "BadDigest", f"{checksum} is not {crc32c(payload)}")
    return payload, checksum
