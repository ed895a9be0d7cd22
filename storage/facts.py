"""What is remembered of a user, and finding it again by meaning."""

import hashlib
import unicodedata
from collections.abc import Sequence
from typing import TypedDict
from uuid import UUID

from pgvector.psycopg import Vector  # pyright: ignore[reportMissingTypeStubs]

from storage.pool import Connection, Pool

DIMENSIONS = 1536
"""Of the embedding column; shorter vectors are padded with zeros, which changes no cosine."""


class NewFact(TypedDict):
    """A fact to remember, with its embedding."""

    fact: str
    confidence: float
    vector: list[float]


def fact_hash(fact: str) -> str:
    """SHA-256 of the text as it is compared: compatibility forms, case, spaces and a final stop do not count."""
    normal = " ".join(unicodedata.normalize("NFKC", fact).casefold().split()).rstrip(".! ")
    return hashlib.sha256(normal.encode()).hexdigest()


def padded(vector: Sequence[float]) -> list[float]:
    """The vector with zeros up to `DIMENSIONS`.

    Raises:
        ValueError: it is longer than that.
    """
    if len(vector) > DIMENSIONS:
        raise ValueError(f"an embedding has at most {DIMENSIONS} numbers, this one {len(vector)}")
    return [*vector, *([0.0] * (DIMENSIONS - len(vector)))]


class Facts:
    """The facts remembered of all users.

    Args:
        model: the name of the embedding model that their vectors come from.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model

    async def remember(self, user_id: UUID, facts: Sequence[NewFact], *, source: UUID) -> list[str]:
        """Store facts with their embeddings, all or none; those known already are left as they are.

        Args:
            user_id: whose they are.
            facts: each longer than five characters.
            source: the message they were learned from.

        Returns:
            The facts that were new.
        """
        async with self._pool.as_user(user_id) as conn:
            return [fact["fact"] for fact in facts if await _insert(conn, user_id, fact, source, self._model)]


async def _insert(conn: Connection, user_id: UUID, fact: NewFact, source: UUID, model: str) -> bool:
    # One statement: a fact that cannot be found by meaning is as good as forgotten, so it is both or neither.
    cursor = await conn.execute(
        "with learned as ("
        "  insert into user_memory_facts (user_id, fact, fact_hash, confidence, source_message_id)"
        "  values (%(user_id)s, %(fact)s, %(hash)s, %(confidence)s, %(source)s)"
        "  on conflict (user_id, fact_hash) do nothing returning id"
        ")"
        " insert into memory_embeddings (user_id, fact_id, message_id, text, embedding, model)"
        " select %(user_id)s, id, %(source)s, %(fact)s, %(embedding)s, %(model)s from learned",
        {
            "user_id": user_id,
            "fact": fact["fact"],
            "hash": fact_hash(fact["fact"]),
            "confidence": fact["confidence"],
            "source": source,
            "embedding": Vector(padded(fact["vector"])),
            "model": model,
        },
    )
    return cursor.rowcount == 1
