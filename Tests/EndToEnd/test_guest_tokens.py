"""`GET /auth/guest-token`: off unless it is asked for, five minutes, throttled; and the tokens that `sluice` mints."""

import base64
import hashlib
import hmac
import json
import re
import time

import pytest

from support import records, tokens, wire
from support.daemon import Daemon, run
from support.expectations import UUID4, assert_created, assert_recent, assert_refused
from support.images import image
from support.records import assert_tells, guest_token, look, register

PNG = image("png", 2_000)


@pytest.fixture(scope="module")
def guest_environment(directory_environment):
    return {**directory_environment, "SLUICE_GUEST_TOKENS": "on"}


@pytest.fixture(scope="module")
def guest_daemon(guest_environment):
    with Daemon({**guest_environment, "SLUICE_ADDRESS_GUEST_TOKENS_PER_MINUTE": "0"}) as daemon:
        yield daemon


def parts(token):
    """Header and claims of a token whose signature is right."""
    signed, _, signature = token.rpartition(".")
    mac = hmac.new(tokens.SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == mac
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split(".")]


def assert_issued(response):
    body = assert_tells(response, 200, "issue_guest_token_success")
    assert list(body["data"]) == ["guestToken", "expiresIn"]
    assert body["data"]["expiresIn"] == 300
    assert_recent(body["timestamp"])
    return body["data"]["guestToken"]


def test_off_by_default(directory_environment):
    with Daemon(directory_environment) as daemon:
        expected = records.settled(wire.request(daemon.port, wire.head("GET", "/auth/nothing"), method="GET"))
        assert expected[0] == 404
        assert records.settled(guest_token(daemon)) == expected
        assert wire.request(daemon.port, wire.head("OPTIONS", "/auth/guest-token"), method="OPTIONS").status == 204


def test_what_a_token_says(guest_daemon):
    token = assert_issued(guest_token(guest_daemon))
    header, claims = parts(token)
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert list(claims) == ["sub", "role", "iat", "exp"]
    assert re.fullmatch("guest-" + UUID4, claims["sub"])
    assert claims["role"] == "GUEST"
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 60
    assert assert_issued(guest_token(guest_daemon)) != token


def test_a_guest_uploads_and_sees_what_is_theirs(guest_daemon):
    token = assert_issued(guest_token(guest_daemon))
    sub = parts(token)[1]["sub"]
    data, key = assert_created(guest_daemon.upload(token, PNG, "png"), size=len(PNG), kind="png", sub=sub)
    assert key.startswith(f"users/{sub}/images/")
    records.assert_seen(look(guest_daemon, token, data["imageId"]), data, "image/png")
    other = assert_issued(guest_token(guest_daemon))
    assert_refused(look(guest_daemon, other, data["imageId"]), "NOT_FOUND")
    assert_refused(register(guest_daemon, other, {"imageUrl": data["imageUrl"]}), "INVALID_IMAGE_URL")


def test_methods_and_neighbours(guest_daemon):
    for method in ("POST", "PUT", "HEAD"):
        answer = wire.request(guest_daemon.port, wire.head(method, "/auth/guest-token", "Content-Length: 0"),
                              method=method)
        assert (answer.status, answer["Allow"]) == (405, "GET, OPTIONS")
    for target in ("/auth/guest-token/", "/auth", "/auth/", "/auth/Guest-token", "/auth/guest-tokens"):
        assert_refused(wire.request(guest_daemon.port, wire.head("GET", target), method="GET"), "NOT_FOUND")


def test_throttled_by_address_from_the_beginning(guest_environment):
    with Daemon({**guest_environment, "SLUICE_TRUSTED_PROXIES": "127.0.0.1/32"}) as daemon:
        def ask(address):
            return guest_token(daemon, f"X-Forwarded-For: {address}")
        began = time.monotonic()
        answers = [ask("192.0.2.1") for _ in range(40)]
        issued = sum(answer.status == 200 for answer in answers)
        # 20 at once, and one for each second that the test itself took.
        assert 20 <= issued <= 21 + time.monotonic() - began
        refused = [answer for answer in answers if answer.status != 200]
        assert_refused(refused[0], "TOO_MANY_REQUESTS")
        assert int(refused[0]["Retry-After"]) >= 1
        assert_issued(ask("192.0.2.2"))
        # One prefix of IPv6 is one caller.
        assert sum(ask(f"2001:db8::{n:x}").status == 200 for n in range(40)) < 40
        # Nothing else is held up by it.
        answer = daemon.upload(tokens.mint(), PNG, "png", "X-Forwarded-For: 192.0.2.1")
        assert answer.status == 201


def test_the_throttle_is_a_setting(guest_environment):
    limits = {**guest_environment, "SLUICE_ADDRESS_GUEST_TOKENS_PER_MINUTE": "1",
              "SLUICE_ADDRESS_GUEST_TOKENS_BURST": "2"}
    with Daemon(limits) as daemon:
        assert_issued(guest_token(daemon))
        assert_issued(guest_token(daemon))
        assert_refused(guest_token(daemon), "TOO_MANY_REQUESTS")


def test_the_rate_of_the_address_counts_too(guest_environment):
    limits = {**guest_environment, "SLUICE_ADDRESS_REQUESTS_PER_MINUTE": "1", "SLUICE_ADDRESS_REQUESTS_BURST": "1"}
    with Daemon(limits) as daemon:
        assert_issued(guest_token(daemon))
        assert_refused(guest_token(daemon), "TOO_MANY_REQUESTS")
        assert_refused(daemon.upload(tokens.mint(), PNG, "png"), "TOO_MANY_REQUESTS")


def test_unknown_secret_is_503(moto):
    environment = {**moto.environment, "SLUICE_GUEST_TOKENS": "on", "JWT_SECRET_PARAMETER": "/nobody/set/this"}
    with Daemon(environment, wait="healthz") as daemon:
        assert_refused(guest_token(daemon), "STORE_UNAVAILABLE")
        assert_refused(look(daemon, tokens.mint(), 1), "STORE_UNAVAILABLE")
        assert_refused(register(daemon, tokens.mint(), {"imageId": 1}), "STORE_UNAVAILABLE")


def test_development_mode_has_it(tmp_path):
    environment = {"JWT_SECRET": tokens.SECRET, "SLUICE_STORE_DIR": None, "SLUICE_DATABASE": None}
    with Daemon(environment, "--dev", folder=tmp_path) as daemon:
        assert_issued(guest_token(daemon))


def test_bad_values_stop_the_start(guest_environment):
    for name, value in (("SLUICE_GUEST_TOKENS", "yes"), ("SLUICE_ADDRESS_GUEST_TOKENS_PER_MINUTE", "-1")):
        ended = run("settings", environment={**guest_environment, name: value})
        assert ended.returncode == 2
        assert name in ended.stderr


def test_the_backends_token_of_the_command(guest_daemon, guest_environment, sub, token):
    minted = run("token", "--role", "SERVICE", "--sub", "backend", environment=guest_environment).stdout.strip()
    assert parts(minted)[1]["role"] == "SERVICE"
    data = guest_daemon.upload(token, PNG, "png").json["data"]
    records.assert_seen(look(guest_daemon, minted, data["imageId"]), data, "image/png")
    records.assert_registered(register(guest_daemon, minted, {"imageId": data["imageId"]}), data)


@pytest.mark.parametrize("arguments", [
    ("--role", "ADMIN"), ("--role", "service"), ("--role", "GUEST"), ("--role", "GUEST", "--sub", "guest-1"),
    ("--role", ""), ("--role", "SERVICE", "--sub", "a/b")])
def test_the_command_mints_nothing_that_would_be_refused(guest_environment, arguments):
    ended = run("token", *arguments, environment=guest_environment)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "would be refused" in ended.stderr


def test_the_command_mints_for_guests_and_other_trusted_roles(guest_environment):
    sub = records.guest_subject()
    minted = run("token", "--role", "GUEST", "--sub", sub, environment=guest_environment).stdout.strip()
    assert parts(minted)[1]["sub"] == sub
    trusted = {**guest_environment, "SLUICE_TRUSTED_ROLES": "BACKEND,JOBS"}
    assert run("token", "--role", "JOBS", environment=trusted).returncode == 0
    assert run("token", "--role", "SERVICE", environment=trusted).returncode == 2
