"""Migrations: numbered SQL files, applied in order, each in one transaction."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import LiteralString, NamedTuple

import psycopg
from psycopg.rows import dict_row

from storage import checkpoints, jobs
from storage.connections import WRITE_TEMPORARY_FILE, Connection, connection_parameters
from storage.errors import MigrationsPending, SetupFailed, StorageUnavailable, is_unavailable

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
OLDEST_POSTGRES = 15
ADVISORY_LOCK = 7_265_001  # an arbitrary number
SELECT_APPLIED: LiteralString = "select version from frontdesk_migrations"
"""Versions of the applied migrations; before the first one there is no such table."""


COUNT_CONNECTIONS: LiteralString = """
    select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int as allowed,
      (select sum(numbackends) from pg_stat_database)::int as used,
      (select count(*) from pg_stat_activity where application_name = 'frontdesk')::int as ours
"""
"""`used` is what every role may see; it counts a few of the server's own processes, too."""


class ConnectionLimit(NamedTuple):
    """Connections that a server allows to those who are no superusers, that are in use, and that are Frontdesk's."""

    allowed: int
    used: int
    ours: int


class Migration(NamedTuple):
    """One file of migrations/."""

    version: int
    name: str
    sql: str


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """The migrations in order."""
    found = [(re.match(r"(\d{4})_(\w+)$", path.stem), path) for path in sorted(folder.glob("*.sql"))]
    return [Migration(int(match[1]), match[2], path.read_text()) for match, path in found if match]


async def _read_migrations() -> list[Migration]:
    return await asyncio.to_thread(migrations)  # file access would block the event loop


async def migrate(url: str, *, say: Callable[[str], None] = lambda _: None) -> int:
    """Apply the missing migrations; concurrent runs wait for each other.

    Args:
        url: where Postgres is, as a user who may create tables, roles and extensions.
        say: called with each step, to show progress.

    Returns:
        How many were applied.

    Raises:
        SetupFailed: the database lacks something; one line says what.
        StorageUnavailable: it does not answer.
    """
    async with _connection(url) as conn:
        await _check_server(conn)
        await _wait_for_lock(conn)
        done = await _applied(conn)
        missing = [migration for migration in await _read_migrations() if migration.version not in done]
        for migration in missing:
            say(f"migration {migration.version:04d} {migration.name}")
            await _apply(conn, migration)
        await checkpoints.create_tables(conn)
        await jobs.create_tables(conn)
        await _revoke_public_rights(conn)
    return len(missing)


async def pending(url: str) -> list[str]:
    """Names of the migrations that this database lacks."""
    async with _connection(url) as conn:
        done = await _applied(conn)
    return [f"{m.version:04d}_{m.name}" for m in await _read_migrations() if m.version not in done]


async def extension_version(url: str) -> str | None:
    """Version of pgvector that the server can install; None where it has none."""
    async with _connection(url) as conn:
        cursor = await conn.execute("select default_version from pg_available_extensions where name = 'vector'")
        row = await cursor.fetchone()
    return str(row["default_version"]) if row else None


async def has_disk_space(url: str) -> bool:
    """Whether the server can write to its disk."""
    async with _connection(url) as conn:
        try:
            await conn.execute(WRITE_TEMPORARY_FILE)
        except psycopg.errors.DiskFull:
            return False
    return True


async def connection_limit(url: str) -> ConnectionLimit:
    """How many connections the server allows, and how many are in use."""
    async with _connection(url) as conn:
        row = await (await conn.execute(COUNT_CONNECTIONS)).fetchone()
        assert row
    return ConnectionLimit(row["allowed"], row["used"] - 1, row["ours"] - 1)  # without this one


async def require_current(url: str) -> None:
    """Raise where the schema is older than the code.

    Raises:
        MigrationsPending: migrations are missing.
    """
    if missing := await pending(url):
        raise MigrationsPending(pending_text(missing))


def pending_text(missing: list[str]) -> str:
    """That migrations are missing, and what to do."""
    return f"{len(missing)} migration{'s' if len(missing) > 1 else ''} pending: run `frontdesk migrate`"


@asynccontextmanager
async def _connection(url: str) -> AsyncGenerator[Connection]:
    try:
        conn = await Connection.connect(
            url, autocommit=True, row_factory=dict_row, **connection_parameters(url, connect_timeout=10)
        )
    except psycopg.OperationalError as error:
        message = f"No PostgreSQL answers at DATABASE_URL: {_first_line(error)}"
        raise (SetupFailed if _is_rejected(error) else StorageUnavailable)(message) from error
    try:
        async with conn:
            yield conn
    except psycopg.errors.InsufficientPrivilege as error:
        raise SetupFailed(f"DATABASE_URL's user lacks a right that is needed: {_first_line(error)}") from error
    except psycopg.Error as error:
        if not is_unavailable(error):
            raise
        raise StorageUnavailable(f"PostgreSQL at DATABASE_URL closed the connection: {_first_line(error)}") from error


async def _check_server(conn: Connection) -> None:
    version = conn.info.server_version // 10_000
    if version < OLDEST_POSTGRES:
        raise SetupFailed(f"PostgreSQL {OLDEST_POSTGRES} or newer is needed, this one is {version}.")


async def _wait_for_lock(conn: Connection) -> None:
    # Polled, because a session that waits inside Postgres holds a snapshot, and LangGraph's `create index concurrently`
    # waits for all snapshots: the two would deadlock.
    while True:
        cursor = await conn.execute("select pg_try_advisory_lock(%(lock)s) as locked", {"lock": ADVISORY_LOCK})
        row = await cursor.fetchone()
        if row and row["locked"]:
            return
        await asyncio.sleep(0.1)


async def _applied(conn: Connection) -> set[int]:
    cursor = await conn.execute("select to_regclass('public.frontdesk_migrations') is not null as present")
    row = await cursor.fetchone()
    if not (row and row["present"]):
        return set()
    cursor = await conn.execute(SELECT_APPLIED)
    return {row["version"] async for row in cursor}


async def _apply(conn: Connection, migration: Migration) -> None:
    try:
        async with conn.transaction():
            await conn.execute(
                "create table if not exists frontdesk_migrations ("
                " version integer primary key, name text not null, applied_at timestamptz not null default now())"
            )
            await conn.execute(migration.sql.encode())  # as bytes: a file of ours and no literal
            await conn.execute(
                "insert into frontdesk_migrations (version, name) values (%(version)s, %(name)s)",
                {"version": migration.version, "name": migration.name},
            )
    except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as error:
        raise SetupFailed(f"pgvector is not installed on this PostgreSQL: {_first_line(error)}") from error
    except psycopg.errors.UndefinedObject as error:
        if "halfvec" not in str(error):
            raise
        needed = "pgvector 0.7 or newer is needed; where it is installed, run `alter extension vector update`."
        raise SetupFailed(needed) from error


async def _revoke_public_rights(conn: Connection) -> None:
    """Revoke the right to create anything, also temporary tables, whose names would be found before ours.

    At every run and not in a migration, because these rights belong to the database and not to its contents: a restored
    dump comes without them. Rights that another role granted stay, with a warning from Postgres.
    """
    row = await (await conn.execute("select quote_ident(current_database()) as name")).fetchone()
    assert row is not None
    await conn.execute(f"revoke create, temporary on database {row['name']} from public".encode())
    await conn.execute("revoke create on schema public from public")


def _is_rejected(error: psycopg.OperationalError) -> bool:
    """Whether the server rejected the login, for a password or a name, and would do so again."""
    return "FATAL:" in str(error) and not re.search(r"starting up|shutting down|recovery|too many|reserved", str(error))


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().split("\n", 1)[0]
