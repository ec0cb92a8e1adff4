"""The corpus of a target, made small: what adds nothing to the seeds goes."""

import re
import shutil

from running import limits, run_bounded
from state import refuse_full

# A corpus of tens of thousands of inputs takes this long; what is not done by then stays as it was.
MERGE_SECONDS_MAX = 300

_MERGED = re.compile(r"^MERGE-OUTER: (\d+) new files with (\d+) new features added; (\d+) new coverage edges")


def restore(state, name):
    """What an earlier campaign left half done: the old corpus is whole until the new one has its name."""
    place = state.folder / name
    if (place / "corpus.old").is_dir():
        if (place / "corpus").is_dir():
            shutil.rmtree(place / "corpus.old")
        else:
            (place / "corpus.old").rename(place / "corpus")
    shutil.rmtree(place / "merging", ignore_errors=True)


def beyond(lab, state, name, seeds, tick, extra=()):
    """The inputs of a corpus that reach what the `seeds` do not, as files in a folder of their own; None where
    libFuzzer could not tell. https://llvm.org/docs/LibFuzzer.html#corpus"""
    place = state.place(name, "merging")
    try:
        shutil.rmtree(place)
        place.mkdir()
        for path in seeds:
            (place / f"seed-{path.name}").symlink_to(path.resolve())
    except OSError as error:
        refuse_full(error, state.folder)
    scratch = state.place(name, "tmp")
    command = [lab.binary(name), "-merge=1", f"-artifact_prefix={scratch}/", *limits(), *extra, place,
               state.place(name, "corpus")]
    code, lines = run_bounded(command, MERGE_SECONDS_MAX, scratch, tick)
    # Inputs that fall while they are merged are left out; they were judged when they were found.
    for path in scratch.iterdir():
        if path.is_file():
            path.unlink()
    if code != 0 or not any(_MERGED.match(line) for line in lines):
        shutil.rmtree(place, ignore_errors=True)
        return None
    return place


def merge(lab, state, name, tick):
    """Leaves in the corpus what adds to the seeds. Where that fails, the corpus stays and the report says so."""
    corpus = state.place(name, "corpus")
    before = sum(1 for _ in corpus.iterdir())
    if before:
        seeds = [path for path in sorted(state.place(name, "seeds").iterdir()) if path.is_file()]
        merged = beyond(lab, state, name, seeds, tick)
        if merged is None:
            state.note(name, f"the corpus of {before} files could not be merged and was left as it was")
        else:
            for path in merged.iterdir():
                if path.is_symlink():
                    path.unlink()
            corpus.rename(corpus.with_name("corpus.old"))
            merged.rename(corpus)
            shutil.rmtree(corpus.with_name("corpus.old"))
    state.target(name)["new_files"] = sum(1 for _ in corpus.iterdir())
    state.save()
