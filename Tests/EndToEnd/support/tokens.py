"""Tokens made here by hand, so that the daemon's own mint is not what vouches for its verifier."""

import base64
import hashlib
import hmac
import itertools
import json
import os
import time

SECRET = "a-shared-secret-of-the-end-to-end-tests"

_subjects = itertools.count(1)


def fresh_subject() -> str:
    """A `sub` that no other test uses, so that keys and records of one test can be told from all others."""
    return f"{os.getpid()}{next(_subjects):05d}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mint(sub=None, *, secret=SECRET, algorithm="HS256", lifetime=600, header=None, **claims) -> str:
    """A compact JWS; a claim given as None is left out."""
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(algorithm)
    head = {"alg": algorithm, "typ": "JWT", **(header or {})}
    body = {"sub": sub or fresh_subject(), "exp": int(time.time()) + lifetime, **claims}
    body = {name: value for name, value in body.items() if value is not None}
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, body))
    mac = hmac.new(secret.encode(), signed.encode(), digest).digest() if digest else b""
    return f"{signed}.{_base64url(mac)}"
