"""Databases with the schema of an earlier release."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.support.cluster import Cluster


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    """A database without anything in it."""
    name = f"upgrade_{uuid4().hex}"
    yield cluster.create(name)
    cluster.drop(name)
