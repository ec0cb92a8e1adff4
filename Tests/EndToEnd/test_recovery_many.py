"""Many rows of many dead processes, several recoveries at once, and an end in the middle of one."""

import re
import shutil
import sqlite3
import tempfile
import time

from support.daemon import Daemon
from support.waiting import eventually

BYTES = 5


def leave(store, folder, rows, processes):
    """A record of dead processes with `rows` unfinished uploads; every other one was about to be completed."""
    with Daemon(store.settings(), folder=folder) as daemon:
        daemon.terminate()
    connection = sqlite3.connect(daemon.database)
    with connection:
        for number in range(rows):
            key, name, mark = f"users/1/images/{number}.png", f"left-{number}", f"mark-{number}"
            is_whole = number % 2 == 0
            store.open[name] = {"key": key, "mark": mark, "parts": {1: BYTES}, "begun": time.time()}
            connection.execute(
                "INSERT INTO uploads (key, owner, content_type, size, state, upload_id, record_token, instance, "
                "created_ms, updated_ms) VALUES (?, '1', 'image/png', ?, ?, ?, ?, ?, 1, 1)",
                (key, BYTES if is_whole else None, "completing" if is_whole else "streaming", name, mark,
                 f"{number % processes:016x}"))
    connection.close()
    return daemon.database


def is_finished(daemon):
    return any(line.get("message", "").startswith("recovery finished") for line in daemon.log())


def outcomes(daemon):
    text = daemon.admin("/metrics").body.decode()
    found = re.findall(r'sluice_recovery_rows_total\{outcome="(\w+)"\} (\d+)', text)
    return {name: int(count) for name, count in found}


def test_more_rows_than_a_page_and_more_processes_than_are_in_hand_at_once(store, folder):
    leave(store, folder, rows=450, processes=150)
    with Daemon(store.settings(), folder=folder) as daemon:
        eventually(lambda: is_finished(daemon), 60, lambda: daemon.output[-2_000:])
        assert outcomes(daemon) == {"stored": 225, "aborted": 225, "expired": 0, "passed_over": 0}
        assert {row["state"] for row in daemon.rows()} == {"stored"} and len(daemon.rows()) == 225
        assert len(list((daemon.folder / "instances").iterdir())) == 1
    assert not store.open and len(store.objects) == 225


def test_two_recoveries_at_once_settle_each_row_once(store, folder):
    database = leave(store, folder, rows=200, processes=40)
    others = tempfile.mkdtemp(prefix="sluice-recovery-")
    shared = store.settings(SLUICE_DATABASE=str(database))
    try:
        with Daemon(shared, folder=folder, wait=None) as first, Daemon(shared, folder=others, wait=None) as second:
            for daemon in (first, second):
                daemon.wait_until("readyz")
                eventually(lambda: is_finished(daemon), 60, lambda: daemon.output[-2_000:])
            eventually(lambda: len(first.rows("state != 'stored'")) == 0, 30)
            sums = {name: outcomes(first)[name] + outcomes(second)[name] for name in outcomes(first)}
            assert sums == {"stored": 100, "aborted": 100, "expired": 0, "passed_over": 0}
    finally:
        shutil.rmtree(others, ignore_errors=True)
    assert not store.open and len(store.objects) == 100
    assert store.seen["complete"] == 100


def test_an_end_in_the_middle_of_it_waits_for_nothing_and_loses_nothing(store, folder):
    leave(store, folder, rows=20, processes=2)
    store.faults = {"abort": "hang", "complete": "hang"}
    with Daemon(store.settings(), folder=folder) as daemon:
        eventually(lambda: store.seen["abort"] and store.seen["complete"], 15, lambda: daemon.output)
        assert daemon.terminate(15) == 0
        assert len(daemon.rows()) == 20
    store.faults = {}
    with Daemon(store.settings(), folder=folder) as daemon:
        eventually(lambda: is_finished(daemon), 30, lambda: daemon.output[-2_000:])
        assert daemon.states() == ["stored"] * 10
    assert not store.open and len(store.objects) == 10


def test_a_store_that_is_down_at_the_start_is_asked_again(store, folder):
    leave(store, folder, rows=10, processes=1)
    store.die()
    with Daemon(store.settings(), folder=folder) as daemon:
        eventually(lambda: is_finished(daemon), 30, lambda: daemon.output[-2_000:])
        assert len(daemon.rows()) == 10
        assert b"sluice_recovery_kept 10" in daemon.admin("/metrics").body
        store.revive()
        eventually(lambda: daemon.states() == ["stored"] * 5, 60,
                   lambda: daemon.output[-2_000:])
    assert not store.open and len(store.objects) == 5
