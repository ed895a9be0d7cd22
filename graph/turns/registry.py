"""Registry of the turns running in this process, plus the last 200 that ended in it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from uuid import UUID

from structlog.stdlib import get_logger

from graph.turns.turn import Turn
from nodes.stream_events import Error, ErrorCode
from storage.leases import Pending
from storage.turn_status import STORED, UNFINISHED, TurnStatus

log = get_logger(__name__)

REMEMBERED = 200
"""Turns that are kept once they have ended, so that most clients that reconnect need not ask the database."""


class TurnRegistry:
    """The registry. A turn is in it while its task runs, and then, if it began here, among the last ones.

    Args:
        limit: how many may run here at once. Turns that are taken over count, and are never turned away.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: dict[asyncio.Task[None], Turn] = {}
        self._known: dict[UUID, Turn] = {}
        self._ended: OrderedDict[UUID, Turn] = OrderedDict()
        """Of the known turns those that have ended, the oldest end first."""
        self._left: list[UUID] = []
        """Turns that were left to another process, which may take them at once."""
        self.closing = False
        """Whether no more turns are begun here."""

    def start(self, turn: Turn, work: Coroutine[None, None, None], *, remember: bool = False) -> None:
        """Run the turn in a task of its own.

        Args:
            turn: which.
            work: what its task does.
            remember: let clients find it here; those of a recovered turn follow by the event log.
        """
        task = asyncio.create_task(work, name=f"turn {turn.turn_id}")
        self._tasks[task] = turn
        task.add_done_callback(self._ended_task)
        if remember:
            self._known[turn.turn_id] = turn

    def find(self, user_id: UUID, turn_id: UUID) -> Turn | None:
        """The user's turn, where it runs here or was one of the last, and began to be answered."""
        turn = self.find_any(user_id, turn_id)
        return turn if turn and turn.start else None

    def find_any(self, user_id: UUID, turn_id: UUID) -> Turn | None:
        """The same, also where it has not begun yet, or was refused."""
        turn = self._known.get(turn_id)
        if turn is None or turn.user_id != user_id or turn.status is TurnStatus.HANDED_OVER:
            return None
        return turn

    @property
    def count(self) -> int:
        """How many run here, the work after their answers included."""
        return len(self._tasks)

    @property
    def is_full(self) -> bool:
        """Whether as many run here as may."""
        return self.count >= self._limit

    @property
    def waiting(self) -> int:
        """How many of them are not stored yet: their conversation is busy, or they have only just come."""
        return len(self.pending())

    @property
    def without_words(self) -> int:
        """How many are to be answered here, and have no word of their answer out."""
        return sum(not (turn.is_over or turn.has_words) for turn in self._tasks.values())

    def leased(self) -> list[UUID]:
        """The turns that run here on a lease."""
        return [turn.turn_id for turn in self._tasks.values() if turn.status in STORED]

    def pending(self) -> list[Pending]:
        """The turns that run here and are not stored yet."""
        return [Pending(turn.user_id, turn.turn_id) for turn in self._tasks.values() if _is_waiting(turn)]

    def stop(self, turn_id: UUID) -> None:
        """Have the answer of a turn that runs here end where it stands."""
        for turn in self._tasks.values():
            if turn.turn_id == turn_id:
                turn.stop.set()

    def give_up(self, turn_id: UUID) -> None:
        """Cancel a turn that runs here and has not begun, because there is no database for it."""
        self._cancel("storage_unavailable", lambda turn: turn.turn_id == turn_id and turn.start is None)

    def hand_over_lost(self, held: set[UUID], *, of: list[UUID]) -> None:
        """Cancel those of the turns whose lease another process has by now."""
        self._hand_over(turn for turn in self._running(of) if turn.turn_id not in held and not turn.is_over)

    def hand_over_reclaimed(self, held: set[UUID], *, of: list[Pending]) -> None:
        """Cancel those of the turns whose idempotency key was claimed anew, by another process, for another turn."""
        turns = self._running([pending.turn_id for pending in of])
        self._hand_over(turn for turn in turns if turn.turn_id not in held and turn.has_key and _is_waiting(turn))

    async def delete(self, user_id: UUID, conversation_id: str | None = None) -> None:
        """Cancel the user's turns, of one conversation or all, because what they belong to is deleted; forget them."""

        def deleted(turn: Turn) -> bool:
            return turn.user_id == user_id and conversation_id in (None, turn.conversation_id)

        cancelled = self._cancel("deleted", deleted)
        await asyncio.gather(*cancelled, return_exceptions=True)
        for turn in [turn for turn in self._known.values() if deleted(turn)]:
            self._forget(turn.turn_id)

    async def idle(self) -> None:
        """Wait until no turn runs, the work after the answers included."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def drain(self, seconds: float) -> None:
        """Begin no more turns, give those that run so many seconds to finish, and then refuse those that still wait.

        Those are refused also where this is cancelled: before their connections are closed.
        """
        self.closing = True
        if not self._tasks:
            return
        log.warning("turns get time to finish", turns=len(self._tasks), seconds=seconds)
        try:
            await asyncio.wait(self._tasks, timeout=seconds)
        finally:
            self._cancel("shutting_down", _is_waiting)

    async def close(self, seconds: float) -> list[UUID]:
        """Drain, then cancel every turn; returns those that another process can go on with."""
        await self.drain(seconds)
        self._left += self.leased()
        self._hand_over(turn for turn in list(self._tasks.values()) if turn.status in UNFINISHED)
        await asyncio.gather(*self._cancel("shutting_down", lambda _: True), return_exceptions=True)
        return self._left

    def hand_over_unanswered(self, error: Error | None) -> None:
        """Leave the turns that are being answered to another process: readers get that error, if any, or come back."""
        turns = [turn for turn in self._tasks.values() if turn.status is TurnStatus.STREAMING and not turn.is_over]
        self._left += [turn.turn_id for turn in turns]
        self._hand_over(turns, error)

    def _ended_task(self, task: asyncio.Task[None]) -> None:
        """Keep the turn among the last ones, and forget the oldest of them, or it where another process has it."""
        turn = self._tasks.pop(task)
        turn.break_off(turn.cancel_code)  # a task that is cancelled before its first step does nothing else
        if self._known.get(turn.turn_id) is not turn:
            return
        self._ended[turn.turn_id] = turn
        if turn.status is TurnStatus.HANDED_OVER:
            self._forget(turn.turn_id)
        elif len(self._ended) > REMEMBERED:
            self._forget(next(iter(self._ended)))

    def _forget(self, turn_id: UUID) -> None:
        del self._known[turn_id]
        self._ended.pop(turn_id, None)

    def _running(self, turn_ids: list[UUID]) -> list[Turn]:
        return [turn for turn in self._tasks.values() if turn.turn_id in turn_ids]

    def _hand_over(self, turns: Iterable[Turn], error: Error | None = None) -> None:
        handed_over = set(turns)
        for turn in handed_over:
            turn.hand_over(error)
        self._cancel("shutting_down", lambda turn: turn in handed_over)

    def _cancel(self, code: ErrorCode, chosen: Callable[[Turn], bool]) -> list[asyncio.Task[None]]:
        """Cancel the chosen turns; readers of those that are not over get this error."""
        tasks = [task for task, turn in self._tasks.items() if chosen(turn)]
        for task in tasks:
            self._tasks[task].cancel_code = code
            task.cancel()
        return tasks


def _is_waiting(turn: Turn) -> bool:
    return turn.status is TurnStatus.WAITING
