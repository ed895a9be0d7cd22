"""Ways in which a database cannot be used, each for the length of a block."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg

from tests.support.database import owner, rows
from tests.support.postgres import Postgres


async def for_servers(postgres: Postgres) -> str:
    """The database's address for servers only: as a role that is no superuser, so that it can be held to a limit."""
    await owner(
        postgres.url(),
        "create role servers login bypassrls password 'servers'",
        "grant frontdesk_app, frontdesk_keeper, frontdesk_journal, frontdesk_analyst, frontdesk_jobs, frontdesk_graph"
        " to servers",
        "grant usage on schema public to servers",
        "grant execute on all functions in schema public to servers",
        "grant select on frontdesk_migrations to servers",
    )
    address = urlsplit(postgres.url())
    return address._replace(netloc=f"servers:servers@{address.hostname}:{address.port}").geturl()


@asynccontextmanager
async def read_only(postgres: Postgres) -> AsyncGenerator[None]:
    """It takes no writes, like a primary that is about to become a standby."""
    url = postgres.url()
    is_read_only: LiteralString = "select where current_setting('default_transaction_read_only')::bool"
    await owner(url, "alter system set default_transaction_read_only = on", "select pg_reload_conf()")
    # A new connection that knows of it shows that every other was told, too.
    while not await rows(url, is_read_only):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield
    await owner(url, "alter system reset default_transaction_read_only", "select pg_reload_conf()")


@asynccontextmanager
async def stopped(postgres: Postgres) -> AsyncGenerator[None]:
    """It does not run."""
    await postgres.stop()
    yield
    await postgres.start()


@asynccontextmanager
async def paused(postgres: Postgres) -> AsyncGenerator[None]:
    """It takes connections and answers nothing."""
    postgres.pause()
    yield
    postgres.go_on()


@asynccontextmanager
async def without_connections(postgres: Postgres) -> AsyncGenerator[None]:
    """It has no connection left for the servers, and has ended those they had."""
    await owner(
        postgres.url(),
        "alter role servers connection limit 0",
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'servers'",
    )
    yield
    await owner(postgres.url(), "alter role servers connection limit -1")


@asynccontextmanager
async def disk_full(postgres: Postgres, place: Path) -> AsyncGenerator[None]:
    """There is no room any more on the file system at `place`, where messages are kept from now on."""
    async with await psycopg.AsyncConnection.connect(postgres.url(), autocommit=True) as conn:
        await conn.execute(f"create tablespace small location '{place / 'space'}'".encode())
        await conn.execute("alter table chat_messages set tablespace small")
        await conn.execute("create table ballast (line text storage plain) tablespace small")
        for lines in (1000, 1, 1):  # what fails leaves room behind that the next ones fill
            with suppress(psycopg.errors.DiskFull):
                while True:
                    await conn.execute(
                        "insert into ballast select repeat('x', 7000) from generate_series(1, %(lines)s)",
                        {"lines": lines},
                    )
        yield
        await conn.execute("drop table ballast")
