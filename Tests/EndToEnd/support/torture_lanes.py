"""Which daemons are killed how often and where, and the neighbours that must not notice."""

import itertools
import pathlib
import random
import shutil
import tempfile
import threading

from support import torture_steps as steps
from support.torture import Client, Lane, serve
from support.waiting import eventually


class Neighbour:
    """A second daemon on the lane's bucket whose uploads go on while the lane's own is killed and recovers; on the
    lane's record too, or with one of its own."""

    def __init__(self, lane, prefix, shares_record):
        self.lane, self.prefix = lane, prefix
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"sluice-torture-{lane.name}{prefix}-", dir="/var/tmp"))
        environment = dict(lane.environment)
        if not shares_record:
            environment["SLUICE_DATABASE"] = str(self.folder / "sluice.sqlite")
        self.daemon = serve(environment, self.folder)
        self.clients = [Client(lane, prefix, lane.random.getrandbits(48)) for _ in range(2)]
        self.promises, self.count = {}, 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(client,), daemon=True) for client in self.clients]
        for thread in self._threads:
            thread.start()

    def _work(self, client):
        while not self._stop.is_set():
            way = client.random.choice((*steps.WAYS, "dribble", "dribble"))
            if way == "dribble":
                client.dribble(self.daemon.port, client.random.uniform(0.5, 3))
            else:
                client.upload(self.daemon.port, way)
            self.count += 1

    def end(self):
        """Every upload of it was answered 201, and is there."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        promises = {promise.key: promise for client in self.clients for promise in client.promises}
        who = f"neighbour {self.prefix} ({'its own' if self.prefix == 'b' else 'the same'} record)"
        faults = [fault for client in self.clients for fault in client.faults]
        if faults or len(promises) != self.count:
            self.lane.fail(f"{who}: {len(promises)} of {self.count} uploads got their 201; {faults[:3]}; "
                           f"{self.daemon.output[-1_500:]}")
        owner = f"{self.prefix}{self.lane.name}-%"

        def states():
            return {row["key"]: row["state"] for row in self.daemon.rows("owner LIKE ?", owner)}
        eventually(lambda: set(states().values()) <= {"stored"}, 15, lambda: f"{who}: {states()}")
        objects = self.lane.store.stored(f"users/{self.prefix}{self.lane.name}-")
        for key, promise in promises.items():
            if objects.get(key, ())[:2] != (promise.size, promise.digest):
                self.lane.fail(f"{who}: a 201 promised {promise}, the store has {objects.get(key)}", key)
        if set(states()) != set(promises) or set(objects) != set(promises):
            self.lane.fail(f"{who}: {len(states())} rows, {len(objects)} objects, {len(promises)} promises")

    def close(self):
        self._stop.set()
        if self.daemon.process.poll() is None:
            self.daemon.process.kill()
            self.daemon.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Plan:
    """A lane and the deaths that it goes through, run on a thread of its own."""

    def __init__(self, name, seed, deaths, store="s3", has_neighbours=False):
        self.name, self.seed, self.deaths, self.store = name, seed, deaths, store
        self.has_neighbours = has_neighbours
        self.error, self.summary = None, ""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def wait(self, seconds=None):
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise AssertionError(f"SLUICE_TORTURE_SEED={self.seed}, lane {self.name}: does not come to its end")
        if self.error:
            raise self.error
        return self.summary

    def _run(self):
        try:
            with Lane(self.name, self.seed, self.store) as lane:
                self._kill_all(lane)
        except BaseException as error:  # It is raised again where the lane is waited for.
            self.error = error

    def _kill_all(self, lane):
        lane.start()
        neighbours = [Neighbour(lane, "b", False), Neighbour(lane, "c", True)] if self.has_neighbours else []
        try:
            for lane.round, (lane.step, death) in enumerate(self.deaths, 1):
                try:
                    death(lane)
                except AssertionError as error:
                    if "SLUICE_TORTURE_SEED" in str(error):
                        raise
                    lane.fail(str(error))
            lane.step = "the end"
            for neighbour in neighbours:
                neighbour.end()
        finally:
            for neighbour in neighbours:
                neighbour.close()
        slowest = max(lane.settled_seconds)
        self.summary = (f"{self.name}: {lane.round} kills, {len(lane.promises)} promises kept, settled within "
                        f"{slowest:.1f} s" + "".join(f", {each.count} uploads beside" for each in neighbours))


def cycle(table, count, chances):
    """`count` of the named steps: all of them in an order of the seed's before one comes again."""
    def stream():
        while True:
            names = sorted(table)
            chances.shuffle(names)
            yield from names
    return [(name, table[name]) for name in itertools.islice(stream(), count)]


def plans(seed, kills):
    """Every named step comes at least once; the fewest kills that are worth it are 60."""
    chances = random.Random(seed)
    named = {**steps.MULTIPART, **steps.PUT, **steps.RECOVERY}
    first, second = dict(list(named.items())[::2]), dict(list(named.items())[1::2])
    each = max(kills // 4, len(first))
    rest = max(kills - 2 * each, 6)
    beside, below = rest // 3, rest // 4
    load = [("under load", steps.dies_under_load)]
    return [
        Plan("even", seed, cycle(first, each, chances)),
        Plan("odd", seed, cycle(second, each, chances)),
        Plan("load", seed, load * (rest - beside - below)),
        Plan("shared", seed, load * (beside // 2) + cycle(named, beside - beside // 2, chances), has_neighbours=True),
        Plan("directory", seed, cycle(steps.DIRECTORY, below, chances), store="directory"),
    ]
