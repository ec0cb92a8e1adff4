"""A daemon that is killed again and again, and what must be true each time after its recovery has settled.

A lane is one daemon, its record and its store, whose clients' every 201 is kept and held against both after each death.
Lanes share nothing and run side by side. All chances come from one seed; every message names it.
"""

import dataclasses
import hashlib
import pathlib
import random
import shutil
import tempfile
import threading
import time

from support import forms, tokens, wire
from support.daemon import Daemon
from support.images import MIB, image
from support.stepping_store import SteppingStore

# From the start of the new daemon until nothing is left to do.
SETTLED_SECONDS_MAX = 30
KINDS = ("jpeg", "png", "gif")
SIZES = (10_000, 25_000, 66_000, 100_000)
# Nothing else may be said to a client of a daemon that dies: no answer, and what a store's trouble is called.
STATUSES = {201, 408, 503}


@dataclasses.dataclass(frozen=True)
class Promise:
    image_id: int
    key: str
    size: int
    digest: str


def key_of(url):
    return url[url.index("users/"):]


def serve(environment, folder):
    """A daemon on ports that nobody else took meanwhile: in a thousand starts somebody does."""
    for attempt in range(5):
        try:
            return Daemon(environment, folder=folder)
        except AssertionError as error:
            if "EADDRINUSE" not in str(error) or attempt == 4:
                raise
    return None


class Client:
    """One client with a subject of its own; `promises` are the 201s that it read."""

    def __init__(self, lane, prefix, seed):
        self.lane, self.random = lane, random.Random(seed)
        self.sub = f"{prefix}{lane.name}-{seed:012x}"
        self.token = tokens.mint(self.sub, lifetime=7_200)
        self.promises, self.faults = [], []

    def body(self):
        kind, size = self.random.choice(KINDS), self.random.choice(SIZES) + self.random.randrange(4)
        return kind, image(kind, size)

    def request(self, kind, data, way):
        if way == "form":
            body = forms.form(forms.file(data, kind))
            head = wire.head("POST", "/images", f"Authorization: Bearer {self.token}", forms.CONTENT_TYPE,
                             f"Content-Length: {len(body)}")
            return head + body
        head = wire.upload_head(self.token, kind, length=len(data), chunked=way == "chunked")
        return head + (wire.chunks(data, 16_384) if way == "chunked" else data)

    def upload(self, port, way="plain", timeout=20.0, size=None):
        """The promise that a 201 is; None where the daemon died or refused."""
        kind, data = self.body() if size is None else ("png", image("png", size))
        try:
            with wire.Connection(port, timeout) as connection:
                connection.send(self.request(kind, data, way))
                return self.keep(connection.response(), data)
        except OSError:
            return None

    def keep(self, response, data):
        if response.status not in STATUSES:
            self.faults.append(f"{self.sub} was answered {response.status} {response.body[:200]!r}")
        if response.status != 201:
            return None
        answer = response.json["data"]
        promise = Promise(answer["imageId"], key_of(answer["imageUrl"]), len(data), hashlib.sha256(data).hexdigest())
        self.promises.append(promise)
        return promise

    def vanish(self, port, share=0.9):
        """Sends part of a body and resets the connection; the daemon takes the upload back."""
        kind, data = self.body()
        data = data * (1 + 90_000 // len(data))
        try:
            connection = wire.Connection(port)
            connection.send(wire.upload_head(self.token, kind, length=len(data)) + data[:int(len(data) * share)])
            return connection
        except OSError:
            return None

    def dribble(self, port, seconds):
        """An upload that goes on for a while."""
        kind, data = self.body()
        data = data + bytes(max(0, 80_000 - len(data)))
        pieces = max(2, int(seconds / 0.1))
        try:
            with wire.Connection(port, 30) as connection:
                connection.send(wire.upload_head(self.token, kind, length=len(data)) + data[:70_000])
                rest, step = data[70_000:], -(-(len(data) - 70_000) // pieces)
                for start in range(0, len(rest), step):
                    time.sleep(seconds / pieces)
                    connection.send(rest[start:start + step])
                return self.keep(connection.response(), data)
        except OSError:
            return None


class Lane:
    """`store`: `s3` or `directory`."""

    def __init__(self, name, seed, store="s3"):
        self.name, self.seed, self.kind = name, seed, store
        self.random = random.Random(f"{name}{seed}")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"sluice-torture-{name}-", dir="/var/tmp"))
        self.spool = self.folder / "spool"
        self.spool.mkdir()
        self.store = SteppingStore() if store == "s3" else None
        self.promises = {}
        self.daemon, self.round, self.step = None, 0, "the start"
        self.strategy = "multipart"
        self.settled_seconds = []
        # Keys of PutObjects that are carried out after this start's look for them.
        self.late_puts = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon and self.daemon.process.poll() is None:
            self.daemon.process.kill()
            self.daemon.process.wait()
        if self.store:
            self.store.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fail(self, what, key=None):
        told = f"; of {key} the store was asked: {self.store.told(key)}" if key and self.store else ""
        row = self.rows("key = ?", key) if key else []
        raise AssertionError(
            f"SLUICE_TORTURE_SEED={self.seed}, lane {self.name}, kill {self.round} at {self.step}: {what}{told}; "
            f"row: {row}\n{self.daemon.output[-2_000:]}")

    # The daemon

    @property
    def environment(self):
        return {
            "JWT_SECRET": tokens.SECRET, "SLUICE_STORE": self.kind, "SLUICE_STORE_DIR": str(self.folder / "objects"),
            "SLUICE_SPOOL_DIR": str(self.spool), "SLUICE_DATABASE": str(self.folder / "sluice.sqlite"),
            "SLUICE_MAX_UPLOAD_BYTES": str(6 * MIB), "SLUICE_UPLOAD_STRATEGY": self.strategy,
            **(self.store.environment if self.store else {})}

    def start(self):
        self.late_puts = set()
        self.started_at = time.monotonic()
        self.daemon = serve(self.environment, self.folder)
        return self.daemon

    def kill(self):
        self.daemon.kill()

    def reach(self, step):
        if not step.reached.wait(20):
            self.fail(f"{step} is never reached")

    def client(self, prefix="a"):
        return Client(self, prefix, self.random.getrandbits(48))

    def keep(self, *clients):
        """What the clients were told counts from now on."""
        for client in clients:
            for fault in client.faults:
                self.fail(fault)
            for promise in client.promises:
                self.promises[promise.key] = promise
            client.promises = []

    # What must be true

    def rows(self, where="1 = 1", *values):
        return self.daemon.rows(where, *values)

    def owned(self):
        """Rows of this lane's own daemon, and not of one that shares its record."""
        return [row for row in self.rows("owner LIKE ?", f"a{self.name}-%")]

    def objects(self):
        """Size and digest by key."""
        if self.store:
            return {key: entry[:2] for key, entry in self.store.stored(f"users/a{self.name}-").items()}
        found = {}
        top = self.folder / "objects"
        for path in (top / "users").rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                found[str(path.relative_to(top))] = (len(data), hashlib.sha256(data).hexdigest())
        return found

    def leftovers(self):
        """What no upload should leave behind."""
        found = [f"{path} in the spool" for path in self.spool.iterdir()]
        if self.store:
            found += [f"an open upload of {key}" for key in self.store.open_keys(f"users/a{self.name}-")]
        else:
            incoming = self.folder / "objects" / ".incoming"
            found += [f"the temporary file {path}" for path in incoming.iterdir()]
        return found

    def awaits_second_look(self, row):
        """A PutObject that may have been sent whole may come to be an object for a quarter of an hour."""
        if not self.store or row["upload_id"] or row["size"] is None or row["state"] not in ("completing", "aborting"):
            return False
        key = row["key"]
        is_put = not any(word.startswith("create") for word in self.store.history.get(key, ()))
        return is_put and key not in self.promises and (key in self.late_puts or key not in self.store.objects)

    def unsettled(self):
        rows = [f"row {row['id']} is {row['state']}" for row in self.owned()
                if row["state"] != "stored" and not self.awaits_second_look(row)]
        return rows + self.leftovers()

    def settle(self):
        """Waits until recovery has nothing left to do, and looks at everything."""
        deadline = self.started_at + SETTLED_SECONDS_MAX
        while left := self.unsettled():
            if self.daemon.process.poll() is not None:
                self.fail(f"the daemon ended with {self.daemon.process.returncode}")
            if time.monotonic() > deadline:
                self.fail(f"recovery has not settled within {SETTLED_SECONDS_MAX} s: {left[:5]}", self.key_of(left))
            time.sleep(0.05)
        self.settled_seconds.append(time.monotonic() - self.started_at)
        self.check()

    def key_of(self, left):
        rows = [row for row in self.owned() if row["state"] != "stored"]
        return rows[0]["key"] if rows else left[0].rpartition(" ")[2]

    def check(self):
        objects = self.objects()
        rows = {row["key"]: row for row in self.owned()}
        for key, promise in self.promises.items():
            if objects.get(key) != (promise.size, promise.digest):
                self.fail(f"a 201 promised {promise}, and the store has {objects.get(key)}", key)
            row = rows.get(key)
            if not row or row["state"] != "stored" or row["id"] != promise.image_id or row["size"] != promise.size:
                self.fail(f"a 201 promised {promise}, and the record has {row}", key)
        for key, row in rows.items():
            if row["state"] == "stored" and key not in objects:
                self.fail(f"row {row['id']} is stored and has no object", key)
            if row["state"] == "stored" and row["size"] != objects[key][0]:
                self.fail(f"row {row['id']} has another size than its object of {objects[key][0]} bytes", key)
        for key in objects:
            if key not in rows:
                self.fail("an object without a row", key)


def together(*jobs):
    """Runs the jobs at the same time and gives their threads."""
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    return threads


def join(threads, seconds=40):
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a client does not come to its end"
