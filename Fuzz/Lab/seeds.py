"""What a run starts from: the seeds and the corpus, without the inputs that are known to fall."""

import pathlib
import shutil

from state import refuse_full


def link_seeds(lab, state, name):
    """Links to the seeds and regressions, without those that are known to fall: they would end each run at its start.
    The files themselves are nobody's to change."""
    place = state.place(name, "seeds")
    fallen = [(state.folder / "findings" / key / kind).read_bytes()
              for key, found in state.findings(name) if found["open"] for kind in ("original", "input")
              if (state.folder / "findings" / key / kind).is_file()]
    try:
        shutil.rmtree(place)
        place.mkdir()
        for kind in ("Corpus", "Regressions"):
            folder = lab.folder(kind, name)
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                if path.is_file() and path.read_bytes() not in fallen:
                    (place / f"{kind}-{path.name}").symlink_to(path)
    except OSError as error:
        refuse_full(error, state.folder)


def set_aside(state, name, data):
    """Keeps an input that falls out of what the next run starts from; a seed loses its link only."""
    for kind in ("seeds", "corpus"):
        for path in equal_files(state.place(name, kind), data):
            path.unlink(missing_ok=True)


def equal_files(folder, data):
    """Files of a folder that hold just these bytes. A fuzzer that is at work may take any of them away."""
    found = []
    for path in pathlib.Path(folder).iterdir():
        try:
            if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
                found.append(path)
        except FileNotFoundError:
            continue
    return found
