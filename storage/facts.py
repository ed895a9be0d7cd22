"""Facts learned about a user, stored once each, with their sources, embeddings and what they supersede."""

import hashlib
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from pgvector.psycopg import Vector  # pyright: ignore[reportMissingTypeStubs]
from typing_extensions import TypedDict

from storage.pool import Connection, Pool

Embed = Callable[[str], Awaitable[list[float]]]
"""Makes the vector of a text."""
DIMENSIONS = 1536
"""Width of the embedding column; shorter vectors are padded with zeros, which changes no cosine."""


class NewFact(TypedDict):
    """A fact to store, with its embedding."""

    fact: str
    confidence: float
    vector: list[float]
    replaces: list[str]
    """Ids of facts that this one supersedes."""


class LearnedFact(TypedDict):
    """A fact that is new, or that holds again."""

    fact_id: str
    fact: str


def fact_hash(fact: str) -> str:
    """SHA-256 of the normalised text: compatibility forms, case, spaces and final punctuation do not count."""
    normal = " ".join(unicodedata.normalize("NFKC", fact).casefold().split()).rstrip(".! ")
    return hashlib.sha256(normal.encode()).hexdigest()


def pad_vector(vector: Sequence[float]) -> list[float]:
    """Pad the vector with zeros to `DIMENSIONS`.

    Raises:
        ValueError: it is longer.
    """
    if len(vector) > DIMENSIONS:
        raise ValueError(f"an embedding has at most {DIMENSIONS} numbers, this one {len(vector)}")
    return [*vector, *([0.0] * (DIMENSIONS - len(vector)))]


class Facts:
    """Facts of all users, as the pipeline learns them.

    Args:
        model: the name of the embedding model that makes their vectors.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model

    async def remember(self, user_id: UUID, facts: Sequence[NewFact], *, source: UUID) -> list[LearnedFact]:
        """Store facts with their embeddings, and mark those they replace as superseded; all or none.

        A known fact gets one more source; a superseded one holds again. The turn is marked as done with facts, also
        where there are none.

        Args:
            user_id: the user.
            facts: each longer than five characters.
            source: the message they were learned from, which has the id of its turn.

        Returns:
            The facts that are new, or that hold again.

        Raises:
            Gone: the source was deleted meanwhile.
        """
        async with self._pool.as_user(user_id) as conn:
            # Before the message's row, which facts refer to: a deletion of a turn locks them in this order, too.
            await conn.execute(
                "update chat_turns set facts_at = now() where user_id = %(user_id)s and turn_id = %(source)s",
                {"user_id": user_id, "source": source},
            )
            return [new for fact in facts if (new := await self._remember_one(conn, user_id, fact, source))]

    async def _remember_one(self, conn: Connection, user_id: UUID, fact: NewFact, source: UUID) -> LearnedFact | None:
        known = await _is_known(conn, user_id, fact["fact"])
        fact_id = await _insert_fact(conn, user_id, fact, source)
        await store_embedding(conn, user_id, fact_id, fact["vector"], self._model)
        values = {"user_id": user_id, "fact_id": fact_id, "source": source, "replaced": fact["replaces"]}
        await conn.execute(
            "insert into user_fact_sources (user_id, fact_id, message_id)"
            " values (%(user_id)s, %(fact_id)s, %(source)s) on conflict do nothing",
            values,
        )
        await conn.execute(
            "update user_memory_facts set superseded_by = %(fact_id)s, superseded_at = now()"
            " where user_id = %(user_id)s and id = any(%(replaced)s::uuid[]) and id <> %(fact_id)s"
            " and superseded_at is null",
            values,
        )
        return None if known else LearnedFact(fact_id=str(fact_id), fact=fact["fact"])


async def store_embedding(conn: Connection, user_id: UUID, fact_id: UUID, vector: Sequence[float], model: str) -> None:
    """Store the vector of a fact, unless it has one of this model."""
    await conn.execute(
        "insert into memory_embeddings (user_id, fact_id, message_id, text, embedding, model, holds)"
        " select user_id, id, source_message_id, fact, %(embedding)s, %(model)s, superseded_at is null"
        " from user_memory_facts where user_id = %(user_id)s and id = %(fact_id)s"
        " on conflict (user_id, fact_id, model) do nothing",
        {"user_id": user_id, "fact_id": fact_id, "embedding": Vector(pad_vector(vector)), "model": model},
    )


async def _is_known(conn: Connection, user_id: UUID, fact: str) -> bool:
    """Whether this fact is stored and not superseded."""
    cursor = await conn.execute(
        "select from user_memory_facts where user_id = %(user_id)s and fact_hash = %(hash)s and superseded_at is null",
        {"user_id": user_id, "hash": fact_hash(fact)},
    )
    return cursor.rowcount == 1


async def _insert_fact(conn: Connection, user_id: UUID, fact: NewFact, source: UUID) -> UUID:
    cursor = await conn.execute(
        "insert into user_memory_facts as f (user_id, fact, fact_hash, confidence, source_message_id)"
        " values (%(user_id)s, %(fact)s, %(hash)s, %(confidence)s, %(source)s)"
        " on conflict (user_id, fact_hash) do update set superseded_by = null, superseded_at = null,"
        " confidence = greatest(f.confidence, excluded.confidence)"
        " returning id",
        {
            "user_id": user_id,
            "fact": fact["fact"],
            "hash": fact_hash(fact["fact"]),
            "confidence": fact["confidence"],
            "source": source,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    fact_id: UUID = row["id"]
    return fact_id
