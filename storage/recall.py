"""What is remembered of a user for a message: the nearest facts, and the earlier turns that have most to do with it."""

from collections.abc import Sequence
from uuid import UUID

from pgvector.psycopg import HalfVector  # pyright: ignore[reportMissingTypeStubs]
from typing_extensions import TypedDict

from storage.facts import Memory
from storage.pool import Pool

LONGEST = 2_000
"""Characters of a message that are read."""


class RecalledTurn(TypedDict):
    """An earlier turn of a conversation."""

    turn_id: str
    date: str
    """The day of its question, ISO 8601."""
    said: str
    employee: str | None
    answered: str | None
    """The answer, and who gave it, where more of the words are in it than in the question; else None."""


class RecalledReference(TypedDict):
    """An earlier turn that was quoted in a prompt."""

    turn_id: str
    date: str
    """The day on which it was said, ISO 8601."""


class Recalled(TypedDict):
    """Facts and turns, each best first."""

    facts: list[Memory]
    turns: list[RecalledTurn]


class Recall:
    """Recall over the facts and turns of all users.

    Args:
        model: the name of the embedding model that makes the vectors.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model

    async def recall(
        self,
        user_id: UUID,
        conversation_id: str,
        turn_id: UUID,
        message: str,
        vector: Sequence[float],
        *,
        facts: int,
        turns: int,
    ) -> Recalled:
        """At most so many facts, and turns of the conversation, for the message of a turn.

        Nothing that has nothing to do with it is among the turns. The message's vector is stored with its turn.
        """
        (row,) = await self._pool.call(
            "select facts, turns from recall_memory(%(user_id)s, %(convo_id)s, %(turn_id)s, %(message)s, %(vector)b,"
            " %(model)s, %(facts)s, %(turns)s, %(chars)s)",
            {
                "user_id": user_id,
                "convo_id": conversation_id,
                "turn_id": turn_id,
                "message": message,
                "vector": HalfVector(vector),
                "model": self._model,
                "facts": facts,
                "turns": turns,
                "chars": LONGEST,
            },
        )
        return Recalled(facts=[_rounded(fact) for fact in row["facts"] or []], turns=row["turns"] or [])


def _rounded(fact: Memory) -> Memory:
    return Memory({**fact, "similarity": round(fact["similarity"], 4)})
