"""A file system that is soon full."""

import contextlib
import os
import subprocess

import pytest


@contextlib.contextmanager
def mounted(place, mebibytes):
    """One of so many MiB. Without the right to mount, the test fails, unless SLUICE_TEST_NO_MOUNT is set."""
    place.mkdir()
    result = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(place)], capture_output=True, text=True)
    if result.returncode != 0:
        if os.environ.get("SLUICE_TEST_NO_MOUNT"):
            pytest.skip("SLUICE_TEST_NO_MOUNT is set")
        pytest.fail(f"run this as root, or set SLUICE_TEST_NO_MOUNT: {result.stderr}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
