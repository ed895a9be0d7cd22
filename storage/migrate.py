"""Bring a database's schema up to date: numbered SQL files, applied in order, each in one transaction."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import LiteralString, NamedTuple

import psycopg
from psycopg.rows import DictRow, dict_row

from storage import checkpoints, jobs
from storage.connections import TINY_WRITE, connecting
from storage.errors import MigrationsPending, SetupFailed, StorageUnavailable, is_unavailable

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
OLDEST_POSTGRES = 15
LOCK = 7_265_001  # any number that nobody else locks in this database
APPLIED: LiteralString = "select version from frontdesk_migrations"
"""Asks which migrations a database has; where none was ever applied there is no such table."""

Connection = psycopg.AsyncConnection[DictRow]


class Migration(NamedTuple):
    """One file of migrations/."""

    version: int
    name: str
    sql: str


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """The migrations in order."""
    found = [(re.match(r"(\d{4})_(\w+)$", path.stem), path) for path in sorted(folder.glob("*.sql"))]
    return [Migration(int(match[1]), match[2], path.read_text()) for match, path in found if match]


async def _all() -> list[Migration]:
    return await asyncio.to_thread(migrations)  # files: not for the event loop


async def migrate(url: str, *, say: Callable[[str], None] = lambda _: None) -> int:
    """Apply what is missing; several at once take turns.

    Args:
        url: where Postgres is, as someone who may create tables, roles and extensions.
        say: told each step, for a person who waits.

    Returns:
        How many were applied.

    Raises:
        SetupFailed: the database lacks something; one line says what.
        StorageUnavailable: there is no answer from it.
    """
    async with _connection(url) as conn:
        await _check_server(conn)
        await _take_turns(conn)
        done = await _applied(conn)
        missing = [migration for migration in await _all() if migration.version not in done]
        for migration in missing:
            say(f"migration {migration.version:04d} {migration.name}")
            await _apply(conn, migration)
        await checkpoints.create_tables(conn)
        await jobs.create_tables(conn)
        await _close(conn)
    return len(missing)


async def pending(url: str) -> list[str]:
    """The names of the migrations that this database lacks."""
    async with _connection(url) as conn:
        done = await _applied(conn)
    return [f"{m.version:04d}_{m.name}" for m in await _all() if m.version not in done]


async def extension_version(url: str) -> str | None:
    """The version of pgvector that the server has at hand; None where it has none."""
    async with _connection(url) as conn:
        cursor = await conn.execute("select default_version from pg_available_extensions where name = 'vector'")
        row = await cursor.fetchone()
    return str(row["default_version"]) if row else None


async def has_room(url: str) -> bool:
    """Whether the server finds room on its disk."""
    async with _connection(url) as conn:
        try:
            await conn.execute(TINY_WRITE)
        except psycopg.errors.DiskFull:
            return False
    return True


async def require_current(url: str) -> None:
    """Refuse to work on an old schema.

    Raises:
        MigrationsPending: `frontdesk migrate` has something to do.
    """
    if missing := await pending(url):
        raise MigrationsPending(f"The database lacks {', '.join(missing)}: run `frontdesk migrate`.")


@asynccontextmanager
async def _connection(url: str) -> AsyncGenerator[Connection]:
    try:
        conn = await Connection.connect(url, autocommit=True, row_factory=dict_row, **connecting(url, seconds=10))
    except psycopg.OperationalError as error:
        said = f"No PostgreSQL answers at DATABASE_URL: {_first_line(error)}"
        raise (SetupFailed if _is_final(error) else StorageUnavailable)(said) from error
    try:
        async with conn:
            yield conn
    except psycopg.errors.InsufficientPrivilege as error:
        raise SetupFailed(f"DATABASE_URL's user lacks a right that is needed: {_first_line(error)}") from error
    except psycopg.Error as error:
        if not is_unavailable(error):
            raise
        raise StorageUnavailable(f"PostgreSQL at DATABASE_URL broke off: {_first_line(error)}") from error


async def _check_server(conn: Connection) -> None:
    version = conn.info.server_version // 10_000
    if version < OLDEST_POSTGRES:
        raise SetupFailed(f"PostgreSQL {OLDEST_POSTGRES} or newer is needed, this one is {version}.")


async def _take_turns(conn: Connection) -> None:
    # Asked again and again: whoever waits inside Postgres holds a snapshot, and LangGraph's
    # `create index concurrently` waits for all snapshots. The two would deadlock.
    while True:
        cursor = await conn.execute("select pg_try_advisory_lock(%(lock)s) as mine", {"lock": LOCK})
        row = await cursor.fetchone()
        if row and row["mine"]:
            return
        await asyncio.sleep(0.1)


async def _applied(conn: Connection) -> set[int]:
    cursor = await conn.execute("select to_regclass('public.frontdesk_migrations') is not null as known")
    row = await cursor.fetchone()
    if not (row and row["known"]):
        return set()
    cursor = await conn.execute(APPLIED)
    return {row["version"] async for row in cursor}


async def _apply(conn: Connection, migration: Migration) -> None:
    try:
        async with conn.transaction():
            await conn.execute(
                "create table if not exists frontdesk_migrations ("
                " version integer primary key, name text not null, applied_at timestamptz not null default now())"
            )
            await conn.execute(migration.sql.encode())  # as bytes: not a literal here, but a file of ours
            await conn.execute(
                "insert into frontdesk_migrations (version, name) values (%(version)s, %(name)s)",
                {"version": migration.version, "name": migration.name},
            )
    except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as error:
        raise SetupFailed(f"pgvector is not installed on this PostgreSQL: {_first_line(error)}") from error


async def _close(conn: Connection) -> None:
    """Let nobody else make anything here, not even a temporary table, whose name would be found before ours.

    Done at every run and in no migration, because these rights belong to the database and not to what is in
    it: a copy or a restored dump comes without. Where someone else gave them, Postgres warns and goes on.
    """
    row = await (await conn.execute("select quote_ident(current_database()) as name")).fetchone()
    assert row is not None
    await conn.execute(f"revoke create, temporary on database {row['name']} from public".encode())
    await conn.execute("revoke create on schema public from public")


def _is_final(error: psycopg.OperationalError) -> bool:
    """Whether the server itself turned us away, for a password or a name, and will do so again."""
    return "FATAL:" in str(error) and not re.search(r"starting up|shutting down|recovery|too many|reserved", str(error))


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().split("\n", 1)[0]
