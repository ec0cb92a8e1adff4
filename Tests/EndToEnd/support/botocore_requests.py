"""Random requests to S3 as botocore signs them, one JSON object a line: for whoever signs the same ones to compare.

Arguments: a seed and a number of requests.
"""

import datetime
import hashlib
import json
import random
import sys
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

LETTERS = "abcXYZ019-._~ +%/&=?#;:@!$'()*,\"<>[]{}|^`\\\t한글é\u0301\U0001F600"
VALUES = "abcXYZ 019-._~+%/&=?#;:@!\t,\"'()"
NAMES = ["content-type", "Content-MD5", "content-encoding", "x-amz-acl", "X-Amz-Meta-Sluice-Id", "x-amz-meta-a-b",
         "x-amz-trailer", "x-amz-decoded-content-length", "User-Agent", "expect", "x-amz-checksum-algorithm", "range"]
LITERALS = ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"]


class FixedPayload(botocore.auth.S3SigV4Auth):
    """Says of the payload what it is told to."""

    def payload(self, request):
        return request.context["payload"]


def text(source, alphabet, length):
    return "".join(source.choice(alphabet) for _ in range(source.randrange(length)))


def encoded_query(source):
    pairs = [(text(source, LETTERS, 8), text(source, LETTERS, 12)) for _ in range(source.randrange(5))]
    pairs += source.sample([("uploads", ""), ("uploadId", text(source, LETTERS, 40)), ("partNumber", "7")], 1)
    quoted = [[urllib.parse.quote(part, safe="-_.~") for part in pair] for pair in pairs]
    return "&".join("=".join(pair) for pair in quoted)


def signed(source):
    """One request: what goes in, and the field that comes out."""
    key = "/".join(text(source, LETTERS, 12) for _ in range(source.randrange(1, 5)))
    path = "/bucket/" + urllib.parse.quote(key, safe="/-_.~")
    query = encoded_query(source) if source.random() < 0.8 else ""
    host = source.choice(["localhost:9000", "b.s3.eu-central-1.amazonaws.com", "127.0.0.1"])
    fields = [(name, text(source, VALUES, 20)) for name in source.sample(NAMES, source.randrange(6))]
    payload = source.choice([*LITERALS, hashlib.sha256(source.randbytes(8)).hexdigest()])
    moment = datetime.datetime.fromtimestamp(source.randrange(4_000_000_000), datetime.timezone.utc)
    date = moment.strftime("%Y%m%dT%H%M%SZ")
    token = text(source, "abc+/=019", 60) or None if source.random() < 0.5 else None
    access_key, secret = "AKIA" + text(source, "ABC234567", 16), text(source, "abc+/XYZ019=", 40) + "s"
    region = source.choice(["us-east-1", "eu-central-1", "auto"])
    method = source.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
    url = f"http://{host}{path}" + (f"?{query}" if query else "")
    request = botocore.awsrequest.AWSRequest(method, url, headers=dict(fields))
    request.context.update(payload=payload, timestamp=date)
    auth = FixedPayload(botocore.credentials.Credentials(access_key, secret, token), "s3", region)
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    auth._inject_signature_to_request(request, signature)
    return {"method": method, "path": path, "query": query, "fields": [("host", host), *fields], "payload": payload,
            "milliseconds": int(moment.timestamp()) * 1_000, "date": date, "token": token, "access_key": access_key,
            "secret": secret, "region": region, "canonical": canonical,
            "authorization": request.headers["Authorization"]}


def main():
    source = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps(signed(source)))


if __name__ == "__main__":
    main()
