"""The seed's rule: a guest's picture is kept when the sign-up completes, and deleted when it does not."""

import threading
import time

from support import records, tokens
from support.daemon import Daemon
from support.expectations import assert_refused
from support.images import image
from support.records import assert_registered, assert_registered_already, look, register
from support.waiting import eventually

PICTURE = image("png", 30_000)


def settings(store, seconds):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_GUEST_TOKENS": "on",
            "SLUICE_UNREGISTERED_TTL_SECONDS": str(seconds)}


def picture(daemon):
    """A guest, and the picture that they have just uploaded."""
    token = records.guest_token(daemon).json["data"]["guestToken"]
    answer = daemon.upload(token, PICTURE, "png")
    assert answer.status == 201
    return token, answer.json["data"]


def test_registered_by_the_backend_it_stays_and_by_the_guest_alone_it_goes(store, tmp_path):
    with Daemon(settings(store, 3_600), folder=tmp_path) as daemon:
        guest, kept = picture(daemon)
        assert_registered(register(daemon, guest, {"imageId": kept["imageId"]}), kept)
        assert look(daemon, guest, kept["imageId"]).json["data"]["expiresAt"] is not None
        assert_registered(register(daemon, records.service(), {"imageUrl": kept["imageUrl"], "owner": "77"}), kept)
        other, left = picture(daemon)
        assert_registered(register(daemon, other, {"imageId": left["imageId"]}), left)
        _, abandoned = picture(daemon)
        assert daemon.terminate() == 0
    # An hour goes by.
    assert daemon.change("UPDATE uploads SET expires_ms = 1 WHERE expires_ms IS NOT NULL") == 2
    with Daemon(settings(store, 3_600), folder=tmp_path) as daemon:
        eventually(lambda: [row["id"] for row in daemon.rows()] == [kept["imageId"]], 30, lambda: daemon.output)
        assert len(store.objects) == 1
        assert_refused(look(daemon, other, left["imageId"]), "NOT_FOUND")
        for gone in (left, abandoned):
            assert_refused(register(daemon, records.service(), {"imageId": gone["imageId"]}), "INVALID_IMAGE_URL")
            assert_refused(register(daemon, records.service(), {"imageUrl": gone["imageUrl"]}), "INVALID_IMAGE_URL")
        seen = look(daemon, tokens.mint("77"), kept["imageId"]).json["data"]
        assert seen["expiresAt"] is None and seen["registeredAt"] is not None


def test_registration_against_the_reaper(store):
    """Each image is registered for ever, with its object, or gone with it: never one without the other."""
    with Daemon(settings(store, 1)) as daemon:
        images, answers = [], {}
        for _ in range(24):
            answer = daemon.upload(tokens.mint("5"), PICTURE, "png")
            assert answer.status == 201
            images.append(answer.json["data"])
        stop = threading.Event()

        def ask(mine):
            # Round and round, so that some come before their time, some with it, some after it.
            while not stop.is_set():
                for data in mine:
                    if data["imageId"] not in answers and (data["imageId"] % 3 or due(data)):
                        answers[data["imageId"]] = register(daemon, records.service(), {"imageId": data["imageId"]})

        def due(data):
            rows = daemon.rows("id = ? AND expires_ms > 0", data["imageId"])
            return not rows or rows[0]["expires_ms"] - 50 < now_ms()
        threads = [threading.Thread(target=ask, args=(images[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(answers) == len(images), 30)
        stop.set()
        for thread in threads:
            thread.join()
        kept = {image_id for image_id, answer in answers.items() if answer.status == 201}
        for image_id, answer in answers.items():
            if image_id not in kept:
                assert_refused(answer, "INVALID_IMAGE_URL")
        eventually(lambda: {row["id"] for row in daemon.rows()} == kept, 30, lambda: daemon.output)
        assert {row["key"] for row in daemon.rows()} == set(store.objects)
        for image_id in kept:
            assert_registered_already(register(daemon, records.service(), {"imageId": image_id}), image_id)


def now_ms():
    return time.time() * 1_000
