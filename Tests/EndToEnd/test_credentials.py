"""Where AWS credentials come from: each source of the chain, renewal under load, expiry, what is said without any."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import boto3
import pytest

from support import tokens
from support.credential_servers import Container, Instance, SecurityTokens
from support.daemon import Daemon
from support.expectations import assert_refused
from support.images import image
from support.loopback import LoopbackServer
from support.moto_server import Moto
from support.ports import free_port
from support.waiting import eventually

PNG = image("png", 2_000)
ROLE = "arn:aws:iam::123456789012:role/gateway"
KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


def keyless(moto, **more):
    """A daemon's settings without keys in the environment, and without an instance unless told otherwise."""
    return {**moto.environment, "JWT_SECRET": tokens.SECRET, **KEYS, "AWS_EC2_METADATA_DISABLED": "true", **more}


def uploads(daemon, count=1):
    for _ in range(count):
        answer = daemon.upload(tokens.mint(), PNG, "png")
        assert answer.status == 201, (answer.body, daemon.output)


def log_text(daemon):
    return "\n".join(line.get("message", "") for line in daemon.log())


@pytest.fixture(scope="module")
def sessions():
    """A moto of its own with a role: its keys are temporary, and need their session token."""
    server = Moto()
    iam, sts = server.client("iam"), server.client("sts")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName="gateway", AssumeRolePolicyDocument=policy)
    iam.put_role_policy(RoleName="gateway", PolicyName="all", PolicyDocument=policy)
    server.assume = lambda: sts.assume_role(RoleArn=ROLE, RoleSessionName="end-to-end")["Credentials"]
    yield server
    server.stop()


def issuer(sessions, seconds=3_600):
    """Fresh temporary keys at each call, made beforehand so that no call waits for them; `issued` are their ids."""
    pool = [sessions.assume() for _ in range(8)]

    def issue():
        keys = pool.pop(0)
        issue.issued.append(keys["AccessKeyId"])
        issue.at = time.time()
        return {"id": keys["AccessKeyId"], "secret": keys["SecretAccessKey"], "token": keys["SessionToken"],
                "seconds": seconds}
    issue.issued = []
    return issue


# The sources

def write_profile(path, moto, *, heading="default", prefix=""):
    path.write_text(f"# keys\n[{heading}]\n{prefix}aws_access_key_id = {moto.access_key}\n"
                    f"{prefix}aws_secret_access_key={moto.secret_key} # the secret\n\n[other]\naws_access_key_id = x\n")


def test_the_usual_file_of_a_home(moto, tmp_path):
    folder = tmp_path / ".aws"
    folder.mkdir()
    write_profile(folder / "credentials", moto)
    with Daemon(keyless(moto, HOME=str(tmp_path))) as daemon:
        uploads(daemon)
        assert moto.secret_key not in daemon.output


def test_a_profile_of_a_named_file(moto, tmp_path):
    write_profile(tmp_path / "keys", moto, heading="work", prefix="  ")
    with Daemon(keyless(moto, AWS_PROFILE="work", AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "keys"))) as daemon:
        uploads(daemon)


def test_a_profile_of_the_config_file(moto, tmp_path):
    write_profile(tmp_path / "config", moto, heading="profile work")
    with Daemon(keyless(moto, AWS_PROFILE="work", AWS_CONFIG_FILE=str(tmp_path / "config"))) as daemon:
        uploads(daemon)


def test_the_environment_wins_over_files(moto, tmp_path):
    (tmp_path / "keys").write_text("[default]\naws_access_key_id = WRONG\naws_secret_access_key = wrong\n")
    settings = {**moto.environment, "JWT_SECRET": tokens.SECRET, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys")}
    with Daemon(settings) as daemon:
        uploads(daemon)


def test_web_identity_with_a_token_that_is_renewed(sessions, tmp_path):
    file = tmp_path / "token"
    file.write_text("identity-1\n")
    # Keys that live for 16 seconds are replaced after 12 at the latest.
    with SecurityTokens(issuer(sessions, seconds=16), lambda: file.read_text().strip()) as sts:
        settings = keyless(sessions, AWS_WEB_IDENTITY_TOKEN_FILE=str(file), AWS_ROLE_ARN=ROLE,
                           AWS_ENDPOINT_URL_STS=sts.endpoint)
        with Daemon(settings) as daemon:
            uploads(daemon)
            file.write_text("identity-2\n")
            eventually(lambda: len(sts.issue.issued) >= 2, 40, lambda: daemon.output)
            uploads(daemon)
            assert "identity" not in daemon.output


@pytest.fixture(scope="module")
def open_moto():
    """moto that verifies nothing: only so does its STS answer web identities. Its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        eventually(listens, 60)
        endpoint = f"http://127.0.0.1:{port}"
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x",
                     aws_secret_access_key="x").create_bucket(Bucket="pictures")
        yield endpoint
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("source", ["AWS_WEB_IDENTITY_TOKEN_FILE", "the instance's metadata"])
def test_answers_that_nobody_here_has_written(open_moto, tmp_path, source):
    (tmp_path / "token").write_text("any")
    settings = {"AWS_ENDPOINT_URL": open_moto, "AWS_REGION": "us-east-1", "S3_BUCKET": "pictures",
                "JWT_SECRET": tokens.SECRET}
    if source.startswith("AWS"):
        settings |= {source: str(tmp_path / "token"), "AWS_ROLE_ARN": ROLE}
    else:
        settings |= {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": open_moto}
    with Daemon(settings) as daemon:
        uploads(daemon)
        assert f"AWS credentials from {source}" in log_text(daemon)


def test_a_container_with_a_token_that_is_renewed(sessions, tmp_path):
    file = tmp_path / "authorization"
    file.write_text("one")
    with Container(issuer(sessions, seconds=16), file.read_text) as container:
        settings = keyless(sessions, AWS_CONTAINER_CREDENTIALS_FULL_URI=container.endpoint + container.PATH,
                           AWS_CONTAINER_AUTHORIZATION_TOKEN="wrong", AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(file))
        with Daemon(settings) as daemon:
            uploads(daemon)
            file.write_text("two")
            eventually(lambda: len(container.issue.issued) >= 2, 40, lambda: daemon.output)
            uploads(daemon)
            assert container.PATH not in daemon.output


def test_the_instance_by_imdsv2(sessions):
    with Instance(issuer(sessions)) as instance:
        settings = keyless(sessions, AWS_EC2_METADATA_DISABLED=None,
                           AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint)
        with Daemon(settings) as daemon:
            uploads(daemon, 3)
        assert [method for method, _, _ in instance.asked()] == ["PUT", "GET", "GET"]


def test_the_secret_and_the_images_with_the_same_credentials(sessions):
    sessions.put_secret("/secrets/instance", tokens.SECRET)
    with Instance(issuer(sessions)) as instance:
        settings = keyless(sessions, AWS_EC2_METADATA_DISABLED=None, JWT_SECRET=None,
                           JWT_SECRET_PARAMETER="/secrets/instance",
                           AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint)
        with Daemon(settings) as daemon:
            uploads(daemon)
        assert len(instance.issue.issued) == 1


# Without any, and afterwards

def test_without_credentials_it_starts_and_says_what_was_tried(moto, tmp_path):
    with Daemon(keyless(moto, HOME=str(tmp_path)), wait="healthz") as daemon:
        def checks():
            answer = daemon.admin("/readyz")
            return answer.status == 503 and answer.json["checks"]
        said = eventually(lambda: "there are no" in (checks() or {}).get("store", "") and checks(), 10)
        for word in ("AWS_ACCESS_KEY_ID", f"{tmp_path}/.aws/credentials", "AWS_WEB_IDENTITY_TOKEN_FILE",
                     "AWS_CONTAINER_CREDENTIALS", "AWS_EC2_METADATA_DISABLED"):
            assert word in said["store"]
        assert said["secret"] == "ok"
        assert_refused(daemon.upload(tokens.mint(), PNG, "png"), "STORE_UNAVAILABLE")
        # Once they are there, the daemon finds them by itself.
        (tmp_path / ".aws").mkdir()
        write_profile(tmp_path / ".aws/credentials", moto)
        daemon.wait_until("readyz")
        uploads(daemon)


def test_the_secret_in_ssm_waits_for_credentials_too(moto, tmp_path):
    moto.put_secret("/secrets/waiting", tokens.SECRET)
    settings = keyless(moto, HOME=str(tmp_path), JWT_SECRET=None, JWT_SECRET_PARAMETER="/secrets/waiting")
    with Daemon(settings, wait="healthz") as daemon:
        said = eventually(lambda: "there are no" in daemon.admin("/readyz").json["checks"]["secret"]
                          and daemon.admin("/readyz").json["checks"], 10)
        assert "AWS_ACCESS_KEY_ID" in said["secret"]
        (tmp_path / ".aws").mkdir()
        write_profile(tmp_path / ".aws/credentials", moto)
        daemon.wait_until("readyz")
        uploads(daemon)


def test_an_instance_that_only_knows_the_old_way_gives_nothing(moto):
    with Instance(lambda: {"id": "AKIA", "secret": "s"}) as instance:
        answers = instance.judge
        instance.judge = lambda request, body: (
            (403, "text/plain", b"") if request.command == "PUT" else answers(request, body))
        settings = keyless(moto, AWS_EC2_METADATA_DISABLED=None, AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint)
        with Daemon(settings, wait="healthz") as daemon:
            eventually(lambda: "IMDSv1 is not used" in daemon.admin("/readyz").json["checks"]["store"], 10)
        assert {method for method, _, _ in instance.asked()} == {"PUT"}


def test_a_source_that_refuses_is_not_covered_up_by_the_next(sessions, tmp_path):
    (tmp_path / "token").write_text("stale")
    with SecurityTokens(issuer(sessions), lambda: "fresh") as sts, Instance(issuer(sessions)) as instance:
        settings = keyless(
            sessions, AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"), AWS_ROLE_ARN=ROLE,
            AWS_ENDPOINT_URL_STS=sts.endpoint, AWS_EC2_METADATA_DISABLED=None,
            AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint)
        with Daemon(settings, wait="healthz") as daemon:
            eventually(lambda: "ExpiredTokenException" in daemon.admin("/readyz").json["checks"]["store"], 10)
            assert not instance.asked()
            (tmp_path / "token").write_text("fresh")
            daemon.wait_until("readyz")
            uploads(daemon)


# Renewal

def test_keys_that_are_replaced_under_load_cost_no_upload(sessions):
    # Replaced after 12 seconds at the latest, which leaves 4 to a machine that is busy.
    with Instance(issuer(sessions, seconds=16)) as instance:
        settings = keyless(sessions, AWS_EC2_METADATA_DISABLED=None,
                           AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint)
        with Daemon(settings) as daemon:
            statuses, is_over = [], threading.Event()

            def client():
                while not is_over.is_set():
                    statuses.append(daemon.upload(tokens.mint(), PNG, "png", timeout=60).status)
            clients = [threading.Thread(target=client) for _ in range(4)]
            for thread in clients:
                thread.start()
            try:
                eventually(lambda: len(instance.issue.issued) >= 3, 60, lambda: daemon.output)
            finally:
                is_over.set()
                for thread in clients:
                    thread.join()
            assert set(statuses) == {201}, daemon.output[-3_000:]
            assert len(statuses) > 20
            assert "expired" not in log_text(daemon)


def test_keys_serve_to_their_end_while_they_cannot_be_renewed_and_no_longer(sessions):
    with Instance(issuer(sessions, seconds=16)) as instance:
        settings = keyless(sessions, AWS_EC2_METADATA_DISABLED=None,
                           AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint)
        with Daemon(settings) as daemon:
            issued = instance.issue.at
            instance.fault = 500
            eventually(lambda: "serve on while they are valid" in log_text(daemon), 40)
            uploads(daemon)
            eventually(lambda: "answers 500" in daemon.admin("/readyz").json["checks"]["store"], 40)
            # A thread of its own writes the log.
            eventually(lambda: "the AWS credentials have expired" in log_text(daemon), 20, lambda: log_text(daemon))
            assert time.time() >= issued + 16, "not before their end"
            assert daemon.admin("/readyz").status == 503
            assert_refused(daemon.upload(tokens.mint(), PNG, "png"), "STORE_UNAVAILABLE")
            instance.fault = None
            daemon.wait_until("readyz", 40)
            uploads(daemon)


class Expiring(LoopbackServer):
    """In front of moto: answers ExpiredToken to keys that are named expired, whoever asks."""

    def __init__(self, endpoint):
        parts = urllib.parse.urlsplit(endpoint)
        self.target = (parts.hostname, parts.port)
        self.expired = set()
        self.refusals = []
        super().__init__()

    def answer(self, handler):
        body = handler.read()
        key = handler.headers.get("Authorization", "").partition("Credential=")[2].split("/")[0]
        if key in self.expired:
            self.refusals.append(key)
            if "X-Amz-Target" in handler.headers:
                return handler.reply(400, b'{"__type":"ExpiredTokenException","message":"expired"}',
                                     {"Content-Type": "application/x-amz-json-1.1"})
            return handler.reply(400, b"<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>",
                                 {"Content-Type": "application/xml"})
        upstream = http.client.HTTPConnection(*self.target)
        try:
            upstream.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            self.forward(handler, answer.status, answer.getheaders(), answer.read())
        finally:
            upstream.close()

    @staticmethod
    def forward(handler, status, fields, body):
        """With moto's own fields, instead of this server's."""
        handler.send_response_only(status)
        for name, value in fields:
            if name.lower() not in ("connection", "transfer-encoding"):
                handler.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in fields):
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.mark.parametrize("service", ["s3", "ssm"])
def test_an_expired_token_brings_one_early_refresh(sessions, service):
    with Instance(issuer(sessions)) as instance, Expiring(sessions.endpoint) as front:
        sessions.put_secret("/secrets/expiring", tokens.SECRET)
        settings = keyless(
            sessions, AWS_EC2_METADATA_DISABLED=None, AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.endpoint,
            **{f"AWS_ENDPOINT_URL_{service.upper()}": front.endpoint})
        if service == "ssm":
            settings |= {"JWT_SECRET": None, "JWT_SECRET_PARAMETER": "/secrets/expiring"}
        with Daemon(settings) as daemon:
            uploads(daemon)
            assert len(instance.issue.issued) == 1
            front.expired.add(instance.issue.issued[0])
            if service == "s3":
                # The request that hears of it is sent again, maybe too soon for the new keys.
                eventually(lambda: daemon.upload(tokens.mint(), PNG, "png").status == 201, 20, lambda: daemon.output)
            else:
                daemon.upload(tokens.mint(secret="neither"), PNG, "png")
            eventually(lambda: len(instance.issue.issued) == 2, 20, lambda: daemon.output)
            uploads(daemon, 3)
            # New keys that are no better bring no storm.
            front.expired.add(instance.issue.issued[1])
            for _ in range(10):
                daemon.upload(tokens.mint(secret="neither" if service == "ssm" else tokens.SECRET), PNG, "png")
            assert len(instance.issue.issued) == 2 or time.time() - instance.issue.at > 29
            daemon.wait_until("healthz")


def test_a_bad_container_url_stops_the_start(moto):
    daemon = Daemon(keyless(moto, AWS_CONTAINER_CREDENTIALS_FULL_URI="http://169.254.170.3/steal"), wait=None)
    with daemon:
        assert daemon.process.wait(20) == 2
        assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in daemon.output
        assert "steal" not in daemon.output
