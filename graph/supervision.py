"""Supervisor of the background tasks of one process: restarts each that ends, and reports those that are down."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

from structlog.stdlib import get_logger

log = get_logger(__name__)

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
"""Seconds between a failure and the restart: doubled with each failure until a round is completed, less a random part
of up to a half, so that not all processes return to a database at once."""

Tick = Callable[[], None]
"""A background task calls this whenever it has completed a round."""
Work = Callable[[Tick], Awaitable[None]]
"""A background task: works in rounds until it is cancelled."""


class Ended(Exception):
    """A background task returned or was cancelled from inside, which none does by design."""


class BackgroundTask:
    """A background task and its state.

    Args:
        name: in the log, the metrics and `/health/ready`.
        silent_after: seconds without a completed round after which it counts as down.
        clock: monotonic time in seconds.
    """

    def __init__(self, name: str, work: Work, silent_after: float, clock: Callable[[], float]) -> None:
        self.name = name
        self._work = work
        self._silent_after = silent_after
        self._clock = clock
        self._last = clock()
        self._failures = 0

    @property
    def silent_for(self) -> float:
        """Seconds since the last completed round, or since the start."""
        return max(0.0, self._clock() - self._last)

    @property
    def trouble(self) -> Literal["failed", "silent"] | None:
        """Why it is down: it failed and has not completed a round since, or it has not for longer than it may."""
        if self._failures:
            return "failed"
        return "silent" if self.silent_for > self._silent_after else None

    async def run(self, restarted: Callable[[str], None]) -> None:
        """Run the work, and restart it whenever it ends, until cancelled."""
        while True:
            error = await self._failure()
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures) * random.uniform(0.5, 1)  # noqa: S311
            trace = None if self._failures else error  # only for the first of several in a row
            self._failures += 1
            log.error("background task failed", task=self.name, error=error, again_in=round(pause, 2), exc_info=trace)
            await asyncio.sleep(pause)
            restarted(self.name)

    async def _failure(self) -> BaseException:
        """Run the work until it ends, in a task of its own: a cancellation inside does not cancel this task."""
        working = asyncio.ensure_future(self._work(self._tick))
        try:
            await asyncio.wait({working})
        except asyncio.CancelledError:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            raise
        if working.cancelled():
            return Ended("it was cancelled from inside")
        return working.exception() or Ended("it returned")

    def _tick(self) -> None:
        self._last = self._clock()
        self._failures = 0


class Supervisor:
    """Runs background tasks and reports which are down. Open it with `Supervisor.open()`.

    Args:
        restarted: called with the name of a task that is restarted.
        clock: monotonic time in seconds.
    """

    def __init__(self, restarted: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._restarted = restarted
        self._clock = clock
        self._running: list[asyncio.Task[None]] = []
        self.tasks: list[BackgroundTask] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, restarted: Callable[[str], None], seconds: float) -> AsyncGenerator["Supervisor"]:
        """A supervisor for the length of the block; at its end all tasks together get `seconds` to end."""
        supervisor = cls(restarted)
        try:
            yield supervisor
        finally:
            await supervisor.close(seconds)

    def start(self, name: str, work: Work, *, silent_after: float) -> None:
        """Start a background task; it runs until the supervisor is closed."""
        task = BackgroundTask(name, work, silent_after, self._clock)
        self.tasks.append(task)
        self._running.append(asyncio.create_task(task.run(self._restarted), name=name))

    def down(self) -> dict[str, str]:
        """The tasks that are down, each with `failed` or `silent`."""
        return {task.name: task.trouble for task in self.tasks if task.trouble}

    async def close(self, seconds: float) -> None:
        """Cancel all tasks, and wait up to `seconds` for them to end."""
        for running in self._running:
            running.cancel()
        # With a limit, because a call to a server that hangs may not react to cancellation.
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
