"""One running turn: what it has said so far, for any number of readers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

from graph.turns.events import Done, ErrorCode, Event, Failed, Refused, Start, Token, told
from storage.event_log import Numbered, Told
from storage.rate_limits import Allowance


class Turn:
    """A turn's events. Its driver publishes; readers follow, each from where it likes.

    Readers cannot disturb it: one that leaves, or reads slowly, is not noticed.

    Args:
        stop: set it to end the answer where it stands.
        first: the number of its first event; higher where another process has told some already.
        claimed: whether an idempotency key was claimed for it.
        journal: is given each event once the turn is written down, so that other processes can tell it too.
    """

    def __init__(
        self,
        turn_id: UUID,
        user_id: UUID,
        conversation_id: str,
        stop: asyncio.Event,
        journal: Callable[["Turn", int, Told], None] | None = None,
        first: int = 1,
        *,
        claimed: bool = False,
    ) -> None:
        self.turn_id = turn_id
        self.user_id = user_id
        self.conversation_id = conversation_id
        self.claimed = claimed
        self.stop = stop
        self.allowance: Allowance | None = None
        self.kept = False
        """Whether the turn is written down; one that the guard answers is not."""
        self.ending: ErrorCode = "shutting_down"
        """What its readers are told when it is ended from outside."""
        self.error_code: str | None = None
        """What was wrong with the answer that it has, if anything was."""
        self.end: Done | Failed | None = None
        """The last event, once it is out."""
        self.spoke = False
        """Whether a word of its answer is out, by this process."""
        self.told_before = False
        """Whether its last event was out before this process took it over."""
        self._journal = journal
        self._before = first - 1
        self._events: list[Told] = []
        self._lost = False
        self._start: Start | None = None
        self._refused: Refused | None = None
        self._grew = asyncio.Event()

    def publish(self, event: Event) -> None:
        """Add an event; nothing may follow the last one."""
        assert not self.over, "an event after the last one"
        if isinstance(event, Start):
            self._start = event
        if isinstance(event, Token):
            self.spoke = True
        if isinstance(event, Done | Failed):
            self.end = event
        self._events.append(told(event))
        if self._journal and self.kept:
            self._journal(self, self.last, self._events[-1])
        self._wake()

    def refuse(self, refused: Refused) -> None:
        """End the turn before its start."""
        self._refused = refused
        self._wake()

    def lose(self) -> None:
        """Another process goes on with it: readers here are let go, and find the rest by coming back."""
        self._lost = True
        self._wake()

    @property
    def lost(self) -> bool:
        """Whether another process goes on with it."""
        return self._lost

    @property
    def started(self) -> bool:
        """Whether `Start` is out."""
        return self._start is not None

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self._refused is not None or self.end is not None or self.told_before

    @property
    def last(self) -> int:
        """The number of the latest event."""
        return self._before + len(self._events)

    @property
    def opened(self) -> Start | Refused | None:
        """How it began, where that is known."""
        return self._start or self._refused

    @property
    def answered(self) -> bool:
        """Whether an answer is committed and out, so that it counts whatever becomes of the turn."""
        return self.kept and self.over and not isinstance(self.end, Failed)

    async def opening(self) -> Start | Refused | None:
        """How the turn begins, as soon as that is known; None where it was lost before it began."""
        while not (self.opened or self._lost):
            await self._grew.wait()
        return self.opened

    async def follow(self, after: int = 0, *, heartbeat: float | None = None) -> AsyncIterator[Numbered | None]:
        """The events with their numbers, beginning after the one of that number, to the last.

        After each `heartbeat` seconds of silence comes a None.
        """
        while True:
            while after - self._before < len(self._events):
                after = max(after, self._before) + 1
                yield after, self._events[after - self._before - 1]
            if self.over or self._lost:
                return
            try:
                await asyncio.wait_for(self._grew.wait(), heartbeat)
            except TimeoutError:
                yield None

    def _wake(self) -> None:
        # Everyone who waits holds this event; whoever comes later waits for the next.
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()
