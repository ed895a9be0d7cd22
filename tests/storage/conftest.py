"""Fixtures of the storage tests: a superuser connection, facts and their vectors."""

from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest

from storage.facts import Facts
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner

if TYPE_CHECKING:  # a second's imports, which the process that hands out the tests can do without
    from storage.fact_vectors import FactVectors


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
async def fact_vectors(database_url: str, pool: Pool) -> AsyncGenerator["FactVectors"]:
    """Vectors of `MODEL`, stored with langchain-postgres' vector store."""
    from storage.fact_vectors import FactVectors

    async with FactVectors.open(database_url, pool, model=MODEL) as opened:
        yield opened
