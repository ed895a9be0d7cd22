"""What turns have said so far, written by the process that runs them and told again by any."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.types.json import Json
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from storage.errors import Gone
from storage.leases import present
from storage.pool import PATIENCE, TCP, Pool

log = get_logger(__name__)

CHANNEL = "frontdesk_turns"
STOPS = "frontdesk_stops"
RECONNECT = 1.0
"""Seconds between two attempts to hear of news again."""

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

    async def _write(self, batches: Sequence[Batch]) -> None:
        rows = [
            {**batch, "last": batch["first"] + len(batch["events"]) - 1, "events": Json(batch["events"])}
            for batch in batches
        ]
        async with self._pool.as_journal() as conn:
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
    """Hears, over a connection of its own, that a turn has more to tell. Open it with `News.open()`."""

    def __init__(self, stop: Callable[[UUID], None], owner: UUID) -> None:
        self._stop = stop
        self._owner = owner
        self._waiting: dict[str, set[asyncio.Event]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, stop: Callable[[UUID], None], owner: UUID) -> AsyncGenerator["News"]:
        """Listen for the length of the block; a lost connection is made again.

        Args:
            url: where Postgres is.
            stop: called with each turn that somebody wants to end.
            owner: the process, which is known to live by this connection.
        """
        news = cls(stop, owner)
        task = asyncio.create_task(news._listen(url), name="news")
        try:
            yield news
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

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

    async def _listen(self, url: str) -> None:
        while True:
            with suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, **TCP) as conn:
                    limit = f"{PATIENCE:.0f}s"
                    await conn.execute("select set_config('statement_timeout', %(limit)s, false)", {"limit": limit})
                    await conn.execute("listen frontdesk_turns; listen frontdesk_stops")
                    await present(conn, self._owner)
                    self.wake()  # for what was missed meanwhile
                    async for notice in conn.notifies():
                        self._heard(notice.channel, notice.payload)
            log.warning("no news of other processes' turns for a moment")
            await asyncio.sleep(RECONNECT)
