"""Write down what this process's turns say, a breath at a time and for all of them together."""

import asyncio
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from structlog.stdlib import get_logger

from graph.supervision import Tick
from graph.turns.turn import Turn
from storage.errors import StorageUnavailable
from storage.event_log import LAST, Batch, Told

log = get_logger(__name__)

BREATH = 0.2
"""Seconds of talk that go into one row: what a reader on another process waits, and what a crash can lose."""
IDLE = 1.0
"""Seconds after which a round without anything to write is over."""
AGAIN = 0.5
"""Seconds until the next attempt while the database is away."""
MOST = 500_000
"""Events that wait for a database that is away; beyond that they are told to readers here only."""


class Journal(Protocol):
    """Keeps events."""

    async def write(self, batches: list[Batch]) -> None:
        """Add them."""
        ...


class Scribe:
    """Gathers events and writes them while `run()` is running."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._held: dict[UUID, Batch] = {}
        self._writing: list[Batch] = []
        self._count = 0
        self._work = asyncio.Event()
        self._urgent = asyncio.Event()
        self._wrote = asyncio.Event()

    def take(self, turn: Turn, number: int, told: Told) -> None:
        """Hold an event until the next breath; the first and the last of a turn are written at once."""
        if self._count >= MOST:
            log.error("too much waits for the journal")
            return
        empty = Batch(user_id=turn.user_id, turn_id=turn.turn_id, first=number, events=[])
        self._held.setdefault(turn.turn_id, empty)["events"].append(told)
        self._count += 1
        self._work.set()
        if told["event"] == "start" or told["event"] in LAST:
            self._urgent.set()

    @property
    def held(self) -> int:
        """How many events are not written down yet."""
        return self._count + sum(len(batch["events"]) for batch in self._writing)

    async def written(self, turn: Turn) -> None:
        """Return once all that the turn has said so far is written down."""
        while turn.turn_id in self._held or any(batch["turn_id"] == turn.turn_id for batch in self._writing):
            await self._wrote.wait()

    async def run(self, tick: Tick) -> None:
        """Write what is held, breath after breath, until cancelled; what broke off the last time comes first."""
        while True:
            if not self._writing:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), IDLE)
                    await asyncio.wait_for(self._urgent.wait(), BREATH)
            await self._write()
            tick()

    async def close(self, seconds: float) -> None:
        """Write the rest, as far as that goes in so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._writing or self._held:
                    await self._write()

    async def _write(self) -> None:
        if not self._writing:  # else it was interrupted, and what it was about comes first
            self._writing, self._held, self._count = list(self._held.values()), {}, 0
            self._work.clear()
            self._urgent.clear()
        while self._writing:
            try:
                await self._journal.write(self._writing)
                self._writing = []
                # Everyone who waits holds this event; whoever comes later waits for the next.
                wrote, self._wrote = self._wrote, asyncio.Event()
                wrote.set()
            except StorageUnavailable:
                log.warning("the journal waits for the database", turns=len(self._writing))
                await asyncio.sleep(AGAIN)
