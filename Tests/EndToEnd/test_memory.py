"""What uploads hold in memory together is bounded: past it the slowest are ended, and memory stays where it was."""

import socket

from support import tokens, wire
from support.daemon import Daemon
from support.images import image
from support.waiting import eventually

MIB = 1 << 20


def silent_store():
    """An S3 that takes connections and never answers."""
    return socket.create_server(("127.0.0.1", 0), backlog=1024)


def test_windows_together_stay_within_their_bound():
    with silent_store() as store:
        settings = {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{store.getsockname()[1]}", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "S3_BUCKET": "pictures",
            "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", "SLUICE_WINDOW_MEMORY_BYTES": str(MIB),
            "SLUICE_SHUTDOWN_GRACE_SECONDS": "1",
        }
        body = image("png", 400_000)
        with Daemon(settings) as daemon:
            token = tokens.mint()
            connections = [wire.Connection(daemon.port) for _ in range(60)]
            for connection in connections:
                connection.send(wire.upload_head(token, length=len(body), kind="png") + body[:8])
            before = daemon.resident_bytes()
            for connection in connections:
                connection.send(body[8:140_000])
            # A worker with 1 MiB has room for about seven windows of 140 kB.
            shed = eventually(lambda: enough(connections, 50), 20, lambda: daemon.output[-2000:])
            for connection in shed:
                assert connection.response().status == 503
            assert daemon.resident_bytes() - before < 24 * MIB
            assert daemon.process.poll() is None
            for connection in connections:
                connection.socket.close()


def enough(connections, count):
    """The connections that have an answer, once there are so many."""
    answered = [connection for connection in connections if has_answer(connection)]
    return answered if len(answered) >= count else None


def has_answer(connection):
    connection.socket.settimeout(0.01)
    try:
        return bool(connection.socket.recv(1, socket.MSG_PEEK))
    except (TimeoutError, ConnectionError):
        return False
    finally:
        connection.socket.settimeout(10)
