"""A server of one's own, for who breaks it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.migrate import migrate
from tests.support.postgres import Postgres


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[Postgres]:
    """A migrated server of the test's own."""
    async with Postgres.open(tmp_path / "postgres") as server:
        await migrate(server.url())
        yield server
