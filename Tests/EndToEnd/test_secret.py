"""The shared secret: from SSM, from a file, from a systemd credential; fetched once, and followed when it turns."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support import tokens
from support.daemon import Daemon
from support.expectations import assert_refused
from support.images import image
from support.parameter_store import DENIED, ParameterStore
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


REFUSALS = {
    "not found": ((400, "ParameterNotFound", ""), "create it"),
    "access denied": ((400, "AccessDeniedException", DENIED + "ssm:GetParameter on resource: x"),
                      "allow ssm:GetParameter"),
    "KMS denied": ((400, "AccessDeniedException", "The ciphertext refers to a customer master key that does not "
                    "exist, does not exist in this region, or you are not allowed to access."), "allow kms:Decrypt"),
    "KMS disabled": ((400, "InvalidKeyId", "arn:aws:kms:x is disabled."), "the key is enabled"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_of_ssm_has_words_of_its_own(name, token):
    refusal, advice = REFUSALS[name]
    with ParameterStore(tokens.SECRET) as store:
        store.refusal = refusal
        with Daemon(store.settings(), wait="healthz") as daemon:
            def said():
                return daemon.admin("/readyz").json["checks"]["secret"]
            eventually(lambda: advice in said(), 10, lambda: f"{said()}\n{daemon.output}")
            others = {words for _, words in REFUSALS.values()} - {advice}
            assert "/gateway/secret" in said() and refusal[1] in said()
            if "KMS" not in name:
                assert not any(words in said() for words in others)
            assert daemon.admin("/readyz").status == 503
            assert_refused(daemon.upload(token, PNG, "png"), "STORE_UNAVAILABLE")
            eventually(lambda: advice in daemon.output, 10)
            store.refusal = None
            daemon.wait_until("readyz")
            assert daemon.upload(token, PNG, "png").status == 201


def test_the_secret_before_a_rotation_is_taken_for_its_grace_and_no_longer():
    with ParameterStore("the first secret") as store:
        with Daemon(store.settings(SLUICE_SECRET_GRACE_SECONDS="3")) as daemon:
            old, new = (tokens.mint(secret=secret) for secret in ("the first secret", "the second secret"))
            assert daemon.upload(old, PNG, "png").status == 201
            store.value = "the second secret"
            eventually(lambda: daemon.upload(new, PNG, "png").status == 201, 20, lambda: daemon.output)
            assert "was rotated" in daemon.output
            eventually(lambda: daemon.upload(old, PNG, "png").status == 401, 20, lambda: daemon.output)
            assert_refused(daemon.upload(old, PNG, "png"), "TOKEN_INVALID")
            assert daemon.upload(new, PNG, "png").status == 201


def test_without_grace_a_leaked_secret_is_worth_nothing_once_it_is_replaced():
    with ParameterStore("the leaked secret") as store:
        with Daemon(store.settings(SLUICE_SECRET_GRACE_SECONDS="0")) as daemon:
            old, new = (tokens.mint(secret=secret) for secret in ("the leaked secret", "the second secret"))
            assert daemon.upload(old, PNG, "png").status == 201
            store.value = "the second secret"
            eventually(lambda: daemon.upload(new, PNG, "png").status == 201, 20, lambda: daemon.output)
            assert_refused(daemon.upload(old, PNG, "png"), "TOKEN_INVALID")


def test_the_last_known_secret_serves_within_its_bound_and_readyz_says_so(token):
    with ParameterStore(tokens.SECRET) as store:
        settings = store.settings(SLUICE_SECRET_TTL_SECONDS="10", SLUICE_SECRET_STALE_SECONDS="16")
        with Daemon(settings) as daemon:
            def checks():
                answer = daemon.admin("/readyz")
                return answer.status, answer.json["checks"]["secret"]
            assert checks() == (200, "ok")
            store.refusal = (500, "InternalServerError", "")
            eventually(lambda: checks()[1].startswith("stale"), 20, lambda: daemon.output)
            assert checks()[0] == 200
            assert daemon.upload(token, PNG, "png").status == 201
            eventually(lambda: checks()[0] == 503, 30, lambda: daemon.output)
            assert_refused(daemon.upload(token, PNG, "png"), "STORE_UNAVAILABLE")
            assert "too old" in daemon.output
            store.refusal = None
            daemon.wait_until("readyz", 90)
            assert daemon.upload(token, PNG, "png").status == 201
