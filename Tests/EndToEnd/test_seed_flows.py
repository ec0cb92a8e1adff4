"""The three flows of the system that Sluice replaces: sign-up, post, profile; a backend that knows nothing but HTTP."""

import pytest

from support import records, tokens
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import image
from support.records import assert_registered, assert_registered_already, assert_seen, guest_token, look, register

PROFILE, PHOTO = image("png", 40_000), image("jpeg", 300_000)


class Backend:
    """What the replaced backend does with images: it keeps ids, and has them registered with a token of its own."""

    def __init__(self, daemon):
        self.daemon, self.images, self.users = daemon, {}, 0

    def _register(self, data, **more):
        body = {name: data[name] for name in ("imageUrl", "fileSize", "originalFilename")}
        return assert_registered(register(self.daemon, records.service(), {**body, **more}), data)

    def sign_up(self, data):
        """`POST /users/signup`: the user begins to be, and the picture is theirs from now on."""
        user = tokens.fresh_subject()
        self.images[user] = self._register(data, owner=user)["imageId"]
        return user, tokens.mint(user)

    def change_profile(self, user, data):
        """`PATCH /users/{userId}`"""
        self.images[user] = self._register(data)["imageId"]


@pytest.fixture(scope="module")
def guests(s3_environment):
    with Daemon({**s3_environment, "SLUICE_GUEST_TOKENS": "on"}) as daemon:
        yield daemon


def test_sign_up_post_and_profile(guests, moto):
    backend = Backend(guests)

    # Sign-up: a guest's picture, registered by the page itself first, becomes the user's when the sign-up completes.
    answer = guest_token(guests, "Origin: https://community.example")
    assert answer.status == 200
    guest = answer.json["data"]["guestToken"]
    uploaded = guests.upload(guest, PROFILE, "png", "x-filename: me.png")
    assert uploaded.status == 201
    picture = uploaded.json["data"]
    assert "/users/guest-" in picture["imageUrl"]
    assert_registered(register(guests, guest, {"imageUrl": picture["imageUrl"]}), picture)
    user, token = backend.sign_up(picture)
    seen = assert_seen(look(guests, token, picture["imageId"]), picture, "image/png")
    assert seen["registeredAt"] and seen["expiresAt"] is None
    assert_refused(look(guests, guest, picture["imageId"]), "NOT_FOUND")

    # A post: the user's own picture, registered by the page, whose id goes into the post.
    photo, key = assert_created(
        guests.upload(token, PHOTO, "jpeg", "x-filename: %ED%95%9C%EA%B0%95.jpg"), size=len(PHOTO), kind="jpeg",
        sub=user)
    assert photo["originalFilename"] == "한강.jpg"
    assert_registered(register(guests, token, {name: photo[name] for name in (
        "imageUrl", "fileSize", "originalFilename")}), photo)
    assert_registered_already(register(guests, token, {"imageUrl": photo["imageUrl"]}), photo["imageId"])
    assert moto.object(key)[0] == PHOTO

    # The profile: another picture, registered by the backend.
    other, _ = assert_created(guests.upload(token, PROFILE, "png"), size=len(PROFILE), kind="png", sub=user)
    assert look(guests, token, other["imageId"]).json["data"]["registeredAt"] is None
    backend.change_profile(user, other)
    assert backend.images[user] == other["imageId"]
    assert_seen(look(guests, token, other["imageId"]), other, "image/png")

    # What was never registered stays so, and is nobody else's.
    left, _ = assert_created(guests.upload(token, PROFILE, "png"), size=len(PROFILE), kind="png", sub=user)
    assert guests.rows("id = ?", left["imageId"])[0]["registered_ms"] is None
    owners = {row["id"]: (row["owner"], row["registered_by"]) for row in guests.rows("owner = ?", user)}
    assert owners == {picture["imageId"]: (user, "SERVICE"), photo["imageId"]: (user, "USER"),
                      other["imageId"]: (user, "SERVICE"), left["imageId"]: (user, None)}


def test_an_abandoned_sign_up_leaves_its_picture_to_the_guest_alone(guests):
    guest = guest_token(guests).json["data"]["guestToken"]
    picture = guests.upload(guest, PROFILE, "png").json["data"]
    row, = guests.rows("id = ?", picture["imageId"])
    assert row["registered_ms"] is None
    assert_refused(register(guests, tokens.mint(), {"imageUrl": picture["imageUrl"]}), "INVALID_IMAGE_URL")
