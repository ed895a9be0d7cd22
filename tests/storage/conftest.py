"""What the storage tests share: the view of someone whom no policy binds, and search."""

from collections.abc import AsyncGenerator, Iterator

import psycopg
import pytest

from storage.fact_search import Recall
from storage.facts import Facts
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner


@pytest.fixture
def owner(database_url: str) -> Iterator[Owner]:
    """The test's database as its superuser sees it: everyone's rows, whatever the policies say."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def facts(pool: Pool) -> Facts:
    """What is remembered, with the vectors of `MODEL`."""
    return Facts(pool, MODEL)


@pytest.fixture
async def recall(database_url: str) -> AsyncGenerator[Recall]:
    """Search over the vectors of `MODEL`."""
    async with Recall.open(database_url, model=MODEL, size=3) as opened:
        yield opened
