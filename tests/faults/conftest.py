"""Fixtures of tests that break something."""

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture
def unpaused() -> Iterator[None]:
    """What failed is tried again at once, as often as ever."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
