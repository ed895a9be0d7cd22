"""Notifications: hear over one LISTEN connection of news of a turn or a conversation, or that an answer is to stop."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg

from storage.connections import DEFAULT_TIMEOUT, connection_parameters
from storage.leases import take_presence_lock
from storage.pool import is_read_only

STOPS = "frontdesk_stops"
PROBE_SECONDS = 10.0
"""A connection that is silent for so long is asked whether it is still one."""
READ_SECONDS = 1.0
"""For the rest of a message of which something is there."""


class Notifications:
    """Sets the events of those who wait for a turn or a conversation, while `listen()` is running.

    Args:
        url: where Postgres is, without a pooler that shares sessions.
        stop: called with each turn whose answer is to stop.
        owner: the process, which is known to live by this connection.
    """

    def __init__(self, url: str, stop: Callable[[UUID], None], owner: UUID) -> None:
        self._url = url
        self._stop = stop
        self._owner = owner
        self._waiting: dict[str, set[asyncio.Event]] = {}

    @asynccontextmanager
    async def of(self, id_: UUID | str) -> AsyncGenerator[asyncio.Event]:
        """An event that is set when there is news of a turn, or a new turn of a conversation.

        Its user clears it before looking. Conversations of several users may have the same id.
        """
        event = asyncio.Event()
        waiting = self._waiting.setdefault(str(id_), set())
        waiting.add(event)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(str(id_), None)

    def wake(self) -> None:
        """Have everyone who waits look again."""
        for id_ in self._waiting:
            self.wake_readers_of(id_)

    def wake_readers_of(self, id_: str) -> None:
        """Have those look again who wait in this process for a turn or a conversation."""
        for event in self._waiting.get(id_, ()):
            event.set()

    async def listen(self, tick: Callable[[], None]) -> None:
        """Listen until the connection is lost, or its server takes no writes and so sends no notifications.

        Raises:
            psycopg.Error: then.
        """
        async with await psycopg.AsyncConnection.connect(
            self._url, **connection_parameters(self._url), autocommit=True
        ) as conn:
            limit = f"{DEFAULT_TIMEOUT:.0f}s"
            await conn.execute("select set_config('statement_timeout', %(limit)s, false)", {"limit": limit})
            await conn.execute("listen frontdesk_turns; listen frontdesk_stops")
            await take_presence_lock(conn, self._owner)
            self.wake()  # for what was sent while nobody listened
            while True:
                tick()
                heard = await _is_readable(conn, PROBE_SECONDS)
                if not heard:
                    await conn.execute("select 1")
                # What came with the answer is there already.
                async for notice in conn.notifies(timeout=READ_SECONDS if heard else 0, stop_after=1):
                    self._received(notice.channel, notice.payload)
                if is_read_only(conn):
                    raise psycopg.OperationalError("the server takes no writes")

    def _received(self, channel: str, id_: str) -> None:
        if channel == STOPS:
            self._stop(UUID(id_))
        self.wake_readers_of(id_)


async def _is_readable(conn: psycopg.AsyncConnection[Any], seconds: float) -> bool:
    """Whether something comes from the server within so many seconds; psycopg would wake ten times in each."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(conn.fileno(), readable.set)
    try:
        async with asyncio.timeout(seconds):
            await readable.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(conn.fileno())
    return True
