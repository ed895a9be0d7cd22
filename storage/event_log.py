"""Event log: the events of all turns, written in batches by the process that runs a turn and read by any."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple
from uuid import UUID

from structlog.stdlib import get_logger

from storage.errors import Gone, StorageUnavailable
from storage.pool import Pool

log = get_logger(__name__)

BATCH_SECONDS = 0.2
"""Events of this time go into one row: what a reader on another process waits, and what a crash can lose."""
IDLE_SECONDS = 5.0
"""Seconds after which a round without anything to write is over."""
RETRY_SECONDS = 0.5
"""Seconds until the next attempt while the database is away."""
MAX_BUFFERED = 500_000
"""Events that wait for a database that is away; beyond that they reach readers of this process only."""

EventName = Literal["start", "notice", "token", "tool_call", "tool_result", "done", "error"]
TERMINAL: tuple[EventName, ...] = ("done", "error")
"""The last event of a turn is one of these."""


class LoggedEvent(NamedTuple):
    """One event of a turn, encoded: the same bytes are stored, followed and sent."""

    number: int
    name: EventName
    data: bytes
    """JSON on one line."""

    @property
    def is_terminal(self) -> bool:
        """Whether nothing of the turn comes after it."""
        return self.name in TERMINAL


class Batch(NamedTuple):
    """Events of one turn, in order: a row of the log, or one for each attempt at the turn."""

    user_id: UUID
    turn_id: UUID
    events: list[LoggedEvent]


class EventLog:
    """Reads and writes the log."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def write(self, batches: Sequence[Batch]) -> None:
        """Add events and notify the readers of these turns; what is there already stays.

        Events of turns that were deleted meanwhile are dropped.
        """
        try:
            await self._write(batches)
        except Gone:
            if len(batches) > 1:  # one turn is gone; the others are written
                for batch in batches:
                    await self.write([batch])

    async def read(self, user_id: UUID, turn_id: UUID, *, after: int) -> list[LoggedEvent]:
        """The turn's events after the one of that number, as far as they are written."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select first + n::integer - 1 as number, event ->> 'event' as name, (event -> 'data')::text as data"
                " from chat_turn_events, json_array_elements(events) with ordinality as e(event, n)"
                " where user_id = %(user_id)s and turn_id = %(turn_id)s and last > %(after)s"
                " and first + n - 1 > %(after)s order by first, n",
                {"user_id": user_id, "turn_id": turn_id, "after": after},
            )
            return [LoggedEvent(row["number"], row["name"], row["data"].encode()) async for row in cursor]

    async def last(self, user_id: UUID, turn_id: UUID) -> LoggedEvent | None:
        """The turn's latest event; None where there is none, or none is kept any more."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select last, events -> -1 ->> 'event' as name, (events -> -1 -> 'data')::text as data"
                " from chat_turn_events where user_id = %(user_id)s and turn_id = %(turn_id)s"
                " order by first desc limit 1",
                {"user_id": user_id, "turn_id": turn_id},
            )
            row = await cursor.fetchone()
        return LoggedEvent(row["last"], row["name"], row["data"].encode()) if row else None

    async def _write(self, batches: Sequence[Batch]) -> None:
        rows = [row for batch in batches for row in _rows(batch)]
        await self._pool.call(
            "select log_events(%(users)s, %(turns)s, %(first)s, %(last)s, %(events)b)",
            {
                "users": [row.user_id for row in rows],
                "turns": [row.turn_id for row in rows],
                "first": [row.events[0].number for row in rows],
                "last": [row.events[-1].number for row in rows],
                "events": [_array(row.events) for row in rows],
            },
        )


class EventLogWriter:
    """Buffers events, and writes them while `run()` is running."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._buffered: dict[UUID, Batch] = {}
        self._writing: dict[UUID, Batch] = {}
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
        return self._count + sum(len(batch.events) for batch in self._writing.values())

    async def flushed(self, turn_id: UUID) -> None:
        """Return once all events of the turn so far are written."""
        while turn_id in self._buffered or turn_id in self._writing:
            await self._wrote.wait()

    async def run(self, tick: Callable[[], None]) -> None:
        """Write batch after batch until cancelled, an interrupted one first; calls `tick` after each."""
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
            self._writing, self._buffered, self._count = self._buffered, {}, 0
            self._work.clear()
            self._urgent.clear()
        while self._writing:
            try:
                await self._event_log.write([*self._writing.values()])
                self._writing = {}
                # Everyone who waits holds this event; who comes later waits for the next.
                wrote, self._wrote = self._wrote, asyncio.Event()
                wrote.set()
            except StorageUnavailable:
                log.warning("the event log waits for the database", turns=len(self._writing))
                await asyncio.sleep(RETRY_SECONDS)


def _rows(batch: Batch) -> Iterator[Batch]:
    """The batch in rows of consecutive numbers: a process that runs a turn twice in a moment leaves a gap in them."""
    if batch.events[-1].number - batch.events[0].number < len(batch.events):
        yield batch
        return
    begin = 0
    for end in range(1, len(batch.events) + 1):
        if end == len(batch.events) or batch.events[end].number != batch.events[end - 1].number + 1:
            yield batch._replace(events=batch.events[begin:end])
            begin = end


def _array(events: Sequence[LoggedEvent]) -> str:
    """The events as one JSON array; the column is json and not jsonb, so that each comes back to the letter."""
    encoded = (f'{{"event":"{event.name}","data":{event.data.decode()}}}' for event in events)
    return f"[{','.join(encoded)}]"
