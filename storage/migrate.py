"""Migrations: numbered SQL files, applied in order, each in one transaction."""

import asyncio
import itertools
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import LiteralString, NamedTuple

import psycopg
from psycopg.rows import dict_row

from storage import checkpoints, jobs
from storage.connections import WRITE_TEMPORARY_FILE, Connection, connection_parameters, is_pooled, milliseconds
from storage.errors import MigrationsPending, SetupFailed, StorageUnavailable, is_unavailable
from storage.indexes import create_indexes
from storage.lock_waits import LOCK_TIMEOUT, LockWaits
from storage.requirements import require_setup, share_sessions

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
TEMPORARY = (
    "starting up|shutting down|recovery|too many|reserved"
    "|login has been failing|cannot connect to server|no more connections|query_wait_timeout"  # PgBouncer's
)
"""Why a login may be rejected and would succeed later; libpq has no codes for it."""
ADVISORY_LOCK = 7_265_001  # an arbitrary number
SELECT_APPLIED: LiteralString = "select version from frontdesk_migrations"
"""Versions of the applied migrations; before the first one there is no such table."""
CHANGED_TABLES = re.compile(r"\b(?:alter table|references|create trigger [^;]*? on|drop trigger \w+ on) (\w+)")
"""The tables that statements of a migration lock."""


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
    """Apply the missing migrations, ours and the libraries'; concurrent runs wait for each other.

    Turns go on meanwhile: no lock that they need is waited for longer than a moment (storage/lock_waits.py).

    Args:
        url: where Postgres is, as a user who may create tables, roles and extensions.
        say: called with each step, and with what it waits for, to show progress.

    Returns:
        How many were applied.

    Raises:
        SetupFailed: the database lacks something; one line says what.
        StorageUnavailable: it does not answer.
    """
    async with _connection(url) as conn:
        await require_setup(conn)
        await _wait_for_lock(conn, say)
        waits = LockWaits(conn, partial(_connection, url), say)
        done = await _applied(conn)
        missing = [migration for migration in await _read_migrations() if migration.version not in done]
        for migration in missing:
            say(f"migration {migration.version:04d} {migration.name}")
            await waits.run(partial(_apply, conn, migration))
        for step in (checkpoints.create_tables, partial(jobs.create_tables, say=say), create_indexes):
            await waits.run(partial(step, conn))
        await _revoke_public_rights(conn)
    return len(missing)


async def pending(url: str) -> list[str]:
    """Names of the migrations that this database lacks."""
    async with _connection(url) as conn:
        return await _pending(conn)


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


async def require_sessions(url: str, *, variable: str) -> None:
    """Raise where a client's session at this URL may serve others, too: behind a pooler in transaction mode.

    Args:
        variable: where the URL is from.

    Raises:
        SetupFailed: it does; one line says which setting is missing, or wrong.
        StorageUnavailable: the database does not answer.
    """
    async with _connection(url, variable) as one:
        if not await is_pooled(one):
            return
        async with _connection(url, variable) as two:
            shared = await share_sessions(one, two)
    if shared:
        raise SetupFailed(
            f"{variable} leads to a pooler in transaction mode, over which notifications and locks of a session are"
            " lost: set FRONTDESK_DIRECT_DATABASE_URL to PostgreSQL itself, or to a pooler in session mode."
        )


async def connection_limit(url: str) -> ConnectionLimit:
    """How many connections the server allows, and how many are in use."""
    async with _connection(url) as conn:
        row = await (await conn.execute(COUNT_CONNECTIONS)).fetchone()
        assert row
    return ConnectionLimit(row["allowed"], row["used"] - 1, row["ours"] - 1)  # without this one


async def require_current(url: str) -> None:
    """Raise where the schema is older than the code, or the server than what it needs.

    Raises:
        MigrationsPending: migrations are missing.
        SetupFailed: PostgreSQL or pgvector is too old, or the database is not in UTF-8.
    """
    async with _connection(url) as conn:
        await require_setup(conn)
        missing = await _pending(conn)
    if missing:
        raise MigrationsPending(pending_text(missing))


def pending_text(missing: list[str]) -> str:
    """That migrations are missing, and what to do."""
    return f"{len(missing)} migration{'s' if len(missing) > 1 else ''} pending: run `frontdesk migrate`"


@asynccontextmanager
async def _connection(url: str, variable: str = "DATABASE_URL") -> AsyncGenerator[Connection]:
    try:
        conn = await Connection.connect(
            url, autocommit=True, row_factory=dict_row, **connection_parameters(url, connect_timeout=10)
        )
    except psycopg.OperationalError as error:
        message = f"No PostgreSQL answers at {variable}: {_first_line(error)}"
        raise (SetupFailed if _is_rejected(error) else StorageUnavailable)(message) from error
    try:
        async with conn:
            yield conn
    except psycopg.errors.InsufficientPrivilege as error:
        raise SetupFailed(f"{variable}'s user lacks a right that is needed: {_first_line(error)}") from error
    except psycopg.Error as error:
        if not is_unavailable(error):
            raise
        raise StorageUnavailable(f"PostgreSQL at {variable} closed the connection: {_first_line(error)}") from error


async def _wait_for_lock(conn: Connection, say: Callable[[str], None]) -> None:
    # Polled, because a session that waits inside Postgres holds a snapshot, and LangGraph's `create index concurrently`
    # waits for all snapshots: the two would deadlock.
    for attempt in itertools.count():
        cursor = await conn.execute("select pg_try_advisory_lock(%(lock)s) as locked", {"lock": ADVISORY_LOCK})
        row = await cursor.fetchone()
        if row and row["locked"]:
            return
        if attempt == 0:
            say("waiting for another process that migrates this database")
        await asyncio.sleep(0.1)


async def _pending(conn: Connection) -> list[str]:
    done = await _applied(conn)
    return [f"{m.version:04d}_{m.name}" for m in await _read_migrations() if m.version not in done]


async def _applied(conn: Connection) -> set[int]:
    cursor = await conn.execute("select to_regclass('public.frontdesk_migrations') is not null as present")
    row = await cursor.fetchone()
    if not (row and row["present"]):
        return set()
    cursor = await conn.execute(SELECT_APPLIED)
    return {row["version"] async for row in cursor}


async def _apply(conn: Connection, migration: Migration) -> None:
    async with conn.transaction():
        await _lock_tables(conn, CHANGED_TABLES.findall(migration.sql))
        await conn.execute(
            "create table if not exists frontdesk_migrations ("
            " version integer primary key, name text not null, applied_at timestamptz not null default now())"
        )
        await conn.execute(migration.sql.encode())  # as bytes: a file of ours and no literal
        await conn.execute(
            "insert into frontdesk_migrations (version, name) values (%(version)s, %(name)s)",
            {"version": migration.version, "name": migration.name},
        )


async def _lock_tables(conn: Connection, names: Sequence[str]) -> None:
    """Lock those of these tables that there are, all at once: together they take no longer than one lock may.

    A migration that has held one table for a while and then waits for another is in a deadlock with a turn that needs
    both, and Postgres would let the turn fail.

    Raises:
        psycopg.errors.LockNotAvailable: others hold one of them.
    """
    found = await conn.execute(
        "select string_agg(distinct t.regclass::text, ', ') as tables"
        " from unnest(%(names)s::text[]) n(name), to_regclass('public.' || n.name) t(regclass)",
        {"names": list(names)},
    )
    row = await found.fetchone()
    if not row or not row["tables"]:
        return
    limit: LiteralString = "select set_config('statement_timeout', %(limit)s, true)"
    await conn.execute(limit, {"limit": milliseconds(LOCK_TIMEOUT)})
    try:
        await conn.execute(f"lock table {row['tables']}".encode())
    except psycopg.errors.QueryCanceled as error:
        raise psycopg.errors.LockNotAvailable(str(error)) from error
    await conn.execute(limit, {"limit": "0"})


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
    return "FATAL:" in str(error) and not re.search(TEMPORARY, str(error))


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().split("\n", 1)[0]
