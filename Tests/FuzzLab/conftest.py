import pytest

from support.checkout import Checkout


@pytest.fixture
def checkout(tmp_path):
    """Makes a checkout whose targets behave as the test says."""
    return lambda **behaviours: Checkout(tmp_path, **behaviours)
