"""What turns have said so far, written by the process that runs them and told again by any."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.types.json import Json
from typing_extensions import TypedDict

from storage.connections import DEFAULT_TIMEOUT, connection_parameters, is_read_only
from storage.errors import Gone
from storage.leases import present
from storage.pool import Pool

CHANNEL = "frontdesk_turns"
STOPS = "frontdesk_stops"
LISTENS = 5.0
"""Seconds after which the connection is asked whether it is still one, where it does not speak by itself."""

Name = Literal["start", "notice", "token", "done", "error"]
LAST: tuple[Name, ...] = ("done", "error")
"""With one of these a turn is over."""


class Told(TypedDict):
    """An event as clients see it."""

    event: Name
    data: dict[str, Any]


Numbered = tuple[int, Told]
"""An event with its number."""


class Batch(TypedDict):
    """Events of one turn that follow each other."""

    user_id: UUID
    turn_id: UUID
    first: int
    """The number of the first one."""
    events: list[Told]


class Journal:
    """The events of all turns."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def write(self, batches: Sequence[Batch]) -> None:
        """Add events, and let whoever follows these turns know; what is there already stays.

        Events of turns that were deleted meanwhile are dropped.
        """
        try:
            await self._write(batches)
        except Gone:
            if len(batches) > 1:  # one of them is; the others are not to suffer
                for batch in batches:
                    await self.write([batch])

    async def read(self, user_id: UUID, turn_id: UUID, *, after: int) -> list[Numbered]:
        """The turn's events beyond that number, as far as they have come."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select first, events from chat_turn_events"
                " where user_id = %(user_id)s and turn_id = %(turn_id)s and last > %(after)s order by first",
                {"user_id": user_id, "turn_id": turn_id, "after": after},
            )
            found = await cursor.fetchall()
        numbered = [(number, told) for row in found for number, told in enumerate(row["events"], row["first"])]
        return [(number, told) for number, told in numbered if number > after]

    async def last(self, user_id: UUID, turn_id: UUID) -> Numbered | None:
        """The turn's latest event; None where there is none, or none is kept any more."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select last, events -> -1 as told from chat_turn_events"
                " where user_id = %(user_id)s and turn_id = %(turn_id)s order by first desc limit 1",
                {"user_id": user_id, "turn_id": turn_id},
            )
            row = await cursor.fetchone()
        return (row["last"], row["told"]) if row else None

    async def _write(self, batches: Sequence[Batch]) -> None:
        rows = [
            {**batch, "last": batch["first"] + len(batch["events"]) - 1, "events": Json(batch["events"])}
            for batch in batches
        ]
        async with self._pool.as_event_log() as conn:
            await conn.cursor().executemany(
                "insert into chat_turn_events (user_id, turn_id, first, last, events)"
                " values (%(user_id)s, %(turn_id)s, %(first)s, %(last)s, %(events)s) on conflict do nothing",
                rows,
            )
            await conn.execute(
                "select pg_notify(%(channel)s, turn) from unnest(%(turns)s::text[]) turn",
                {"channel": CHANNEL, "turns": list({str(batch["turn_id"]) for batch in batches})},
            )


class News:
    """Hears, over a connection of its own, that a turn has more to tell, while `listen()` is running.

    Args:
        url: where Postgres is.
        stop: called with each turn that somebody wants to end.
        owner: the process, which is known to live by this connection.
    """

    def __init__(self, url: str, stop: Callable[[UUID], None], owner: UUID) -> None:
        self._url = url
        self._stop = stop
        self._owner = owner
        self._waiting: dict[str, set[asyncio.Event]] = {}

    @asynccontextmanager
    async def of(self, turn_id: UUID) -> AsyncGenerator[asyncio.Event]:
        """An event that is set when the turn has more to tell; whoever waits clears it before looking."""
        event = asyncio.Event()
        waiting = self._waiting.setdefault(str(turn_id), set())
        waiting.add(event)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(str(turn_id), None)

    def wake(self) -> None:
        """Have everyone who waits look up."""
        for waiting in self._waiting.values():
            for event in waiting:
                event.set()

    def _heard(self, channel: str, turn_id: str) -> None:
        if channel == STOPS:
            self._stop(UUID(turn_id))
        for event in self._waiting.get(turn_id, ()):
            event.set()

    async def listen(self, tick: Callable[[], None]) -> None:
        """Listen until the connection is lost, or its server takes no writes and so has no news.

        Raises:
            psycopg.Error: then.
        """
        async with await psycopg.AsyncConnection.connect(
            self._url, **connection_parameters(self._url), autocommit=True
        ) as conn:
            limit = f"{DEFAULT_TIMEOUT:.0f}s"
            await conn.execute("select set_config('statement_timeout', %(limit)s, false)", {"limit": limit})
            await conn.execute("listen frontdesk_turns; listen frontdesk_stops")
            await present(conn, self._owner)
            self.wake()  # for what was said while nobody listened
            while True:
                tick()
                async for notice in conn.notifies(timeout=LISTENS):
                    self._heard(notice.channel, notice.payload)
                await conn.execute("select 1")
                if is_read_only(conn):
                    raise psycopg.OperationalError("the server takes no writes")
