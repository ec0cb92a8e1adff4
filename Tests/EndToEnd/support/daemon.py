"""The real `sluice`, started with an environment of its own on free loopback ports, watched, and ended by its pid."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile

from support import wire
from support.ports import free_port
from support.waiting import eventually

TOP = pathlib.Path(__file__).resolve().parents[3]


def binary() -> str:
    return os.environ.get("SLUICE_BIN") or str(TOP / ".build/debug/sluice")


def base_environment(folder):
    """Nothing of the machine's own settings: no credentials, no `SLUICE_*`, and a home of its own."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "Asia/Seoul",
            "AWS_EC2_METADATA_DISABLED": "true"}


def run(*arguments, environment=None, folder=None, timeout=20):
    """Runs one of sluice's commands to its end."""
    with tempfile.TemporaryDirectory(prefix="sluice-command-") as own:
        folder = folder or own
        return subprocess.run(
            [binary(), *arguments], env={**base_environment(folder), **(environment or {})}, cwd=folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)


class Daemon:
    """`sluice serve` with what `environment` says; usable in `with`, which ends it and removes its folder."""

    def __init__(self, environment, *arguments, wait="readyz", folder=None, prepare=None, user=None):
        self._owns_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="sluice-daemon-"))
        self.port, self.admin_port = free_port(), free_port()
        self.database = pathlib.Path(environment.get("SLUICE_DATABASE") or self.folder / "sluice.sqlite")
        settings = {
            **base_environment(self.folder),
            "SLUICE_LISTEN": f"127.0.0.1:{self.port}",
            "SLUICE_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "SLUICE_DATABASE": str(self.database),
            "SLUICE_SPOOL_DIR": "/var/tmp",
            "SLUICE_STORE_DIR": str(self.folder / "objects"),
            "SLUICE_WORKERS": "2",
            "SLUICE_SHUTDOWN_GRACE_SECONDS": "3",
            "SLUICE_LOG_FORMAT": "json",
            **environment,
        }
        settings = {name: value for name, value in settings.items() if value is not None}
        self._output = [self.folder / "stdout", self.folder / "stderr"]
        with open(self._output[0], "wb") as out, open(self._output[1], "wb") as errors:
            self.process = subprocess.Popen(
                [binary(), "serve", *arguments], env=settings, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out,
                stderr=errors, preexec_fn=prepare, user=user)
        if wait:
            try:
                self.wait_until(wait)
            except BaseException:
                self.stop()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_until(self, endpoint, timeout=30):
        """Waits until an endpoint of the admin listener answers 200."""
        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"sluice ended with {self.process.returncode}:\n{self.output}")
            try:
                return self.admin(f"/{endpoint}").status == 200
            except OSError:
                return False
        eventually(answers, timeout, lambda: f"/{endpoint} is not 200:\n{self.output}")

    def stop(self):
        """Ends the daemon and removes what it left; one that has to be ended by force is a failure."""
        try:
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    self.process.wait(20)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait(10)
                    raise AssertionError(f"SIGTERM did not end it:\n{self.output[-3_000:]}") from None
        finally:
            if self._owns_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def terminate(self, timeout=20) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    # What it says

    @property
    def output(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self._output if path.exists())

    def log(self):
        """The log lines that are JSON objects, in order within each stream."""
        lines = []
        for line in self.output.splitlines():
            if line.startswith("{"):
                lines.append(json.loads(line))
        return lines

    def access_log(self, count=0, where=lambda line: True):
        """The lines of the access log that `where` picks, once there are at least `count`."""
        def lines():
            return [line for line in self.log() if line.get("type") == "access" and where(line)]
        if count:
            eventually(lambda: len(lines()) >= count, 10, lambda: f"{len(lines())} access lines:\n{self.output}")
        return lines()

    # What it serves

    def admin(self, target, method="GET"):
        return wire.request(self.admin_port, wire.head(method, target), method=method, timeout=10)

    def upload(self, token, body, kind="jpeg", *fields, **options):
        return wire.upload(self.port, token, body, kind, *fields, **options)

    # What it holds

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_bytes(self) -> int:
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def forget_peak(self):
        """From now on `peak_bytes` counts (proc(5), clear_refs)."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """The most that was resident since `forget_peak`."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def rows(self, where="1 = 1", *values):
        """Rows of the record of uploads, as dictionaries."""
        return self.select(f"SELECT * FROM uploads WHERE {where} ORDER BY id", *values)

    def states(self, where="1 = 1", *values):
        return [row["state"] for row in self.rows(where, *values)]

    def select(self, statement, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement, values)]

    def change(self, statement, *values):
        """Another program writes to the record; returns how many rows it changed."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            return connection.execute(statement, values).rowcount
