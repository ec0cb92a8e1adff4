"""The moments at which a daemon is killed, by their names; each ends with the checks of its lane."""

import signal
import sqlite3
import time

from support.images import MIB
from support.stepping_store import Step
from support.torture import join, together
from support.waiting import eventually

WAYS = ("plain", "chunked", "form")


def begin(lane, strategy):
    """A daemon with this strategy; it is started anew where it has another."""
    if lane.strategy != strategy:
        lane.daemon.terminate()
        lane.strategy = strategy
        lane.start()


# Whole in one packet train or two: the record of such a PutObject begins with `completing`.
SHORT = 20_000


def upload_until(lane, step, strategy, size=None):
    """An upload that stops at `step`, and its client."""
    begin(lane, strategy)
    client = lane.client()
    step.prefix = f"users/{client.sub}/"
    lane.store.arm(step)
    way = "plain" if strategy == "put" else lane.random.choice(WAYS)
    # What is in the kernel's buffers arrives after a death too: a body is cut where its client has not sent the rest.
    slowly = step.point == "inside"
    port = lane.daemon.port
    threads = together(lambda: client.dribble(port, 3) if slowly else client.upload(port, way, size=size))
    lane.reach(step)
    return client, threads


def after(lane, client, threads, step, is_late_put=False):
    """What follows each death."""
    join(threads)
    lane.start()
    if is_late_put:
        lane.late_puts.add(step.key)
    lane.keep(client)
    lane.settle()
    if not step.done.wait(10):
        lane.fail(f"{step} does not come to its end")
    lane.settle()


def dies_at(operation, point, strategy="multipart", carried_out_after=None, is_busy=False, size=None):
    def scenario(lane):
        step = Step(operation, point, is_busy=is_busy)
        client, threads = upload_until(lane, step, strategy, size)
        row = lane.rows("key = ?", step.key)
        if operation == "put" and size and [(each["state"], each["size"]) for each in row] != [("completing", size)]:
            lane.fail(f"a whole PutObject is asked for, and its row is {row}", step.key)
        lane.kill()
        step.let_go(carried_out_after)
        after(lane, client, threads, step, is_late_put=operation == "put" and carried_out_after is not None)
    return scenario


def dies_taking_back(point, carried_out_after=None):
    """The client vanishes, and the daemon dies while it aborts."""
    def scenario(lane):
        begin(lane, "multipart")
        client = lane.client()
        step = lane.store.arm(Step("abort", point, prefix=f"users/{client.sub}/"))
        connection = client.vanish(lane.daemon.port)
        eventually(lambda: lane.store.open_keys(step.prefix), 10)
        connection.reset()
        lane.reach(step)
        lane.kill()
        step.let_go(carried_out_after)
        after(lane, client, [], step)
    return scenario


def dies_recovering(first, then, strategy="multipart", carried_out_after=None):
    """A second death, in the recovery from the first; both are (operation, point)."""
    def scenario(lane):
        step = Step(*first)
        client, threads = upload_until(lane, step, strategy)
        lane.kill()
        step.let_go()
        join(threads)
        step.done.wait(10)
        again = lane.store.arm(Step(*then, prefix=step.prefix))
        lane.start()
        lane.reach(again)
        lane.kill()
        again.let_go(carried_out_after)
        after(lane, client, [], again)
    return scenario


def is_forbidden_to_look(operation, strategy):
    """The object is there, and HEAD says 403: nothing is deleted, nothing is said, until it says more."""
    def scenario(lane):
        step = Step(operation, "after")
        client, threads = upload_until(lane, step, strategy)
        lane.kill()
        step.let_go(0.0)
        join(threads)
        lane.store.refusals = {"head": (403, 1_000_000)}
        lane.start()
        lane.keep(client)
        eventually(lambda: lane.store.history[step.key].count("head=403") >= 2, 20,
                   lambda: f"no HEAD: {lane.store.told(step.key)}; {lane.daemon.output[-2_000:]}")
        row = lane.rows("key = ?", step.key)
        if not row or row[0]["state"] != "completing":
            lane.fail(f"a row whose object cannot be looked at is {row}", step.key)
        if step.key not in lane.store.objects or "delete=204" in lane.store.history[step.key]:
            lane.fail("an object that cannot be looked at was deleted", step.key)
        lane.store.refusals = {}
        lane.started_at = time.monotonic()
        lane.settle()
        if lane.rows("key = ?", step.key)[0]["state"] != "stored":
            lane.fail("an object that was there all the time is not in the record", step.key)
    return scenario


def dies_between_parts(carried_out_after=None):
    """The record says how long the body is, and the store lacks the last of it."""
    def scenario(lane):
        begin(lane, "multipart")
        client = lane.client()
        step = lane.store.arm(Step("part", "before", prefix=f"users/{client.sub}/", number=2))
        threads = together(lambda: client.upload(lane.daemon.port, "chunked", size=5 * MIB + 50_000))
        lane.reach(step)
        eventually(lambda: [row for row in lane.rows("owner = ?", client.sub) if row["state"] == "completing"], 10)
        lane.kill()
        step.let_go(carried_out_after)
        after(lane, client, threads, step)
    return scenario


def dies_before_its_record(strategy):
    """Somebody else writes the database while the body ends: no 201 may come of it, and no object stay."""
    def scenario(lane):
        begin(lane, strategy)
        client = lane.client()
        threads = together(lambda: client.dribble(lane.daemon.port, 1.0))
        is_put = strategy == "put"
        eventually(lambda: any(row["upload_id"] or is_put for row in lane.rows("owner = ?", client.sub)), 10)
        other = sqlite3.connect(lane.folder / "sluice.sqlite", isolation_level=None, timeout=10)
        try:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(1.5)
            lane.keep(client)
            if lane.promises.keys() & {row["key"] for row in lane.rows("owner = ?", client.sub)}:
                lane.fail(f"a 201 without its record: {lane.rows('owner = ?', client.sub)}")
            if any(word.startswith(("complete", "put")) for key in list(lane.store.history) if client.sub in key
                   for word in lane.store.history[key]):
                lane.fail("an object without its record")
            lane.kill()
            join(threads)
            other.execute("ROLLBACK")
            lane.start()
        finally:
            # With another connection there, the close copies nothing.
            other.close()
        lane.keep(client)
        lane.settle()
    return scenario


def dies_before_its_row(lane):
    """The same, of a body that is whole before its row is asked for: that one write says `completing`."""
    begin(lane, "put")
    client = lane.client()
    other = sqlite3.connect(lane.folder / "sluice.sqlite", isolation_level=None, timeout=10)
    try:
        other.execute("BEGIN IMMEDIATE")
        threads = together(lambda: client.upload(lane.daemon.port, size=SHORT))
        time.sleep(1.0)
        lane.kill()
        join(threads)
        other.execute("ROLLBACK")
        lane.start()
    finally:
        other.close()
    rows = lane.rows("owner = ?", client.sub)
    if client.promises or rows or any(client.sub in key for key in list(lane.store.history)):
        lane.fail(f"an upload without its record: {client.promises}, {rows}")
    lane.keep(client)
    lane.settle()


def dies_after_its_answer(strategy):
    """The 201 is out, and `stored` may not be written yet."""
    def scenario(lane):
        begin(lane, strategy)
        client = lane.client()
        if not client.upload(lane.daemon.port):
            lane.fail("an upload without any trouble is refused")
        lane.kill()
        lane.start()
        lane.keep(client)
        lane.settle()
    return scenario


def dies_draining(lane):
    """SIGTERM, and SIGKILL before the store has answered."""
    step = Step("complete", "before")
    client, threads = upload_until(lane, step, "multipart")
    lane.daemon.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    lane.kill()
    step.let_go(0.3)
    after(lane, client, threads, step)


def dies_under_load(lane):
    """Anywhere, with several clients of every kind."""
    if lane.store:
        begin(lane, lane.random.choice(("multipart", "put", "auto")))
    clients = [lane.client() for _ in range(lane.random.randint(2, 5))]
    port = lane.daemon.port

    def work(client):
        while lane.daemon.process.poll() is None:
            if client.random.random() < 0.15:
                connection = client.vanish(port, client.random.random())
                if connection:
                    connection.reset()
            elif client.random.random() < 0.1:
                client.dribble(port, 0.3)
            else:
                client.upload(port, client.random.choice(WAYS))
    threads = together(*[lambda client=client: work(client) for client in clients])
    time.sleep(lane.random.uniform(0.02, 0.7))
    lane.kill()
    join(threads)
    lane.start()
    lane.keep(*clients)
    lane.settle()


def dies_in_a_body(lane):
    """Half of the bytes are there; with the directory store they are in a temporary file."""
    clients = [lane.client() for _ in range(3)]
    connections = [client.vanish(lane.daemon.port) for client in clients]
    incoming = lane.folder / "objects" / ".incoming"
    eventually(lambda: incoming.is_dir() and len(list(incoming.iterdir())) == len(clients), 10)
    lane.kill()
    for connection in connections:
        connection.socket.close()
    lane.start()
    lane.keep(*clients)
    lane.settle()


MULTIPART = {
    "create:before": dies_at("create", "before"),
    "create:late": dies_at("create", "before", carried_out_after=0.4),
    "create:after": dies_at("create", "after"),
    "part:before": dies_at("part", "before"),
    "part:inside": dies_at("part", "inside"),
    "part:late": dies_at("part", "before", carried_out_after=0.2),
    "part:after": dies_at("part", "after"),
    "part 2:before": dies_between_parts(),
    "part 2:late": dies_between_parts(carried_out_after=0.3),
    "completing": dies_before_its_record("multipart"),
    "complete:before": dies_at("complete", "before"),
    "complete:late": dies_at("complete", "before", carried_out_after=3.0),
    "complete:running": dies_at("complete", "before", carried_out_after=3.0, is_busy=True),
    "complete:after": dies_at("complete", "after"),
    "complete:after head:403": is_forbidden_to_look("complete", "multipart"),
    "abort:before": dies_taking_back("before"),
    "abort:late": dies_taking_back("before", carried_out_after=0.5),
    "abort:after": dies_taking_back("after"),
    "the answer": dies_after_its_answer("multipart"),
    "SIGTERM complete:before": dies_draining,
}
PUT = {
    "completing of a put": dies_before_its_record("put"),
    "the row of a short put": dies_before_its_row,
    "short put:before": dies_at("put", "before", "put", size=SHORT),
    "short put:late": dies_at("put", "before", "put", carried_out_after=3.0, size=SHORT),
    "short put:after": dies_at("put", "after", "put", size=SHORT),
    "put:inside": dies_at("put", "inside", "put"),
    "put:before": dies_at("put", "before", "put"),
    "put:late": dies_at("put", "before", "put", carried_out_after=3.0),
    "put:after": dies_at("put", "after", "put"),
    "put:after head:403": is_forbidden_to_look("put", "put"),
    "the answer to a put": dies_after_its_answer("put"),
}
RECOVERY = {
    "recovery search:before": dies_recovering(("create", "after"), ("search", "before")),
    "recovery abort:before": dies_recovering(("part", "before"), ("abort", "before")),
    "recovery abort:after": dies_recovering(("part", "inside"), ("abort", "after")),
    "recovery search behind an abort": dies_recovering(("part", "before"), ("search", "before")),
    "recovery abort of listed": dies_recovering(("create", "after"), ("abort", "after")),
    "recovery parts:before": dies_recovering(("complete", "before"), ("parts", "before")),
    "recovery complete:before": dies_recovering(("complete", "before"), ("complete", "before")),
    "recovery complete:late": dies_recovering(
        ("complete", "before"), ("complete", "before"), carried_out_after=2.0),
    "recovery complete:after": dies_recovering(("complete", "before"), ("complete", "after")),
    "recovery head:before": dies_recovering(("complete", "after"), ("head", "before")),
    "recovery delete:late": dies_recovering(("create", "before"), ("delete", "before"), carried_out_after=1.0),
    "recovery delete:after": dies_recovering(("put", "inside"), ("delete", "after"), "put"),
    "recovery head of a put": dies_recovering(("put", "after"), ("head", "before"), "put"),
}
DIRECTORY = {"in a body": dies_in_a_body, "under load": dies_under_load}
