"""Drive turns: each one a task of this process, whoever listens.

An answer is committed before `Done` goes out; what follows it (summary, facts, metrics) delays nobody. A turn
whose process was lost is taken over: it is answered anew, or gets the rest done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from uuid import UUID

from langchain_core.messages import HumanMessage
from structlog.contextvars import bind_contextvars, clear_contextvars
from structlog.stdlib import get_logger

from graph.dependencies import Parts
from graph.observability.tracing import Tracing
from graph.pipeline import Pipeline
from graph.turns import recovery
from graph.turns.endings import answered, broken_off, refused
from graph.turns.events import ErrorCode, Notice, Start, Token
from graph.turns.registry import Running
from graph.turns.request import Ask, Books
from graph.turns.turn import Turn
from nodes.state import Answer, Input
from nodes.stream_events import Event as NodeEvent
from nodes.turn_log_line import TurnLine
from storage.errors import Gone, LeaseLost, StorageUnavailable
from storage.event_log import LAST, Numbered
from storage.leases import Orphan
from storage.turn_records import Story

log = get_logger(__name__)

MOST_RUNS = 10
"""Runs after which a turn is given up: what ends every process that touches it must not go round for ever."""
RUN = 1_000_000
"""Each run of a turn numbers its events from its own million on, so that none comes twice: of the run that was
lost nobody knows how far its readers had come."""

PATIENCE = 1.0
"""Seconds that the journal gets to hear of a failure before the turn is called failed."""


class Runner:
    """Runs turns of one process, which `running` knows."""

    def __init__(
        self, pipeline: Pipeline, parts: Parts, books: Books, running: Running, tracing: Tracing | None = None
    ) -> None:
        self.running = running
        self._tracing = tracing
        self._pipeline = pipeline
        self._parts = parts
        self.books = books

    def begin(self, ask: Ask, turn_id: UUID) -> Turn:
        """Start a turn, under that id; it goes on to its end by itself."""
        turn = self._turn(turn_id, ask.user_id, ask.conversation_id, claimed=ask.key is not None)
        self.running.start(turn, self._traced(turn, lambda: self._run(turn, ask)))
        self.running.remember(turn)
        return turn

    def adopt(self, orphan: Orphan) -> None:
        """Go on with a turn that was taken over; its readers follow by the journal."""
        turn = self._turn(orphan["turn_id"], orphan["user_id"], orphan["conversation_id"], orphan["attempt"])
        turn.kept = True
        if orphan["stop_asked"]:
            turn.stop.set()
        work = self._traced(turn, lambda: self._take_over(turn, orphan), orphan["attempt"])
        self.running.start(turn, work)

    def _turn(
        self, turn_id: UUID, user_id: UUID, conversation_id: str, attempt: int = 1, *, claimed: bool = False
    ) -> Turn:
        stop, first = self._parts.stops.of(str(turn_id)), (attempt - 1) * RUN + 1
        return Turn(turn_id, user_id, conversation_id, stop, self.books.write, first, claimed=claimed)

    async def _traced(self, turn: Turn, work: Callable[[], Awaitable[None]], run: int = 1) -> None:
        with self._tracing.turn(turn, run=run) if self._tracing else nullcontext():
            await self._guarded(turn, work)

    async def _guarded(self, turn: Turn, work: Callable[[], Awaitable[None]]) -> None:
        """The work, whatever becomes of it: readers hear one last event, or are let go."""
        clear_contextvars()  # of the request or the job that began it, which it outlives
        bind_contextvars(turn_id=str(turn.turn_id), conversation_id=turn.conversation_id, user_id=str(turn.user_id))
        try:
            await work()
        except LeaseLost:
            log.warning("turn is lost before it was accepted")
            await self._free(turn)
            turn.lose()
        except Gone:
            await self._gone(turn)
        except StorageUnavailable:
            log.exception("storage unavailable")
            await self._give_up(turn, "storage_unavailable")
        except Exception:
            # The edge of the run: whatever a node raised must end in one last event and not in silence.
            log.exception("turn failed")
            await self._give_up(turn, "internal")
        except asyncio.CancelledError:
            if turn.answered and turn.ending == "deleted":
                with suppress(StorageUnavailable):
                    await self._pipeline.record(turn)
            if not turn.over and not turn.lost:
                self._drop(turn, turn.ending)
            raise
        finally:
            broken_off(turn, turn.ending)  # where it was cancelled; otherwise it is over
            if not (turn.kept or turn.lost or turn.ending == "storage_unavailable"):
                await self._free(turn)

    async def _run(self, turn: Turn, ask: Ask) -> None:
        given = Input(
            messages=[HumanMessage(ask.message, id=str(turn.turn_id))],
            conversation_id=ask.conversation_id,
            employee=ask.employee,
            while_busy=ask.while_busy,
        )
        await self._answer(turn, given, ask.employee)
        if not (turn.kept and await self._parts.turns.known(turn.user_id, turn.turn_id)):
            # It was refused, or deleted by another process while this one ran it.
            await self._pipeline.forget(turn)

    async def _take_over(self, turn: Turn, orphan: Orphan) -> None:
        bind_contextvars(attempt=orphan["attempt"])
        log.warning("turn is taken over")
        user_id, turn_id = turn.user_id, turn.turn_id
        story = await self.books.records.story(user_id, turn_id)
        if story is None:
            raise Gone
        told = await self.books.journal.read(user_id, turn_id, after=0)
        turn.told_before = bool(told) and told[-1][1]["event"] in LAST
        if turn.told_before and told[-1][1]["event"] == "error":  # and then the process was lost
            await self._pipeline.stand(turn, "route", recovery.chosen(turn, story, self._parts.clock()))
            await self._fail(turn, told[-1][1]["data"]["code"])
        elif orphan["attempt"] > MOST_RUNS:
            await self._abandon(turn, story, told, orphan["status"])
        elif orphan["status"] == "answered":
            history = await self._parts.conversations.history(user_id, turn.conversation_id, before_turn=turn_id)
            await self._pipeline.stand(turn, "generate", recovery.answered(turn, story, history, self._parts.clock()))
            self._tell_the_rest(turn, story, told)
            await self.books.written(turn)
            await self._pipeline.go_on(turn)
        else:
            await self._pipeline.stand(turn, "route", recovery.chosen(turn, story, self._parts.clock()))
            self._begin_anew(turn, story, told)
            await self._answer(turn, None, None)

    async def _abandon(self, turn: Turn, story: Story, told: list[Numbered], status: str) -> None:
        """Run it no more: an answer stands as it is."""
        log.error("turn is given up", runs=MOST_RUNS)
        if status == "answered":
            self._tell_the_rest(turn, story, told)
            await self._parts.turns.finish(turn.user_id, turn.turn_id)
        else:
            await self._pipeline.stand(turn, "route", recovery.chosen(turn, story, self._parts.clock()))
            await self._give_up(turn, "internal")

    async def _answer(self, turn: Turn, given: Input | None, asked_employee: str | None) -> None:
        """Both phases, from the beginning or from where the thread stands."""
        answer: Answer | None = None
        waiting: list[Notice] = []  # `Start` comes first, but the guard speaks before it
        try:
            async for event in self._pipeline.answer(turn, given):
                answer = self._told(turn, event, waiting, asked_employee) or answer
        finally:
            if answer:  # committed, also where no checkpoint of it could be saved: then the rest is for an adopter
                answered(turn, answer)
        if answer:
            await self.books.written(turn)
            await self._pipeline.go_on(turn)

    def _told(self, turn: Turn, event: NodeEvent, waiting: list[Notice], asked_employee: str | None) -> Answer | None:
        """Pass on what a node says; returns the answer once it is committed."""
        match event["kind"]:
            case "admitted":
                turn.allowance = event["allowance"]
            case "refused":
                refused(turn, event["refusal"], asked_employee=asked_employee, model=self._parts.model.label)
            case "routed":
                turn.kept = True
                turn.publish(Start(str(turn.turn_id), turn.conversation_id, event["route"], self._parts.model.label))
                for notice in waiting:
                    turn.publish(notice)
            case "noted":
                notice = Notice(**event["notice"])
                turn.publish(notice) if turn.started or turn.kept else waiting.append(notice)
            case "spoken":
                turn.publish(Token(event["text"]))
            case "answered":
                return event["answer"]
        return None

    def _begin_anew(self, turn: Turn, story: Story, told: list[Numbered]) -> None:
        """Take back what readers heard, of which the journal may not even have the beginning."""
        if not told:
            route = recovery.route_of(story)
            turn.publish(Start(str(turn.turn_id), turn.conversation_id, route, self._parts.model.label))
        turn.publish(Notice("restarted", "The answer broke off; this one replaces it."))

    def _tell_the_rest(self, turn: Turn, story: Story, told: list[Numbered]) -> None:
        """What readers did not hear of a committed answer: its end, and where words are missing all of it again."""
        if turn.told_before:
            return
        answer = recovery.answer_of(story)
        self._begin_anew(turn, story, told)
        turn.publish(Token(answer["text"]))
        answered(turn, answer)

    async def _gone(self, turn: Turn) -> None:
        """The turn was deleted, or is another process's by now."""
        with suppress(StorageUnavailable):
            if await self._parts.turns.known(turn.user_id, turn.turn_id):
                turn.lose()
                return
        if not turn.over:
            self._drop(turn, "deleted")
        await self._pipeline.forget(turn)

    async def _free(self, turn: Turn) -> None:
        """Give up what the turn held and will not need: its key may be sent again, and the next in line may go on."""
        with suppress(StorageUnavailable):
            await self.books.keys.give_up(turn.user_id, turn.turn_id)

    def _drop(self, turn: Turn, code: ErrorCode) -> None:
        """End a turn of which there will be no record, so that its line in the log is written here."""
        broken_off(turn, code)
        TurnLine(outcome="failed", error_code=code).log()

    async def _give_up(self, turn: Turn, code: ErrorCode) -> None:
        """End a broken turn for its readers, and for the records as far as they can be reached."""
        if turn.over:
            return  # the answer is out: what failed came after it
        if turn.kept and code == "storage_unavailable":
            # The end is for those who listen here. Nothing can be written down of it, so whoever finds the turn without
            # a sign of life, once there is a database, answers it.
            turn.kept = False
            broken_off(turn, code)
            turn.lose()
            return
        if code == "storage_unavailable":
            # Its sender was told to come again, so it must not be answered, even if the word that it was accepted
            # is all that was lost.
            self._drop(turn, code)
            with suppress(StorageUnavailable):
                await self._parts.turns.fail(turn.user_id, turn.turn_id, code)
            return
        broken_off(turn, code)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self.books.written(turn)
        try:
            await self._fail(turn, code)
        except StorageUnavailable:
            if not turn.kept:  # otherwise whoever finds it without a sign of life sees to its record
                TurnLine(outcome="failed", error_code=code).log()

    async def _fail(self, turn: Turn, code: ErrorCode) -> None:
        """Put it on record that there will be no answer."""
        await self._parts.turns.fail(turn.user_id, turn.turn_id, code)
        await self._pipeline.record(turn, code)
