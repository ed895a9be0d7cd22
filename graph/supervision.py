"""Supervisor of the background tasks of one process: none of them ends unnoticed, and each is started again."""

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
"""Seconds between a failure and the next start: doubled from failure to failure, less up to a half by chance, so that
not all processes come back to a database at once. A round that was completed puts them back."""

Tick = Callable[[], None]
"""A background task calls this whenever it has completed a round."""
Work = Callable[[Tick], Awaitable[None]]
"""A background task: goes on until it is cancelled, and raises what it cannot deal with."""


class Ended(Exception):
    """A background task came to an end that has none."""


class BackgroundTask:
    """One background task.

    Args:
        name: in the log, in the figures and in `/health/ready`.
        work: what it does.
        patience: seconds without a completed round after which it counts as down.
        clock: seconds that never go back.
    """

    def __init__(self, name: str, work: Work, patience: float, clock: Callable[[], float]) -> None:
        self.name = name
        self._work = work
        self._patience = patience
        self._clock = clock
        self._last = clock()
        self._failures = 0

    @property
    def silent_for(self) -> float:
        """Seconds since the last completed round, or since the start."""
        return max(0.0, self._clock() - self._last)

    @property
    def trouble(self) -> Literal["failed", "silent"] | None:
        """Why it counts as down: it failed, and has not completed a round since; or its last round is long ago."""
        if self._failures:
            return "failed"
        return "silent" if self.silent_for > self._patience else None

    async def run(self, restarted: Callable[[str], None]) -> None:
        """Do the work, again and again, until cancelled."""
        while True:
            error = await self._fails()
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures) * random.uniform(0.5, 1)  # noqa: S311 - no secret
            trace = None if self._failures else error  # the first of several in a row says where
            self._failures += 1
            log.error("background task failed", task=self.name, error=error, again_in=round(pause, 2), exc_info=trace)
            await asyncio.sleep(pause)
            restarted(self.name)

    async def _fails(self) -> BaseException:
        """What ends the work. A task of its own, so that a cancellation inside is not taken for one of this task."""
        working = asyncio.ensure_future(self._work(self._tick))
        try:
            await asyncio.wait({working})
        except asyncio.CancelledError:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            raise
        if working.cancelled():
            return Ended("cancelled from within")
        return working.exception() or Ended("it returned")

    def _tick(self) -> None:
        self._last = self._clock()
        self._failures = 0


class Supervisor:
    """Runs background tasks and knows which are down. Open it with `Supervisor.open()`.

    Args:
        restarted: called with a task's name whenever it is started again.
        clock: seconds that never go back.
    """

    def __init__(self, restarted: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._restarted = restarted
        self._clock = clock
        self._running: list[asyncio.Task[None]] = []
        self.tasks: list[BackgroundTask] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, restarted: Callable[[str], None], seconds: float) -> AsyncGenerator["Supervisor"]:
        """Run what is started, for the length of the block; at its end all tasks together get so many seconds."""
        supervisor = cls(restarted)
        try:
            yield supervisor
        finally:
            await supervisor.close(seconds)

    def start(self, name: str, work: Work, *, patience: float) -> None:
        """Start a background task, which goes on until the supervisor is closed."""
        task = BackgroundTask(name, work, patience, self._clock)
        self.tasks.append(task)
        self._running.append(asyncio.create_task(task.run(self._restarted), name=name))

    def down(self) -> dict[str, str]:
        """The tasks that are down, each with `failed` or `silent`."""
        return {task.name: task.trouble for task in self.tasks if task.trouble}

    async def close(self, seconds: float) -> None:
        """End all tasks, which together get so many seconds."""
        for running in self._running:
            running.cancel()
        # Not for ever: what talks to a server that stands still does not let itself be ended.
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
