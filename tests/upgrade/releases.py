"""The releases that can be upgraded from: their schema, and their code where git has it."""

import io
import subprocess
import tarfile
from pathlib import Path
from typing import LiteralString, NamedTuple

import psycopg
import pytest
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from procrastinate.schema import SchemaManager
from psycopg.rows import dict_row

from storage.connections import Connection
from storage.migrate import migrations

ROOT = Path(__file__).parents[2]


class Release(NamedTuple):
    """A state of the program that installations are upgraded from."""

    name: str
    migration: int
    """The last one it has."""
    commit: str
    """Its code."""


RELEASES = (
    Release("0.1.0", 27, "483ee7e58202"),
    Release("before-0.2.0", 30, "ca7de29"),
)
"""All, oldest first. A later one is one more line."""


async def create_schema(url: str, migration: int, *, jobs: str | None = None) -> None:
    """Create the schema of a release in an empty database, as its `frontdesk migrate` did.

    Args:
        migration: the last one that is applied.
        jobs: creates Procrastinate's tables; by default those of the library's present version, unrecorded.
    """
    async with await Connection.connect(url, autocommit=True, row_factory=dict_row) as conn:
        await conn.execute(
            "create table frontdesk_migrations"
            " (version integer primary key, name text not null, applied_at timestamptz not null default now())"
        )
        for found in [found for found in migrations() if found.version <= migration]:
            async with conn.transaction():
                await conn.execute(found.sql.encode())
                await conn.execute("insert into frontdesk_migrations values (%s, %s)", [found.version, found.name])
        await conn.execute("set search_path to langgraph")
        await AsyncPostgresSaver(conn).setup()
        await conn.execute('create index checkpoints_age on checkpoints (checkpoint_id collate "C")')
        await conn.execute("set search_path to procrastinate")
        await conn.execute((jobs or SchemaManager.get_schema()).encode())


def code_of(release: Release, folder: Path) -> Path:
    """The code of a release in this folder; the test is skipped where git does not have it, as in a shallow clone."""
    packages = ("api", "graph", "nodes", "storage", "migrations")
    archived = subprocess.run(
        ["git", "archive", release.commit, "--", *packages],  # noqa: S607
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if archived.returncode:
        pytest.skip(f"git does not have the code of {release.name}")
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def rows(url: str, query: LiteralString) -> list[tuple[object, ...]]:
    """The rows that a query returns to the database's owner."""
    with psycopg.connect(url) as conn:
        return conn.execute(query).fetchall()
