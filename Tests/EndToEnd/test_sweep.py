"""Uploads that no row knows: old ones of ours are aborted, and no others."""

import os
import shutil
import tempfile
import time

import pytest

from support import tokens, wire
from support.daemon import Daemon, run
from support.images import image
from support.mortal_store import MortalStore
from support.waiting import eventually

BODY = image("png", 200_000)
NAME = "1700000000000-0b0e7e3a-93c1-4f7e-8a54-2f6d9d1f2a3b"
OURS = [f"users/7/images/{NAME}.png", f"users/guest-x/images/{NAME}.jpeg", f"users/7/images/{NAME}.gif"]
OTHERS = [
    f"users/7/images/{NAME}.webp", f"users/7/images/{NAME}.png/x", f"users/7/pictures/{NAME}.png",
    f"users/a/b/images/{NAME}.png", f"users/7/images/{NAME.upper()}.png", f"users/7/images/{NAME[1:]}.pngx",
    f"users/7/images/x-{NAME}.png", "users/7/images/1-0b0e7e3a-93c1-1f7e-8a54-2f6d9d1f2a3b.png", "users/readme.txt",
    f"users//images/{NAME}.png", f"users/../images/{NAME}.png",
]
HOUR = 3_600


def settings(store, **others):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1",
            "SLUICE_ORPHAN_AGE_SECONDS": "120", **others}


@pytest.fixture
def store():
    with MortalStore() as server:
        # Several pages.
        server.page_size = 2
        yield server


def leave(store, keys, age):
    for number, key in enumerate(keys):
        store.open[f"left-{age}-{number}"] = {"key": key, "mark": "", "parts": {}, "begun": time.time() - age}


def open_keys(store):
    return sorted(upload["key"] for upload in store.open.values())


def swept(daemon):
    eventually(lambda: any(line.get("message", "").startswith("the sweep for unknown uploads saw")
                           for line in daemon.log()), 15, lambda: daemon.output[-2_000:])


def test_old_uploads_of_ours_go_and_all_others_stay(store):
    leave(store, OURS + OTHERS, HOUR)
    young = [f"users/8/images/{NAME}.png"]
    leave(store, young, 60)
    # The object of another record, whose upload was left open: it is not touched.
    store.objects[OURS[0]] = (3, "other")
    with Daemon(settings(store)) as daemon:
        swept(daemon)
        assert open_keys(store) == sorted(OTHERS + young)
        assert store.objects == {OURS[0]: (3, "other")} and store.seen["delete"] == 0
        assert b"sluice_sweep_aborted_total 3" in daemon.admin("/metrics").body


def test_an_upload_that_a_row_knows_stays_however_old_it_is(store):
    folder = tempfile.mkdtemp(prefix="sluice-sweep-")
    try:
        with Daemon(settings(store)) as living:
            with wire.Connection(living.port) as connection:
                connection.send(wire.upload_head(tokens.mint(), "png", length=len(BODY)) + BODY[:150_000])
                eventually(lambda: [row["state"] for row in living.rows()] == ["streaming"])
                for upload in store.open.values():
                    upload["begun"] -= HOUR
                with Daemon(settings(store, SLUICE_DATABASE=str(living.database)), folder=folder) as other:
                    swept(other)
                    assert len(store.open) == 1
                connection.send(BODY[150_000:])
                assert connection.response().status == 201
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_old_unfinished_files_of_a_directory_go_and_young_ones_stay(tmp_path):
    incoming = tmp_path / "images" / ".incoming"
    incoming.mkdir(parents=True)
    for name in ("old", "young"):
        (incoming / name).write_bytes(BODY)
    os.utime(incoming / "old", (time.time() - HOUR,) * 2)
    with Daemon({"SLUICE_STORE": "directory", "SLUICE_STORE_DIR": str(tmp_path / "images"),
                 "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", "SLUICE_ORPHAN_AGE_SECONDS": "120"}) as daemon:
        swept(daemon)
        assert [file.name for file in incoming.iterdir()] == ["young"]


def test_an_age_that_uploads_under_way_may_have_is_refused(store):
    answer = run("settings", environment=settings(store, SLUICE_ORPHAN_AGE_SECONDS="119"))
    assert answer.returncode == 2
    assert "SLUICE_ORPHAN_AGE_SECONDS" in answer.stderr and "twice" in answer.stderr


def test_a_list_that_is_refused_is_said_and_ends_nothing(store):
    leave(store, OURS, HOUR)
    store.faults = {"search": "forbidden"}
    with Daemon(settings(store)) as daemon:
        eventually(lambda: any("the sweep for unknown uploads ended early" in line.get("message", "")
                               for line in daemon.log()), 15, lambda: daemon.output[-2_000:])
        assert daemon.upload(tokens.mint(), BODY, "png").status == 201
    assert len(store.open) == len(OURS)
