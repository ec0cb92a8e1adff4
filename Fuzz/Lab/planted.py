"""The bugs that are planted to prove the fuzz targets: Fuzz/Planted/NN-name.patch.

A patch is a unified diff against Sources, and before it a sentence or two on the class of the bug and a line that says
which target is to find it:

    An LF without a CR before it ends a line of the head.
    Target: RequestReference
"""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

from building import CHECKOUT, Refused

FOLDER = CHECKOUT / "Fuzz" / "Planted"
# What a build of a target reads: of the folders of Fuzz those with code. The tests are there because the package names
# them.
CODE = sorted({path.relative_to(CHECKOUT).parts[1] for path in CHECKOUT.glob("Fuzz/**/*.swift")})
COPIED = ["Package.swift", "Package.resolved", "Sources", "Tests", *(f"Fuzz/{name}" for name in CODE)]

_NAME = re.compile(r"(\d\d)-[a-z0-9-]+\.patch")
_CHANGED = re.compile(r"^(?:---|\+\+\+) [ab]/(\S+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Bug:
    """One planted bug."""

    path: pathlib.Path
    number: int
    words: str
    target: str
    changed: tuple

    @property
    def name(self):
        return self.path.stem


def read(path):
    """The bug of a patch; `Refused` where the file does not say what it has to."""
    name = _NAME.fullmatch(path.name)
    if name is None:
        raise Refused(f"{path}: a patch is called NN-name.patch")
    head, separator, diff = path.read_text().partition("\n--- ")
    words, named, target = head.rpartition("Target: ")
    words, target = " ".join(words.split()), target.strip()
    if not separator or not named or not words or not target.isalnum():
        raise Refused(f"{path}: before the diff stand a sentence and a line `Target: NAME`")
    changed = tuple(dict.fromkeys(_CHANGED.findall("--- " + diff)))
    if not changed or not all(place.startswith("Sources/") for place in changed):
        raise Refused(f"{path}: it is to change files in Sources and no others")
    return Bug(path, int(name.group(1)), words, target, changed)


def choose(bugs, wanted):
    """The bugs that numbers or parts of names name, all where nothing is named."""
    chosen = []
    for word in wanted:
        found = [bug for bug in bugs if (int(word) == bug.number if word.isdigit() else word in bug.name)]
        if not found:
            raise Refused(f'there is no planted bug "{word}"; there are {", ".join(bug.name for bug in bugs)}', code=2)
        chosen += found
    return sorted(set(chosen), key=lambda bug: bug.number) if wanted else bugs


def read_all(targets):
    """Every bug in the order of its number; `Refused` where two share one or a target does not exist."""
    bugs = [read(path) for path in sorted(FOLDER.glob("*.patch"))]
    for before, after in zip(bugs, bugs[1:]):
        if before.number == after.number:
            raise Refused(f"{before.name} and {after.name} have one number")
    for bug in bugs:
        if bug.target not in targets:
            raise Refused(f"{bug.name}: there is no fuzz target {bug.target}")
    return bugs


class Scratch:
    """A copy of the sources in which bugs are planted, one at a time. The sources themselves are never touched."""

    def __init__(self, place):
        self.place = place
        self.tree = place / "tree"
        self._planted = ()

    def renew(self):
        """Makes the copy equal to the sources. Files that are equal already keep their times, and so their objects."""
        wanted = {}
        for name in COPIED:
            source = CHECKOUT / name
            for path in [source] if source.is_file() else source.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    wanted[path.relative_to(CHECKOUT)] = path
        for path in self.tree.rglob("*"):
            if path.is_file() and path.relative_to(self.tree) not in wanted and path.name != "Package.resolved":
                path.unlink()
        for name, path in wanted.items():
            self._write(name, path.read_bytes())
        self._planted = ()

    def _write(self, name, content):
        place = self.tree / name
        if place.is_file() and place.read_bytes() == content:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def restore(self):
        """Takes the planted bug out."""
        for name in self._planted:
            self._write(name, (CHECKOUT / name).read_bytes())
        self._planted = ()

    def check(self, bug):
        """`Refused` where a patch does not apply to the sources."""
        self._git(bug, "--check")

    def plant(self, bug):
        """Puts a bug in the place of the one before. What both change is written once."""
        for name in bug.changed:
            if not (CHECKOUT / name).is_file():
                raise Refused(f"{bug.name} no longer applies: there is no {name}")
        before = self._planted
        staging = self.place / "staging"
        shutil.rmtree(staging, ignore_errors=True)
        for name in bug.changed:
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, staging / name)
        self._git(bug, folder=staging)
        self._planted = bug.changed
        for name in before:
            if name not in bug.changed:
                self._write(name, (CHECKOUT / name).read_bytes())
        for name in bug.changed:
            self._write(name, (staging / name).read_bytes())

    def _git(self, bug, *options, folder=None):
        folder = folder or CHECKOUT
        # Without the ceiling git would take the folder for a part of the checkout, and pass over what it ignores.
        values = dict(os.environ, GIT_CEILING_DIRECTORIES=str(folder.parent))
        command = ["git", "apply", "--whitespace=nowarn", *options, str(bug.path)]
        done = subprocess.run(command, cwd=folder, env=values, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode != 0:
            raise Refused(f"{bug.name} no longer applies:\n{done.stdout.rstrip()}")
