"""Two daemons on one record, and on one bucket: neither hurts what the other has under way."""

import collections
import shutil
import tempfile
import time

import pytest

from support import tokens
from support.daemon import Daemon
from support.stepping_store import Step, SteppingStore
from support.torture import Client, join, together
from support.waiting import eventually


@pytest.fixture
def store():
    with SteppingStore() as started:
        yield started


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="sluice-two-", dir="/var/tmp") as made:
        yield made


class Name:
    """What a client of the kill test needs of its lane."""
    name = "two"


def settings(store, folder):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_DATABASE": f"{folder}/sluice.sqlite"}


def states(daemon):
    return {row["id"]: row["state"] for row in daemon.rows()}


def clients(prefix, count):
    return [Client(Name, prefix, number + 1) for number in range(count)]


def objects(store):
    return {key: entry[:2] for key, entry in store.stored().items()}


def test_two_daemons_on_one_record_take_uploads_side_by_side(store, folder):
    with Daemon(settings(store, folder)) as one, Daemon(settings(store, folder)) as other:
        pairs = [(client, daemon) for daemon, prefix in ((one, "a"), (other, "b")) for client in clients(prefix, 3)]

        def work(client, daemon):
            for number in range(20):
                client.upload(daemon.port, ("plain", "chunked", "form")[number % 3])
        join(together(*[lambda pair=pair: work(*pair) for pair in pairs]), 90)
        promises = [promise for client, _ in pairs for promise in client.promises]
        assert len(promises) == 20 * len(pairs)
        assert len({promise.image_id for promise in promises}) == len(promises)
        eventually(lambda: set(states(one).values()) == {"stored"}, 15, lambda: f"{states(one)}")
        assert {(row["id"], row["key"]) for row in other.rows()} == {(p.image_id, p.key) for p in promises}
        assert objects(store) == {promise.key: (promise.size, promise.digest) for promise in promises}


def settled(daemon):
    """Image ids that a daemon says it has recovered, and how often."""
    return collections.Counter(line["image_id"] for line in daemon.log() if line.get("logger") == "recovery"
                               and "image_id" in line and "left unfinished" in line["message"])


def test_what_the_dead_left_is_recovered_by_one_of_two_that_start_at_once(store, folder):
    dead = tempfile.mkdtemp(prefix="sluice-dead-", dir="/var/tmp")
    try:
        daemon = Daemon(settings(store, folder), folder=dead)
        uploads, steps = clients("a", 12), []
        for number, client in enumerate(uploads):
            operation, point = (("create", "after"), ("part", "before"), ("complete", "after"))[number % 3]
            steps.append(store.arm(Step(operation, point, prefix=f"users/{client.sub}/")))
        threads = together(*[lambda client=client: client.upload(daemon.port) for client in uploads])
        for step in steps:
            assert step.reached.wait(20), f"{step} is never reached"
        daemon.kill()
        for step in steps:
            step.let_go()
        join(threads)
        assert len(daemon.rows()) == len(uploads)
    finally:
        shutil.rmtree(dead)
    with Daemon(settings(store, folder), wait=None) as one, Daemon(settings(store, folder), wait=None) as other:
        one.wait_until("readyz")
        other.wait_until("readyz")
        eventually(lambda: list(states(one).values()) == ["stored"] * 4, 20, lambda: f"{states(one)}")
        assert store.open_keys() == []
        assert set(store.stored()) == {row["key"] for row in one.rows()}
        eventually(lambda: len(settled(one) + settled(other)) == len(uploads), 20,
                   lambda: f"{settled(one)} {settled(other)}")
        assert set((settled(one) + settled(other)).values()) == {1}, f"{settled(one)} {settled(other)}"
        for daemon in (one, other):
            assert not [line for line in daemon.log() if line.get("level") == "error"], daemon.output


def test_a_start_leaves_what_others_have_in_the_bucket(store, folder):
    """The sweep ends what is old, called as ours are, and in no row: nothing else."""
    name = "1795642649858-3d6fba5a-582c-47f4-9c91-1c82b2a544bc.jpeg"
    day = 86_400
    there = {"old": (f"users/1/images/{name}", 2 * day), "young": (f"users/2/images/{name}", day / 2),
             "others": (f"photos/1/images/{name}", 9 * day), "alike": (f"users/3/images/x-{name}", 9 * day),
             "deeper": (f"users/4/5/images/{name}", 9 * day)}
    for upload, (key, age) in there.items():
        store.uploads[upload] = {"key": key, "mark": "m", "parts": {}, "at": time.time() - age}
    with Daemon({**settings(store, folder), "SLUICE_DATABASE": f"{folder}/neighbour.sqlite"}) as neighbour:
        client = clients("b", 1)[0]
        threads = together(lambda: client.dribble(neighbour.port, 3))
        eventually(lambda: store.open_keys(f"users/{client.sub}/"), 10)
        with Daemon(settings(store, folder)):
            eventually(lambda: "old" not in store.uploads, 20, lambda: f"{sorted(store.uploads)}")
            join(threads)
            assert len(client.promises) == 1, neighbour.output
            assert set(store.uploads) == {"young", "others", "alike", "deeper"}
