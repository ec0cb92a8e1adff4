"""The double that checks signatures is itself checked: against published vectors, against botocore, and by damage."""

import base64
import hashlib
import json
import os
import pathlib

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from support.sigv4 import Refused, Seed, Verifier, crc32c, decode_chunks, read_body, signing_key

TOP = pathlib.Path(__file__).resolve().parents[2]
VECTORS = pathlib.Path(os.environ.get("SHARED_DIR") or TOP.parent / "shared") / "vectors/sigv4/chunked.json"
CASES = json.loads(VECTORS.read_text())["cases"] if VECTORS.exists() else []
SHORT_CASES = [case for case in CASES if case["encoded_length"] < 2_000]
needs_vectors = pytest.mark.skipif(not CASES, reason=f"no {VECTORS}")


def payload_of(case):
    return b"".join(
        segment["repeat"].encode("latin-1") * segment["times"] if "repeat" in segment
        else base64.b64decode(segment["b64"]) for segment in case["payload"])


def encoded(case):
    """The body as the vector describes it."""
    payload, body, place = payload_of(case), b"", 0
    for chunk in case["chunks"]:
        body += chunk["header_line"].encode() + payload[place:place + chunk["size"]]
        body += b"\r\n" if chunk["size"] else b""
        place += chunk["size"]
    for name, value in case.get("trailers") or []:
        body += f"{name}:{value}\r\n".encode()
    if case.get("trailer_signature"):
        body += f"x-amz-trailer-signature:{case['trailer_signature']}\r\n".encode()
    body += b"\r\n"
    assert hashlib.sha256(body).hexdigest() == case["encoded_sha256"] and len(body) == case["encoded_length"]
    return body


def kind_of(case):
    if case["seed_signature"] is None:
        return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if case.get("trailers") else "")


def seed_of(case):
    if case["seed_signature"] is None:
        return None
    context = case["context"]
    day = context["timestamp"][:8]
    key = signing_key(context["secret_access_key"], day, context["region"], context["service"])
    scope = f"{day}/{context['region']}/{context['service']}/aws4_request"
    return Seed(key, context["timestamp"], scope, case["seed_signature"])


@needs_vectors
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_published_body_is_read(case):
    payload, trailers = decode_chunks(encoded(case), kind_of(case), seed_of(case), chunk_bytes_min=1)
    assert payload == payload_of(case)
    assert [list(pair) for pair in trailers] == (case.get("trailers") or [])
    sums = [value for name, value in trailers if name == "x-amz-checksum-crc32c"]
    assert all(value == crc32c(payload) for value in sums)


@needs_vectors
@pytest.mark.parametrize("case", SHORT_CASES, ids=lambda case: case["name"])
def test_no_byte_of_a_published_body_may_change(case):
    """But for what neither signature nor framing covers: the payload of unsigned chunks, and their trailers."""
    body, kind = encoded(case), kind_of(case)
    for place in range(len(body)):
        damaged = body[:place] + bytes([body[place] ^ 1]) + body[place + 1:]
        try:
            payload, trailers = decode_chunks(damaged, kind, seed_of(case), chunk_bytes_min=1)
        except Refused:
            continue
        assert kind == "STREAMING-UNSIGNED-PAYLOAD-TRAILER", place
        assert (payload, trailers) != decode_chunks(body, kind, None, chunk_bytes_min=1), place
    for cut in range(len(body)):
        with pytest.raises(Refused):
            decode_chunks(body[:cut], kind, seed_of(case), chunk_bytes_min=1)
    with pytest.raises(Refused):
        decode_chunks(body + b"\r\n", kind, seed_of(case), chunk_bytes_min=1)


def test_the_checksum_is_the_published_one():
    assert crc32c(b"123456789") == base64.b64encode(bytes.fromhex("e3069283")).decode()
    assert crc32c(bytes(32)) == base64.b64encode(bytes.fromhex("8a9136aa")).decode()


VERIFIER = Verifier("AKIATEST", "secret/+", "us-east-1", "a/token+=")


def signed(method="PUT", url="http://h:1/b/a%20b.png?partNumber=1&uploadId=x%2B", **headers):
    """A request that botocore has signed: target and fields."""
    request = botocore.awsrequest.AWSRequest(method, url, data=b"", headers={
        "x-amz-meta-sluice-id": "1", "content-type": "image/png", **headers})
    credentials = botocore.credentials.Credentials("AKIATEST", "secret/+", "a/token+=")
    botocore.auth.S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
    fields = {name.lower(): [value] for name, value in request.headers.items()}
    fields.setdefault("host", ["h:1"])
    return "/" + url.split("/", 3)[3], fields


def now_of(fields):
    import datetime
    moment = datetime.datetime.strptime(fields["x-amz-date"][0], "%Y%m%dT%H%M%SZ")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def test_what_botocore_signs_is_taken():
    target, fields = signed()
    seed = VERIFIER.verify("PUT", target, fields, now_of(fields))
    assert seed.signature in fields["authorization"][0]
    for drift in (-899, 899):
        VERIFIER.verify("PUT", target, fields, now_of(fields) + drift)


@pytest.mark.parametrize(("change", "code"), [
    (lambda fields: fields.update({"x-amz-acl": ["private"]}), "AccessDenied"),
    (lambda fields: fields.update({"host": ["g:1"]}), "SignatureDoesNotMatch"),
    (lambda fields: fields.update({"content-type": ["image/gif"]}), "SignatureDoesNotMatch"),
    (lambda fields: fields.pop("x-amz-security-token"), "SignatureDoesNotMatch"),
    (lambda fields: fields.pop("x-amz-content-sha256"), "InvalidRequest"),
    (lambda fields: fields.update({"x-amz-content-sha256": ["UNSIGNED-PAYLOAD"]}), "SignatureDoesNotMatch"),
])
def test_what_was_changed_after_signing_is_refused(change, code):
    target, fields = signed()
    change(fields)
    with pytest.raises(Refused) as refused:
        VERIFIER.verify("PUT", target, fields, 0)
    assert refused.value.code == code


def test_another_key_another_token_and_another_time_are_refused():
    target, fields = signed()
    now = now_of(fields)
    for verifier, moment, code in [
            (Verifier("AKIATEST", "other", "us-east-1", "a/token+="), now, "SignatureDoesNotMatch"),
            (Verifier("AKIATEST", "secret/+", "us-east-1"), now, "InvalidToken"),
            (Verifier("AKIATEST", "secret/+", "us-west-1", "a/token+="), now, "AuthorizationHeaderMalformed"),
            (VERIFIER, now + 901, "RequestTimeTooSkewed"), (VERIFIER, now - 901, "RequestTimeTooSkewed")]:
        with pytest.raises(Refused) as refused:
            verifier.verify("PUT", target, fields, moment)
        assert refused.value.code == code


def body_with(payload, trailer, **changes):
    kind = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    body = b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(payload), payload, trailer)
    fields = {"x-amz-content-sha256": [kind], "content-encoding": ["aws-chunked"],
              "x-amz-decoded-content-length": [str(len(payload))], "x-amz-trailer": ["x-amz-checksum-crc32c"]}
    fields.update(changes)
    return body, fields


def test_a_body_is_held_against_its_head():
    right = b"x-amz-checksum-crc32c:" + crc32c(b"abc").encode() + b"\r\n"
    assert read_body(*body_with(b"abc", right), None) == (b"abc", crc32c(b"abc"))
    wrong = [
        body_with(b"abd", right),
        body_with(b"abc", b""),
        body_with(b"abc", right + right),
        body_with(b"abc", right, **{"x-amz-trailer": ["x-amz-checksum-crc32"]}),
        body_with(b"abc", right, **{"x-amz-decoded-content-length": ["4"]}),
        body_with(b"abc", right, **{"content-encoding": ["gzip"]}),
        body_with(b"abc", right, **{"x-amz-content-sha256": ["UNSIGNED-PAYLOAD"]}),
    ]
    for body, fields in wrong:
        with pytest.raises(Refused):
            read_body(body, fields, None)
