"""Migrations: each once, in order, one process at a time, and a single line where it cannot be done."""

import asyncio
import socket
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from storage.errors import MigrationsPending, SetupFailed, StorageUnavailable
from storage.migrate import FOLDER, extension_version, migrate, migrations, pending, require_current
from tests.storage.rows import rows
from tests.support.cluster import Cluster

NAMES = [path.stem for path in sorted(FOLDER.glob("*.sql"))]


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    """A database without anything in it."""
    name = f"empty_{uuid4().hex}"
    yield cluster.create(name)
    cluster.drop(name)


@pytest.fixture
def nobody(cluster: Cluster) -> Iterator[str]:
    """A role that may log in and nothing else."""
    name = f"nobody_{uuid4().hex}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("create role {} login password 'test'").format(sql.Identifier(name)))
        yield name
        conn.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


async def test_migrating_twice_applies_nothing(empty_url: str) -> None:
    """The first time everything in order, the second time nothing."""
    said: list[str] = []
    assert await migrate(empty_url, say=said.append) == len(NAMES)
    assert said == [f"migration {name.replace('_', ' ', 1)}" for name in NAMES]
    assert await migrate(empty_url, say=said.append) == 0
    assert len(said) == len(NAMES)


async def test_nobody_else_makes_anything_in_a_migrated_database(empty_url: str) -> None:
    """Not even a temporary table; also in a copy, which comes without its original's rights and is migrated again."""
    may = (
        "select has_database_privilege(role, current_database(), 'temporary'),"
        " has_database_privilege(role, current_database(), 'create'), has_schema_privilege(role, 'public', 'create')"
        " from unnest(array['frontdesk_app', 'frontdesk_graph']) role"
    )
    for _ in range(2):
        await migrate(empty_url)
        with psycopg.connect(empty_url, autocommit=True) as conn:
            assert rows(conn, may) == [(False, False, False)] * 2
            conn.execute(sql.SQL("grant temporary on database {} to public").format(sql.Identifier(conn.info.dbname)))


async def test_two_at_once_take_turns(empty_url: str) -> None:
    """Several processes that start together: one migrates, the others wait and find nothing to do."""
    applied = await asyncio.gather(*(migrate(empty_url) for _ in range(3)))
    assert sorted(applied) == [0, 0, len(NAMES)]
    with psycopg.connect(empty_url) as conn:
        assert len(rows(conn, "select version from frontdesk_migrations")) == len(NAMES)


async def test_langgraphs_tables_are_made_in_their_own_schema(empty_url: str) -> None:
    """And stay out of public."""
    await migrate(empty_url)
    with psycopg.connect(empty_url) as conn:
        schemas = rows(conn, "select distinct schemaname from pg_tables where tablename like 'checkpoint%%'")
    assert schemas == [("langgraph",)]


async def test_a_database_without_any_migration_is_reported(empty_url: str) -> None:
    """Before the program works on a schema that it does not know."""
    assert await pending(empty_url) == NAMES
    with pytest.raises(MigrationsPending, match=NAMES[0]):
        await require_current(empty_url)


async def test_a_migrated_database_is_current(database_url: str) -> None:
    """Nothing is pending, and nothing is raised."""
    assert await pending(database_url) == []
    await require_current(database_url)


async def test_a_migration_that_is_missing_is_named(database_url: str) -> None:
    """An older schema lacks the newer files."""
    with psycopg.connect(database_url) as conn:
        conn.execute("delete from frontdesk_migrations where version = (select max(version) from frontdesk_migrations)")
    assert await pending(database_url) == NAMES[-1:]


async def test_a_server_that_cannot_be_reached_is_unavailable() -> None:
    """One line, for a person who set DATABASE_URL."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"postgresql://ada@127.0.0.1:{taken.getsockname()[1]}/frontdesk"
        with pytest.raises(StorageUnavailable, match="No PostgreSQL answers at DATABASE_URL") as caught:
            await migrate(url)
    assert "\n" not in str(caught.value)


async def test_a_user_without_rights_is_told_so(empty_url: str, nobody: str) -> None:
    """One line that says what was denied."""
    with pytest.raises(SetupFailed, match=r"lacks a right.*permission denied") as caught:
        await migrate(make_conninfo(empty_url, user=nobody, password="test"))
    assert "\n" not in str(caught.value)


async def test_a_user_who_may_not_even_look_is_told_so(database_url: str, nobody: str) -> None:
    """Where someone else migrated, and this user may not read what was done."""
    with pytest.raises(SetupFailed, match=r"lacks a right.*permission denied"):
        await require_current(make_conninfo(database_url, user=nobody, password="test"))


async def test_the_version_of_pgvector_is_known_before_it_is_needed(empty_url: str) -> None:
    """The doctor asks what the server has at hand."""
    version = await extension_version(empty_url)
    with psycopg.connect(empty_url) as conn:
        conn.execute("create extension vector")
        assert rows(conn, "select extversion from pg_extension where extname = 'vector'") == [(version,)]


def test_every_migration_has_a_number_of_its_own() -> None:
    """One, two, three: no file is passed over, no number is there twice."""
    found = migrations()
    assert [migration.version for migration in found] == list(range(1, len(NAMES) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_every_migration_begins_by_saying_why(name: str) -> None:
    """A comment at the top."""
    assert (FOLDER / f"{name}.sql").read_text().startswith("-- ")
