"""Uploads to Ceph's radosgw: somebody else's judgement of heads, payload hashes and the signatures of chunks."""

import urllib.parse

import pytest

from support import tokens
from support.ceph_server import BUCKET, Ceph, is_installed
from support.daemon import Daemon
from support.expectations import assert_refused
from support.images import KIB, MIB, image

pytestmark = pytest.mark.skipif(
    not is_installed(), reason="no radosgw (apt-get install radosgw ceph-mon ceph-osd)")


@pytest.fixture(scope="module")
def ceph():
    server = Ceph()
    yield server
    server.stop()


def settings(ceph, *, secure=False, role=False, **more):
    return {**ceph.environment(secure=secure, role=role), "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", **more}


def upload(daemon, ceph, body, sub=None, **options):
    sub = sub or tokens.fresh_subject()
    response = daemon.upload(tokens.mint(sub), body, "png", timeout=120, **options)
    assert response.status == 201, (response.body, daemon.output)
    url = response.json["data"]["imageUrl"]
    key = urllib.parse.unquote(url.split(f"/{BUCKET}/", 1)[1])
    assert key.startswith(f"users/{sub}/images/")
    stored, content_type = ceph.object(key)
    assert stored == body and content_type == "image/png"
    assert not ceph.s3.head_object(Bucket=BUCKET, Key=key).get("ContentEncoding")
    return url


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("strategy", ["multipart", "put"])
@pytest.mark.parametrize("payload", ["auto", "unsigned", "signed"])
def test_every_signature_is_taken(ceph, payload, strategy, secure):
    more = {"SLUICE_S3_PAYLOAD": payload, "SLUICE_UPLOAD_STRATEGY": strategy}
    with Daemon(settings(ceph, secure=secure, **more)) as daemon:
        for size in (9, 64 * KIB, 64 * KIB + 1, 300_001, 5 * MIB):
            upload(daemon, ceph, image("png", size))
        upload(daemon, ceph, image("png", 200_000), chunked=True)
        assert not ceph.unfinished()


@pytest.mark.parametrize("part", [5 * MIB, 8 * MIB])
@pytest.mark.parametrize("payload", ["unsigned", "signed"])
def test_parts_of_a_large_image_are_signed_each_by_itself(ceph, payload, part):
    more = {"SLUICE_S3_PAYLOAD": payload, "SLUICE_MAX_UPLOAD_BYTES": str(64 * MIB), "SLUICE_PART_BYTES": str(part)}
    with Daemon(settings(ceph, **more)) as daemon:
        upload(daemon, ceph, image("png", 21 * MIB + 5))
        upload(daemon, ceph, image("png", 2 * part), chunked=True)


@pytest.mark.parametrize("payload", ["unsigned", "signed"])
def test_a_session_token_is_taken(ceph, payload):
    with Daemon(settings(ceph, role=True, SLUICE_S3_PAYLOAD=payload)) as daemon:
        upload(daemon, ceph, image("png", 100_000))


@pytest.mark.parametrize("sub", ["a b+c", "한글", "a%2Fb", "=&?#", "~'()*!", "é\u0301"])
@pytest.mark.parametrize("strategy", ["multipart", "put"])
def test_odd_keys_are_signed_as_they_are(ceph, sub, strategy):
    with Daemon(settings(ceph, SLUICE_UPLOAD_STRATEGY=strategy)) as daemon:
        upload(daemon, ceph, image("png", 70_000), sub)


@pytest.mark.parametrize("bucket", [BUCKET, "my.pictures"])
def test_the_bucket_may_stand_before_the_host(ceph, bucket):
    ceph.s3.create_bucket(Bucket=bucket)
    more = {"AWS_ENDPOINT_URL_S3": f"http://localhost:{ceph.port}", "S3_BUCKET": bucket,
            "SLUICE_S3_ADDRESSING": "virtual"}
    with Daemon(settings(ceph, **more)) as daemon:
        response = daemon.upload(tokens.mint(), image("png", 70_000), "png")
        assert response.status == 201, (response.body, daemon.output)
    url = response.json["data"]["imageUrl"]
    key = url.removeprefix(f"http://localhost:{ceph.port}/{bucket}/")
    assert ceph.s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == 70_000


@pytest.mark.parametrize("strategy", ["multipart", "put"])
def test_a_wrong_secret_is_refused(ceph, token, strategy):
    more = {"AWS_SECRET_ACCESS_KEY": "wrong", "SLUICE_UPLOAD_STRATEGY": strategy}
    with Daemon(settings(ceph, **more)) as daemon:
        assert_refused(daemon.upload(token, image("png", 70_000), "png", timeout=60), "STORE_UNAVAILABLE")
