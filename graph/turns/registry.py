"""Registry of the turns running in this process, plus the last 200 that ended in it."""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from uuid import UUID

from structlog.stdlib import get_logger

from graph.turns.turn import Turn
from storage.leases import Pending

log = get_logger(__name__)

LATEST = 200
"""Turns that are remembered once they have ended, so that most who come back need not ask the database."""


class Running:
    """The registry. A turn is in it from its begin on: as long as its task runs, and then among the latest."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], Turn] = {}
        self._known: dict[UUID, Turn] = {}
        self._ended: OrderedDict[UUID, Turn] = OrderedDict()
        """Of the known turns those that have ended, the oldest end first."""
        self.closing = False
        """Whether no more turns are begun here."""

    def start(self, turn: Turn, work: Coroutine[None, None, None]) -> None:
        """Let the turn go on to its end by itself."""
        task = asyncio.create_task(work, name=f"turn {turn.turn_id}")
        self._tasks[task] = turn
        task.add_done_callback(self._end)

    def remember(self, turn: Turn) -> None:
        """Keep a turn that was just started at hand, for whoever comes back to it."""
        self._known[turn.turn_id] = turn

    def _end(self, task: asyncio.Task[None]) -> None:
        """Keep the turn among the latest, and let the oldest of them go; a lost one is of no use to anybody here."""
        turn = self._tasks.pop(task)
        if self._known.get(turn.turn_id) is not turn:
            return
        self._ended[turn.turn_id] = turn
        if turn.lost:
            self._forget(turn.turn_id)
        elif len(self._ended) > LATEST:
            self._forget(next(iter(self._ended)))

    def _forget(self, turn_id: UUID) -> None:
        del self._known[turn_id]
        self._ended.pop(turn_id, None)

    def find(self, user_id: UUID, turn_id: UUID) -> Turn | None:
        """The user's turn, where it is one of the latest of this process and began to be answered."""
        turn = self.here(user_id, turn_id)
        return turn if turn and turn.started else None

    def here(self, user_id: UUID, turn_id: UUID) -> Turn | None:
        """The same, also where it has not begun yet, or was refused."""
        turn = self._known.get(turn_id)
        return turn if turn and turn.user_id == user_id and not turn.lost else None

    @property
    def count(self) -> int:
        """How many run here, the work after their answers included."""
        return len(self._tasks)

    @property
    def waiting(self) -> int:
        """How many of them nobody answers yet: their conversation is busy, or they have only just come."""
        return len(self.pending())

    @property
    def wordless(self) -> int:
        """How many are to be answered here and have not said a word yet."""
        return sum(not (turn.spoke or turn.over) for turn in self._tasks.values())

    def leased(self) -> list[UUID]:
        """The turns that run here on a lease."""
        return [turn.turn_id for turn in self._tasks.values() if turn.kept]

    def pending(self) -> list[Pending]:
        """The turns that run here and are not accepted yet, nor turned away."""
        return [Pending(turn.user_id, turn.turn_id) for turn in self._tasks.values() if _pending(turn)]

    def stop(self, turn_id: UUID) -> None:
        """End the answer of a turn that runs here, where it stands; anyone else's is none of our business."""
        for turn in self._tasks.values():
            if turn.turn_id == turn_id:
                turn.stop.set()

    def give_up(self, turn_id: UUID) -> None:
        """End a turn that runs here and has not begun, because there is no database for it."""
        for task, turn in list(self._tasks.items()):
            if turn.turn_id == turn_id and not turn.started:
                turn.ending = "storage_unavailable"
                task.cancel()

    def keep_only(self, held: set[UUID], *, of: list[UUID]) -> None:
        """Let those of the turns go whose lease is in other hands."""
        for task, turn in list(self._tasks.items()):
            if turn.turn_id in of and turn.turn_id not in held and not turn.over:
                turn.lose()
                task.cancel()

    def keep_claimed(self, held: set[UUID], *, of: list[Pending]) -> None:
        """Let those of the turns go whose idempotency key was claimed anew, by another process, for another turn."""
        asked = {turn.turn_id for turn in of}
        for task, turn in list(self._tasks.items()):
            if turn.turn_id in asked - held and turn.claimed and _pending(turn):
                turn.lose()
                task.cancel()

    async def abandon(self, user_id: UUID, conversation_id: str | None = None) -> None:
        """End the user's running turns, of one conversation or all, because what they belong to is deleted."""

        def meant(turn: Turn) -> bool:
            return turn.user_id == user_id and conversation_id in (None, turn.conversation_id)

        ended = [task for task, turn in self._tasks.items() if meant(turn)]
        for task in ended:
            self._tasks[task].ending = "deleted"
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        for turn in list(self._known.values()):
            if meant(turn):
                self._forget(turn.turn_id)

    async def idle(self) -> None:
        """Wait until no turn runs, the work after the answers included."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def drain(self, seconds: float) -> None:
        """Begin no more turns, and give those that run so many seconds to finish; who still waits then is turned away.

        Who waits is also turned away where this is cancelled: they are told before their connections are closed.
        """
        self.closing = True
        if not self._tasks:
            return
        log.warning("turns get time to finish", turns=len(self._tasks), seconds=seconds)
        try:
            await asyncio.wait(self._tasks, timeout=seconds)
        finally:
            for task, turn in list(self._tasks.items()):
                if _pending(turn):
                    task.cancel()

    async def close(self, seconds: float) -> list[UUID]:
        """Let turns finish for so many seconds, then let them go; returns those that another process can go on with."""
        await self.drain(seconds)
        left = self.leased()
        for task, turn in list(self._tasks.items()):
            if turn.kept:
                turn.lose()
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return left


def _pending(turn: Turn) -> bool:
    return not (turn.started or turn.kept or turn.over or turn.lost)
