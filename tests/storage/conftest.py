"""Fixtures of the storage tests: a superuser connection, facts and their search."""

from collections.abc import AsyncGenerator, Iterator

import psycopg
import pytest

from storage.fact_search import FactSearch
from storage.facts import Facts
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner


@pytest.fixture
def owner(database_url: str) -> Iterator[Owner]:
    """A connection to the test's database as superuser, whom no policy binds."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def facts(pool: Pool) -> Facts:
    """Facts with the vectors of `MODEL`."""
    return Facts(pool, MODEL)


@pytest.fixture
async def fact_search(database_url: str) -> AsyncGenerator[FactSearch]:
    """Search over the vectors of `MODEL`."""
    async with FactSearch.open(database_url, model=MODEL, size=3) as opened:
        yield opened
