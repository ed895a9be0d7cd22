"""Run turns through the graph, each in a task of this process that goes on with or without readers.

The answer is committed before `Done` goes out; what follows it (summary, facts, metrics) delays no reader. A turn whose
process was lost is recovered: it is answered anew, or gets the rest done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from uuid import UUID

from structlog.contextvars import bind_contextvars, clear_contextvars
from structlog.stdlib import get_logger

from graph.dependencies import Dependencies
from graph.observability.tracing import Tracing
from graph.pipeline import Pipeline
from graph.turns import recovery
from graph.turns.registry import TurnRegistry
from graph.turns.turn import Turn, decoded_end, error_of
from nodes.record_metrics import TurnLogLine, log_line, measured
from nodes.state import Input, Quoted, State, new_state
from nodes.stream_events import Done, ErrorCode
from storage.errors import Gone, LeaseLost, StorageError, StorageUnavailable
from storage.event_log import EventLog, EventLogWriter
from storage.idempotency import IdempotencyKeys
from storage.leases import Orphan
from storage.turn_records import TurnRecords
from storage.turn_status import STORED, UNFINISHED, TurnStatus

log = get_logger(__name__)

MAX_ATTEMPTS = 10
"""Attempts after which a turn is given up: one that ends every process that touches it must not go round for ever."""
FLUSH_SECONDS = 1.0
"""For how long a failed turn waits until its last event is logged, before its row says that it failed."""


class TurnExecutor:
    """Runs the turns of one process, which the registry knows."""

    def __init__(
        self,
        pipeline: Pipeline,
        dependencies: Dependencies,
        registry: TurnRegistry,
        keys: IdempotencyKeys,
        records: TurnRecords,
        event_log: EventLog,
        writer: EventLogWriter,
        tracing: Tracing | None = None,
    ) -> None:
        self.registry = registry
        self._pipeline = pipeline
        self._dependencies = dependencies
        self._keys = keys
        self._records = records
        self._event_log = event_log
        self._writer = writer
        self._tracing = tracing

    def begin(
        self,
        user_id: UUID,
        turn_id: UUID,
        conversation_id: str,
        given: Input,
        *,
        has_key: bool,
        quoted: Sequence[Quoted],
    ) -> Turn:
        """Start a turn under that id; it goes on to its end by itself."""
        turn = Turn(turn_id, user_id, conversation_id, add_to_log=self._writer.add, has_key=has_key)
        began = new_state(
            given["messages"],
            conversation_id=conversation_id,
            turn_id=str(turn_id),
            started_at=self._dependencies.clock(),
            message=given["messages"][-1].text,
        )
        work = self._supervise(turn, lambda: self._run(turn, given, quoted), began)
        self.registry.start(turn, work, remember=True)
        return turn

    def adopt(self, orphan: Orphan) -> None:
        """Go on with a turn of a lost process; its readers follow by the event log."""
        turn = Turn(
            orphan["turn_id"],
            orphan["user_id"],
            orphan["conversation_id"],
            add_to_log=self._writer.add,
            attempt=orphan["attempt"],
            status=orphan["status"],
        )
        if orphan["stop_asked"]:
            turn.stop.set()
        self.registry.start(turn, self._supervise(turn, lambda: self._recover(turn)))

    async def _supervise(self, turn: Turn, work: Callable[[], Awaitable[None]], began: State | None = None) -> None:
        """Do the work, and see that readers get one last event, or are handed over, however it ends.

        Args:
            began: the state that a turn begins in here; None for one that was stored before.
        """
        with self._tracing.turn(turn) if self._tracing else nullcontext():
            clear_contextvars()  # of the request or the job that began it, which it outlives
            bind_contextvars(turn_id=str(turn.turn_id), conversation_id=turn.conversation_id, user_id=str(turn.user_id))
            try:
                await work()
            except LeaseLost:
                log.warning("turn was lost before it was stored")
                await self._give_up_key(turn)
                turn.hand_over()
            except Gone:
                await self._deleted_or_taken_over(turn)
            except StorageUnavailable:
                log.exception("storage unavailable")
                await self._storage_unavailable(turn)
            except asyncio.CancelledError:
                await self._cancelled(turn)
                raise
            except Exception:  # any: whatever a node raised must end in one last event and not in silence
                log.exception("turn failed")
                await self._fail(turn, "internal", began)
            finally:
                turn.break_off(turn.cancel_code)  # where it was cancelled; otherwise it is over
                if turn.status is TurnStatus.REFUSED and turn.cancel_code != "storage_unavailable":
                    await self._give_up_key(turn)

    async def _run(self, turn: Turn, given: Input, quoted: Sequence[Quoted]) -> None:
        await self._pipeline.begin(turn, given, quoted)
        turn.finish()

    async def _recover(self, turn: Turn) -> None:
        """Answer the turn anew, or do what follows its answer; readers get what they have not got yet."""
        bind_contextvars(attempt=turn.attempt)
        log.warning("turn is taken over")
        d, user_id, turn_id = self._dependencies, turn.user_id, turn.turn_id
        record = await self._records.recovery_record(user_id, turn_id)
        if record is None:
            raise Gone
        logged = await self._event_log.read(user_id, turn_id, after=0)
        if logged and logged[-1].is_terminal:
            turn.end = decoded_end(logged[-1])
        if turn.status is TurnStatus.ANSWERED:
            if turn.attempt > MAX_ATTEMPTS:
                log.error("turn is given up, its answer stands", attempts=MAX_ATTEMPTS)
                await d.turns.finish(user_id, turn_id)  # first: telling it may be what ended the attempts before
                recovery.publish_answer(turn, record, logged, d.model.label)
                return
            recovery.publish_answer(turn, record, logged, d.model.label)
            history = await d.turns.history(user_id, turn.conversation_id, before_turn=turn_id)
            state = recovery.state_after_generate(turn, record, history, d.clock())
            await self._pipeline.restart_after(turn, "generate", state)
        else:
            state = recovery.state_after_route(turn, record, logged, d.clock())
            await self._pipeline.restart_after(turn, "route", state)
            # Its readers got an error, or it is given up, or what its client sent along is lost with the process.
            if turn.end or turn.attempt > MAX_ATTEMPTS or record["route"].get("quoted"):
                log.error("turn is given up", attempts=turn.attempt)
                await self._fail(turn, "internal")
                return
            recovery.retract(turn, record, logged, d.model.label)
        await self._pipeline.run(turn, None)
        turn.finish()

    async def _deleted_or_taken_over(self, turn: Turn) -> None:
        with suppress(StorageUnavailable):
            if await self._dependencies.turns.known(turn.user_id, turn.turn_id):
                if not turn.is_over:
                    turn.hand_over()
                return
        self._end_unrecorded(turn, "deleted")
        await self._pipeline.forget(turn)

    async def _storage_unavailable(self, turn: Turn) -> None:
        """End the turn for those who listen here; nothing can be stored now."""
        if turn.is_over:
            return  # the answer is out: what failed came after it
        if turn.status in UNFINISHED:
            # It has a lease, so the process that finds it without a heartbeat, once there is a database, answers it.
            turn.hand_over(error_of("storage_unavailable"))
            return
        # Its sender is told to come again, so it must not be answered, even if it was stored and
        # only the reply that says so was lost.
        self._end_unrecorded(turn, "storage_unavailable")
        with suppress(StorageUnavailable):
            await self._dependencies.turns.fail(turn.user_id, turn.turn_id, "storage_unavailable")

    async def _cancelled(self, turn: Turn) -> None:
        if turn.status is TurnStatus.ANSWERED and turn.cancel_code == "deleted":
            with suppress(StorageUnavailable):
                await self._pipeline.record(turn)
        self._end_unrecorded(turn, turn.cancel_code)

    async def _fail(self, turn: Turn, code: ErrorCode, began: State | None = None) -> None:
        """End a broken turn with an error, and record that there will be no answer."""
        if isinstance(turn.end, Done) or turn.status is TurnStatus.HANDED_OVER:
            return  # the answer is out: what failed came after it
        if turn.status is TurnStatus.ANSWERED:  # by the attempt before: the answer stands
            turn.break_off(code)
            return
        stored = turn.status in STORED
        if turn.end:
            code = turn.end.code
        turn.break_off(code)
        if not stored:
            if began:
                await self._record_unstored(turn, State({**began, "failure": code}))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._writer.flushed(turn.turn_id)
        with suppress(StorageUnavailable):  # the process that recovers the turn records it
            await self._dependencies.turns.fail(turn.user_id, turn.turn_id, code)
            await self._pipeline.record(turn, code)

    async def _record_unstored(self, turn: Turn, state: State) -> None:
        """Record a turn that broke before it was stored, so that it has no checkpoint to go on from."""
        d = self._dependencies
        numbers = measured(state, d.model.label, d.clock)
        try:
            await d.metrics.record(turn.user_id, turn.turn_id, numbers)
        except StorageError:
            log.exception("metrics not recorded")
        log_line(state, numbers).log()

    def _end_unrecorded(self, turn: Turn, code: ErrorCode) -> None:
        """End a turn of which there will be no record, so that its line in the log is written here."""
        if not turn.is_over:
            turn.break_off(code)
            TurnLogLine(outcome="failed", error_code=code).log()

    async def _give_up_key(self, turn: Turn) -> None:
        """Give up the turn's key, which may be sent again, and its place, so that the next message may go on."""
        with suppress(StorageUnavailable):
            await self._keys.give_up(turn.user_id, turn.turn_id)
