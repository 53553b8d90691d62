"""What the tests of detection share."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def one_thread():
    """An executor that is none of ours."""
    with ThreadPoolExecutor(1) as executor:
        yield executor
