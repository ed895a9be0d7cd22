"""The database to work on: that of DATABASE_URL, or the embedded one."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import NamedTuple

from graph.settings import Settings
from storage.errors import StorageError, StorageUnavailable
from storage.local.postgres import EmbeddedPostgres
from storage.migrate import migrate, require_current, require_sessions

Say = Callable[[str], None]
"""Tells a person who waits what is going on."""

REPEAT_SECONDS = 60.0
"""After which it is said again why the database cannot be used."""
RETRY_SECONDS = 1.0
"""Between two attempts to find it fit to be used."""


class Found(NamedTuple):
    """Where a database is, and whether it has been seen to be fit to be used."""

    url: str
    fit: bool
    prepare: Callable[[], Awaitable[None]]
    """Makes sure that it is fit; says why and raises StorageError where it is not."""


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
    """Make sure that the database can be used: with all migrations, which only the embedded one gets by itself.

    Raises:
        StorageError: it cannot, or there is none; one line says why.
    """
    direct = await direct_database(settings, url)
    if settings.database_url is None:
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
            yield Found(url, True, partial(fit, settings, url, say))
        return
    url = settings.database_url
    prepare = Preparation(partial(fit, settings, url, say), say)
    try:
        await fit(settings, url, say)
    except StorageUnavailable as error:
        prepare.report(error)
        yield Found(url, False, prepare)
    else:
        yield Found(url, True, prepare)


async def wait_until_fit(found: Found) -> None:
    """Wait until the database is fit to be used."""
    while not found.fit:
        with suppress(StorageError):  # `prepare` has said which
            await found.prepare()
            return
        await asyncio.sleep(RETRY_SECONDS)


class Preparation:
    """Looks whether a database is fit to be used, and says why it is not: at once, and then every minute.

    Args:
        fit: raises StorageError where it is not.
        clock: monotonic time in seconds.
    """

    def __init__(
        self, fit: Callable[[], Awaitable[None]], say: Say, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fit = fit
        self._say = say
        self._clock = clock
        self._said: type[StorageError] | None = None
        self._again_at = float("-inf")

    async def __call__(self) -> None:
        """Look.

        Raises:
            StorageError: it is not fit.
        """
        try:
            await self._fit()
        except StorageError as error:
            self.report(error)
            raise

    def report(self, error: StorageError) -> None:
        """Say why it is not fit, unless that was said within `REPEAT_SECONDS`."""
        # By kind and not by text: a server that starts up gives another reason each second.
        if type(error) is self._said and self._clock() < self._again_at:
            return
        self._said, self._again_at = type(error), self._clock() + REPEAT_SECONDS
        self._say(f"{error}; it is tried again until it can be used")
