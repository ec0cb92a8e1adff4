"""Clients in numbers: thousands that say nothing, thousands that reset, more than there are descriptors.

And the listeners that they come to.
"""

import os
import resource
import socket
import struct
import time
import warnings

import pytest

from support import tokens, wire
from support.crowds import connect_many, crowd_size, raise_limit
from support.daemon import Daemon
from support.expectations import assert_created
from support.images import MIB, image
from support.ports import free_port
from support.waiting import eventually

WANTED, ACCEPTABLE = 10_000, 5_000
BODY = image("png", 5_000)


def assert_serves(daemon):
    sub = tokens.fresh_subject()
    assert_created(daemon.upload(tokens.mint(sub), BODY, "png", timeout=60), size=len(BODY), kind="png", sub=sub)


def settled(daemon):
    """Descriptors of a daemon that has served, once they rest."""
    assert_serves(daemon)
    last = None
    while last != daemon.descriptors():
        last = daemon.descriptors()
        time.sleep(0.3)
    return last


def come_back(daemon, before):
    eventually(lambda: daemon.descriptors() <= before, 60, lambda: f"before {before}, now {daemon.descriptors()}")


def test_ten_thousand_connections_that_send_nothing(directory_environment):
    count = crowd_size(WANTED, ACCEPTABLE)
    settings = {"SLUICE_CONNECTIONS_MAX": "15000", "SLUICE_HEADER_TIMEOUT_SECONDS": "120"}
    with Daemon({**directory_environment, **settings}, prepare=raise_limit) as daemon:
        before = settled(daemon)
        memory = daemon.resident_bytes()
        connections = connect_many(daemon.port, count)
        try:
            eventually(lambda: daemon.descriptors() >= before + count, 60,
                       lambda: f"{daemon.descriptors() - before} of {count} accepted")
            # Far above what a connection may hold (4 KiB), far below a buffer for each.
            held = (daemon.resident_bytes() - memory) / count
            assert held < 8 * 1024, f"{held:.0f} bytes for each"
            for _ in range(10):
                assert_serves(daemon)
        finally:
            for connection in connections:
                connection.close()
        come_back(daemon, before)
        assert_serves(daemon)


def test_silent_connections_are_closed_by_the_daemon(directory_environment):
    """Nobody has to go: the first head's deadline frees what they hold."""
    raise_limit()
    settings = {"SLUICE_CONNECTIONS_MAX": "15000", "SLUICE_HEADER_TIMEOUT_SECONDS": "3"}
    with Daemon({**directory_environment, **settings}, prepare=raise_limit) as daemon:
        before = settled(daemon)
        connections = connect_many(daemon.port, 2_000)
        come_back(daemon, before)
        for connection in connections:
            assert connection.recv(1) == b""
            connection.close()
        assert_serves(daemon)


@pytest.mark.parametrize(("sends", "count"), [
    (b"", 5_000), (b"POST /images HT", 1_000), (wire.upload_head("x", length=100) + b"abc", 1_000),
], ids=["nothing", "half-a-head", "a-refused-body"])
def test_five_thousand_resets(directory_environment, sends, count):
    with Daemon(directory_environment) as daemon:
        before = settled(daemon)
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=60)
            if sends:
                connection.send(sends)
            # Most resets come while the connection still waits to be accepted; some when it surely is.
            if number % 100 == 0:
                time.sleep(0.02)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        assert_serves(daemon)
        come_back(daemon, before)
        assert daemon.process.poll() is None


def processor_seconds(daemon):
    fields = open(f"/proc/{daemon.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class TestDescriptorsRunOut:
    LIMIT = 256
    # Barely more than the daemon itself has open.
    FAR_TOO_LOW = 36

    def limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.LIMIT, self.LIMIT))

    def limit_far_too_low(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.FAR_TOO_LOW, self.FAR_TOO_LOW))

    def test_a_limit_that_leaves_room_for_nobody_is_survived(self, directory_environment):
        """Not one descriptor is left when a crowd has come; when it has gone, all is well again."""
        with Daemon(directory_environment, prepare=self.limit_far_too_low) as daemon:
            before = settled(daemon)
            for _ in range(2):
                crowd = connect_many(daemon.port, 100)
                time.sleep(1)
                assert before < daemon.descriptors() <= self.FAR_TOO_LOW
                used = processor_seconds(daemon)
                time.sleep(1)
                assert processor_seconds(daemon) - used < 0.5
                for connection in crowd:
                    connection.close()
                assert_serves(daemon)
                come_back(daemon, before)
            # The operator is told, and not ten times a second.
            told = [line for line in daemon.log() if "EMFILE" in line.get("message", "")]
            assert 1 <= len(told) <= 4, told

    def test_accepting_pauses_uploads_finish_and_service_returns(self, directory_environment):
        settings = {"SLUICE_HEADER_TIMEOUT_SECONDS": "60", "SLUICE_BODY_IDLE_SECONDS": "18"}
        body = image("jpeg", 2 * MIB)
        with Daemon({**directory_environment, **settings}, prepare=self.limit) as daemon:
            before = settled(daemon)
            uploads = []
            for _ in range(5):
                sub = tokens.fresh_subject()
                connection = wire.Connection(daemon.port, 60)
                connection.send(wire.upload_head(tokens.mint(sub), length=len(body)) + body[:MIB])
                uploads.append((sub, connection))
            # One for each, and that of the upload before.
            eventually(lambda: len(daemon.rows()) == len(uploads) + 1, 20, lambda: f"{daemon.rows()}")
            silent = connect_many(daemon.port, 3 * self.LIMIT)
            # As many as there is room for are taken; the others wait in the kernel's queue, or push out the silent.
            last = wire.Connection(daemon.port, 60)
            last.send(wire.head("GET", "/nowhere"))
            time.sleep(1)
            assert before < daemon.descriptors() <= self.LIMIT
            for sub, connection in uploads:
                connection.send(body[MIB:])
                assert_created(connection.response(), size=len(body), kind="jpeg", sub=sub)
                connection.socket.close()
            # Waiting costs no processor: what cannot be accepted is not tried in a loop.
            used = processor_seconds(daemon)
            time.sleep(1)
            assert processor_seconds(daemon) - used < 0.5
            for connection in silent:
                connection.close()
            # Who waited is served, and so is who comes now.
            assert last.response().status == 404
            last.socket.close()
            assert_serves(daemon)
            come_back(daemon, before)
            trouble = [line for line in daemon.log() if line.get("level") in ("error", "critical", "warning")]
            assert len(trouble) < 200, f"{len(trouble)} lines of trouble: {trouble[:3]}"


class TestListeners:
    @staticmethod
    def has_ipv6():
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
            return True
        except OSError:
            return False

    def assert_answers(self, host, port):
        with wire.Connection(port, host=host) as connection:
            connection.send(wire.head("GET", "/nowhere"))
            assert connection.response().status == 404

    def test_several_at_once(self, directory_environment):
        first, second, third = free_port(), free_port(), free_port()
        listens, hosts = [f"127.0.0.1:{first}", f"127.0.0.2:{second}"], [("127.0.0.1", first), ("127.0.0.2", second)]
        if self.has_ipv6():
            listens.append(f"[::1]:{third}")
            hosts.append(("::1", third))
        else:
            warnings.warn("NO IPv6 ON THIS MACHINE: ITS LISTENER IS NOT TRIED", stacklevel=1)
        with Daemon({**directory_environment, "SLUICE_LISTEN": ",".join(listens)}) as daemon:
            for host, port in hosts * 3:
                self.assert_answers(host, port)
            # Each in its own right: what comes to one is not held up by another's crowd.
            crowd = connect_many(first, 50)
            for host, port in hosts:
                self.assert_answers(host, port)
            for connection in crowd:
                connection.close()
            daemon.port = first
            assert_serves(daemon)

    def test_both_families_on_one_port(self, directory_environment):
        if not self.has_ipv6():
            pytest.skip("NO IPv6 ON THIS MACHINE")
        port = free_port()
        for listens in (f"[::]:{port}", f"0.0.0.0:{port},[::]:{port}", f"[::]:{port},0.0.0.0:{port}"):
            with Daemon({**directory_environment, "SLUICE_LISTEN": listens}):
                self.assert_answers("127.0.0.1", port)
                self.assert_answers("::1", port)

    @pytest.mark.parametrize("setting", ["SLUICE_LISTEN", "SLUICE_ADMIN_LISTEN"])
    @pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
    def test_a_port_that_is_taken_is_named_with_what_to_do(self, directory_environment, setting, host):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if family == socket.AF_INET6 and not self.has_ipv6():
            pytest.skip("NO IPv6 ON THIS MACHINE")
        with socket.create_server((host, 0), family=family) as taken:
            port = taken.getsockname()[1]
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            value = f"127.0.0.1:{free_port()},{address}" if setting == "SLUICE_LISTEN" else address
            with Daemon({**directory_environment, setting: value}, wait=None) as daemon:
                assert daemon.process.wait(20) == 1
                lines = [line for line in daemon.output.splitlines() if line.strip()]
                named = [line for line in lines if address in line]
                assert len(named) == 1 and "taken" in named[0], daemon.output
                # Nothing of the daemon knocks there.
                assert not wire.ready(taken, 0)[0]
