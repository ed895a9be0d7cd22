"""Whether the database answers just now, so that nobody waits for one that does not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from storage.errors import StorageError, StorageUnavailable
from storage.pool import HASTE, Pool

log = logging.getLogger(__name__)

FRESH = 0.05
"""Seconds for which a sign of life counts: a question more costs less than somebody who waits for nothing."""
AGAIN = 1.0
"""Seconds between two looks for a database that was not there at the start."""


class Pulse:
    """Feels it on demand, with one question at a time however many want to know.

    Args:
        prepare: makes sure that the database is fit to be used, once, before anything else is asked of it.
        fit: whether that has been done already.
    """

    def __init__(self, pool: Pool, prepare: Callable[[], Awaitable[None]], *, fit: bool) -> None:
        self._pool = pool
        self._prepare = prepare
        self._fit = fit
        self._heard = float("-inf")
        self._asking: asyncio.Task[bool] | None = None

    async def require(self) -> None:
        """Go on only with a database.

        Raises:
            StorageUnavailable: it gave no sign of life within `HASTE`, or is not fit.
        """
        if not await self.answers():
            raise StorageUnavailable

    async def answers(self) -> bool:
        """Whether it gave a sign of life in the last moment, or does within `HASTE`."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._heard < FRESH:
            return True
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="pulse")
        # A question to a server that stands still cannot be taken back; it is left open for whoever asks next.
        done, _ = await asyncio.wait({self._asking}, timeout=HASTE)
        return any(asking.result() for asking in done)

    async def fit(self) -> None:
        """Wait until the database can be used."""
        while not self._fit:
            if not await self.answers():
                await asyncio.sleep(AGAIN)

    def close(self) -> None:
        """Ask nothing more."""
        if self._asking:
            self._asking.cancel()

    async def _ask(self) -> bool:
        try:
            if not self._fit:
                await self._prepare()
                self._fit = True
            await self._pool.check()
        except StorageUnavailable:
            return False
        except StorageError as error:
            log.error("the database cannot be used: %s", error)
            return False
        else:
            self._heard = asyncio.get_running_loop().time()
            return True
        finally:
            self._asking = None
