"""The folder of a campaign: what was found and how far it came. A campaign that was stopped goes on from it.

    STATE/state.json        seconds, edges, history and findings of every target; written whole or not at all
    STATE/lock              held by the campaign that runs
    STATE/NAME/corpus       inputs that add to the seeds; NAME/artifacts, NAME/log: libFuzzer's own
    STATE/findings/ID       input, original and report of each finding
    STATE/report.md, .html, .svg
"""

import errno
import fcntl
import json
import os
import pathlib
import re

from building import Refused

VERSION = 1
# A picture needs no more points; every other one is dropped when there are.
HISTORY_POINTS_MAX = 1000
# Less room than this, and libFuzzer would write files without their bytes, and say nothing.
DISK_FREE_BYTES_MIN = 64 << 20


class DiskFull(Refused):
    """There is no room for what was found; what is in the state stays as it is."""

    def __init__(self, place):
        super().__init__(f"the disk that holds {place} is full: what was found so far is kept; make room, then go on")


def is_full(error):
    """Whether it says "no space" or "quota"."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def refuse_full(error, place):
    """Turns "no space" and "quota" into `DiskFull`, and lets any other error through."""
    if is_full(error):
        raise DiskFull(place) from None
    raise error


def write_whole(path, data):
    """Writes a file so that a reader sees the old bytes or the new ones, and a full disk leaves the old."""
    path = pathlib.Path(path)
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        refuse_full(error, path.parent)


def new_target():
    return {"seconds": 0.0, "runs": 0, "program": "", "edges_all": 0, "edges": 0, "features": 0, "corpus": 0,
            "new_files": 0, "new_edge_at": 0.0, "per_second": 0, "history": [], "notes": []}


class State:
    """Opened by one campaign at a time: a second one is refused."""

    def __init__(self, folder, disk_free_min=DISK_FREE_BYTES_MIN):
        self.folder = pathlib.Path(folder).resolve()
        self.disk_free_min = disk_free_min
        # libFuzzer hands its own paths to a shell when it minimises and merges, and quotes nothing.
        if not re.fullmatch(r"[A-Za-z0-9_./+=@%:,-]+", str(self.folder)):
            raise Refused(f"{self.folder} cannot hold a campaign: libFuzzer takes no path with spaces or signs", code=2)
        self.data = {"version": VERSION, "campaigns": [], "targets": {}, "findings": {}}
        self._lock = None

    def open(self):
        """Takes the lock and reads what there is."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = open(self.folder / "lock", "a+")
        except OSError as error:
            if is_full(error):
                raise DiskFull(self.folder) from None
            raise Refused(f"{self.folder} cannot hold a campaign: {error.strerror}", code=2) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise Refused(f"another campaign runs in {self.folder}") from None
        path = self.folder / "state.json"
        if path.exists():
            self.data = self._read(path)
        return self

    def _read(self, path):
        try:
            data = json.loads(path.read_bytes())
            if data["version"] != VERSION:
                raise Refused(f"{path} is of another version ({data['version']}): move {self.folder} away")
            data.setdefault("campaigns", [])
            for name in ("targets", "findings"):
                if not isinstance(data[name], dict):
                    raise ValueError(name)
            for target in data["targets"].values():
                for key, value in new_target().items():
                    target.setdefault(key, value)
            return data
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(f"{path} is no campaign's state: move {self.folder} away") from None

    def close(self):
        if self._lock:
            self._lock.close()
            self._lock = None

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        self.close()

    def save(self):
        write_whole(self.folder / "state.json", json.dumps(self.data, indent=1) + "\n")

    def check_room(self):
        """`DiskFull` while there is still room to say so."""
        disk = os.statvfs(self.folder)
        short = disk.f_bavail * disk.f_frsize < self.disk_free_min
        if short or (disk.f_files and disk.f_favail < 100):
            raise DiskFull(self.folder)

    def target(self, name):
        return self.data["targets"].setdefault(name, new_target())

    def place(self, name, kind):
        """A folder of a target, made where it is missing."""
        path = self.folder / name / kind
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            refuse_full(error, self.folder)
        return path

    def fuzzed(self, name):
        """Where the time of a target goes on: a campaign that was killed had points but no end."""
        target = self.target(name)
        return max([target["seconds"], *(point[0] for point in target["history"][-1:])])

    def findings(self, name=None):
        """(id, finding) of one target or of all, in the order in which they were found."""
        return [(key, found) for key, found in self.data["findings"].items() if name in (None, found["target"])]

    def note(self, name, text):
        """A sentence for the report, once."""
        notes = self.target(name)["notes"]
        if text not in notes:
            notes.append(text)

    def record(self, name, second, status):
        """Keeps a point of the coverage over time; true when it has an edge that no earlier one had."""
        target = self.target(name)
        is_new = status.edges > target["edges"]
        if is_new:
            target["edges"] = status.edges
            target["new_edge_at"] = second
        target["features"] = max(target["features"], status.features)
        target["corpus"] = status.corpus or target["corpus"]
        target["per_second"] = status.per_second or target["per_second"]
        history = target["history"]
        if is_new or not history or second - history[-1][0] >= 1:
            history.append([round(second, 1), target["edges"], target["features"], target["corpus"]])
        if len(history) > HISTORY_POINTS_MAX:
            # The first and the last point stay.
            target["history"] = history[:1] + history[1:-1][::2] + history[-1:]
        return is_new

    def new_build(self, name, edges_all, program=""):
        """Edges of another build are other edges: what was counted before is no measure for it. `program` is the same
        for the same one; true where it is another than that of the campaign before."""
        target = self.target(name)
        is_other = target["program"] not in ("", program)
        target["program"] = program
        if target["edges_all"] not in (0, edges_all):
            target["edges"] = target["features"] = 0
            self.note(name, "the program changed between campaigns: edges before and after are not the same ones")
        target["edges_all"] = edges_all
        return is_other
