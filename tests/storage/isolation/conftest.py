"""Ada, who has something everywhere, and Bob, who wants it."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from storage.pool import Pool
from tests.storage.isolation.adas import Adas, everything
from tests.storage.rows import Owner, met
from tests.storage.test_rights import GRANTED


@pytest.fixture
async def adas(pool: Pool, ada: UUID) -> Adas:
    """Ada, with a row in every table."""
    return await Adas(pool, ada).written()


@pytest.fixture
async def bob(pool: Pool) -> UUID:
    """Bob, who is known and has nothing."""
    return await met(pool, uuid4())


@pytest.fixture(autouse=True)
async def unchanged(adas: Adas, owner: Owner) -> AsyncGenerator[None]:
    """Whatever a test tries, every row of Ada's is there afterwards as it was before."""
    before = {table: everything(owner, table, adas.user) for table in GRANTED}
    assert all(before.values())
    yield
    assert {table: everything(owner, table, adas.user) for table in GRANTED} == before
