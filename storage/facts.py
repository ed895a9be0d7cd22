"""Facts learned about a user, stored once each, with their sources, embeddings and what they supersede."""

import hashlib
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import msgspec
from pgvector.psycopg import HalfVector  # pyright: ignore[reportMissingTypeStubs]
from psycopg.types.json import Jsonb
from typing_extensions import TypedDict

from storage.connections import Connection
from storage.pool import Pool

Embed = Callable[[str], Awaitable[list[float]]]
"""Makes the vector of a text."""


class Memory(TypedDict):
    """A fact that was found."""

    fact_id: str
    fact: str
    learned: str
    """The day it was learned, ISO 8601."""
    similarity: float
    """Cosine similarity to what was searched for, -1 to 1."""


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


class Facts:
    """Facts of all users, as the pipeline learns and recalls them.

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
        given = [{**fact, "hash": fact_hash(fact["fact"]), "vector": _text(fact["vector"])} for fact in facts]
        rows = await self._pool.call(
            "select fact_id::text, fact from learn_facts(%(user_id)s, %(source)s, %(model)s, %(facts)s)",
            {"user_id": user_id, "source": source, "model": self._model, "facts": Jsonb(given)},
        )
        return [LearnedFact(**row) for row in rows]  # type: ignore[typeddict-item]

    async def nearest(self, user_id: UUID, vector: Sequence[float], *, limit: int) -> list[Memory]:
        """The user's facts nearest in meaning to a vector, best first; superseded ones are left out."""
        rows = await self._pool.call(
            "select fact_id::text, fact, learned, similarity"
            " from recall_facts(%(user_id)s, %(vector)b, %(model)s, %(limit)s)",
            {"user_id": user_id, "vector": HalfVector(vector), "model": self._model, "limit": limit},
        )
        return [Memory(**{**row, "similarity": round(row["similarity"], 4)}) for row in rows]  # type: ignore[typeddict-item]


async def store_embedding(conn: Connection, user_id: UUID, fact_id: UUID, vector: Sequence[float], model: str) -> None:
    """Store the vector of a fact, unless it has one of this model."""
    await conn.execute(
        "select store_embedding(%(user_id)s, %(fact_id)s, %(vector)s, %(model)s)",
        {"user_id": user_id, "fact_id": fact_id, "vector": _text(vector), "model": model},
    )


def _text(vector: Sequence[float]) -> str:
    """The vector as Postgres reads it."""
    return msgspec.json.encode(vector).decode()
