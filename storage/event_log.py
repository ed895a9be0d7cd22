"""Event log: the events of all turns, written by the process that runs a turn and read by any."""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from storage.errors import Gone
from storage.pool import Pool

EventName = Literal["start", "notice", "token", "done", "error"]
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
    """Consecutive events of one turn: one row of the log."""

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
        await self._pool.call(
            "select log_events(%(users)s, %(turns)s, %(first)s, %(last)s, %(events)s)",
            {
                "users": [batch.user_id for batch in batches],
                "turns": [batch.turn_id for batch in batches],
                "first": [batch.events[0].number for batch in batches],
                "last": [batch.events[-1].number for batch in batches],
                "events": [_array(batch.events) for batch in batches],
            },
        )


def _array(events: Sequence[LoggedEvent]) -> str:
    """The events as one JSON array; the column is json and not jsonb, so that each comes back to the letter."""
    encoded = (f'{{"event":"{event.name}","data":{event.data.decode()}}}' for event in events)
    return f"[{','.join(encoded)}]"
