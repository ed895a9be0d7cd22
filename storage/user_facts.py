"""What is remembered of a user as they see it: listed, searched, corrected, forgotten."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple, TypedDict
from uuid import UUID

import psycopg

from storage.errors import FactKnown
from storage.facts import embed_fact, fact_hash
from storage.pool import Connection, Pool


class KnownFact(TypedDict):
    """A remembered fact with its history."""

    fact_id: UUID
    fact: str
    confidence: float
    """0 to 1; 1 once its user has corrected it."""
    source_message_id: UUID | None
    conversation_id: str | None
    """Where it was said first."""
    created_at: datetime
    superseded_at: datetime | None
    """When it ceased to hold; None while it does."""
    superseded_by: UUID | None
    """The newer fact that took its place."""


class LastFact(NamedTuple):
    """A place in the list of facts: the last one seen."""

    created_at: datetime
    fact_id: UUID


class Memory:
    """What is remembered of all users.

    Args:
        model: the name of the embedding model that vectors of corrected facts come from.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model

    async def latest(
        self, user_id: UUID, *, limit: int, after: LastFact | None = None, q: str | None = None
    ) -> list[KnownFact]:
        """Facts, the last one learned first, also those that hold no more.

        Args:
            user_id: whose.
            limit: how many at most.
            after: go on from here.
            q: words that the fact must hold.
        """
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                f"{_FACTS} and (%(at)s::timestamptz is null or (f.created_at, f.id) < (%(at)s, %(id)s::uuid))"
                " and (%(q)s::text is null"
                "  or to_tsvector('simple', chat_search_words(f.fact)) @@ chat_search_query(%(q)s))"
                " order by f.created_at desc, f.id desc limit %(limit)s",
                {
                    "user_id": user_id,
                    "at": after.created_at if after else None,
                    "id": after.fact_id if after else None,
                    "q": q,
                    "limit": limit,
                },
            )
            return [KnownFact(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]

    async def correct(self, user_id: UUID, fact_id: UUID, fact: str, vector: Sequence[float]) -> KnownFact | None:
        """Put other words in a fact's place, with their vector; both or neither.

        Returns:
            The fact as it is now; None where the user has none of that id.

        Raises:
            FactKnown: another fact says the same.
        """
        values = {"user_id": user_id, "fact_id": fact_id, "fact": fact, "hash": fact_hash(fact)}
        async with self._pool.as_user(user_id) as conn:
            await _write(conn, values)
            cursor = await conn.execute(f"{_FACTS} and f.id = %(fact_id)s", values)
            row = await cursor.fetchone()
            if row:
                await conn.execute(
                    "delete from memory_embeddings where user_id = %(user_id)s and fact_id = %(fact_id)s", values
                )
                await embed_fact(conn, user_id, fact_id, vector, self._model)
                await _forget_copies(conn, user_id)
        return KnownFact(**row) if row else None  # type: ignore[typeddict-item]

    async def forget(self, user_id: UUID, fact_id: UUID) -> bool:
        """Take one fact away; says whether it was there. What it had superseded holds again."""
        async with self._pool.as_user(user_id) as conn:
            return await forget(conn, user_id, [fact_id]) == 1

    async def forget_all(self, user_id: UUID) -> int:
        """Take every fact away; returns how many there were."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "delete from user_memory_facts where user_id = %(user_id)s", {"user_id": user_id}
            )
            await _forget_copies(conn, user_id)
            return cursor.rowcount


_FACTS: LiteralString = (
    "select f.id as fact_id, f.fact, f.confidence, f.source_message_id, m.convo_id as conversation_id, f.created_at,"
    " f.superseded_at, f.superseded_by from user_memory_facts f"
    " left join chat_messages m on m.user_id = f.user_id and m.id = f.source_message_id"
    " where f.user_id = %(user_id)s"
)


async def forget(conn: Connection, user_id: UUID, fact_ids: Sequence[UUID]) -> int:
    """Delete these facts with their vectors; returns how many there were.

    What one of them had superseded is superseded by whatever had superseded *it*, or else holds again.
    """
    values = {"user_id": user_id, "ids": list(fact_ids)}
    await conn.execute(
        "with recursive chain (id, next) as ("
        "  select f.id, f.superseded_by from user_memory_facts f"
        "  where f.user_id = %(user_id)s and f.superseded_by = any(%(ids)s) and f.id <> all(%(ids)s)"
        " union all"
        "  select c.id, d.superseded_by from chain c"
        "  join user_memory_facts d on d.user_id = %(user_id)s and d.id = c.next and d.id = any(%(ids)s)"
        ")"
        " update user_memory_facts f set superseded_by = c.next,"
        " superseded_at = case when c.next is not null then f.superseded_at end"
        " from chain c where f.user_id = %(user_id)s and f.id = c.id and (c.next is null or c.next <> all(%(ids)s))",
        values,
    )
    cursor = await conn.execute(
        "delete from user_memory_facts where user_id = %(user_id)s and id = any(%(ids)s)", values
    )
    if cursor.rowcount:
        await _forget_copies(conn, user_id)
    return cursor.rowcount


async def _forget_copies(conn: Connection, user_id: UUID) -> None:
    """Take away the checkpoints that may repeat a fact; those of turns that still run are needed to go on."""
    await conn.execute(
        "select forget_my_checkpoints(array(select turn_id::text from chat_turns"
        " where user_id = %(user_id)s and status not in ('streaming', 'answered')))",
        {"user_id": user_id},
    )


async def _write(conn: Connection, values: Mapping[str, object]) -> None:
    try:
        await conn.execute(
            "update user_memory_facts set fact = %(fact)s, fact_hash = %(hash)s, confidence = 1"
            " where user_id = %(user_id)s and id = %(fact_id)s",
            values,
        )
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != "idx_user_fact_hash":
            raise
        raise FactKnown from error
