"""Whether the database answers just now, so that nobody waits for one that does not."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from select import select
from typing import Any

import psycopg
from structlog.stdlib import get_logger

from storage.errors import StorageError, StorageUnavailable
from storage.pool import LINE

log = get_logger(__name__)

BEAT = 0.2
"""Seconds between two signs of life."""
SILENCE = 0.6
"""Seconds for which one is waited before the database is taken to be away."""
LOOKS = 3
"""In which that time is waited: after a stall of our own the first look is over at once, and says nothing."""
AGAIN = 1.0
"""Seconds between two looks whether a database that was not there at the start can be used by now."""


class Pulse:
    """Feels it all the time, in a thread and over a connection of its own. Open it with `Pulse.open()`.

    In a thread, because a busy event loop would take its own lateness for the database's; and by waiting for the
    connection and not by the clock, because a process that stood still itself finds the answer there when it goes on.

    Args:
        url: where Postgres is.
        prepare: makes sure that the database can be used, once.
        fit: whether that has been done already.
    """

    def __init__(self, url: str, prepare: Callable[[], Awaitable[None]], *, fit: bool) -> None:
        self._url = url
        self._prepare = prepare
        self._preparing = asyncio.Lock()
        self._fit = fit
        self._away = not fit
        self._ended = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._silent = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, prepare: Callable[[], Awaitable[None]], *, fit: bool) -> AsyncGenerator["Pulse"]:
        """Feel it for the length of the block."""
        pulse = cls(url, prepare, fit=fit)
        # A daemon, because a server that stands still may not let go of it.
        thread = threading.Thread(target=pulse._feel, name="pulse", daemon=True)
        thread.start()
        try:
            yield pulse
        finally:
            pulse._ended.set()
            await asyncio.to_thread(thread.join, SILENCE)

    def answers(self) -> bool:
        """Whether the database can be used, and gives signs of life."""
        return self._fit and not self._away

    async def lost(self) -> None:
        """Wait until the database gives no sign of life."""
        await self._silent.wait()

    def require(self) -> None:
        """Go on only with a database.

        Raises:
            StorageUnavailable: there is none just now.
        """
        if not self.answers():
            raise StorageUnavailable

    async def fit(self) -> None:
        """Wait until the database can be used."""
        async with self._preparing:
            while not self._fit:
                try:
                    await self._prepare()
                    self._fit = True
                except StorageUnavailable:
                    await asyncio.sleep(AGAIN)
                except StorageError as error:
                    log.error("the database cannot be used", exc_info=error)
                    await asyncio.sleep(AGAIN)

    def _feel(self) -> None:
        while not self._ended.is_set():
            try:
                conn = psycopg.connect(self._url, **_line())
            except psycopg.Error as error:
                self._miss(type(error).__name__)
                self._ended.wait(BEAT)
                continue
            # A connection that is lost says nothing yet: the next one may be had at once.
            with suppress(psycopg.Error), conn:
                self._beat(conn)

    def _beat(self, conn: psycopg.Connection[Any]) -> None:
        while not self._ended.is_set():
            conn.pgconn.send_query(b"select 1")
            conn.pgconn.flush()
            looks = 0
            while conn.pgconn.is_busy():
                ready, _, _ = select([conn], [], [], SILENCE / LOOKS)
                looks += 1
                if ready:
                    conn.pgconn.consume_input()
                elif self._ended.is_set():
                    return
                elif looks >= LOOKS:
                    self._miss("it stands still")
            while conn.pgconn.get_result():
                pass
            if self._away:
                self._away = False
                self._tell(self._silent.clear)
            self._ended.wait(BEAT)

    def _miss(self, why: str) -> None:
        if not self._away:
            log.warning("no sign of life from the database", why=why)
        self._away = True
        self._tell(self._silent.set)

    def _tell(self, change: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self._loop.call_soon_threadsafe(change)


def _line() -> dict[str, Any]:
    return {name: value for name, value in LINE.items() if name != "row_factory"} | {"connect_timeout": 2}
