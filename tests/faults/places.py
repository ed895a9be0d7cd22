"""Places in a turn at which its process can be killed, each found from outside: nothing in the program helps.

A statement waits for a table that someone else holds, the model says nothing more, or, where a node works for itself,
the process is halted as a debugger does it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal, LiteralString, Protocol

import psycopg

from tests.faults.killing import Asked
from tests.support.database import appear
from tests.support.model_script import Gate, Hang, When, plain, streaming, structured

WITHIN = 15.0
"""Seconds that a turn gets to come to its place."""

Left = Literal["unknown", "streaming", "answered", "done"]


class Place(Protocol):
    """Somewhere in a turn."""

    @property
    def node(self) -> str:
        """Whose work it is."""
        ...

    @property
    def left(self) -> Left:
        """How whoever looks after the turn finds it."""
        ...

    @property
    def halt(self) -> str | None:
        """The function at which the process is to halt, where it is one."""
        ...

    def reached(self, turn: Asked) -> AbstractAsyncContextManager[None]:
        """Send the turn's message and have it stand here for the length of the block."""
        ...


@dataclass(frozen=True)
class Waits:
    """A statement waits for its table.

    Args:
        statement: what stands in it; by default it inserts.
        mode: of the lock that keeps it waiting; `share` lets those pass that only read.
        after: what its reader has heard before the table is taken, for one that was used before.
    """

    node: str
    left: Left
    table: LiteralString
    statement: str | None = None
    mode: Literal["share", "access exclusive"] = "share"
    after: Literal["token", "done"] | None = None
    halt: None = None

    @asynccontextmanager
    async def reached(self, turn: Asked) -> AsyncGenerator[None]:
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
            await seen_waiting(turn, self.statement or f"insert into {self.table.rpartition('.')[2]}")
            yield


@dataclass(frozen=True)
class Silence:
    """The model was asked and says nothing, or nothing more after its first words.

    Args:
        noted: what the turn has noted meanwhile, where something is to be done beside it.
    """

    node: str
    left: Left
    asked: When
    words: bool = False
    noted: LiteralString | None = None
    halt: None = None

    @asynccontextmanager
    async def reached(self, turn: Asked) -> AsyncGenerator[None]:
        turn.model.queue(Hang(turn.answer(1)[:3] if self.words else ()), turn.its(self.asked))
        turn.send()
        await turn.model.received(turn.its(self.asked), within=WITHIN)
        if self.words:
            await turn.hears("token")
        if self.noted:
            await seen_noted(turn, self.noted)
        yield


@dataclass(frozen=True)
class Unwritten:
    """The reader hears words that nobody has written down yet."""

    node: str
    left: Left
    heard: Literal["token", "done"]
    halt: None = None

    @asynccontextmanager
    async def reached(self, turn: Asked) -> AsyncGenerator[None]:
        if self.heard == "token":
            turn.model.queue(Hang(turn.answer(1)[:3]), turn.its(streaming))
        async with await psycopg.AsyncConnection.connect(turn.url) as conn:
            await conn.execute("lock table chat_turn_events in share mode")
            turn.send()
            await turn.hears(self.heard)
            await seen_waiting(turn, "insert into chat_turn_events")
            yield


@dataclass(frozen=True)
class Called:
    """A function is called and has done nothing yet."""

    node: str
    left: Left
    halt: str

    @asynccontextmanager
    async def reached(self, turn: Asked) -> AsyncGenerator[None]:
        turn.send()
        await turn.halted()
        yield


async def seen_waiting(turn: Asked, statement: str) -> None:
    """Return once a connection of the server that is to be killed waits with this statement for a lock."""
    await appear(
        turn.url,
        "select from pg_stat_activity where datname = current_database() and usename = %(role)s"
        " and wait_event_type = 'Lock' and strpos(lower(query), %(statement)s) > 0",
        role=turn.role,
        statement=statement,
    )


async def seen_noted(turn: Asked, column: LiteralString) -> None:
    """Return once the turn says that this was done."""
    query = "select from chat_turns where user_id = %(user)s and " + column + " is not null"
    await appear(turn.url, query, user=turn.user)


PLACES: dict[str, Place] = {
    "before the guard, at the claim of its key": Waits("guard", "unknown", "chat_idempotency"),
    "in the guard": Called("guard", "unknown", "nodes.guard:guard"),
    "as it is counted": Waits("rate_limit", "unknown", "chat_rate_limits", "take_rate_limit"),
    "as it takes its place": Waits("wait_for_conversation", "unknown", "chat_queue"),
    "as the last employee is looked up": Waits(
        "route", "unknown", "chat_conversations", "select employee_slug", mode="access exclusive"
    ),
    "at the begin of acceptance": Waits("route", "unknown", "chat_conversations"),
    "at the end of acceptance": Waits("route", "unknown", "chat_messages"),
    "before its start is published": Called("route", "streaming", "graph.turns.turn:encoded"),
    "as the summary is read": Waits(
        "load_summary", "streaming", "chat_convo_summaries", "from chat_convo_summaries", mode="access exclusive"
    ),
    "as memory is searched": Waits(
        "load_memory", "streaming", "memory_embeddings", "memory_embeddings", mode="access exclusive"
    ),
    "as the prompt is made": Called("trim_context", "streaming", "nodes.trim_context:trim_context"),
    "before the first word": Silence("generate", "streaming", streaming),
    "in the middle of the answer": Silence("generate", "streaming", streaming, words=True),
    "with words that are not written down": Unwritten("generate", "streaming", "token"),
    "at the begin of the commit": Waits(
        "generate", "streaming", "chat_turns", "set status = 'answered'", after="token"
    ),
    "at the end of the commit": Waits("generate", "streaming", "chat_turn_facts"),
    "before its end is published": Called("generate", "answered", "nodes.stream_events:done_of"),
    "with an end that is not written down": Unwritten("generate", "answered", "done"),
    "as the summary is written": Silence("roll_summary", "answered", plain),
    "with only its facts kept": Silence("roll_summary", "answered", plain, noted="facts_at"),
    "as the summary is kept": Waits("roll_summary", "answered", "chat_convo_summaries"),
    "as facts are looked for": Silence("extract_facts", "answered", structured),
    "with only its summary kept": Silence("extract_facts", "answered", structured, noted="summarised_at"),
    "as a fact is kept": Waits("extract_facts", "answered", "user_memory_facts"),
    "between a fact and its vector": Waits("extract_facts", "answered", "memory_embeddings"),
    "as it is measured": Waits("record_metrics", "answered", "xai_chat_metrics"),
    "as it is called done": Called("record_metrics", "answered", "storage.turns:Turns.finish"),
    "at the last checkpoint": Waits("record_metrics", "done", "langgraph.checkpoints", after="done"),
}
"""By what a test is called after them; at least one for each node."""
