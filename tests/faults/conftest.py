"""A database server of the test's own, for tests that stop or break it."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import stamina

from storage.migrate import migrate
from tests.support.postgres import Postgres


@pytest.fixture(scope="session")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a migrated server that does not run."""
    folder = tmp_path_factory.mktemp("migrated") / "postgres"
    async with Postgres.open(folder) as server:
        await migrate(server.url())
    return folder


@pytest.fixture
async def postgres(migrated: Path, tmp_path: Path) -> AsyncIterator[Postgres]:
    """A migrated server of the test's own."""
    # With the owner of each file; to copy them takes a moment, to make them a second or two.
    subprocess.run(["cp", "--archive", migrated, tmp_path], check=True)  # noqa: ASYNC221, S607
    async with Postgres.open(tmp_path / "postgres") as server:
        yield server


@pytest.fixture
def unpaused() -> Iterator[None]:
    """What failed is tried again at once, as often as ever."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
