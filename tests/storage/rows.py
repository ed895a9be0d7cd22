"""Rows for tests: each helper fills in what the test does not talk about."""

from collections.abc import Sequence
from typing import Any, LiteralString, cast
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import TupleRow

from storage.facts import NewFact
from storage.metrics import Measured, Metrics
from storage.pool import Pool
from storage.turns import Accepted, Answered, Turns
from storage.users import meet

Owner = psycopg.Connection[TupleRow]

MODEL = "test-model"


def accepted(message: str = "Hello", *, conversation: str = "c-1", employee: str = "ledger") -> Accepted:
    """A message that is going to be answered."""
    return Accepted(
        conversation_id=conversation,
        message=message,
        asked_employee=None,
        employee=employee,
        route={"employee": employee},
    )


def answered(
    message: str = "Hello",
    answer: str = "Hi",
    *,
    conversation: str = "c-1",
    employee: str = "ledger",
    used: Sequence[str] = (),
) -> Answered:
    """A message with its answer."""
    turn = accepted(message, conversation=conversation, employee=employee)
    return Answered(**turn, answer=answer, finish_reason="stop", error_code=None, report={}, used=list(used))


async def spoken(pool: Pool, user_id: UUID, turn: Answered) -> UUID:
    """A turn of this user's, answered; returns its id."""
    turn_id = await heard(pool, user_id, turn)
    await Turns(pool).answer(user_id, turn_id, turn)
    return turn_id


async def heard(pool: Pool, user_id: UUID, turn: Accepted) -> UUID:
    """A turn of this user's, accepted and not answered yet; returns its id."""
    turn_id = uuid4()
    await Turns(pool).accept(user_id, turn_id, turn)
    return turn_id


async def met(pool: Pool, user_id: UUID) -> UUID:
    """A user of whom nothing is kept but that they are there."""
    async with pool.as_user(user_id) as conn:
        await meet(conn, user_id)
    return user_id


def new_fact(fact: str, *vector: float) -> NewFact:
    """A fact with its vector, of which only the first numbers matter."""
    return NewFact(fact=fact, confidence=0.9, vector=list(vector or (1.0, 0.0)), replaces=[])


USUAL = Measured(
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
    success=True,
    error_code=None,
)
"""A quick, successful turn."""


def measured(**known: Any) -> Measured:
    """The metrics of such a turn, but for what is known."""
    return cast(Measured, {**USUAL, **known})


async def recorded(pool: Pool, user: UUID, *turns: Measured) -> None:
    """Record these turns of this user."""
    await met(pool, user)
    for turn in turns:
        await Metrics(pool).record(user, uuid4(), turn)


def rows(conn: Owner, query: LiteralString, **values: object) -> list[tuple[Any, ...]]:
    """What a query finds, row by row."""
    return conn.execute(query, values).fetchall()
