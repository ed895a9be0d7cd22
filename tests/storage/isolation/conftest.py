"""Ada, who has rows in every table, and Bob, who tries to reach them."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from storage.pool import Pool
from tests.storage.isolation.ada_rows import AdaRows, all_rows
from tests.storage.rows import Owner, create_user
from tests.storage.test_rights import GRANTED


@pytest.fixture
async def ada_rows(pool: Pool, ada: UUID) -> AdaRows:
    """Ada, with a row in every table."""
    return await AdaRows(pool, ada).insert()


@pytest.fixture
async def bob(pool: Pool) -> UUID:
    """Bob, a user without rows."""
    return await create_user(pool, uuid4())


@pytest.fixture(autouse=True)
async def unchanged(ada_rows: AdaRows, owner: Owner) -> AsyncGenerator[None]:
    """Check after each test that every row of Ada's is unchanged."""
    before = {table: all_rows(owner, table, ada_rows.user) for table in GRANTED}
    assert all(before.values())
    yield
    assert {table: all_rows(owner, table, ada_rows.user) for table in GRANTED} == before
