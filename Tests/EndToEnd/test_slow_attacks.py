"""Clients that are slow on purpose, a thousand at once: everyone else is served as ever."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.images import image
from support.waiting import eventually

CONNECTIONS = 1_000
SECONDS = int(os.environ.get("SLOW_SECONDS", "12"))
BODY = image("png", 30_000)


@pytest.fixture
def daemon(directory_environment):
    """The daemon as it comes: no setting is lowered for the attack."""
    with Daemon({**directory_environment, "SLUICE_WORKERS": "2"}) as started:
        yield started
        assert started.process.poll() is None, started.output


class Visitors:
    """Two ordinary clients that upload one image after the other while something else goes on."""

    def __init__(self, daemon):
        self._daemon = daemon
        self._is_over = threading.Event()
        self.answers, self.failures, self.seconds = [], [], []
        self._threads = [threading.Thread(target=self._upload, args=(number,)) for number in range(2)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _upload(self, number):
        while not self._is_over.is_set():
            begun = time.monotonic()
            try:
                self.answers.append(
                    self._daemon.upload(tokens.mint(), BODY, "png", chunked=bool(number), timeout=30).status)
            except OSError as error:
                self.failures.append(repr(error))
            self.seconds.append(time.monotonic() - begun)
            self._is_over.wait(0.02)

    def assert_all_served(self, least):
        assert self.failures == [] and set(self.answers) == {201}, (self.failures[:3], set(self.answers))
        assert len(self.answers) >= least, len(self.answers)


def open_connections(daemon):
    text = daemon.admin("/metrics").body.decode()
    return int(re.search(r"^sluice_connections_open (\d+)$", text, re.M).group(1))


MODES = {
    # A header line now and then.
    "slow-headers": ["-H", "-i", "3", "-x", "24"],
    # A body that was announced and trickles.
    "slow-body": ["-B", "-i", "3", "-s", "8192", "-x", "10", "-f", "image/png"],
    # Answers of which little is read, after several requests at once.
    "slow-read": ["-X", "-w", "10", "-y", "20", "-n", "3", "-z", "32", "-k", "10"],
}


@pytest.mark.parametrize("mode", MODES)
def test_slowhttptest(daemon, tmp_path, mode):
    tool = shutil.which("slowhttptest")
    if not tool:
        assert not os.environ.get("CI"), "no slowhttptest: .ci/setup test installs it"
        pytest.skip("needs slowhttptest: .ci/setup test installs it")
    peak = 0
    with Visitors(daemon) as visitors:
        attack = subprocess.Popen(
            [tool, *MODES[mode], "-c", str(CONNECTIONS), "-r", "500", "-l", str(SECONDS), "-p", "10",
             "-u", f"http://127.0.0.1:{daemon.port}/images", "-g", "-o", "report"],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            while attack.poll() is None:
                peak = max(peak, open_connections(daemon))
                time.sleep(0.1)
            output, _ = attack.communicate(timeout=30)
        finally:
            if attack.poll() is None:
                attack.kill()
                attack.communicate()
    # The tool's own probe has found the service available whenever it looked; its line of columns is the last word.
    rows = (tmp_path / "report.csv").read_text().split()
    available = [row.split(",")[-1] for row in rows[1:]]
    assert available and "0" not in available, output[-2_000:]
    # A body without a token is refused by its head: that attack is soon over.
    visitors.assert_all_served(least=10 if mode == "slow-body" else SECONDS * 2)
    if mode == "slow-headers":
        assert peak > CONNECTIONS // 2, peak
    eventually(lambda: open_connections(daemon) == 0, 60, lambda: f"{open_connections(daemon)} still open")


def test_bodies_that_trickle_behind_a_good_token(daemon):
    """What slowhttptest cannot do: a thousand uploads that are all in order, but for their pace."""
    connections = []
    try:
        with Visitors(daemon) as visitors:
            for number in range(CONNECTIONS):
                connection = wire.Connection(daemon.port, 60)
                chunked = bool(number % 2)
                connection.send(wire.upload_head(tokens.mint(), "png", length=len(BODY), chunked=chunked))
                connection.send(b"8\r\n" + BODY[:8] + b"\r\n" if chunked else BODY[:8])
                connections.append(connection)
            eventually(lambda: open_connections(daemon) >= CONNECTIONS, 30, lambda: f"{open_connections(daemon)} open")
            # Below the least rate: none of them has asked anything of the store, or holds a record.
            assert len(daemon.rows()) <= len(visitors.answers) + 2
            for _ in range(5):
                time.sleep(0.5)
                for number, connection in enumerate(connections):
                    connection.socket.send(b"1\r\nx\r\n" if number % 2 else b"x", socket.MSG_NOSIGNAL)
            # After the grace of ten seconds each is told why.
            for connection in connections:
                assert connection.response().status == 408
        visitors.assert_all_served(least=20)
    finally:
        for connection in connections:
            connection.socket.close()
    eventually(lambda: open_connections(daemon) == 0, 60, lambda: f"{open_connections(daemon)} still open")
