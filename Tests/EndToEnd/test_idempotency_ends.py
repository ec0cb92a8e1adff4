"""How long an `Idempotency-Key` is known: over restarts and kills, until upload, image or time have come to an end."""

import pytest

from support import tokens
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.idempotency import assert_in_progress, assert_replayed, begin, key, keys
from support.images import image
from support.waiting import eventually

BODY = image("png", 200_000)
OTHER = image("png", 200_001)[:-1]
SMALL = image("png", 900)


def settings(store, **others):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "2", **others}


class TestStores:
    @pytest.mark.parametrize("strategy", ["put", "auto"])
    def test_put(self, s3_environment, moto, sub, token, strategy):
        with Daemon({**s3_environment, "SLUICE_UPLOAD_STRATEGY": strategy}) as daemon:
            for body in (SMALL, BODY):
                text = key(len(body))
                first = daemon.upload(token, body, "png", text)
                assert_created(first, size=len(body), kind="png", sub=sub)
                assert_replayed(first, daemon.upload(token, body, "png", text))
                assert_replayed(first, daemon.upload(token, body, "png", text, chunked=True))
                assert_refused(daemon.upload(token, body[:-1] + b"?", "png", text), "IDEMPOTENCY_CONFLICT")
        assert [name for name, _ in moto.operations(f"users/{sub}/")] == ["PutObject"] * 2

    def test_a_directory(self, directory_environment, sub, token):
        with Daemon(directory_environment) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            assert_created(first, size=len(BODY), kind="png", sub=sub)
            assert_replayed(first, daemon.upload(token, BODY, "png", key("k"), chunked=True))
            assert_refused(daemon.upload(token, OTHER, "png", key("k")), "IDEMPOTENCY_CONFLICT")
            assert len(daemon.rows()) == 1


class TestEnds:
    @pytest.mark.parametrize("strategy, operation", [("multipart", "create"), ("multipart", "part"), ("put", "put")])
    def test_a_failed_upload_frees_its_key(self, store, strategy, operation):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon(settings(store, SLUICE_UPLOAD_STRATEGY=strategy)) as daemon:
            store.faults = {operation: "forbidden"}
            assert_refused(daemon.upload(token, BODY, "png", key("k")), "STORE_UNAVAILABLE")
            store.faults = {}
            eventually(lambda: not keys(daemon), 10, lambda: f"{keys(daemon)} {daemon.rows()}")
            assert_created(daemon.upload(token, OTHER, "png", key("k")), size=len(OTHER), kind="png", sub=sub)

    def test_an_upload_in_doubt_frees_its_key_before_the_doubt_is_over(self, store):
        """A PutObject without an answer is looked at again after a quarter of an hour; its client comes at once."""
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon(settings(store, SLUICE_UPLOAD_STRATEGY="put")) as daemon:
            store.faults = {"put": "close"}
            assert_refused(daemon.upload(token, BODY, "png", key("k")), "STORE_UNAVAILABLE")
            store.faults = {}
            eventually(lambda: not keys(daemon), 10, lambda: f"{keys(daemon)} {daemon.rows()}")
            doubtful, = daemon.rows()
            assert doubtful["state"] == "aborting"
            data, _ = assert_created(
                daemon.upload(token, BODY, "png", key("k")), size=len(BODY), kind="png", sub=sub)
            assert data["imageId"] != doubtful["id"] and doubtful["id"] in {row["id"] for row in daemon.rows()}

    def test_an_old_key_is_like_one_never_sent(self, store):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        times = {"SLUICE_IDEMPOTENCY_TTL_SECONDS": "4", "SLUICE_REQUEST_TIMEOUT_SECONDS": "4"}
        with Daemon(settings(store, **times)) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            row, = keys(daemon)

            def unknown():
                answer = daemon.upload(token, OTHER, "png", key("k"))
                if answer.status == 201:
                    return answer
                assert_refused(answer, "IDEMPOTENCY_CONFLICT")
            second = eventually(unknown, 20)
            assert second.json["data"]["imageId"] != first.json["data"]["imageId"]
            later, = keys(daemon)
            assert later["created_ms"] - row["created_ms"] >= 4_000
            assert later["image_id"] == second.json["data"]["imageId"]

    def test_an_expired_image_frees_its_key(self, store):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon(settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="1")) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            assert first.status == 201
            eventually(lambda: not daemon.rows(), 20, lambda: daemon.output[-3_000:])
            assert keys(daemon) == []
            second = daemon.upload(token, OTHER, "png", key("k"))
            assert_created(second, size=len(OTHER), kind="png", sub=sub)
            assert second.json["data"]["imageId"] > first.json["data"]["imageId"]

    def test_an_image_that_is_deleted_while_it_is_sent_again_is_no_answer(self, store):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon({**settings(store, SLUICE_UNREGISTERED_TTL_SECONDS="20"), "SLUICE_WORKERS": "1"}) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            assert first.status == 201
            gone = first.json["data"]["imageId"]
            with begin(daemon, token, BODY, key("k"), sent=150_000) as connection:
                # By its end the worker has asked the record for the key of the one before.
                assert daemon.upload(token, OTHER, "png").status == 201
                eventually(lambda: "stored" in daemon.states(f"id = {gone}"))
                assert daemon.change("UPDATE uploads SET expires_ms = 1 WHERE id = ?", gone) == 1
                eventually(lambda: not daemon.rows(f"id = {gone}"), 20, lambda: daemon.output[-3_000:])
                connection.send(BODY[150_000:])
                answer = connection.response()
            assert_refused(answer, "STORE_UNAVAILABLE")
            assert int(answer["Retry-After"]) >= 1 and keys(daemon) == []
            again = daemon.upload(token, BODY, "png", key("k"))
            data, _ = assert_created(again, size=len(BODY), kind="png", sub=sub)
            assert data["imageId"] > gone

    def test_the_times_must_agree(self, store):
        with Daemon(settings(store, SLUICE_IDEMPOTENCY_TTL_SECONDS="59"), wait=None) as daemon:
            assert daemon.process.wait(20) == 2
            assert "SLUICE_IDEMPOTENCY_TTL_SECONDS" in daemon.output


class TestRestarts:
    def test_an_answer_outlives_the_process(self, store, folder):
        token = tokens.mint()
        with Daemon(settings(store), folder=folder) as daemon:
            first = daemon.upload(token, BODY, "png", key("k"))
            assert first.status == 201
            assert daemon.terminate() == 0
        with Daemon(settings(store), folder=folder) as daemon:
            assert_replayed(first, daemon.upload(token, BODY, "png", key("k")))
            eventually(lambda: daemon.states() == ["stored"])
            daemon.kill()
        with Daemon(settings(store), folder=folder) as daemon:
            assert_replayed(first, daemon.upload(token, BODY, "png", key("k")))
            assert_refused(daemon.upload(token, OTHER, "png", key("k")), "IDEMPOTENCY_CONFLICT")
        assert len(store.objects) == 1

    def test_a_kill_before_the_body_is_whole_frees_the_key_once_it_is_settled(self, store, folder):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        with Daemon(settings(store), folder=folder) as daemon:
            with begin(daemon, token, BODY, key("k"), sent=150_000):
                eventually(lambda: daemon.states() == ["streaming"])
                daemon.kill()
        # Recovery cannot settle it yet.
        store.faults = {"abort": "forbidden"}
        with Daemon(settings(store), folder=folder) as daemon:
            eventually(lambda: store.seen["abort"])
            assert_in_progress(daemon.upload(token, BODY, "png", key("k")))
            daemon.terminate()
        store.faults = {}
        with Daemon(settings(store), folder=folder) as daemon:
            eventually(lambda: not daemon.rows(), 15, lambda: daemon.output[-3_000:])
            assert keys(daemon) == []
            assert_created(daemon.upload(token, BODY, "png", key("k")), size=len(BODY), kind="png", sub=sub)

    def test_a_kill_while_the_store_completes_keeps_the_key_and_what_its_bytes_were(self, store, folder):
        sub = tokens.fresh_subject()
        token = tokens.mint(sub)
        store.faults = {"complete": "hang-after"}
        with Daemon(settings(store), folder=folder) as daemon:
            with begin(daemon, token, BODY, key("k")):
                eventually(lambda: store.objects)
                eventually(lambda: daemon.states() == ["completing"])
                assert_in_progress(daemon.upload(token, BODY, "png", key("k")))
                daemon.kill()
        store.faults = {}
        with Daemon(settings(store), folder=folder) as daemon:
            eventually(lambda: daemon.states() == ["stored"], 15, lambda: daemon.output)
            answer = daemon.upload(token, BODY, "png", key("k"))
            data, name = assert_created(answer, size=len(BODY), kind="png", sub=sub)
            assert data["imageId"] == daemon.rows()[0]["id"] and list(store.objects) == [name]
            assert_refused(daemon.upload(token, OTHER, "png", key("k")), "IDEMPOTENCY_CONFLICT")
        assert len(store.objects) == 1
