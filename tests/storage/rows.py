"""Rows for tests: each helper fills in what its test leaves open."""

from collections.abc import Sequence
from typing import Any, LiteralString, cast
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import TupleRow

from storage.facts import NewFact
from storage.metrics import Metrics, TurnMetrics
from storage.pool import Pool
from storage.rate_limits import Admission, Place, RateLimits
from storage.turns import Accepted, Answered, Turns
from storage.users import ensure_user

Owner = psycopg.Connection[TupleRow]

MODEL = "test-model"


def accepted(
    message: str = "Hello", *, conversation: str = "c-1", employee: str = "ledger", temporary: bool = False
) -> Accepted:
    """A message that is accepted."""
    return Accepted(
        conversation_id=conversation,
        message=message,
        asked_employee=None,
        employee=employee,
        route={"employee": employee},
        temporary=temporary,
    )


class AnsweredTurn(Accepted, Answered):
    """An accepted message with its answer."""


def answered(
    message: str = "Hello",
    answer: str = "Hi",
    *,
    conversation: str = "c-1",
    employee: str = "ledger",
    used: Sequence[str] = (),
    temporary: bool = False,
) -> AnsweredTurn:
    """A message with its answer."""
    turn = accepted(message, conversation=conversation, employee=employee, temporary=temporary)
    return AnsweredTurn(**turn, answer=answer, finish_reason="stop", error_code=None, report={}, used=list(used))


async def save_answered(pool: Pool, user_id: UUID, turn: AnsweredTurn) -> UUID:
    """Store an answered turn; returns its id."""
    turn_id = await save_accepted(pool, user_id, turn)
    await Turns(pool).answer(user_id, turn_id, turn)
    return turn_id


async def save_accepted(pool: Pool, user_id: UUID, turn: Accepted) -> UUID:
    """Store a turn that is accepted and not answered yet; returns its id."""
    turn_id = uuid4()
    await Turns(pool).accept(user_id, turn_id, turn)
    return turn_id


async def take_place(
    pool: Pool, user_id: UUID, process: UUID | None = None, conversation: str = "c-1"
) -> tuple[UUID, Place | None]:
    """A new turn of this process, and its place in the conversation."""
    turn_id = uuid4()
    admission = Admission(pool, RateLimits(pool, 0), process)
    return turn_id, (await admission.admit(user_id, conversation, turn_id, has_key=False))["place"]


async def begin(pool: Pool, user_id: UUID, process: UUID, conversation: str = "c-1") -> UUID:
    """A turn that this process is answering."""
    turn_id, place = await take_place(pool, user_id, process, conversation)
    assert place == "first"
    await Turns(pool, process).accept(user_id, turn_id, accepted(conversation=conversation))
    return turn_id


async def create_user(pool: Pool, user_id: UUID) -> UUID:
    """Store a user without any other rows; returns the id."""
    async with pool.as_user(user_id) as conn:
        await ensure_user(conn, user_id)
    return user_id


def new_fact(fact: str, *vector: float) -> NewFact:
    """A fact with its vector, given by its first numbers."""
    return NewFact(fact=fact, confidence=0.9, vector=list(vector or (1.0, 0.0)), replaces=[])


SUCCESSFUL_TURN = TurnMetrics(
    employee="ledger",
    model="gpt",
    outcome="done",
    latency_ms=100,
    ttft_ms=20,
    prompt_chars=40,
    completion_chars=20,
    prompt_tokens_est=10,
    completion_tokens_est=5,
    prompt_tokens=None,
    completion_tokens=None,
    cached_tokens=None,
    background_model=None,
    background_prompt_tokens=None,
    background_cached_tokens=None,
    background_completion_tokens=None,
    prompt_version=None,
    timing=None,
    attempts=None,
    success=True,
    error_code=None,
)
"""Metrics of a quick, successful turn."""


def turn_metrics(**fields: Any) -> TurnMetrics:
    """Metrics of such a turn, with other values in these fields."""
    return cast(TurnMetrics, {**SUCCESSFUL_TURN, **fields})


async def record_turns(pool: Pool, user: UUID, *turns: TurnMetrics) -> None:
    """Record the metrics of these turns."""
    await create_user(pool, user)
    for turn in turns:
        await Metrics(pool).record(user, uuid4(), turn)


def rows(conn: Owner, query: LiteralString, **values: object) -> list[tuple[Any, ...]]:
    """The rows that a query returns."""
    return conn.execute(query, values).fetchall()
