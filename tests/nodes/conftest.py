"""What the tests of several nodes share."""

from collections.abc import AsyncGenerator

import pytest

from storage.fact_search import FactSearch
from tests.nodes.stored import MODEL


@pytest.fixture
async def recall(database_url: str) -> AsyncGenerator[FactSearch]:
    """Search over the stored facts."""
    async with FactSearch.open(database_url, model=MODEL, size=1) as opened:
        yield opened
