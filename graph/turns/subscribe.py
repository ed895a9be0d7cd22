"""Follow a turn that was begun elsewhere: in another request, another process, or before now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol
from uuid import UUID

from graph.turns.events import Start, started
from graph.turns.recovery import retold
from graph.turns.turn import Turn
from storage.errors import StorageUnavailable
from storage.event_log import LAST, News, Numbered
from storage.rate_limits import Allowance
from storage.turn_records import Story, TurnRecord

LOOK_AGAIN = 10.0
"""Seconds after which the journal is looked at without news. None is missed while a process is connected, and a hundred
readers who wait for a turn to be taken over must not keep the database from those who take it over."""


class AllHeard(Exception):
    """The turn's last event is not beyond the number that its reader has come to."""


class Running(Protocol):
    """Runs turns in this process."""

    closing: bool
    """Whether this process is about to end."""

    def find(self, user_id: UUID, turn_id: UUID) -> Turn | None:
        """The user's turn, while it runs here."""
        ...


class Journal(Protocol):
    """Keeps events."""

    async def read(self, user_id: UUID, turn_id: UUID, *, after: int) -> list[Numbered]:
        """Those beyond a number."""
        ...

    async def last(self, user_id: UUID, turn_id: UUID) -> Numbered | None:
        """The latest one."""
        ...


class Records(Protocol):
    """Keeps records of turns."""

    async def find(self, user_id: UUID, turn_id: UUID) -> TurnRecord | None:
        """One turn."""
        ...

    async def story(self, user_id: UUID, turn_id: UUID) -> Story | None:
        """What it was about."""
        ...


class Turns(Protocol):
    """Keeps turns."""

    async def ask_to_stop(self, user_id: UUID, turn_id: UUID) -> None:
        """Let whoever writes its answer know that it is to end."""
        ...


class Rejoin:
    """Ways back to a turn's events."""

    def __init__(self, running: Running, journal: Journal, records: Records, turns: Turns, news: News) -> None:
        self._running = running
        self._journal = journal
        self._records = records
        self._turns = turns
        self._news = news

    async def follow(
        self, user_id: UUID, turn_id: UUID, *, after: int, heartbeat: float
    ) -> AsyncIterator[Numbered | None] | None:
        """The turn's events beyond that number, to the last; None where there is no such turn, or none of it is kept.

        After each `heartbeat` seconds of silence comes a None.

        Raises:
            AllHeard: the turn is over, and has no more to tell.
        """
        if turn := self._running.find(user_id, turn_id):
            if turn.over and turn.last <= after:
                raise AllHeard
            return turn.follow(after, heartbeat=heartbeat)
        known = await self._records.find(user_id, turn_id)
        if known is None:
            return None
        last = await self._journal.last(user_id, turn_id)
        if last is None and known["status"] != "accepted":
            return None
        if _ends(last, after):
            raise AllHeard
        return self.read(user_id, turn_id, after, heartbeat)

    async def stop(self, user_id: UUID, turn_id: UUID, seconds: float) -> TurnRecord | None:
        """Have the turn's answer end where it stands, whichever process writes it, and wait so long for that.

        Returns:
            The turn as it is then; None where there is no such turn.
        """
        await self._turns.ask_to_stop(user_id, turn_id)
        if events := await self.follow(user_id, turn_id, after=0, heartbeat=seconds):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    async for _ in events:
                        pass
        return await self._records.find(user_id, turn_id)

    async def begun(self, user_id: UUID, turn_id: UUID) -> "Begun | Turn | None":
        """A turn that another process runs or ran; None where it has not begun yet."""
        if events := await self._journal.read(user_id, turn_id, after=0):
            return Begun(user_id, turn_id, started(events[0][1]), self)
        known = await self._records.find(user_id, turn_id)
        if known is None or known["status"] in ("accepted", "answered"):
            return None
        # It is over, and none of its events is kept.
        story = await self._records.story(user_id, turn_id)
        return retold(Turn(turn_id, user_id, known["conversation_id"], asyncio.Event()), story) if story else None

    def listening(self, turn_id: UUID) -> AbstractAsyncContextManager[asyncio.Event]:
        """An event that is set when the turn has more to tell, for the length of the block."""
        return self._news.of(turn_id)

    async def read(self, user_id: UUID, turn_id: UUID, after: int, heartbeat: float) -> AsyncIterator[Numbered | None]:
        """The journal's events of the turn beyond that number, to the last; a None for each silence.

        A reader who hangs up while the database is asked is not to break that off: it would cost a connection.
        """
        silent = 0.0
        async with self._news.of(turn_id) as news:
            while True:
                news.clear()  # before looking: what comes while looking is looked for again
                found = await asyncio.shield(self._look(user_id, turn_id, after))
                if found is None:  # the last event is behind this number already, or the turn was deleted
                    return
                for number, told in found:
                    heard, after, silent = after, number, 0.0
                    if told["event"] == "start" and heard:
                        continue  # told once more, because the first one was lost with its process
                    yield number, told
                    if told["event"] in LAST:
                        return
                if self._running.closing:  # the reader finds the rest at another process
                    return
                wait = min(LOOK_AGAIN, heartbeat - silent)
                try:
                    await asyncio.wait_for(news.wait(), wait)
                except TimeoutError:
                    silent += wait
                    if silent >= heartbeat:
                        silent = 0.0
                        yield None

    async def _look(self, user_id: UUID, turn_id: UUID, after: int) -> list[Numbered] | None:
        """What has come beyond that number; None where nothing more will. Without a database it may still come."""
        try:
            found = await self._journal.read(user_id, turn_id, after=after)
            return None if not found and await self._over(user_id, turn_id, after) else found
        except StorageUnavailable:
            return []

    async def _over(self, user_id: UUID, turn_id: UUID, after: int) -> bool:
        if await self._records.find(user_id, turn_id) is None:
            return True
        return _ends(await self._journal.last(user_id, turn_id), after)


def _ends(last: Numbered | None, after: int) -> bool:
    """Whether nothing follows that number: the latest event is a turn's last, and not beyond it."""
    return last is not None and last[1]["event"] in LAST and last[0] <= after


class Begun:
    """A turn of another process, or of another time, that has begun."""

    allowance: Allowance | None = None

    def __init__(self, user_id: UUID, turn_id: UUID, start: Start, rejoin: Rejoin) -> None:
        self.user_id = user_id
        self.turn_id = turn_id
        self._start = start
        self._rejoin = rejoin

    async def opening(self) -> Start:
        """It has begun."""
        return self._start

    def follow(self, after: int = 0, *, heartbeat: float) -> AsyncIterator[Numbered | None]:
        """Its events."""
        return self._rejoin.read(self.user_id, self.turn_id, after, heartbeat)
