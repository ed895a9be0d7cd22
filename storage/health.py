"""Whether the database can be used right now, so that no request waits for one that cannot."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any

from storage.errors import StorageError, StorageUnavailable
from storage.health_probe import ANSWER_TIMEOUT, PROBE_INTERVAL, HealthProbe, ProbeResult, Stop

PREPARE_INTERVAL = 1.0
"""Seconds between two attempts to prepare a database that was not there at the start."""
FULL_DISK_SECONDS = 5.0
"""How long the disk counts as full after a statement found it so."""


class DatabaseHealth:
    """Health of the database, as the health probe last saw it. The probe runs while `run()` does.

    In a thread, because a busy event loop would mistake its own delay for the database's.

    Args:
        url: where Postgres is.
        prepare: makes sure that the database can be used, once; it reports why where it cannot.
        prepared: whether that has been done already.
    """

    def __init__(self, url: str, prepare: Callable[[], Awaitable[None]], *, prepared: bool) -> None:
        self._url = url
        self._prepare = prepare
        self._preparing = asyncio.Lock()
        self._prepared = prepared
        self._result = ProbeResult(None if prepared else "unreachable")
        self._full_until = 0.0
        self._probed = asyncio.Event()
        self._dependents: set[asyncio.Task[Any]] = set()
        """Tasks that are cancelled when the database cannot be used any more."""

    def is_usable(self) -> bool:
        """Whether the database answers and takes writes. A full disk does not count: reading still works."""
        return self._prepared and self._result.problem is None

    def require_usable(self) -> None:
        """Raise unless the database can be used.

        Raises:
            StorageUnavailable: it cannot.
        """
        if not self.is_usable():
            raise StorageUnavailable

    @contextmanager
    def required(self) -> Generator[None]:
        """A block that is left, at whatever it is waiting for, as soon as the database cannot be used.

        Raises:
            StorageUnavailable: it cannot.
        """
        task = asyncio.current_task()
        assert task is not None
        self._dependents.add(task)
        try:
            self.require_usable()
            yield
        except asyncio.CancelledError:
            # Another cancellation, of the whole task, may have come too: then it goes on.
            if task not in self._dependents and task.uncancel() == 0:
                raise StorageUnavailable from None
            raise
        finally:
            self._dependents.discard(task)

    async def wait_until_usable(self) -> None:
        """Wait until the database can be used. The first caller prepares it."""
        async with self._preparing:
            while not self._prepared:
                try:
                    await self._prepare()
                    self._prepared = True
                except StorageError:
                    await asyncio.sleep(PREPARE_INTERVAL)
        while not self.is_usable():  # noqa: ASYNC110 - the probe is a thread
            await asyncio.sleep(PROBE_INTERVAL)

    async def status(self, timeout: float) -> dict[str, str]:  # noqa: ASYNC109 - it ends no task
        """Status of `database` and `migrations`: `ok`, or what is wrong. Reads the probe's result and sends no query.

        Args:
            timeout: seconds to wait for the probe's first result.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._probed.wait(), timeout)
        result = self._result
        if result.problem:
            database = str(result.problem)
        elif result.disk_full or time.monotonic() < self._full_until:
            database = "disk full"
        elif not self._prepared and result.migrations == "ok":
            database = "unreachable"  # for this process, whose preparation has not reached it yet
        else:
            database = "ok"
        return {"database": database, "migrations": "unknown" if result.problem else result.migrations}

    def report_full_disk(self) -> None:
        """Note that a statement found the server's disk full."""
        self._full_until = time.monotonic() + FULL_DISK_SECONDS

    async def run(self, tick: Callable[[], None]) -> None:
        """Run the probe until cancelled, calling `tick` after each query; raises what ended the thread."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        stop = Stop()

        def on_result() -> None:
            tick()
            if not self._probed.is_set():
                loop.call_soon_threadsafe(self._probed.set)
            if self._result.problem and self._dependents:
                loop.call_soon_threadsafe(self._cancel_dependents)

        def work() -> None:
            error = None
            try:
                HealthProbe(self._url, self._result, stop, lambda: bool(self._dependents), on_result).run()
            except Exception as raised:  # noqa: BLE001 - whatever it is, `run()` raises it again
                error = raised
            stop.close()
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(_set_outcome, ended, error)

        # A daemon, because a server that hangs may not release the thread.
        thread = threading.Thread(target=work, name="health probe", daemon=True)
        thread.start()
        try:
            await ended
        finally:
            stop.set()
            await asyncio.to_thread(thread.join, ANSWER_TIMEOUT)

    def _cancel_dependents(self) -> None:
        if self._result.problem:
            while self._dependents:
                self._dependents.pop().cancel()


def _set_outcome(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():  # it was cancelled
        return
    if error:
        future.set_exception(error)
    else:
        future.set_result(None)
