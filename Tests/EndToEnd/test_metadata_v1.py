"""IMDSv1: what an instance without session tokens is asked by who says so, and by nobody else."""

import pytest

from support import tokens
from support.credential_servers import Instance
from support.daemon import Daemon
from support.images import image

PNG = image("png", 2_000)


def keyless(moto, **more):
    """A daemon's settings without keys in the environment."""
    return {**moto.environment, "JWT_SECRET": tokens.SECRET, "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
            **more}


def issuer(moto):
    keys = moto.environment
    return lambda: {"id": keys["AWS_ACCESS_KEY_ID"], "secret": keys["AWS_SECRET_ACCESS_KEY"], "seconds": 3_600}


def uploads(daemon):
    answer = daemon.upload(tokens.mint(), PNG, "png")
    assert answer.status == 201, (answer.body, daemon.output)


def log_text(daemon):
    return "\n".join(line.get("message", "") for line in daemon.log())


@pytest.mark.parametrize("refuses", [403, 404, 405])
def test_an_instance_that_only_knows_the_old_way_is_asked_so_by_who_says_so(moto, refuses):
    with Instance(issuer(moto)) as instance:
        def answer(request, _body):
            assert "X-aws-ec2-metadata-token" not in request.headers
            if request.command != "GET":
                return refuses, "text/plain", b""
            if request.path == instance.PATH:
                return 200, "text/plain", instance.ROLE.encode()
            return 200, "text/plain", instance.document(Code="Success", Type="AWS-HMAC")
        instance.judge = answer
        settings = keyless(moto, AWS_EC2_METADATA_DISABLED=None, AWS_EC2_METADATA_V1_DISABLED="false",
                           AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint)
        with Daemon(settings) as daemon:
            uploads(daemon)
            assert "the instance's metadata by IMDSv1" in log_text(daemon)
        assert [method for method, _, _ in instance.asked()] == ["PUT", "GET", "GET"]


def test_an_instance_that_knows_the_new_way_is_asked_so_whatever_else_is_allowed(moto):
    with Instance(issuer(moto)) as instance:
        settings = keyless(moto, AWS_EC2_METADATA_DISABLED=None, AWS_EC2_METADATA_V1_DISABLED="false",
                           AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint)
        with Daemon(settings) as daemon:
            uploads(daemon)
            assert "IMDSv1" not in log_text(daemon)
        for method, _, fields in instance.asked():
            assert method == "PUT" or "x-aws-ec2-metadata-token" in {name.lower() for name in fields}
