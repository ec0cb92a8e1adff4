"""Loopback ports that are free now and that no parallel test process takes.

They lie below the range that the kernel hands out to outgoing connections, each worker of pytest-xdist having its own.
"""

import itertools
import os
import socket
import threading

_FIRST, _COUNT = 18_000, 1_000


def _candidates():
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = _FIRST + int(worker) % 8 * _COUNT
    start = os.getpid() % _COUNT
    for step in itertools.count():
        yield first + (start + step) % _COUNT


_stream = _candidates()
_lock = threading.Lock()


def free_port() -> int:
    with _lock:
        for port in itertools.islice(_stream, _COUNT):
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
    raise RuntimeError("no free loopback port")
