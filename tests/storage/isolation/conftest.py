"""Ada, who has rows in every table, and Bob, who tries to reach them."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
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
def unchanged(ada_rows: AdaRows, owner: Owner) -> Generator[Callable[[], None]]:
    """Check that every row of Ada's is unchanged: whenever it is called, and after each test."""
    before = {table: all_rows(owner, table, ada_rows.user) for table in GRANTED}
    assert all(before.values())

    def check() -> None:
        assert {table: all_rows(owner, table, ada_rows.user) for table in GRANTED} == before

    yield check
    check()


Case = Callable[[object], AbstractAsyncContextManager[UUID]]


@pytest.fixture
def case(subtests: pytest.Subtests, pool: Pool, unchanged: Callable[[], None]) -> Case:
    """One of a test's cases, which a failure names: it begins with a Bob of its own and ends with that check.

    The cases of a test share its database, because to clone one takes longer than most of them.
    """

    @asynccontextmanager
    async def begin(name: object) -> AsyncGenerator[UUID]:
        with subtests.test(str(name)):
            yield await create_user(pool, uuid4())
            unchanged()

    return begin
