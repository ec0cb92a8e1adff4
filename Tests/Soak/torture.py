"""A daemon is killed at every named step and at random moments; each time everything it promised must be true.

    SLUICE_BIN=.build/debug/sluice .venv-test/bin/python Tests/Soak/torture.py --kills 1000

A failure names its seed, lane, step, row and object. `SLUICE_TORTURE_SEED` makes the same choices again; what the
machine does in between is its own. Exits 1 where anything was not as it should be.
"""

import argparse
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

from support.torture_lanes import plans  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1_000)
    kills = parser.parse_args().kills
    seed = int(os.environ.get("SLUICE_TORTURE_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"SLUICE_TORTURE_SEED={seed}, {kills} kills", flush=True)
    began = time.monotonic()
    failures = 0
    for plan in [plan.start() for plan in plans(seed, kills)]:
        try:
            print(plan.wait(), flush=True)
        except BaseException as error:
            failures += 1
            print(f"FAILED: {error}", file=sys.stderr, flush=True)
    print(f"{kills} kills in {time.monotonic() - began:.0f} s, {failures} lanes failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
