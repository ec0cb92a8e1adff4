"""Recovery, sweep and expiry against a store that nobody here wrote and that verifies every signature."""

import itertools

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.images import MIB, image
from support.waiting import eventually

BODY = image("png", 200_000)
_buckets = itertools.count(1)


@pytest.fixture
def bucket(moto):
    """One of its own: what is swept here is nobody else's."""
    name = f"recovery-{next(_buckets)}"
    moto.s3.create_bucket(Bucket=name)
    return name


def settings(moto, bucket, **others):
    return {**moto.environment, "S3_BUCKET": bucket, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", **others}


def open_uploads(moto, bucket):
    return [entry["Key"] for entry in moto.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]


def objects(moto, bucket):
    return [entry["Key"] for entry in moto.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def killed_while_streaming(environment, folder, body=BODY, chunked=False, until=lambda: True):
    with Daemon(environment, folder=folder) as daemon:
        with wire.Connection(daemon.port) as connection:
            framed = wire.chunks(body)[:-5] if chunked else body[:-50_000]
            length = {"chunked": True} if chunked else {"length": len(body)}
            connection.send(wire.upload_head(tokens.mint(), "png", **length) + framed)
            eventually(lambda: daemon.states() == ["streaming"], 15, lambda: daemon.output)
            eventually(until, 15, lambda: daemon.output)
            daemon.kill()
    return daemon


def test_an_upload_under_way_is_aborted(moto, bucket, folder):
    environment = settings(moto, bucket)
    killed_while_streaming(environment, folder)
    assert len(open_uploads(moto, bucket)) == 1
    with Daemon(environment, folder=folder) as daemon:
        eventually(lambda: daemon.rows() == [], 15, lambda: daemon.output)
    assert open_uploads(moto, bucket) == []


def test_an_upload_whose_id_was_lost_is_found_by_its_key(moto, bucket, folder):
    environment = settings(moto, bucket)
    killed = killed_while_streaming(environment, folder)
    killed.change("UPDATE uploads SET state = 'opening', upload_id = NULL")
    with Daemon(environment, folder=folder) as daemon:
        eventually(lambda: daemon.rows() == [], 15, lambda: daemon.output)
    assert open_uploads(moto, bucket) == []


@pytest.mark.parametrize("payload", ["signed", "unsigned", "trailer"])
def test_complete_is_asked_again_with_the_parts_that_are_there(moto, bucket, folder, payload):
    environment = settings(moto, bucket, SLUICE_S3_PAYLOAD=payload, SLUICE_MAX_UPLOAD_BYTES=str(64 * MIB))
    body = image("png", 6 * MIB)

    def stored_bytes():
        uploads = moto.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        parts = [part for upload in uploads for part in moto.s3.list_parts(
            Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]).get("Parts", [])]
        return sum(part["Size"] for part in parts)
    killed = killed_while_streaming(environment, folder, body, chunked=True, until=stored_bytes)
    stored = stored_bytes()
    # As if that had been the whole of it.
    killed.change(f"UPDATE uploads SET state = 'completing', size = {stored}")
    with Daemon(environment, folder=folder) as daemon:
        eventually(lambda: daemon.states() == ["stored"], 20, lambda: daemon.output)
        key = daemon.rows()[0]["key"]
    assert moto.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body[:stored]
    assert open_uploads(moto, bucket) == []


def test_old_unknown_uploads_are_swept(moto, bucket):
    ours = "users/7/images/1700000000000-0b0e7e3a-93c1-4f7e-8a54-2f6d9d1f2a3b.png"
    others = "users/7/images/holiday.png"
    for key in (ours, others):
        moto.s3.create_multipart_upload(Bucket=bucket, Key=key)
    # Moto says of every upload that it began with moto itself.
    with Daemon(settings(
            moto, bucket, SLUICE_ORPHAN_AGE_SECONDS="2", SLUICE_REQUEST_TIMEOUT_SECONDS="1")) as daemon:
        eventually(lambda: open_uploads(moto, bucket) == [others], 15, lambda: daemon.output)


def test_images_expire(moto, bucket):
    with Daemon(settings(moto, bucket, SLUICE_UNREGISTERED_TTL_SECONDS="1")) as daemon:
        assert daemon.upload(tokens.mint(), BODY, "png").status == 201
        assert len(objects(moto, bucket)) <= 1
        eventually(lambda: not daemon.rows() and not objects(moto, bucket), 20, lambda: daemon.output)
