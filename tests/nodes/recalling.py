"""Conversations with questions about them, stored as rows of a user each, and what is found for the questions."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID, uuid4

from pgvector.psycopg import HalfVector  # pyright: ignore[reportMissingTypeStubs]

from graph.models.embeddings import MiniLM
from graph.training import embed
from storage.pool import Pool
from storage.users import ensure_user

MODEL = MiniLM.name
NO_FLOOR = -9.0

INSERT: Sequence[LiteralString] = (
    ("insert into chat_conversations (user_id, convo_id) values (%(user)s, %(conversation)s) on conflict do nothing"),
    (
        "insert into chat_turns (user_id, turn_id, convo_id, employee_slug, status)"
        " values (%(user)s, %(turn)s, %(conversation)s, 'prime', 'done')"
    ),
    (
        "insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content, created_at)"
        " values (%(turn)s, %(user)s, %(conversation)s, %(turn)s, 'prime', 'user', %(said)s, %(at)s::timestamptz),"
        " (gen_random_uuid(), %(user)s, %(conversation)s, %(turn)s, 'prime', 'assistant', %(answered)s,"
        "  %(at)s::timestamptz)"
    ),
    (
        "insert into chat_turn_vectors (user_id, turn_id, model, embedding, created_at)"
        " values (%(user)s, %(turn)s, %(model)s, %(vector)s, %(at)s::timestamptz)"
    ),
)


class Told(NamedTuple):
    """A user who has had one conversation."""

    user: UUID
    conversation: str
    turns: list[UUID]
    """In order."""


class Asked(NamedTuple):
    """A question about a conversation."""

    text: str
    vector: list[float]
    told: Told
    evidence: set[UUID]
    """The turns that answer it."""


async def store(pool: Pool, conversations: Sequence[Mapping[str, Any]], minilm: MiniLM) -> list[Asked]:
    """Store each conversation for a user of its own; returns all questions."""
    asked: list[Asked] = []
    for conversation in conversations:
        turns, questions = conversation["turn"], conversation["question"]
        vectors = await embed(minilm, [turn["user"] for turn in turns])
        told = Told(uuid4(), conversation["id"], [uuid4() for _ in turns])
        async with pool.as_user(told.user) as conn:
            await ensure_user(conn, told.user)
            for number, (turn, turn_id, vector) in enumerate(zip(turns, told.turns, vectors, strict=True)):
                values = {"user": told.user, "turn": turn_id, "conversation": told.conversation, "model": MODEL}
                said = {"said": turn["user"], "answered": turn["assistant"], "vector": HalfVector(vector.tolist())}
                at = f"{turn['day']} {number // 60:02}:{number % 60:02}"
                for statement in INSERT:
                    await conn.execute(statement, {**values, **said, "at": at})
        for question, vector in zip(questions, await embed(minilm, [q["text"] for q in questions]), strict=True):
            evidence = {told.turns[place] for place in question["evidence"]}
            asked.append(Asked(question["text"], vector.tolist(), told, evidence))
    return asked


async def found(
    pool: Pool, asked: Asked, *, floor: float | None = None, model: str = MODEL, words: bool = True
) -> list[UUID]:
    """The six turns found for a question, best first.

    Args:
        floor: another one than that of the database's function.
        model: whose vectors count.
        words: whether words count.
    """
    told = asked.told
    values = {"convo": told.conversation, "text": asked.text, "vector": HalfVector(asked.vector)}
    async with pool.as_user(told.user) as conn:
        cursor = await conn.execute(
            "select turn_id from recall_turns(%(user)s, %(convo)s, gen_random_uuid(),"
            " case when %(words)s then recall_terms(%(text)s) end, %(vector)s, %(model)s, 6)"
            if floor is None
            else "select turn_id from recall_turns(%(user)s, %(convo)s, gen_random_uuid(),"
            " case when %(words)s then recall_terms(%(text)s) end, %(vector)s, %(model)s, 6, %(floor)s)",
            {**values, "user": told.user, "floor": floor, "model": model, "words": words},
        )
        return [row["turn_id"] for row in await cursor.fetchall()]


def rank(turns: Sequence[UUID], evidence: set[UUID]) -> int:
    """The place of the first turn that answers the question, from 1; 99 where there is none."""
    return next((place for place, turn in enumerate(turns, 1) if turn in evidence), 99)
