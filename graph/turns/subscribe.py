"""Subscriptions: follow or stop a turn that was begun by another request, in any process, now or before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from uuid import UUID

from graph.turns.recovery import republished
from graph.turns.registry import TurnRegistry
from graph.turns.turn import Turn, decoded_start
from nodes.stream_events import Start
from storage.errors import StorageUnavailable
from storage.event_log import EventLog, LoggedEvent
from storage.notifications import Notifications
from storage.turn_records import TurnRecord, TurnRecords
from storage.turn_status import UNFINISHED
from storage.turns import Turns

POLL_SECONDS = 10.0
"""Seconds after which the event log is read without a notification. None is missed while a process is connected, and a
hundred readers who wait for a turn to be taken over must not keep the database from the process that takes it over."""


class NothingLeft(Exception):
    """The turn is over, and its reader has its last event."""


class Subscriptions:
    """Finds turns and their events, wherever they run."""

    def __init__(
        self,
        registry: TurnRegistry,
        event_log: EventLog,
        records: TurnRecords,
        turns: Turns,
        notifications: Notifications,
    ) -> None:
        self._registry = registry
        self._event_log = event_log
        self._records = records
        self._turns = turns
        self._notifications = notifications

    async def follow(
        self, user_id: UUID, turn_id: UUID, *, after: int, heartbeat: float
    ) -> AsyncIterator[LoggedEvent | None] | None:
        """The turn's events after the one of that number, to the last; None where there is no such turn, or no events.

        After each `heartbeat` seconds of silence comes a None.

        Raises:
            NothingLeft: the turn is over, and has no event after that number.
        """
        if turn := self._registry.find(user_id, turn_id):
            if turn.is_over and turn.last_number <= after:
                raise NothingLeft
            return turn.follow(after, heartbeat=heartbeat)
        record = await self._records.find(user_id, turn_id)
        if record is None:
            return None
        last = await self._event_log.last(user_id, turn_id)
        if last is None and record["status"] not in UNFINISHED:  # else they are about to be logged
            return None
        if last and last.is_terminal and last.number <= after:
            raise NothingLeft
        return self.read(user_id, turn_id, after, heartbeat)

    async def stop(self, user_id: UUID, turn_id: UUID, seconds: float) -> TurnRecord | None:
        """Have the turn's answer end where it stands, in whichever process, and wait so many seconds for that.

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

    async def begun(self, user_id: UUID, turn_id: UUID) -> "LoggedTurn | Turn | None":
        """A turn that another process runs or ran; None where it has not begun yet."""
        if events := await self._event_log.read(user_id, turn_id, after=0):
            return LoggedTurn(user_id, turn_id, decoded_start(events[0]), self)
        record = await self._records.find(user_id, turn_id)
        if record is None or record["status"] in UNFINISHED:
            return None
        # It is over, and none of its events is kept.
        stored = await self._records.recovery_record(user_id, turn_id)
        if stored is None:
            return None
        turn = Turn(turn_id, user_id, record["conversation_id"])
        return republished(turn, stored)

    def notified(self, id_: UUID | str) -> AbstractAsyncContextManager[asyncio.Event]:
        """An event that is set when there is news of a turn or a conversation, for the length of the block."""
        return self._notifications.of(id_)

    async def read(
        self, user_id: UUID, turn_id: UUID, after: int, heartbeat: float
    ) -> AsyncIterator[LoggedEvent | None]:
        """The logged events of the turn after that number, to the last; a None for each silence.

        A reader who hangs up while the database is asked does not break that off: it would cost a connection.
        """
        silent = 0.0
        async with self._notifications.of(turn_id) as news:
            while True:
                news.clear()  # before looking: what comes while looking is looked for again
                found = await asyncio.shield(self._look(user_id, turn_id, after))
                if found is None:
                    return
                for event in found:
                    read, after, silent = after, event.number, 0.0
                    if event.name == "start" and read:
                        continue  # published again, because the first one was lost with its process
                    yield event
                    if event.is_terminal:
                        return
                if self._registry.closing:  # the reader finds the rest at another process
                    return
                wait = min(POLL_SECONDS, heartbeat - silent)
                try:
                    await asyncio.wait_for(news.wait(), wait)
                except TimeoutError:
                    silent += wait
                    if silent >= heartbeat:
                        silent = 0.0
                        yield None

    async def _look(self, user_id: UUID, turn_id: UUID, after: int) -> list[LoggedEvent] | None:
        """The events after that number; None where no more will come. Without a database some may still come."""
        try:
            found = await self._event_log.read(user_id, turn_id, after=after)
            if found:
                return found
            if await self._records.find(user_id, turn_id) is None:  # it was deleted
                return None
            last = await self._event_log.last(user_id, turn_id)
            return None if last and last.is_terminal and last.number <= after else []
        except StorageUnavailable:
            return []


class LoggedTurn:
    """A turn of another process, or of another time, that has begun: its events are in the log."""

    def __init__(self, user_id: UUID, turn_id: UUID, start: Start, subscriptions: Subscriptions) -> None:
        self.turn_id = turn_id
        self.allowance = None
        self._user_id = user_id
        self._start = start
        self._subscriptions = subscriptions

    async def opened(self) -> Start:
        """Its first event."""
        return self._start

    def follow(self, after: int = 0, *, heartbeat: float) -> AsyncIterator[LoggedEvent | None]:
        """Its events after the one of that number, to the last; None after each `heartbeat` seconds of silence."""
        return self._subscriptions.read(self._user_id, self.turn_id, after, heartbeat)
