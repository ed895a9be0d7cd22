"""Whether the database can be used just now, so that nobody waits for one that cannot."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from structlog.stdlib import get_logger

from storage.errors import StorageError, StorageUnavailable
from storage.health_probe import BEAT, SILENCE, Findings, Probe

log = get_logger(__name__)

AGAIN = 1.0
"""Seconds between two looks whether a database that was not there at the start can be used by now."""
FULL_SECONDS = 5.0
"""For which the disk counts as full after a statement found it so: whatever waits for room tries again within one."""


class Pulse:
    """Health probe of the database, which runs in a thread while `run()` does.

    In a thread, because a busy event loop would take its own lateness for the database's.

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
        self._found = Findings(None if fit else "unreachable")
        self._full_until = 0.0
        self._looked = asyncio.Event()
        self._lost = asyncio.Event()

    def answers(self) -> bool:
        """Whether the database answers and takes writes. A full disk does not count: there is much to read."""
        return self._fit and self._found.trouble is None

    async def lost(self) -> None:
        """Wait until the database cannot be used."""
        await self._lost.wait()

    def require(self) -> None:
        """Go on only with a database.

        Raises:
            StorageUnavailable: there is none just now.
        """
        if not self.answers():
            raise StorageUnavailable

    async def fit(self) -> None:
        """Wait until the database can be used. The first to wait makes sure that it has what is needed."""
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
        while not self.answers():  # noqa: ASYNC110 - the probe is a thread
            await asyncio.sleep(BEAT)

    async def state(self, seconds: float) -> dict[str, str]:
        """How `database` and `migrations` stand: `ok`, or what is wrong. It asks the probe and not the database.

        Args:
            seconds: to wait for the probe's first look.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), seconds)
        found = self._found
        if found.trouble:
            database = str(found.trouble)
        elif found.disk_full or time.monotonic() < self._full_until:
            database = "disk full"
        elif not self._fit and found.migrations == "ok":
            database = "unreachable"  # for us: whoever brings it up to date has not seen it yet
        else:
            database = "ok"
        return {"database": database, "migrations": "unknown" if found.trouble else found.migrations}

    def found_full_disk(self) -> None:
        """Note that a statement found the server's disk full."""
        self._full_until = time.monotonic() + FULL_SECONDS

    async def run(self, tick: Callable[[], None]) -> None:
        """Ask the database again and again until cancelled; raises what ended the thread."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        ended = threading.Event()

        def looked() -> None:
            tick()
            if not self._looked.is_set():
                loop.call_soon_threadsafe(self._looked.set)
            if self._found.trouble and not self._lost.is_set():
                loop.call_soon_threadsafe(self._lost.set)
            elif self._lost.is_set() and not self._found.trouble:
                loop.call_soon_threadsafe(self._lost.clear)

        def work() -> None:
            broken = None
            try:
                Probe(self._url, self._found, ended, looked).run()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again in `run()`
                broken = error
            with suppress(RuntimeError):  # the loop is closed, and nobody wants to know
                loop.call_soon_threadsafe(_settle, over, broken)

        # A daemon, because a server that stands still may not let go of it.
        thread = threading.Thread(target=work, name="health probe", daemon=True)
        thread.start()
        try:
            await over
        finally:
            ended.set()
            await asyncio.to_thread(thread.join, SILENCE)


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():  # it was cancelled
        return
    if error:
        future.set_exception(error)
    else:
        future.set_result(None)
