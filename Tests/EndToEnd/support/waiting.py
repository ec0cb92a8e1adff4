"""Waiting for what another process will do; a time-out is a failure, never a verdict on speed."""

import time


def eventually(condition, timeout=15.0, describe=None):
    """Asks until the answer is true and returns it; fails after `timeout` seconds with what `describe` says."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            detail = describe() if describe else "the condition stayed false"
            raise AssertionError(f"after {timeout:g} s: {detail}")
        time.sleep(0.02)
