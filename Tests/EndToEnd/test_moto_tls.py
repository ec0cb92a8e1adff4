"""Uploads to moto over TLS: every way to sign, judged by a server that verifies signatures."""

import pytest

from support import tokens
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import KIB, MIB, image
from support.moto_server import BUCKET
from support.waiting import eventually


def settings(moto, **more):
    return {**moto.environment, "AWS_ENDPOINT_URL": moto.tls_endpoint, "AWS_CA_BUNDLE": str(moto.ca_bundle),
            "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", **more}


@pytest.mark.parametrize("strategy", ["multipart", "put"])
@pytest.mark.parametrize("payload", ["auto", "unsigned", "signed"])
def test_every_signature_is_taken(moto, payload, strategy):
    sub = tokens.fresh_subject()
    with Daemon(settings(moto, SLUICE_S3_PAYLOAD=payload, SLUICE_UPLOAD_STRATEGY=strategy)) as daemon:
        for size, chunked in ((9, False), (64 * KIB + 1, False), (200_000, True), (5 * MIB, False)):
            body = image("png", size)
            response = daemon.upload(tokens.mint(sub), body, "png", chunked=chunked)
            data, key = assert_created(response, size=size, kind="png", sub=sub)
            assert data["imageUrl"] == f"{moto.tls_endpoint}/{BUCKET}/{key}"
            assert moto.object(key) == (body, "image/png")
    asked = moto.entries(f"users/{sub}/")
    # What the test itself reads back comes over the plain port.
    assert {entry["scheme"] for entry in asked if entry["method"] != "GET"} == {"https"}
    assert len({entry["port"] for entry in asked if entry["scheme"] == "https"}) < len(asked), "nothing was kept alive"
    assert not moto.unfinished(f"users/{sub}/")


def test_parts_of_a_large_image(moto):
    sub = tokens.fresh_subject()
    body = image("png", 17 * MIB + 5)
    with Daemon(settings(moto, SLUICE_MAX_UPLOAD_BYTES=str(64 * MIB), SLUICE_PART_BYTES=str(5 * MIB))) as daemon:
        assert daemon.upload(tokens.mint(sub), body, "png", timeout=120).status == 201
    (key,) = moto.keys(f"users/{sub}/")
    assert moto.object(key)[0] == body


def test_the_secret_is_read_from_ssm_over_it_too(moto):
    moto.put_secret("/moto-tls/secret", tokens.SECRET)
    environment = settings(moto, JWT_SECRET_PARAMETER="/moto-tls/secret")
    del environment["JWT_SECRET"]
    with Daemon(environment) as daemon:
        assert daemon.upload(tokens.mint(), image("png", 100), "png").status == 201


def test_a_server_that_nobody_vouches_for_gets_nothing(moto):
    sub = tokens.fresh_subject()
    environment = settings(moto)
    del environment["AWS_CA_BUNDLE"]
    with Daemon(environment) as daemon:
        assert_refused(daemon.upload(tokens.mint(sub), image("png", 100), "png"), "STORE_UNAVAILABLE")
        eventually(lambda: "certificate" in daemon.output, 10, lambda: daemon.output)
    assert not moto.entries(f"users/{sub}/")
