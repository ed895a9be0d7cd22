"""Writer of the event log: gathers the events of this process's turns, and writes them in batches."""

import asyncio
from contextlib import suppress
from uuid import UUID

from structlog.stdlib import get_logger

from graph.supervision import Tick
from storage.errors import StorageUnavailable
from storage.event_log import Batch, EventLog, LoggedEvent

log = get_logger(__name__)

BATCH_SECONDS = 0.2
"""Events of this time go into one row: what a reader on another process waits, and what a crash can lose."""
IDLE_SECONDS = 5.0
"""Seconds after which a round without anything to write is over."""
RETRY_SECONDS = 0.5
"""Seconds until the next attempt while the database is away."""
MAX_BUFFERED = 500_000
"""Events that wait for a database that is away; beyond that they reach readers of this process only."""


class EventLogWriter:
    """Buffers events, and writes them while `run()` is running."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._buffered: dict[UUID, Batch] = {}
        self._writing: list[Batch] = []
        self._count = 0
        self._work = asyncio.Event()
        self._urgent = asyncio.Event()
        self._wrote = asyncio.Event()

    def add(self, user_id: UUID, turn_id: UUID, event: LoggedEvent) -> None:
        """Buffer an event until the next batch; the last of a turn is written at once."""
        if self._count >= MAX_BUFFERED:
            log.error("the event log's buffer is full")
            return
        self._buffered.setdefault(turn_id, Batch(user_id, turn_id, [])).events.append(event)
        self._count += 1
        self._work.set()
        if event.is_terminal:
            self._urgent.set()

    @property
    def unwritten(self) -> int:
        """How many events are not written yet."""
        return self._count + sum(len(batch.events) for batch in self._writing)

    async def flushed(self, turn_id: UUID) -> None:
        """Return once all events of the turn so far are written."""
        while turn_id in self._buffered or any(batch.turn_id == turn_id for batch in self._writing):
            await self._wrote.wait()

    async def run(self, tick: Tick) -> None:
        """Write batch after batch, until cancelled; a batch that was interrupted comes first."""
        while True:
            if not self._writing:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), IDLE_SECONDS)
                    await asyncio.wait_for(self._urgent.wait(), BATCH_SECONDS)
            await self._write()
            tick()

    async def close(self, seconds: float) -> None:
        """Write the rest, as far as that goes in so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._writing or self._buffered:
                    await self._write()

    async def _write(self) -> None:
        if not self._writing:
            self._writing, self._buffered, self._count = list(self._buffered.values()), {}, 0
            self._work.clear()
            self._urgent.clear()
        while self._writing:
            try:
                await self._event_log.write(self._writing)
                self._writing = []
                # Everyone who waits holds this event; who comes later waits for the next.
                wrote, self._wrote = self._wrote, asyncio.Event()
                wrote.set()
            except StorageUnavailable:
                log.warning("the event log waits for the database", turns=len(self._writing))
                await asyncio.sleep(RETRY_SECONDS)
