"""Servers that the tests of one process share. Tests tell their own uploads apart by a `sub` of their own."""

import os
import tempfile

import pytest

from support import tokens
from support.daemon import Daemon, binary
from support.mortal_store import MortalStore
from support.moto_server import Moto


def pytest_configure(config):
    if not os.access(binary(), os.X_OK):
        pytest.exit(f"no executable {binary()}: build it first (make build), or name one in SLUICE_BIN", 2)


@pytest.fixture(scope="session")
def moto():
    server = Moto()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_environment(moto):
    """Settings of a daemon with a fixed secret in front of moto."""
    return {**moto.environment, "JWT_SECRET": tokens.SECRET}


@pytest.fixture(scope="module")
def daemon(s3_environment):
    """A daemon in front of moto that the tests of a module share."""
    with Daemon(s3_environment) as started:
        yield started
        assert started.process.poll() is None, f"the daemon ended with {started.process.returncode}:\n{started.output}"


@pytest.fixture(scope="session")
def directory_environment():
    """Settings of a daemon that needs no other server."""
    return {"SLUICE_STORE": "directory", "JWT_SECRET": tokens.SECRET}


@pytest.fixture
def store():
    """A store that a test may break; modules that need another one say so."""
    with MortalStore() as server:
        yield server


@pytest.fixture
def folder():
    """A daemon's folder that outlives it."""
    with tempfile.TemporaryDirectory(prefix="sluice-folder-", ignore_cleanup_errors=True) as path:
        yield path


@pytest.fixture
def sub():
    return tokens.fresh_subject()


@pytest.fixture
def token(sub):
    return tokens.mint(sub)
