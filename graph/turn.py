"""One running turn: what it has said so far, for any number of readers."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from graph.events import LAST, ErrorCode, Event, Refused, Start
from storage.limits import Allowance

Told = tuple[int, Event]
"""An event with its number."""


class Turn:
    """A turn's events. Its driver publishes; readers follow, each from where it likes.

    Readers cannot disturb it: one that leaves, or reads slowly, is not noticed.
    """

    def __init__(self, turn_id: UUID, user_id: UUID, conversation_id: str) -> None:
        self.turn_id = turn_id
        self.user_id = user_id
        self.conversation_id = conversation_id
        self.allowance: Allowance | None = None
        self.ending: ErrorCode = "shutting_down"
        """What its readers are told when it is ended from outside."""
        self._events: list[Event] = []
        self._refused: Refused | None = None
        self._grew = asyncio.Event()

    def publish(self, event: Event) -> None:
        """Add an event; nothing may follow the last one."""
        assert not self.over, "an event after the last one"
        self._events.append(event)
        self._wake()

    def refuse(self, refused: Refused) -> None:
        """End the turn before its start."""
        self._refused = refused
        self._wake()

    @property
    def started(self) -> bool:
        """Whether `Start` is out."""
        return bool(self._events)

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self._refused is not None or (self.started and isinstance(self._events[-1], LAST))

    async def opening(self) -> Start | Refused:
        """How the turn begins, as soon as that is known."""
        while not self.started and self._refused is None:
            await self._grew.wait()
        if self._refused:
            return self._refused
        start = self._events[0]
        assert isinstance(start, Start)
        return start

    async def follow(self, after: int = 0, *, heartbeat: float | None = None) -> AsyncIterator[Told | None]:
        """The events with their numbers, beginning after the one of that number, to the last.

        After each `heartbeat` seconds of silence comes a None.
        """
        while True:
            while after < len(self._events):
                after += 1
                yield after, self._events[after - 1]
            if self.over:
                return
            try:
                await asyncio.wait_for(self._grew.wait(), heartbeat)
            except TimeoutError:
                yield None

    def _wake(self) -> None:
        # Everyone who waits holds this event; whoever comes later waits for the next.
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()
