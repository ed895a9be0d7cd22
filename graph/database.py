"""The database to work on: that of DATABASE_URL, or the embedded one."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from graph.settings import Settings
from storage.errors import StorageUnavailable
from storage.local.postgres import EmbeddedPostgres
from storage.migrate import migrate, require_current, require_sessions

Say = Callable[[str], None]
"""Tells a person who waits what is going on."""


class Found(NamedTuple):
    """Where a database is, and whether it has been seen to be fit to be used."""

    url: str
    fit: bool


@asynccontextmanager
async def bare_database(settings: Settings) -> AsyncGenerator[str, None]:
    """The database of DATABASE_URL, or the embedded one, as it is, for the length of the block.

    Raises:
        StorageError: there is none; one line says why.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    embedded = await asyncio.to_thread(EmbeddedPostgres, settings.data_dir / "postgres")
    async with embedded.running() as url:
        yield url


async def direct_database(settings: Settings, url: str) -> str:
    """Where the database at `url` keeps a session for each client, for what needs one.

    Raises:
        StorageError: a pooler is in the way, or there is no database; one line says why.
    """
    direct = settings.direct_url(url)
    variable = "FRONTDESK_DIRECT_DATABASE_URL" if settings.direct_database_url else "DATABASE_URL"
    await require_sessions(direct, variable=variable)
    return direct


async def fit(settings: Settings, url: str, say: Say) -> None:
    """Make sure that the database can be used: with all migrations, which are applied in local mode.

    Raises:
        StorageError: it cannot, or there is none; one line says why.
    """
    direct = await direct_database(settings, url)
    if settings.local:
        await migrate(direct, say=say)
    else:
        await require_current(url)


@asynccontextmanager
async def database(settings: Settings, say: Say) -> AsyncGenerator[str, None]:
    """A migrated database for the length of the block.

    Raises:
        StorageError: there is none, or it is not fit; one line says why.
    """
    if settings.database_url is None:
        say("starting the embedded PostgreSQL")
    async with bare_database(settings) as url:
        await fit(settings, url, say)
        yield url


@asynccontextmanager
async def database_for_serving(settings: Settings, say: Say) -> AsyncGenerator[Found, None]:
    """The database for a server, which also starts where none answers yet.

    Raises:
        StorageError: it answers, and cannot be used; one line says why.
    """
    if settings.database_url is None:
        async with database(settings, say) as url:
            yield Found(url, True)
        return
    try:
        await fit(settings, settings.database_url, say)
    except StorageUnavailable as error:
        say(f"{error} It is tried again until it does.")
        yield Found(settings.database_url, False)
    else:
        yield Found(settings.database_url, True)
