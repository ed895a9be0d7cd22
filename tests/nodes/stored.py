"""Rows of Ada's that a node finds in the database, written through the storage classes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from storage.facts import Facts, NewFact
from storage.pool import Pool
from storage.turns import Accepted, Answered, History, Turns
from tests.nodes.states import ADA, TURN, a_route

CONVERSATION = "c-1"
MODEL = "test-model"
"""The embedding model of all vectors."""


def accepted(message: str, conversation: str = CONVERSATION) -> Accepted:
    """An accepted message of the conversation."""
    return Accepted(
        conversation_id=conversation, message=message, asked_employee=None, employee="crystal", route=a_route()
    )


async def accept(
    pool: Pool, message: str, *, turn_id: UUID | None = None, user_id: UUID = ADA, conversation: str = CONVERSATION
) -> UUID:
    """Store an accepted turn; returns its id."""
    turn_id = turn_id or uuid4()
    await Turns(pool).accept(user_id, turn_id, accepted(message, conversation))
    return turn_id


async def answer(pool: Pool, turn_id: UUID, text: str, *, conversation: str = CONVERSATION) -> None:
    """Store the answer of an accepted turn."""
    answered = Answered(
        conversation_id=conversation, employee="crystal", answer=text, finish_reason="stop", error_code=None, report={},
        used=[],
    )  # fmt: skip
    await Turns(pool).answer(ADA, turn_id, answered)


async def store_turn(pool: Pool, message: str, text: str, *, turn_id: UUID | None = None) -> UUID:
    """Store an answered turn; returns its id."""
    turn_id = await accept(pool, message, turn_id=turn_id)
    await answer(pool, turn_id, text)
    return turn_id


async def store_facts(pool: Pool, vectors: Mapping[str, Sequence[float]]) -> None:
    """Store facts with these vectors, learned in an earlier turn."""
    source = await store_turn(pool, "Let me introduce myself.", "Hello!")
    facts = [
        NewFact(fact=fact, confidence=0.9, vector=list(vector), replaces=list[str]())
        for fact, vector in vectors.items()
    ]
    await Facts(pool, MODEL).remember(ADA, facts, source=source)


async def stored_facts(pool: Pool) -> list[dict[str, Any]]:
    """The facts learned in `TURN`, those with the most confidence first."""
    async with pool.as_user(ADA) as conn:
        cursor = await conn.execute(
            "select fact, confidence from user_memory_facts where source_message_id = %(turn)s"
            " order by confidence desc",
            {"turn": TURN},
        )
        return await cursor.fetchall()


async def facts_are_noted(pool: Pool) -> bool:
    """Whether `TURN` notes that its facts are known."""
    async with pool.as_user(ADA) as conn:
        cursor = await conn.execute(
            "select from chat_turns where turn_id = %(turn)s and facts_at is not null", {"turn": TURN}
        )
        return cursor.rowcount == 1


async def load(pool: Pool, *, before_turn: UUID | None = None) -> History:
    """The stored conversation, without a turn where one is given."""
    return await Turns(pool).history(ADA, CONVERSATION, before_turn=before_turn or uuid4())
