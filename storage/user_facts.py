"""Facts as their user manages them: list, search, correct, delete."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple, TypedDict
from uuid import UUID

import psycopg

from storage.connections import Connection
from storage.errors import DuplicateFact
from storage.facts import fact_hash, store_embedding
from storage.pool import Pool


class UserFact(TypedDict):
    """A fact with its history."""

    fact_id: UUID
    fact: str
    confidence: float
    """0 to 1; 1 once the user corrected it."""
    source_message_id: UUID | None
    conversation_id: str | None
    """Where it was first said."""
    created_at: datetime
    superseded_at: datetime | None
    """When it ceased to hold; None while it holds."""
    superseded_by: UUID | None
    """The newer fact that replaced it."""


class FactCursor(NamedTuple):
    """Position in the list of facts: the last one on the page before."""

    created_at: datetime
    fact_id: UUID


class UserFacts:
    """Facts of all users, as their users manage them.

    Args:
        model: the name of the embedding model that makes the vectors of corrected facts.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model

    async def latest(
        self, user_id: UUID, *, limit: int, after: FactCursor | None = None, q: str | None = None
    ) -> list[UserFact]:
        """Facts, the last one learned first, including superseded ones, without withdrawn ones.

        Args:
            user_id: the user.
            limit: maximum number.
            after: where to continue.
            q: words that the fact must contain.
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
            return [UserFact(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]

    async def correct(self, user_id: UUID, fact_id: UUID, fact: str, vector: Sequence[float]) -> UserFact | None:
        """Replace the text of a fact and its vector; both or neither.

        Returns:
            The corrected fact; None where the user has none of that id.

        Raises:
            DuplicateFact: another fact says the same.
        """
        values = {"user_id": user_id, "fact_id": fact_id, "fact": fact, "hash": fact_hash(fact)}
        async with self._pool.as_user(user_id) as conn:
            await _update_text(conn, values)
            cursor = await conn.execute(f"{_FACTS} and f.id = %(fact_id)s", values)
            row = await cursor.fetchone()
            if row:
                await conn.execute(
                    "delete from memory_embeddings where user_id = %(user_id)s and fact_id = %(fact_id)s", values
                )
                await store_embedding(conn, user_id, fact_id, vector, self._model)
                await _delete_checkpoints(conn, user_id)
        return UserFact(**row) if row else None  # type: ignore[typeddict-item]

    async def delete(self, user_id: UUID, fact_id: UUID) -> bool:
        """Delete one fact; returns whether it existed. What it had superseded holds again."""
        async with self._pool.as_user(user_id) as conn:
            return await delete_facts(conn, user_id, [fact_id]) == 1

    async def delete_all(self, user_id: UUID) -> int:
        """Delete every fact; returns how many there were. Nothing that was said before is recalled any more."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "update chat_turns set forgotten = true where user_id = %(user_id)s and not forgotten",
                {"user_id": user_id},
            )
            cursor = await conn.execute(
                "delete from user_memory_facts where user_id = %(user_id)s", {"user_id": user_id}
            )
            await _delete_checkpoints(conn, user_id)
            return cursor.rowcount


_FACTS: LiteralString = (
    "select f.id as fact_id, f.fact, f.confidence, f.source_message_id, m.convo_id as conversation_id, f.created_at,"
    " f.superseded_at, f.superseded_by from user_memory_facts f"
    " left join chat_messages m on m.user_id = f.user_id and m.id = f.source_message_id"
    " where f.user_id = %(user_id)s and f.withdrawn_at is null"
)


async def lock_facts(conn: Connection, user_id: UUID) -> None:
    """Let nobody else change which facts of the user hold, until the end of the transaction. Before any row."""
    await conn.execute("select lock_facts(%(user_id)s)", {"user_id": user_id})


async def settle_facts(conn: Connection, user_id: UUID) -> None:
    """Withdraw the facts that are said in superseded messages only, and let what they had replaced hold again."""
    await conn.execute("select settle_facts(%(user_id)s)", {"user_id": user_id})


async def delete_facts(conn: Connection, user_id: UUID, fact_ids: Sequence[UUID]) -> int:
    """Delete these facts with their vectors; returns how many there were.

    What one of them had superseded is superseded by whatever had superseded *it*, or else holds again. The turns in
    which they were said are not recalled any more.
    """
    values = {"user_id": user_id, "ids": list(fact_ids)}
    # Before the facts: a turn that learns some locks them in this order, too.
    await conn.execute(
        "update chat_turns t set forgotten = true from user_fact_sources s"
        " where s.user_id = %(user_id)s and s.fact_id = any(%(ids)s) and t.user_id = s.user_id"
        " and t.turn_id = s.message_id and not t.forgotten",
        values,
    )
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
        await _delete_checkpoints(conn, user_id)
    return cursor.rowcount


async def _delete_checkpoints(conn: Connection, user_id: UUID) -> None:
    """Delete the checkpoints that may contain a fact, but for those of running turns, which are still needed."""
    await conn.execute(
        "select forget_my_checkpoints(array(select turn_id::text from chat_turns"
        " where user_id = %(user_id)s and status not in ('streaming', 'answered')))",
        {"user_id": user_id},
    )


async def _update_text(conn: Connection, values: Mapping[str, object]) -> None:
    try:
        await conn.execute(
            "update user_memory_facts set fact = %(fact)s, fact_hash = %(hash)s, confidence = 1"
            " where user_id = %(user_id)s and id = %(fact_id)s and withdrawn_at is null",
            values,
        )
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != "idx_user_fact_hash":
            raise
        raise DuplicateFact from error
