"""The shared secret: from SSM, from a file, from a systemd credential; fetched once, and followed when it turns."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support import tokens
from support.daemon import Daemon
from support.expectations import assert_refused
from support.images import image
from support.waiting import eventually

PNG = image("png", 1_000)


def from_ssm(moto, name):
    return {**moto.environment, "JWT_SECRET_PARAMETER": name}


def reads(moto, since):
    return moto.parameter_reads() - since


def test_one_hundred_uploads_need_one_fetch(moto):
    moto.put_secret("/secrets/hundred", tokens.SECRET)
    before = moto.parameter_reads()
    with Daemon(from_ssm(moto, "/secrets/hundred")) as daemon:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: daemon.upload(tokens.mint(), PNG, "png", timeout=60).status, range(100)))
        assert answers == [201] * 100
        assert reads(moto, before) == 1


def test_the_parameter_is_decrypted(moto, token):
    """moto hands out other text for a SecureString unless decryption is asked for."""
    moto.put_secret("/secrets/encrypted", tokens.SECRET)
    with Daemon(from_ssm(moto, "/secrets/encrypted")) as daemon:
        assert daemon.upload(token, PNG, "png").status == 201


def test_a_new_secret_is_taken_up_without_a_restart(moto):
    moto.put_secret("/secrets/turning", "the first secret")
    with Daemon(from_ssm(moto, "/secrets/turning")) as daemon:
        old, new = (tokens.mint(secret=secret) for secret in ("the first secret", "the second secret"))
        assert daemon.upload(old, PNG, "png").status == 201
        before = moto.parameter_reads()
        moto.put_secret("/secrets/turning", "the second secret")
        # A bad signature brings on one early fetch; the token that caused it may still be refused.
        eventually(lambda: daemon.upload(new, PNG, "png").status == 201, 20, lambda: daemon.output)
        for _ in range(20):
            assert_refused(daemon.upload(tokens.mint(secret="neither"), PNG, "png"), "TOKEN_INVALID")
        assert reads(moto, before) == 1
        assert daemon.upload(old, PNG, "png").status == 201, "the former secret keeps its grace"


def test_a_parameter_that_is_not_there(moto, token):
    with Daemon(from_ssm(moto, "/secrets/none"), wait="healthz") as daemon:
        answer = eventually(lambda: daemon.admin("/readyz"), 10)
        assert answer.status == 503
        assert answer.json["checks"]["secret"] != "ok"
        assert_refused(daemon.upload(token, PNG, "png"), "STORE_UNAVAILABLE")
        eventually(lambda: "ParameterNotFound" in daemon.output or "/secrets/none" in daemon.output, 10)
        # Once it is there, the daemon finds it by itself.
        moto.put_secret("/secrets/none", tokens.SECRET)
        eventually(lambda: daemon.upload(token, PNG, "png").status == 201, 60, lambda: daemon.output)
        daemon.wait_until("readyz")


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_file_whose_one_trailing_newline_is_dropped(directory_environment, tmp_path, token, ending):
    (tmp_path / "secret").write_text(tokens.SECRET + ending)
    settings = {**directory_environment, "JWT_SECRET": None, "JWT_SECRET_FILE": str(tmp_path / "secret")}
    with Daemon(settings) as daemon:
        assert daemon.upload(token, PNG, "png").status == 201
        assert tokens.SECRET not in daemon.output


def test_a_systemd_credential(directory_environment, tmp_path, token):
    (tmp_path / "jwt-secret").write_text(tokens.SECRET)
    settings = {**directory_environment, "JWT_SECRET": None, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    with Daemon(settings) as daemon:
        assert daemon.upload(token, PNG, "png").status == 201
