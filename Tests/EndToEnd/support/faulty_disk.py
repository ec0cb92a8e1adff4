"""A disk under the database that fails when it is told to, and that a power loss leaves only what was synced of.

See faulty_disk.c, which is compiled once for a run of the tests and loaded into the daemon before libc.
"""

import collections
import errno
import pathlib
import shutil
import subprocess
import tempfile

_compiled = None


def library() -> pathlib.Path:
    global _compiled
    if _compiled is None:
        # The Swift toolchain has a clang of its own, so that one of these is always there.
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))))
        folder = tempfile.TemporaryDirectory(prefix="sluice-faulty-")
        target = pathlib.Path(folder.name) / "faulty_disk.so"
        source = pathlib.Path(__file__).with_name("faulty_disk.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", target, source, "-ldl"], check=True)
        _compiled = (folder, target)
    return _compiled[1]


class FaultyDisk:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.database = self.folder / "sluice.sqlite"
        self._rules = self.folder / "rules"
        self._lines, self._last = {}, 0
        self._write()

    @property
    def environment(self):
        return {"LD_PRELOAD": str(library()), "FAULTY_DISK_PATH": str(self.database),
                "FAULTY_DISK_RULES": str(self._rules), "SLUICE_DATABASE": str(self.database)}

    def fail(self, operation, *, log, error=errno.EIO, skip=0, count=-1, parity=0):
        """From now on, `operation` ("sync" or "write") on the log, or on the database file, fails `count` times, once
        it has succeeded `skip` times.

        Of a sync, the pages of `parity` reach the disk. Returns a number for `hits`.
        """
        self._last += 1
        self._lines[self._last] = f"{self._last} {operation} {'-wal' if log else '-'} {error} {skip} {count} {parity}"
        self._write()
        return self._last

    def heal(self):
        self._lines = {}
        self._write()

    def hits(self, rule):
        path = self._rules.with_name("rules.hits")
        told = path.read_text().split() if path.exists() else []
        return collections.Counter(told)[str(rule)]

    def _write(self):
        new = self._rules.with_name("rules.new")
        new.write_text("".join(f"{line}\n" for line in self._lines.values()))
        new.rename(self._rules)

    def lose_power(self):
        """What is left after the daemon was killed: the pages that a sync had brought to the disk."""
        (self.folder / "sluice.sqlite-shm").unlink(missing_ok=True)
        for name in ("sluice.sqlite", "sluice.sqlite-wal"):
            platter = self.folder / f"{name}.platter"
            if platter.exists():
                platter.replace(self.folder / name)
