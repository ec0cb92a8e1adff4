"""What a scanner finds in the public listener's TLS, in its short form; `make soak` runs the whole."""

import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "Soak/testssl.py"


@pytest.mark.timeout(600)
def test_a_scanner_finds_nothing_that_matters():
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--short"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=590)
    assert run.returncode == 0, run.stdout
