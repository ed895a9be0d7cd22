"""Migrations: each once, in order, by one process at a time; failures are one line."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import Any
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
def role_without_rights(cluster: Cluster) -> Iterator[str]:
    """A role that may only log in."""
    name = f"nobody_{uuid4().hex}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("create role {} login password 'test'").format(sql.Identifier(name)))
        yield name
        conn.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


async def test_migrating_twice_applies_nothing(empty_url: str) -> None:
    """The first run applies all in order, the second none."""
    steps: list[str] = []
    assert await migrate(empty_url, say=steps.append) == len(NAMES)
    assert steps == [f"migration {name.replace('_', ' ', 1)}" for name in NAMES]
    assert await migrate(empty_url, say=steps.append) == 0
    assert len(steps) == len(NAMES)


async def test_the_programs_roles_cannot_create_anything_in_a_migrated_database(empty_url: str) -> None:
    """Not even a temporary table; a restored dump loses these revokes and is migrated again."""
    privileges = (
        "select has_database_privilege(role, current_database(), 'temporary'),"
        " has_database_privilege(role, current_database(), 'create'), has_schema_privilege(role, 'public', 'create')"
        " from unnest(array['frontdesk_app', 'frontdesk_graph']) role"
    )
    for _ in range(2):
        await migrate(empty_url)
        with psycopg.connect(empty_url, autocommit=True) as conn:
            assert rows(conn, privileges) == [(False, False, False)] * 2
            conn.execute(sql.SQL("grant temporary on database {} to public").format(sql.Identifier(conn.info.dbname)))


async def test_concurrent_runs_wait_for_each_other(empty_url: str) -> None:
    """One applies the migrations, the others find nothing to do."""
    applied = await asyncio.gather(*(migrate(empty_url) for _ in range(3)))
    assert sorted(applied) == [0, 0, len(NAMES)]
    with psycopg.connect(empty_url) as conn:
        assert len(rows(conn, "select version from frontdesk_migrations")) == len(NAMES)


async def test_langgraphs_tables_are_in_their_own_schema(empty_url: str) -> None:
    """And not in public."""
    await migrate(empty_url)
    with psycopg.connect(empty_url) as conn:
        schemas = rows(conn, "select distinct schemaname from pg_tables where tablename like 'checkpoint%%'")
    assert schemas == [("langgraph",)]


async def test_a_database_without_migrations_is_not_current(empty_url: str) -> None:
    """All migrations are pending."""
    assert await pending(empty_url) == NAMES
    with pytest.raises(MigrationsPending, match=f"^{len(NAMES)} migrations pending: run `frontdesk migrate`$"):
        await require_current(empty_url)


async def test_a_migrated_database_is_current(database_url: str) -> None:
    """Nothing is pending."""
    assert await pending(database_url) == []
    await require_current(database_url)


async def test_a_missing_migration_is_pending(database_url: str) -> None:
    """Here the last one."""
    with psycopg.connect(database_url) as conn:
        conn.execute("delete from frontdesk_migrations where version = (select max(version) from frontdesk_migrations)")
    assert await pending(database_url) == NAMES[-1:]
    with pytest.raises(MigrationsPending, match=r"^1 migration pending: run"):
        await require_current(database_url)


async def test_a_server_that_cannot_be_reached_is_unavailable() -> None:
    """The message is one line for the person who set DATABASE_URL."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        url = f"postgresql://ada@127.0.0.1:{taken.getsockname()[1]}/frontdesk"
        with pytest.raises(StorageUnavailable, match="No PostgreSQL answers at DATABASE_URL") as caught:
            await migrate(url)
    assert "\n" not in str(caught.value)


async def test_migrating_without_rights_is_an_error(empty_url: str, role_without_rights: str) -> None:
    """The message is one line that says what was denied."""
    with pytest.raises(SetupFailed, match=r"lacks a right.*permission denied") as caught:
        await migrate(make_conninfo(empty_url, user=role_without_rights, password="test"))
    assert "\n" not in str(caught.value)


async def test_checking_migrations_without_rights_is_an_error(database_url: str, role_without_rights: str) -> None:
    """Where another role migrated, and this one may not read the table."""
    with pytest.raises(SetupFailed, match=r"lacks a right.*permission denied"):
        await require_current(make_conninfo(database_url, user=role_without_rights, password="test"))


@pytest.mark.parametrize("check", [migrate, require_current], ids=["migrating", "starting"])
async def test_a_pgvector_without_half_precision_is_an_error(database_url: str, check: Callable[[str], Any]) -> None:
    """One line says which is needed, and how this database gets it."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("update pg_extension set extversion = '0.6.2' where extname = 'vector'")
    with pytest.raises(SetupFailed, match=r"^pgvector 0\.7 or newer is needed, .* 0\.6\.2: run `alter extension"):
        await check(database_url)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("check", [migrate, require_current], ids=["migrating", "starting"])
async def test_a_database_in_another_encoding_is_an_error(
    cluster: Cluster, check: Callable[[str], Any], encoding: str
) -> None:
    """One line says which is needed; nothing was created there."""
    name = f"encoded_{uuid4().hex}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        conn.execute(
            sql.SQL("create database {} template template0 locale 'C' encoding {}").format(
                sql.Identifier(name), sql.Literal(encoding)
            )
        )
    with pytest.raises(SetupFailed, match=r"^A database in UTF-8 is needed"):
        await check(cluster.url(name))
    with psycopg.connect(cluster.url(name)) as conn:
        assert rows(conn, "select from pg_class where relnamespace = 'public'::regnamespace") == []
    cluster.drop(name)


async def test_the_installable_version_of_pgvector_is_reported(empty_url: str) -> None:
    """Before the extension is created."""
    version = await extension_version(empty_url)
    with psycopg.connect(empty_url) as conn:
        conn.execute("create extension vector")
        assert rows(conn, "select extversion from pg_extension where extname = 'vector'") == [(version,)]


def test_migrations_are_numbered_without_gaps() -> None:
    """From 1 on, without duplicates, and no file is skipped."""
    found = migrations()
    assert [migration.version for migration in found] == list(range(1, len(NAMES) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_every_migration_begins_with_a_comment(name: str) -> None:
    """It says why the migration exists."""
    assert (FOLDER / f"{name}.sql").read_text().startswith("-- ")
