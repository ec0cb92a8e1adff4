"""`make fuzz-keep T=JSON`: copies what a campaign found and the seeds lack into Fuzz/Corpus, under names to read.

Only inputs that reach an edge which no seed reaches are kept: those that differ in how often alone stay in the state.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import hashlib
import re

from building import CANARY, CHECKOUT, Lab, Refused, end
from merging import beyond, restore
from state import State, write_whole

# The seeds of a target are read before every run and by every test run.
FILES_MAX = 200


def seed_name(data, ending):
    """Its first words, and enough of its hash: `found-post-images-1a2b3c4d.http`."""
    words = re.findall(rb"[a-z0-9]+", data[:200].lower())
    words = [word.decode() for word in words if 2 <= len(word) <= 12][:3]
    return "-".join(["found", *words, hashlib.sha1(data).hexdigest()[:8]]) + ending


def usual_ending(folder):
    """What most seeds of the target end in."""
    endings = [path.suffix for path in folder.iterdir()] if folder.is_dir() else []
    return max(sorted(set(endings)), key=endings.count) if endings else ".bin"


def keep(lab, state, name):
    """Copies; returns the new files."""
    folder = lab.folder("Corpus", name)
    restore(state, name)
    if not any(state.place(name, "corpus").iterdir()):
        return []
    seeds = [path for path in sorted(folder.iterdir()) if path.is_file()] if folder.is_dir() else []
    merged = beyond(lab, state, name, seeds, lambda: None, extra=["-use_counters=0"])
    if merged is None:
        raise Refused(f"the corpus of {name} could not be merged with the seeds; nothing was copied")
    new = []
    for path in sorted(merged.iterdir(), key=lambda path: path.stat().st_size):
        if path.is_symlink() or len(new) >= FILES_MAX:
            continue
        data = path.read_bytes()
        place = folder / seed_name(data, usual_ending(folder))
        if not place.exists():
            write_whole(place, data)
            new.append(place)
    restore(state, name)
    return new


def main(argv):
    parser = argparse.ArgumentParser(prog="make fuzz-keep", allow_abbrev=False)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--state", default="")
    parser.add_argument("--source", default=CHECKOUT)
    parser.add_argument("--binaries")
    options = parser.parse_args(argv)
    lab = Lab(options.source, binaries=options.binaries)
    names = [name for name in lab.choose(",".join(options.targets)) if name != CANARY]
    folder = options.state or lab.scratch / "campaign"
    with State(folder) as state:
        names = [name for name in names if (state.folder / name / "corpus").is_dir()]
        if not names:
            raise Refused(f"there is nothing to keep in {state.folder}: run make fuzz first")
        lab.build(names)
        for name in names:
            for path in keep(lab, state, name):
                print(path.relative_to(lab.source))
            print(f"{name}: kept; make unit runs the new seeds too")


if __name__ == "__main__":
    end(main)
