"""Points of a turn at which its server is killed, each reached from outside: nothing in the program helps.

A statement waits for a table that a test has locked, the model says nothing more, or the process is halted at a
function as a debugger does it.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal, LiteralString

import psycopg

from tests.faults.killable_turn import KillableTurn
from tests.support.database import appear
from tests.support.model_script import Gate, Hang, When, plain, streaming, structured

Left = Literal["unknown", "streaming", "answered", "done"]


@dataclass(frozen=True)
class KillPoint(ABC):
    """A point of a turn.

    Args:
        node: the node that runs there.
        left: the turn's status as the next server finds it.
    """

    node: str
    left: Left
    is_in_postgres: ClassVar[bool] = False
    """Whether Postgres does something for the server, which it may finish or not."""

    def leaves(self, *, cancelled: bool) -> Left:  # noqa: ARG002 - for points where it matters
        """The turn's status as the next server finds it, where Postgres cancels what it was doing, or finishes it."""
        return self.left

    @property
    def halt_at(self) -> str | None:
        """The function at which the process halts, as `module:name`, where it does."""
        return None

    @abstractmethod
    def reached(self, turn: KillableTurn) -> AbstractAsyncContextManager[None]:
        """Send the turn's message, and hold it at this point for the length of the block."""


@dataclass(frozen=True)
class StatementWaits(KillPoint):
    """A statement waits for its table.

    Args:
        statement: a part of it; the function that it calls.
        mode: of the lock that it waits for; `share` lets those pass that only read.
        after: the event that the reader has heard before the table is locked, for a table that was used before.
        finished: the turn's status where Postgres finishes the statement, if it is another one.
    """

    table: LiteralString
    statement: str
    mode: Literal["share", "access exclusive"] = "share"
    after: Literal["token", "done"] | None = None
    finished: Left | None = None
    is_in_postgres = True

    def leaves(self, *, cancelled: bool) -> Left:
        return self.left if cancelled else self.finished or self.left

    @asynccontextmanager
    async def reached(self, turn: KillableTurn) -> AsyncGenerator[None]:
        gate = asyncio.Event()
        if self.after == "token":
            turn.model.queue(Gate(turn.answer(1), gate), turn.its(streaming))
        if self.after == "done":
            turn.model.queue(Gate("A summary.", gate), turn.its(plain))
        if self.after:
            turn.send()
            await turn.hears(self.after)
        async with await psycopg.AsyncConnection.connect(turn.url) as conn:
            await conn.execute("lock table " + self.table + " in " + self.mode + " mode")
            gate.set()
            if not self.after:
                turn.send()
            await seen_waiting(turn, self.statement)
            yield


@dataclass(frozen=True)
class ModelSilent(KillPoint):
    """The model was asked and says nothing, or nothing more after its first words.

    Args:
        asked: the request that gets no answer.
        words: whether it says its first words.
        stored: the column of the turn that is set meanwhile, where something else is to be finished first.
    """

    asked: When
    words: bool = False
    stored: LiteralString | None = None

    @asynccontextmanager
    async def reached(self, turn: KillableTurn) -> AsyncGenerator[None]:
        turn.model.queue(Hang(turn.answer(1)[:3] if self.words else ()), turn.its(self.asked))
        turn.send()
        await turn.model.received(turn.its(self.asked))
        if self.words:
            await turn.hears("token")
        if self.stored:
            query = "select from chat_turns where user_id = %(user)s and " + self.stored + " is not null"
            await appear(turn.url, query, user=turn.user)
        yield


@dataclass(frozen=True)
class EventsUnwritten(KillPoint):
    """The reader has heard an event that is not in the event log yet."""

    heard: Literal["token", "done"]
    is_in_postgres = True

    @asynccontextmanager
    async def reached(self, turn: KillableTurn) -> AsyncGenerator[None]:
        if self.heard == "token":
            turn.model.queue(Hang(turn.answer(1)[:3]), turn.its(streaming))
        async with await psycopg.AsyncConnection.connect(turn.url) as conn:
            await conn.execute("lock table chat_turn_events in share mode")
            turn.send()
            await turn.hears(self.heard)
            await seen_waiting(turn, "log_events")
            yield


@dataclass(frozen=True)
class FunctionCalled(KillPoint):
    """A function is called and has done nothing yet."""

    function: str

    @property
    def halt_at(self) -> str:
        return self.function

    @asynccontextmanager
    async def reached(self, turn: KillableTurn) -> AsyncGenerator[None]:
        turn.send()
        await turn.halted()
        yield


@dataclass(frozen=True)
class ConversationBusy(KillPoint):
    """The message waits for its conversation, in which another one came before."""

    @asynccontextmanager
    async def reached(self, turn: KillableTurn) -> AsyncGenerator[None]:
        async with await psycopg.AsyncConnection.connect(turn.url, autocommit=True) as conn:
            before = {"user": turn.user, "conversation": turn.conversation}
            await conn.execute("insert into chat_users (user_id) values (%(user)s)", before)
            await conn.execute(
                "insert into chat_queue (user_id, turn_id, convo_id, lease_until)"
                " values (%(user)s, gen_random_uuid(), %(conversation)s, now() + interval '20 seconds')",
                before,
            )
            turn.send()
            await appear(turn.url, "select from chat_queue where user_id = %(user)s and waiting", user=turn.user)
            yield
            await conn.execute("delete from chat_queue where user_id = %(user)s and not waiting", before)


async def seen_waiting(turn: KillableTurn, statement: str) -> None:
    """Return once a connection of the server that will be killed waits with this statement for a lock."""
    await appear(
        turn.url,
        "select from pg_stat_activity where datname = current_database() and usename = %(role)s"
        " and wait_event_type = 'Lock' and strpos(lower(query), %(statement)s) > 0",
        role=turn.role,
        statement=statement,
    )


KILL_POINTS: dict[str, KillPoint] = {
    "before the guard, at the claim of its idempotency key": StatementWaits(
        "guard", "unknown", "chat_idempotency", "insert into chat_idempotency"
    ),
    "in the guard": FunctionCalled("guard", "unknown", "nodes.guard:guard"),
    "as the rate limit counts it": StatementWaits("rate_limit", "unknown", "chat_rate_limits", "admit_message"),
    "as it takes its place in the conversation": StatementWaits("rate_limit", "unknown", "chat_queue", "admit_message"),
    "as the last employee is read": StatementWaits(
        "rate_limit", "unknown", "chat_conversations", "admit_message", mode="access exclusive"
    ),
    "as it waits for its conversation": ConversationBusy("wait_for_conversation", "unknown"),
    "at the beginning of acceptance": StatementWaits(
        "route", "unknown", "chat_conversations", "begin_turn", finished="streaming"
    ),
    "at the end of acceptance": StatementWaits("route", "unknown", "chat_messages", "begin_turn", finished="streaming"),
    "before the start event": FunctionCalled("route", "streaming", "graph.turns.turn:encoded"),
    "as the summary is read": StatementWaits(
        "load_summary", "streaming", "chat_convo_summaries", "conversation_history", mode="access exclusive"
    ),
    "as memory is searched": StatementWaits(
        "load_memory", "streaming", "memory_embeddings", "recall_memory", mode="access exclusive"
    ),
    "as the context is trimmed": FunctionCalled("trim_context", "streaming", "nodes.trim_context:trim_context"),
    "before the first token": ModelSilent("generate", "streaming", streaming),
    "in the middle of the answer": ModelSilent("generate", "streaming", streaming, words=True),
    "with tokens that are not in the event log": EventsUnwritten("generate", "streaming", "token"),
    "at the beginning of the commit": StatementWaits(
        "generate", "streaming", "chat_turns", "answer_turn", after="token", finished="answered"
    ),
    "at the end of the commit": StatementWaits(
        "generate", "streaming", "chat_conversations", "answer_turn", after="token", finished="answered"
    ),
    "before the done event": FunctionCalled("generate", "answered", "nodes.stream_events:done_of"),
    "with a done event that is not in the event log": EventsUnwritten("generate", "answered", "done"),
    "as the summary is written": ModelSilent("roll_summary", "answered", plain),
    "with only its facts stored": ModelSilent("roll_summary", "answered", plain, stored="facts_at"),
    "as the summary is stored": StatementWaits("roll_summary", "answered", "chat_convo_summaries", "save_summary"),
    "as facts are extracted": ModelSilent("extract_facts", "answered", structured),
    "with only its summary stored": ModelSilent("extract_facts", "answered", structured, stored="summarised_at"),
    "as a fact is stored": StatementWaits("extract_facts", "answered", "user_memory_facts", "learn_facts"),
    "between a fact and its vector": StatementWaits("extract_facts", "answered", "memory_embeddings", "learn_facts"),
    "before its metrics are written": FunctionCalled(
        "record_metrics", "answered", "nodes.record_metrics:record_metrics"
    ),
    "as its metrics are written": StatementWaits(
        "record_metrics", "answered", "xai_chat_metrics", "record_turn", finished="done"
    ),
    "at the last checkpoint": StatementWaits(
        "record_metrics", "done", "langgraph.checkpoints", "save_checkpoint", after="done"
    ),
}
"""By the name of the test; at least one for each node."""
