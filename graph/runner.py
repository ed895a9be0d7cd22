"""Drive turns: each one a task of this process, whoever listens.

One turn is one LangGraph thread, in two phases. The first runs to the end of `generate`, where the answer
is committed and a checkpoint saved; then `Done` goes out. The second resumes the same thread for what
follows the answer, so that summary, facts and metrics delay nobody.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast
from uuid import UUID, uuid4

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Command

from graph.build import Graph
from graph.endings import answered, broken_off, refused
from graph.events import ErrorCode, Notice, Start, Token
from graph.parts import TurnKeeper
from graph.turn import Turn
from nodes.emit import Event as NodeEvent
from nodes.state import Answer, Context, Input
from nodes.stops import Stops
from storage.errors import Gone, StorageUnavailable
from storage.journal import Told

log = logging.getLogger(__name__)

LATEST = 200
"""Turns that are remembered in this process, so that most who come back need not ask the database."""


@dataclass(frozen=True)
class Ask:
    """What a client asks for."""

    user_id: UUID
    message: str
    conversation_id: str
    employee: str | None = None
    key: str | None = None
    """By which the client knows this request again."""


class Keys(Protocol):
    """Keeps what clients' keys stand for."""

    async def give_up(self, user_id: UUID, turn_id: UUID) -> None:
        """Let the key be claimed anew: nothing is kept of the turn."""
        ...


class Runner:
    """Runs turns of one process.

    Args:
        graph: the pipeline, not compiled yet.
        checkpointer: where the threads are kept.
        turns: where turns are written down.
        model: the name of the model that is going to answer, as clients see it.
        journal: is given every event of every turn that is written down.
        stops: tells the pipeline which answers are to end.
        keys: by which clients know their requests again.
    """

    def __init__(
        self,
        graph: Graph,
        checkpointer: BaseCheckpointSaver[Any],
        turns: TurnKeeper,
        model: str,
        journal: Callable[[Turn, int, Told], None],
        stops: Stops,
        keys: Keys,
    ) -> None:
        # LangGraph leaves type arguments out, here and below.
        self._graph = graph.compile(  # pyright: ignore[reportUnknownMemberType]
            checkpointer=checkpointer, interrupt_after=["generate"]
        )
        self._checkpoints = checkpointer
        self._turns = turns
        self._model = model
        self._journal = journal
        self._stops = stops
        self._keys = keys
        self._running: dict[asyncio.Task[None], Turn] = {}
        self._latest: OrderedDict[UUID, Turn] = OrderedDict()

    def begin(self, ask: Ask, turn_id: UUID | None = None) -> Turn:
        """Start a turn, under that id; it goes on to its end by itself."""
        turn_id = turn_id or uuid4()
        turn = Turn(turn_id, ask.user_id, ask.conversation_id, self._stops.of(str(turn_id)), self._journal)
        task = asyncio.create_task(self._drive(turn, ask), name=f"turn {turn.turn_id}")
        self._running[task] = turn
        task.add_done_callback(self._running.pop)
        self._latest[turn.turn_id] = turn
        while len(self._latest) > LATEST and self._latest[next(iter(self._latest))].over:
            self._latest.popitem(last=False)
        return turn

    def find(self, user_id: UUID, turn_id: UUID) -> Turn | None:
        """The user's turn, where it is one of the latest of this process and began to be answered."""
        turn = self.here(user_id, turn_id)
        return turn if turn and turn.started else None

    def here(self, user_id: UUID, turn_id: UUID) -> Turn | None:
        """The same, also where it has not begun yet, or was refused."""
        turn = self._latest.get(turn_id)
        return turn if turn and turn.user_id == user_id else None

    def stop(self, turn_id: UUID) -> None:
        """End the answer of a turn that runs here, where it stands; anyone else's is none of our business."""
        for turn in self._running.values():
            if turn.turn_id == turn_id:
                turn.stop.set()

    async def abandon(self, user_id: UUID, conversation_id: str | None = None) -> None:
        """End the user's running turns, of one conversation or all, because what they belong to is deleted."""
        ended = [
            task
            for task, turn in self._running.items()
            if turn.user_id == user_id and conversation_id in (None, turn.conversation_id)
        ]
        for task in ended:
            self._running[task].ending = "deleted"
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        for turn in list(self._latest.values()):
            if turn.user_id == user_id and conversation_id in (None, turn.conversation_id):
                del self._latest[turn.turn_id]

    async def idle(self) -> None:
        """Wait until no turn runs, the work after the answers included."""
        while self._running:
            await asyncio.wait(self._running)

    async def close(self, seconds: float) -> None:
        """Let running turns finish for so many seconds, then stop them."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _drive(self, turn: Turn, ask: Ask) -> None:
        try:
            answer = await self._answer(turn, ask)
            if answer:
                answered(turn, answer)
                await self._go_on(turn)
            await self._forget_if_unknown(turn, ask)
        except asyncio.CancelledError:
            broken_off(turn, turn.ending)
            raise
        except Gone:
            broken_off(turn, "deleted")
            await self._checkpoints.adelete_thread(str(turn.turn_id))
        except StorageUnavailable:
            log.exception("turn %s: storage unavailable", turn.turn_id)
            await self._give_up(turn, "storage_unavailable")
        except Exception:
            # The edge of the run: whatever a node raised must end in one last event and not in silence.
            log.exception("turn %s failed", turn.turn_id)
            await self._give_up(turn, "internal")

    async def _answer(self, turn: Turn, ask: Ask) -> Answer | None:
        """The first phase; None when the turn was refused (and is then over)."""
        answer: Answer | None = None
        waiting: list[Notice] = []  # `Start` comes first, but the guard speaks before it
        async for event in self._events(turn, ask):
            match event["kind"]:
                case "admitted":
                    turn.allowance = event["allowance"]
                case "refused":
                    refused(turn, event["refusal"], asked_employee=ask.employee, model=self._model)
                case "routed":
                    turn.kept = True
                    turn.publish(Start(str(turn.turn_id), turn.conversation_id, event["route"], self._model))
                    for notice in waiting:
                        turn.publish(notice)
                case "noted":
                    notice = Notice(**event["notice"])
                    turn.publish(notice) if turn.started else waiting.append(notice)
                case "spoken":
                    turn.publish(Token(event["text"]))
                case "answered":
                    answer = event["answer"]
        return answer

    async def _events(self, turn: Turn, ask: Ask) -> AsyncIterator[NodeEvent]:
        given = Input(
            messages=[HumanMessage(ask.message, id=str(turn.turn_id))],
            conversation_id=ask.conversation_id,
            employee=ask.employee,
        )
        stream = self._graph.astream(  # pyright: ignore[reportUnknownMemberType]
            given, _config(turn), context=_context(turn), stream_mode="custom", durability="exit"
        )
        async for event in stream:
            yield cast(NodeEvent, event)

    async def _go_on(self, turn: Turn, command: Command[Any] | None = None) -> None:
        """Run the turn's thread from where it stands, or as the command says, to its end."""
        await self._graph.ainvoke(  # pyright: ignore[reportUnknownMemberType]
            command, _config(turn), context=_context(turn), durability="exit"
        )

    async def _forget_if_unknown(self, turn: Turn, ask: Ask) -> None:
        """Keep nothing of a turn that was refused, or deleted by another process while this one ran it."""
        if not await self._turns.known(turn.user_id, turn.turn_id):
            await self._checkpoints.adelete_thread(str(turn.turn_id))
            if ask.key is not None:
                await self._keys.give_up(turn.user_id, turn.turn_id)

    async def _give_up(self, turn: Turn, code: ErrorCode) -> None:
        """End a broken turn for its readers, and for the records as far as they can be reached."""
        if turn.over:
            return  # the answer is out: what failed came after it
        broken_off(turn, code)
        with suppress(StorageUnavailable):
            await self._turns.fail(turn.user_id, turn.turn_id, code)
            await self._go_on(turn, Command(update={"failure": code}, goto="record_metrics"))


def _config(turn: Turn) -> RunnableConfig:
    return {
        "configurable": {"thread_id": str(turn.turn_id)},
        "metadata": {"user_id": str(turn.user_id), "conversation_id": turn.conversation_id},
    }


def _context(turn: Turn) -> Context:
    return Context(user_id=str(turn.user_id))
