"""What the tests of several nodes share."""

from collections.abc import AsyncGenerator

import pytest

from storage.fact_search import Recall
from tests.nodes.stored import MODEL


@pytest.fixture
async def recall(database_url: str) -> AsyncGenerator[Recall]:
    """Search over the stored facts."""
    async with Recall.open(database_url, model=MODEL, size=1) as opened:
        yield opened
