"""A body that comes slowly: an upload that gets no byte for about 20 s is cut by S3, and a client may send as little as
1,024 bytes a second. So the store has to have all but 12 KiB of what came, wherever the client is, in every mode."""

import pytest

from support import tokens, wire
from support.certificates import Authority
from support.daemon import Daemon
from support.expectations import assert_created
from support.hostile_store import HostileStore
from support.images import KIB, MIB, image
from support.waiting import eventually

# What a PutObject keeps to its end, and a chunk of which but one byte is there.
KEPT_MAX = 12 * KIB
# With these the end of the body that is kept back and the last whole chunk meet as badly as they can.
LENGTHS = [96 * KIB + 4_095, MIB + 4_095]
STEP = 2_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def places(length):
    """Where the client waits until the store has what it should: along the beginning and the end of its body."""
    return sorted({*range(16, 40_000, STEP), *range(length - 40_000, length - 1, STEP), length - 1})


@pytest.mark.parametrize("strategy", ["multipart", "put"])
@pytest.mark.parametrize(("scheme", "payload"), [
    ("http", "unsigned"), ("http", "signed"), ("http", "trailer"), ("https", "trailer")])
def test_the_store_has_all_but_12_kib_of_what_came(authority, scheme, payload, strategy):
    certificate = authority.leaf("store", "127.0.0.1") if scheme == "https" else None
    with HostileStore(tls=certificate) as store:
        settings = store.settings(
            SLUICE_S3_PAYLOAD=payload, SLUICE_UPLOAD_STRATEGY=strategy, AWS_CA_BUNDLE=str(authority.path),
            SLUICE_SHUTDOWN_GRACE_SECONDS="1")
        with Daemon(settings) as daemon:
            for length in LENGTHS:
                trickle(daemon, store, image("png", length))


def trickle(daemon, store, body):
    sub, sent = tokens.fresh_subject(), 0
    store.received = 0
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.upload_head(tokens.mint(sub), "png", length=len(body)))
        for place in places(len(body)):
            connection.send(body[sent:place])
            sent = place
            # The framing of what came only adds to it.
            eventually(lambda: store.received >= sent - KEPT_MAX, 15, lambda: f"of {sent} only {store.received}")
        assert not set(daemon.states("owner = ?", sub)) & {"completing", "stored"}
        connection.send(body[sent:])
        assert_created(connection.response(), size=len(body), kind="png", sub=sub)
