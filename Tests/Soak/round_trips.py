"""What a distant store costs: the time from a body's last byte to its 201, and connections for a thousand uploads.

    ROUND_TRIP_MS=20 SLUICE_BIN=.build/release/sluice .venv-test/bin/python Tests/Soak/round_trips.py

Between daemon and store (a double on this machine) stands a proxy that holds every byte back for half of a round trip.
It measures and judges little: exits 1 only when an upload fails or no 201 can have been earned (sooner than the store's
answers take).
"""

import asyncio
import concurrent.futures
import os
import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

from support import tokens, wire  # noqa: E402
from support.daemon import Daemon  # noqa: E402
from support.images import KIB, MIB, image  # noqa: E402
from support.mortal_store import MortalStore  # noqa: E402

ROUND_TRIP = float(os.environ.get("ROUND_TRIP_MS", "20")) / 1_000
REPEATS = int(os.environ.get("REPEATS", "40"))
CLIENTS, UPLOADS = 64, int(os.environ.get("UPLOADS", "3000"))
# How many answers of the store lie between the last byte and the 201 at least: those to the part and to Complete, or to
# the PutObject. The answer to Create is hidden by a body that takes longer to come.
ANSWERS = {"multipart": 2, "put": 1}


class Distance:
    """A TCP proxy on a thread of its own; usable in `with`."""

    def __init__(self, port):
        self._target = port
        self.accepted = 0
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1_024), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._server.close)

    async def _serve(self, reader, writer):
        self.accepted += 1
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, reader, writer):
        waiting = asyncio.Queue()

        async def deliver():
            while True:
                due, data = await waiting.get()
                await asyncio.sleep(max(0, due - self._loop.time()))
                if not data:
                    break
                writer.write(data)
                await writer.drain()
            writer.close()

        delivery = asyncio.create_task(deliver())
        try:
            data = b"x"
            while data:
                data = await reader.read(256 * KIB)
                waiting.put_nowait((self._loop.time() + ROUND_TRIP / 2, data))
            await delivery
        except (OSError, asyncio.CancelledError):
            delivery.cancel()
            writer.close()


def settings(store, port, strategy):
    return {**store.environment, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}", "JWT_SECRET": tokens.SECRET,
            "SLUICE_UPLOAD_STRATEGY": strategy, "SLUICE_WORKERS": "2"}


def tail(daemon, body, pause):
    """Seconds from the last byte to the 201; `pause` before the last tenth of the body lets the store be asked."""
    with wire.Connection(daemon.port, 60) as connection:
        data = wire.upload_head(tokens.mint(), length=len(body)) + body
        if pause:
            connection.send(data[:-len(body) // 10])
            time.sleep(pause)
            data = data[-len(body) // 10:]
        connection.send(data)
        begun = time.monotonic()
        status = connection.response().status
        return status, time.monotonic() - begun


def tails(strategy):
    good = True
    with MortalStore() as store, Distance(store.port) as far:
        with Daemon(settings(store, far.port, strategy)) as daemon:
            for size in (10 * KIB, 100 * KIB, 5 * MIB):
                for pace, pause in (("at once", 0), ("paced", 0.25 + 4 * ROUND_TRIP)):
                    runs = [tail(daemon, image("jpeg", size), pause) for _ in range(REPEATS + 3)][3:]
                    seconds = sorted(seconds for _, seconds in runs)
                    least = ANSWERS[strategy] * ROUND_TRIP
                    good = good and {status for status, _ in runs} == {201} and seconds[0] >= least * 0.95
                    print(f"{strategy:9} {size // KIB:5} KiB {pace:8} last byte to 201: median "
                          f"{statistics.median(seconds) * 1e3:6.1f} ms, 90th "
                          f"{seconds[len(seconds) * 9 // 10] * 1e3:6.1f}, least {seconds[0] * 1e3:6.1f} "
                          f"({ANSWERS[strategy]} answers take {least * 1e3:.0f})", flush=True)
    return good


def connections(strategy):
    body, token = image("jpeg", 10 * KIB), tokens.mint(lifetime=3_600)
    left = threading.BoundedSemaphore(UPLOADS)

    def client():
        statuses = []
        with wire.Connection(daemon.port, 60) as connection:
            while left.acquire(blocking=False):
                connection.send(wire.upload_head(token, length=len(body)) + body)
                statuses.append(connection.response().status)
        return statuses

    with MortalStore() as store, Distance(store.port) as far, Daemon(settings(store, far.port, strategy)) as daemon:
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            found = [status for each in [pool.submit(client) for _ in range(CLIENTS)] for status in each.result()]
        seconds = time.monotonic() - begun
        requests = sum(store.seen.values())
        print(f"{strategy:9} {len(found)} uploads of 10 KiB, {CLIENTS} clients: {far.accepted} connections to the "
              f"store ({far.accepted * 1_000 / len(found):.1f} for 1,000 uploads) for {requests} requests; "
              f"{len(found) / seconds:.0f}/s", flush=True)
        return set(found) == {201}


def main():
    checks = [check(strategy) for check in (tails, connections) for strategy in ("multipart", "put")]
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
