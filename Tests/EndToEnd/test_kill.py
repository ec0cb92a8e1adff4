"""The short form of the kill test: about 60 deaths. The long one is `make torture` (Tests/Soak/torture.py)."""

import os
import random

import pytest

from support.torture_lanes import plans

KILLS = 60
LANES = ["even", "odd", "load", "shared", "directory"]


@pytest.fixture(scope="module")
def lanes():
    """All lanes run at once: most of their time they wait."""
    seed = int(os.environ.get("SLUICE_TORTURE_SEED") or random.SystemRandom().randrange(1_000_000))
    return {plan.name: plan.start() for plan in plans(seed, KILLS)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("lane", LANES)
def test_what_a_killed_daemon_promised_is_true_and_nothing_is_left_over(lanes, lane):
    print(lanes[lane].wait(280))
