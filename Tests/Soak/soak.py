"""Minutes of good, bad and hostile clients at once; then everything is as it was before them.

    SOAK_SECONDS=600 SLUICE_BIN=.build/debug/sluice .venv-test/bin/python Tests/Soak/soak.py

Two daemons, one with the directory store (what is stored is compared with what was sent) and one in front of an S3 that
takes everything. After a warm-up, in which pools and caches grow to what they need, descriptors and memory are measured
at rest; so they are at the end. Exits 1 when descriptors are not back, memory has grown beyond `MEMORY_GROWTH_MAX`, an
upload is open, a daemon has logged an error, or any client was answered otherwise than it should be.
"""

import collections
import os
import pathlib
import random
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

from support import tokens, wire  # noqa: E402
from support.daemon import Daemon  # noqa: E402
from support.hostile_store import HostileStore  # noqa: E402
from support.images import CAP, KIB, MIB, image  # noqa: E402

SECONDS = int(os.environ.get("SOAK_SECONDS", "600"))
CLIENTS = int(os.environ.get("SOAK_CLIENTS", "24"))
# The record's pages in SQLite's cache are 2 MiB of it, once there are six thousand rows. A leak of 500 bytes for each
# of some twenty thousand requests would be more than the rest.
MEMORY_GROWTH_MAX = 8 * MIB
SETTINGS = {
    "JWT_SECRET": tokens.SECRET, "SLUICE_HEADER_TIMEOUT_SECONDS": "4", "SLUICE_BODY_IDLE_SECONDS": "4",
    "SLUICE_KEEPALIVE_SECONDS": "10", "SLUICE_WRITE_TIMEOUT_SECONDS": "4", "SLUICE_MIN_BODY_GRACE_SECONDS": "4",
    "SLUICE_SHUTDOWN_GRACE_SECONDS": "10", "SLUICE_LOG_FORMAT": "json",
}
SIZES = [9, 300, 4 * KIB, 16 * KIB, 64 * KIB - 1, 70_000, 300_000, MIB + 1, CAP]
PNG = image("png", 20_000)


class Failure(Exception):
    """A client was answered otherwise than it should be."""


def expect(response, status):
    if response.status != status:
        raise Failure(f"{response.status} instead of {status}: {response.body[:200]!r}")
    return response


class Client:
    """The kinds of clients, each a method that comes to its end by itself."""

    def __init__(self, daemon, seed):
        self.daemon, self.random = daemon, random.Random(seed)

    def connect(self, timeout=60):
        return wire.Connection(self.daemon.port, timeout)

    def image(self):
        kind = self.random.choice(["png", "jpeg", "gif"])
        return kind, image(kind, self.random.choice(SIZES))

    def framed(self, body):
        """Whether the body goes chunked, and its bytes on the wire."""
        chunked = self.random.random() < 0.4
        return chunked, wire.chunks(body, self.random.choice([1_000, 64 * KIB])) if chunked else body

    def check(self, response, body):
        expect(response, 201)
        key = re.search(r"users/.*", response.json["data"]["imageUrl"]).group()
        path = self.daemon.folder / "objects" / key
        if path.parent.is_dir():
            if path.read_bytes() != body:
                raise Failure(f"{key} is not what was sent")
            path.unlink()

    # Good ones

    def uploads(self):
        with self.connect() as connection:
            for _ in range(self.random.randint(1, 5)):
                kind, body = self.image()
                chunked, framed = self.framed(body)
                connection.send(wire.upload_head(tokens.mint(), kind, length=len(body), chunked=chunked) + framed)
                self.check(connection.response(), body)

    def waits_to_be_asked(self):
        kind, body = self.image()
        with self.connect() as connection:
            connection.send(wire.upload_head(tokens.mint(), kind, "Expect: 100-continue", length=len(body)))
            expect(connection.response(), 100)
            connection.send(body)
            self.check(connection.response(), body)

    def pipelines(self):
        with self.connect() as connection:
            head = wire.upload_head(tokens.mint(), "png", length=len(PNG))
            connection.send((wire.head("OPTIONS", "/images") + head + PNG) * 4)
            for _ in range(4):
                expect(connection.response(), 204)
                self.check(connection.response(), PNG)

    def half_closes(self):
        kind, body = self.image()
        with self.connect() as connection:
            connection.send(wire.upload_head(tokens.mint(), kind, length=len(body)) + body)
            connection.shutdown()
            self.check(connection.response(), body)

    def is_slow_but_moves(self):
        body = image("png", 20_000)
        with self.connect() as connection:
            connection.send(wire.upload_head(tokens.mint(), "png", length=len(body)))
            for start in range(0, len(body), 2_000):
                connection.socket.sendall(body[start:start + 2_000])
                time.sleep(0.2)
            self.check(connection.response(), body)

    # Refused ones, which send everything before they read

    def is_refused(self):
        token, body = tokens.mint(), bytes(self.random.choice([0, 100, 70_000, 6 * MIB]))
        head, status = self.random.choice([
            (wire.upload_head(None, "png", length=len(body)), 401),
            (wire.upload_head("x.y.z", "png", length=len(body)), 401),
            (wire.upload_head(tokens.mint(lifetime=-9), "png", length=len(body)), 401),
            (wire.upload_head(token, "webp", length=len(body)), 400),
            (wire.upload_head(token, "png", length=len(body)), 413 if len(body) > CAP else 400),
            (wire.head("POST", "/nowhere", f"Content-Length: {len(body)}"), 404),
            (wire.head("PUT", "/images", f"Content-Length: {len(body)}"), 405),
            (wire.head("POST", "/images", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
            (wire.head("GET", "/" + "x" * 9_000), 414), (wire.head("GET", "/", "x: " + "y" * 11_000), 431),
        ])
        with self.connect() as connection:
            connection.socket.sendall(head)
            connection.socket.sendall(body)
            expect(connection.response(), status)

    def is_too_large_when_counted(self):
        with self.connect() as connection:
            connection.socket.sendall(wire.upload_head(tokens.mint(), "png", chunked=True))
            connection.socket.sendall(wire.chunks(image("png", CAP + 1)))
            expect(connection.response(), 413)

    def talks_nonsense(self):
        with self.connect() as connection:
            connection.send(self.random.randbytes(self.random.choice([1, 50, 3_000])) + b"\r\n\r\n")
            connection.shutdown()
            connection.receive_until(lambda: False)

    def breaks_its_chunks(self):
        with self.connect() as connection:
            data = wire.upload_head(tokens.mint(), "png", chunked=True) + b"4e20\r\n" + PNG
            connection.send(data + self.random.choice([b"XX", b"\r\nzz\r\n", b"\r\n-1\r\n"]))
            expect(connection.response(), 400)

    # Those that go away

    def is_cut_off(self):
        kind, body = self.image()
        chunked, framed = self.framed(body)
        data = wire.upload_head(tokens.mint(), kind, length=len(body), chunked=chunked) + framed
        with self.connect() as connection:
            connection.send(data[:self.random.randrange(len(data))])
            if self.random.random() < 0.5:
                time.sleep(self.random.random())
            if self.random.random() < 0.5:
                connection.reset()

    def ends_its_stream_early(self):
        body = image("jpeg", 300_000)
        with self.connect() as connection:
            sent = body[:self.random.randrange(9, 250_000)]
            connection.send(wire.upload_head(tokens.mint(), "jpeg", length=len(body)) + sent)
            connection.shutdown()
            expect(connection.response(), 400)

    def resets_at_once(self):
        for _ in range(20):
            self.connect().reset()

    def is_gone_before_its_answer(self):
        kind, body = self.image()
        with self.connect() as connection:
            connection.send(wire.upload_head(tokens.mint(), kind, length=len(body)) + body)

    # Slow ones, which run into a deadline

    def says_nothing(self):
        with self.connect() as connection:
            if not connection.ends():
                raise Failure(f"an answer to nothing: {bytes(connection.received)!r}")

    def does_not_end_its_head(self):
        with self.connect() as connection:
            connection.send(wire.head("POST", "/images")[:-2])
            expect(connection.response(), 408)

    def stands_still(self):
        with self.connect() as connection:
            sent = PNG[:self.random.randrange(len(PNG))]
            connection.send(wire.upload_head(tokens.mint(), "png", length=len(PNG)) + sent)
            expect(connection.response(), 408)

    def trickles(self):
        with self.connect() as connection:
            connection.send(wire.upload_head(tokens.mint(), "png", length=len(PNG)) + PNG[:8])
            for _ in range(60):
                if wire.ready(connection.socket, 0.2)[0]:
                    break
                connection.socket.sendall(b"x")
            expect(connection.response(), 408)

    def never_reads(self):
        with self.connect() as connection:
            try:
                connection.socket.settimeout(8)
                connection.socket.sendall(wire.head("GET", "/nowhere") * 200_000)
            except OSError:
                return
            raise Failure("whoever reads nothing is served for ever")


WEIGHTS = {
    Client.uploads: 30, Client.waits_to_be_asked: 4, Client.pipelines: 4, Client.half_closes: 6,
    Client.is_slow_but_moves: 3, Client.is_refused: 20, Client.is_too_large_when_counted: 2, Client.talks_nonsense: 6,
    Client.breaks_its_chunks: 4, Client.is_cut_off: 16, Client.ends_its_stream_early: 4, Client.resets_at_once: 4,
    Client.is_gone_before_its_answer: 6, Client.says_nothing: 1, Client.does_not_end_its_head: 1,
    Client.stands_still: 1, Client.trickles: 1, Client.never_reads: 1,
}


class Crowd:
    """Clients of all kinds, for a while."""

    def __init__(self):
        self.counts, self.failures = collections.Counter(), []

    def run(self, daemon, clients, seconds, seed):
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=self._go_on, args=(Client(daemon, f"{seed}{number}"), until))
                   for number in range(clients)]
        for thread in threads:
            thread.start()
        return threads

    def _go_on(self, client, until):
        kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
        while time.monotonic() < until and len(self.failures) < 50:
            kind = client.random.choices(kinds, weights)[0]
            self.counts[kind.__name__] += 1
            try:
                kind(client)
            except (Failure, OSError, AssertionError) as error:
                self.failures.append(f"{kind.__name__}: {error!r}"[:400])


def metric(daemon, name):
    return int(float(re.search(rf"^{name} (\S+)$", daemon.admin("/metrics").body.decode(), re.M).group(1)))


def descriptors(daemon, store_port):
    """Open descriptors, without the connections to the store that are kept for the next upload."""
    folder = f"/proc/{daemon.process.pid}"
    kept = {line.split()[9] for line in pathlib.Path(f"{folder}/net/tcp").read_text().splitlines()[1:]
            if int(line.split()[2].split(":")[1], 16) == store_port}
    count = 0
    for name in os.listdir(f"{folder}/fd"):
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"{folder}/fd/{name}"))
        except FileNotFoundError:
            continue
        count += not (found and found.group(1) in kept)
    return count


def at_rest(daemon, store_port):
    """Descriptors and memory once nothing is under way."""
    deadline = time.monotonic() + 60
    while metric(daemon, "sluice_uploads_open") or metric(daemon, "sluice_connections_open"):
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    last, since = descriptors(daemon, store_port), time.monotonic()
    while time.monotonic() - since < 3 and time.monotonic() < deadline:
        time.sleep(0.2)
        now = descriptors(daemon, store_port)
        if now != last:
            last, since = now, time.monotonic()
    return {"descriptors": last, "memory": daemon.resident_bytes(),
            "uploads": metric(daemon, "sluice_uploads_open"), "connections": metric(daemon, "sluice_connections_open")}


def phase(daemons, seconds, seed):
    """Both daemons with their crowds; the peak of memory of each, and the crowd."""
    crowd = Crowd()
    threads = [thread for name, daemon in daemons.items()
               for thread in crowd.run(daemon, max(CLIENTS // len(daemons), 1), seconds, f"{seed}{name}")]
    peaks = dict.fromkeys(daemons, 0)
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        for name, daemon in daemons.items():
            if daemon.process.poll() is not None:
                raise SystemExit(f"the {name} daemon ended ({daemon.process.returncode}):\n{daemon.output[-3_000:]}")
            peaks[name] = max(peaks[name], daemon.resident_bytes())
    return crowd, peaks


def troubles(daemon):
    """Lines of the log that no client of these can be the reason of."""
    return [line for line in daemon.log() if line.get("level") in ("warning", "error", "critical")]


def main():
    warm_up = max(min(SECONDS // 5, 60), 5)
    problems = []
    with HostileStore() as store:
        daemons = {"directory": Daemon({**SETTINGS, "SLUICE_STORE": "directory"}),
                   "s3": Daemon({**SETTINGS, **store.environment}, wait="healthz")}
        try:
            first, _ = phase(daemons, warm_up, "warm-up")
            port = int(store.endpoint.rsplit(":", 1)[1])
            before = {name: at_rest(daemon, port) for name, daemon in daemons.items()}
            print(f"after {warm_up} s of warm-up: {before}", flush=True)
            crowd, peaks = phase(daemons, SECONDS - warm_up, "soak")
            after = {name: at_rest(daemon, port) for name, daemon in daemons.items()}
            problems += first.failures + crowd.failures
            for name, daemon in daemons.items():
                growth = after[name]["memory"] - before[name]["memory"]
                print(f"{name}: {after[name]}; memory {growth / KIB:+.0f} KiB, peak {peaks[name] / MIB:.1f} MiB, "
                      f"{metric(daemon, 'sluice_connections_accepted_total')} connections, "
                      f"{metric(daemon, 'sluice_uploads_stored_total')} stored, "
                      f"{metric(daemon, 'sluice_uploads_aborted_total')} aborted", flush=True)
                if after[name]["descriptors"] > before[name]["descriptors"]:
                    problems.append(f"{name}: descriptors {before[name]} -> {after[name]}")
                if growth > MEMORY_GROWTH_MAX:
                    problems.append(f"{name}: memory has grown by {growth / MIB:.1f} MiB")
                if after[name]["uploads"] or after[name]["connections"]:
                    problems.append(f"{name}: still open: {after[name]}")
                lines = troubles(daemon)
                problems += [f"{name} log, one of {len(lines)}: {line}" for line in lines[:10]]
                if daemon.terminate() != 0:
                    problems.append(f"{name}: ended with {daemon.process.returncode}")
        finally:
            for daemon in daemons.values():
                daemon.stop()
    print("clients:", ", ".join(f"{kind} {count}" for kind, count in crowd.counts.most_common()))
    for problem in problems[:60]:
        print("PROBLEM", problem)
    print(f"{len(problems)} problems in {SECONDS} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
