"""Connections to the store: names that are looked up slowly, sessions of TLS."""

import os
import subprocess
import threading
import time

import pytest

from support import tokens, wire
from support.certificates import Authority
from support.daemon import Daemon
from support.expectations import assert_created
from support.images import image
from support.mortal_store import MortalStore
from support.waiting import eventually

BODY = image("png", 100_000)

# Names under `.slow` are this machine, or what a file says, and known after so many seconds.
SLOW_NAMES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    lookup *real = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    size_t length = name ? strlen(name) : 0;
    if (length < 5 || strcmp(name + length - 5, ".slow")) return real(name, service, hints, found);
    const char *log = getenv("LOOKUP_LOG");
    int file = log ? open_log(log) : -1;
    if (file >= 0) { (void)!write(file, "x", 1); close(file); }
    sleep((unsigned)atoi(getenv("LOOKUP_SECONDS")));
    char address[64] = "127.0.0.1";
    const char *told = getenv("LOOKUP_ADDRESS");
    int says = told ? open(told, O_RDONLY) : -1;
    if (says >= 0) {
        ssize_t length = read(says, address, sizeof address - 1);
        address[length > 0 ? length : 0] = 0;
        close(says);
    }
    return real(address, service, hints, found);
}
"""
LOG = r"""
static int open_log(const char *path) { return open(path, O_WRONLY | O_CREAT | O_APPEND, 0600); }
"""

# Counts how often a socket is corked, and those that still are when their thread goes to wait.
WRITES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
ssize_t send(int socket, const void *bytes, size_t length, int flags) {
    ssize_t (*real)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
    char line[32];
    int file = open(getenv("WRITE_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file >= 0) { (void)!write(file, line, snprintf(line, sizeof line, "%zu\n", length)); close(file); }
    return real(socket, bytes, length, flags);
}
"""


def upload(daemon):
    """One that goes well."""
    sub = tokens.fresh_subject()
    assert_created(daemon.upload(tokens.mint(sub), BODY, "png"), size=len(BODY), kind="png", sub=sub)


@pytest.fixture(scope="module")
def slow_names(tmp_path_factory):
    """A library for LD_PRELOAD that makes lookups slow."""
    return compiled(SLOW_NAMES.replace("typedef", LOG + "typedef", 1), tmp_path_factory.mktemp("names"))


def compiled(text, folder):
    """A library for LD_PRELOAD."""
    source, library = folder / "preloaded.c", folder / "preloaded.so"
    source.write_text(text)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True, timeout=60)
    return library


def slow_daemon(store, library, log, seconds, **more):
    settings = {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1",
                "AWS_ENDPOINT_URL_S3": f"http://store.slow:{store.port}", "LD_PRELOAD": str(library),
                "LOOKUP_SECONDS": str(seconds), "LOOKUP_LOG": str(log), **more}
    return Daemon(settings)


def lookups(log):
    return os.path.getsize(log) if log.exists() else 0


def test_a_lookup_of_four_seconds_blocks_nobody(slow_names, tmp_path):
    log = tmp_path / "lookups"
    with MortalStore() as store, slow_daemon(store, slow_names, log, 4) as daemon:
        answers = []
        def ask():
            answers.append(daemon.upload(tokens.mint(), BODY, "png", timeout=60))
        uploads = [threading.Thread(target=ask) for _ in range(3)]
        for each in uploads:
            each.start()
        eventually(lambda: lookups(log) > 0, 20)
        # The one worker serves others all the while: a thousand round trips would take ages if one waited.
        served = 0
        with wire.Connection(daemon.port) as connection:
            while not answers and served < 2_000:
                begun = time.monotonic()
                connection.send(wire.head("OPTIONS", "/images"))
                assert connection.response(method="OPTIONS").status == 204
                assert time.monotonic() - begun < 3, "a request waited for the lookup"
                served += 1
                time.sleep(0.02)
        assert served > 20, served
        for each in uploads:
            each.join()
        assert [answer.status for answer in answers] == [201, 201, 201]
        # Its outcome is remembered for a while.
        before = lookups(log)
        upload(daemon)
        assert lookups(log) == before


def test_nothing_that_is_given_up_in_the_middle_of_a_lookup_waits_for_it(slow_names, tmp_path):
    log = tmp_path / "lookups"
    # Longer than connecting may take: every request gives up while the lookup goes on.
    with MortalStore() as store, slow_daemon(store, slow_names, log, 20) as daemon:
        answers = []
        asked = threading.Thread(target=lambda: answers.append(daemon.upload(tokens.mint(), BODY, "png", timeout=60)))
        asked.start()
        eventually(lambda: lookups(log) > 0, 20)
        slowest = 0
        with wire.Connection(daemon.port) as connection:
            for _ in range(2_000):
                if answers:
                    break
                begun = time.monotonic()
                connection.send(wire.head("OPTIONS", "/images"))
                assert connection.response(method="OPTIONS").status == 204
                slowest = max(slowest, time.monotonic() - begun)
                time.sleep(0.02)
        asked.join()
        assert answers[0].status == 503
        assert slowest < 3, slowest


def test_a_name_that_means_another_address_is_followed(slow_names, tmp_path):
    """A lookup is remembered for half a minute, an idle connection for a quarter."""
    log, address = tmp_path / "lookups", tmp_path / "address"
    address.write_text("127.0.0.1")
    with MortalStore() as old, MortalStore(host="127.0.0.2", port=old.port) as new:
        with slow_daemon(old, slow_names, log, 0, LOOKUP_ADDRESS=str(address)) as daemon:
            upload(daemon)
            address.write_text("127.0.0.2")
            # The old one serves all the while: nothing but the clock says that it is to be left.
            upload(daemon)
            assert not new.objects
            time.sleep(32)
            upload(daemon)
            assert len(new.objects) == 1 and len(old.objects) == 2
            # The worker's two, and one for the look at old uploads at the start.
            assert lookups(log) in (2, 3)


def test_a_store_that_has_failed_over_is_found(slow_names, tmp_path):
    log, address = tmp_path / "lookups", tmp_path / "address"
    address.write_text("127.0.0.1")
    with MortalStore() as old, MortalStore(host="127.0.0.2", port=old.port) as new:
        with slow_daemon(old, slow_names, log, 0, LOOKUP_ADDRESS=str(address)) as daemon:
            upload(daemon)
            old.die()
            address.write_text("127.0.0.2")
            eventually(lambda: daemon.upload(tokens.mint(), BODY, "png", timeout=60).status == 201, 90,
                       lambda: daemon.output[-2_000:])
            assert len(new.objects) == 1
            # A store that does not answer is no reason to ask for its name with every request.
            assert lookups(log) <= 20


def test_sessions_of_tls_are_taken_up_again(tmp_path):
    authority = Authority(tmp_path)
    leaf = authority.leaf("localhost", "localhost")
    with MortalStore(tls=leaf) as store:
        store.keeps_connections = False
        settings = {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1",
                    "AWS_CA_BUNDLE": str(authority.path)}
        with Daemon(settings) as daemon:
            for _ in range(4):
                upload(daemon)
        assert len(store.resumed) >= 8
        assert store.resumed.count(True) >= len(store.resumed) - 2, store.resumed


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "plain"])
def test_records_of_tls_go_out_together(secure, tmp_path):
    authority = Authority(tmp_path)
    log = tmp_path / "writes"
    body = image("png", 3_000_000)
    with MortalStore(tls=authority.leaf("localhost", "localhost") if secure else None) as store:
        settings = {**store.environment, "JWT_SECRET": tokens.SECRET, "AWS_CA_BUNDLE": str(authority.path),
                    "LD_PRELOAD": str(compiled(WRITES, tmp_path)), "WRITE_LOG": str(log)}
        with Daemon(settings) as daemon:
            for _ in range(3):
                assert daemon.upload(tokens.mint(), body, "png", timeout=60).status == 201
        assert [size for size, _ in store.objects.values()] == 3 * [len(body)]
    # A record carries 16 KiB, a write up to 64 of them; answers to clients are far below one record.
    large = [size for size in map(int, log.read_text().split()) if size > 16_384]
    assert max(large) > 3 * 16_384 and sum(large) > len(body), large


def test_a_store_under_a_name_that_its_certificate_does_not_have_is_refused(tmp_path):
    authority = Authority(tmp_path)
    with MortalStore(tls=authority.leaf("elsewhere", "elsewhere.example")) as store:
        settings = {**store.environment, "JWT_SECRET": tokens.SECRET, "AWS_CA_BUNDLE": str(authority.path)}
        with Daemon(settings) as daemon:
            assert daemon.upload(tokens.mint(), BODY, "png", timeout=60).status == 503
            assert "certificate" in daemon.output or "SSL" in daemon.output, daemon.output
        assert sum(store.seen.values()) == 0


def test_connections_are_kept(tmp_path):
    with MortalStore() as store:
        settings = {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1"}
        with Daemon(settings) as daemon:
            for _ in range(30):
                assert daemon.upload(tokens.mint(), BODY, "png").status == 201
            assert store.accepted <= 3
