"""Put an export back, into an account that is empty."""

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from itertools import groupby
from typing import Any, LiteralString
from uuid import UUID, uuid5

import psycopg
from pgvector.psycopg import Vector  # pyright: ignore[reportMissingTypeStubs]

from storage.account_export import lines as line
from storage.errors import Gone, NotEmpty, Unfit
from storage.facts import fact_hash, padded
from storage.pool import Connection, Pool
from storage.users import meet

BATCH = 500
"""Lines written at once."""

UNFIT = (psycopg.errors.UniqueViolation, psycopg.errors.CheckViolation, psycopg.DataError)
"""What a database raises for lines that break its rules."""

Embed = Callable[[str], Awaitable[list[float]]]


class Restore:
    """Writes what an export holds.

    Args:
        embed: makes the vectors, which an export does not hold.
        model: the name of the embedding model behind it.
    """

    def __init__(self, pool: Pool, embed: Embed, model: str) -> None:
        self._pool = pool
        self._embed = embed
        self._model = model

    async def put(self, user_id: UUID, lines: AsyncIterable[line.Kept]) -> int:
        """Write all lines or none, and return how many there were.

        Everything gets another id, the same for the same user each time: so the copy of an account beside
        the account itself shares nothing with it. What was still running is not any more.

        Raises:
            NotEmpty: the account has something in it.
            Gone: a line refers to something that is not there, or is elsewhere.
            Unfit: lines repeat each other, or hold more than the database takes.
        """
        async with self._pool.as_user(user_id) as conn:
            await meet(conn, user_id)
            await _require_empty(conn, user_id)
            writer = _Writer(conn, user_id, self._embed, self._model)
            try:
                await writer.write_all(lines)
            except UNFIT as error:
                raise Unfit from error
        return writer.count


async def _require_empty(conn: Connection, user_id: UUID) -> None:
    cursor = await conn.execute(
        "select from chat_conversations where user_id = %(user_id)s"
        " union all select from user_memory_facts where user_id = %(user_id)s limit 1",
        {"user_id": user_id},
    )
    if cursor.rowcount:
        raise NotEmpty


class _Writer:
    """One import under way; what refers to later lines waits in it for the end."""

    def __init__(self, conn: Connection, user_id: UUID, embed: Embed, model: str) -> None:
        self._conn = conn
        self._user_id = user_id
        self._embed = embed
        self._model = model
        self._summaries: list[dict[str, Any]] = []
        self._superseded: list[dict[str, Any]] = []
        self.count = 0

    async def write_all(self, lines: AsyncIterable[line.Kept]) -> None:
        batch: list[line.Kept] = []
        async for one in lines:
            batch.append(one)
            if len(batch) == BATCH:
                await self._write(batch)
                batch = []
        await self._write(batch)
        await self._many(_SUMMARY, self._summaries)
        await self._many(_SUPERSEDED, self._superseded)

    async def _write(self, lines: Iterable[line.Kept]) -> None:
        for kind, group in groupby(lines, type):
            rows = [self._row(one) for one in group]
            self.count += len(rows)
            if kind is line.Fact:
                for row in rows:
                    await self._write_fact(row)
            else:
                await self._many(_INSERT[kind], rows)
            if kind is line.Conversation:
                self._summaries += [row for row in rows if row["summary"]]

    def _row(self, one: line.Kept) -> dict[str, Any]:
        """The line's fields, every id in them replaced."""
        return {"user_id": self._user_id} | {name: self._own(value) for name, value in one.model_dump().items()}

    def _own(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._own(entry) for entry in list[Any](value)]
        return uuid5(self._user_id, str(value)) if isinstance(value, UUID) else value

    async def _write_fact(self, row: dict[str, Any]) -> None:
        vector = Vector(padded(await self._embed(row["fact"])))
        values = {**row, "hash": fact_hash(row["fact"]), "model": self._model, "embedding": vector}
        for statement in _FACT:
            await self._conn.execute(statement, values)
        if row["superseded_by"]:
            self._superseded.append(row)

    async def _many(self, statement: LiteralString, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        cursor = self._conn.cursor()
        await cursor.executemany(statement, rows)
        if statement not in _LENIENT and cursor.rowcount != len(rows):
            raise Gone


_INSERT: dict[type[line.Kept], LiteralString] = {
    line.Conversation: (
        "insert into chat_conversations (user_id, convo_id, title, employee_slug, created_at, updated_at)"
        " values (%(user_id)s, %(conversation_id)s, %(title)s, %(last_employee)s, %(created_at)s, %(updated_at)s)"
    ),
    line.Turn: (
        "insert into chat_turns (user_id, turn_id, convo_id, status, asked_employee, employee_slug, finish_reason,"
        " error_code, created_at, updated_at) values (%(user_id)s, %(turn_id)s, %(conversation_id)s,"
        " case when %(status)s in ('streaming', 'accepted', 'failed') then 'failed'"
        " when %(finish_reason)s::text = 'stopped' then 'stopped' else 'done' end,"
        " %(asked_employee)s, %(employee)s, %(finish_reason)s, %(error_code)s, %(created_at)s, %(updated_at)s)"
    ),
    line.Misroute: (
        "insert into chat_misroutes (user_id, turn_id, chosen_employee, wanted_employee, created_at)"
        " values (%(user_id)s, %(turn_id)s, %(chosen_employee)s, %(wanted_employee)s, %(created_at)s)"
    ),
    line.Message: (
        "insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content, created_at)"
        " select %(message_id)s, %(user_id)s, convo_id, turn_id, %(employee)s, %(role)s, %(content)s, %(created_at)s"
        " from chat_turns where user_id = %(user_id)s and turn_id = %(turn_id)s and convo_id = %(conversation_id)s"
    ),
    line.GuardEvent: (
        "insert into chat_guard_events (user_id, turn_id, kind, action, rule, text_hash, created_at)"
        " values (%(user_id)s, %(turn_id)s, %(kind)s, %(action)s, %(rule)s, %(text_hash)s, %(created_at)s)"
        " on conflict do nothing"
    ),
    line.Metrics: (
        # Numbers outlive their account, so those of one that comes back may still be there, without a user.
        "insert into xai_chat_metrics (id, user_id, employee_slug, model, outcome, latency_ms, ttft_ms, prompt_chars,"
        " completion_chars, prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, success,"
        " error_code, times, created_at) values (%(turn_id)s, %(user_id)s, %(employee)s, %(model)s, %(outcome)s,"
        " %(latency_ms)s, %(ttft_ms)s, %(prompt_chars)s, %(completion_chars)s, %(prompt_tokens_est)s,"
        " %(completion_tokens_est)s, %(prompt_tokens)s, %(completion_tokens)s, %(success)s, %(error_code)s,"
        " %(times)s, %(created_at)s) on conflict do nothing"
    ),
}

_FACT: tuple[LiteralString, ...] = (
    (
        "insert into user_memory_facts (id, user_id, source, fact, source_message_id, fact_hash, confidence,"
        " superseded_at, created_at) values (%(fact_id)s, %(user_id)s, %(source)s, %(fact)s, %(source_message_id)s,"
        " %(hash)s, %(confidence)s, %(superseded_at)s, %(created_at)s)"
    ),
    (
        "insert into memory_embeddings (user_id, fact_id, message_id, text, embedding, model, holds)"
        " values (%(user_id)s, %(fact_id)s, %(source_message_id)s, %(fact)s, %(embedding)s, %(model)s,"
        " %(superseded_at)s::timestamptz is null)"
    ),
    (
        "insert into user_fact_sources (user_id, fact_id, message_id)"
        " select %(user_id)s, %(fact_id)s, unnest(%(said_in)s::uuid[])"
    ),
    (
        "insert into chat_turn_facts (user_id, turn_id, fact_id)"
        " select %(user_id)s, unnest(%(used_in)s::uuid[]), %(fact_id)s"
    ),
)

_LENIENT = (_INSERT[line.GuardEvent], _INSERT[line.Metrics])
"""What may be there already is passed over."""

_SUMMARY: LiteralString = (
    "insert into chat_convo_summaries (user_id, convo_id, summary, covers_seq, created_at, updated_at)"
    " select c.user_id, c.convo_id, %(summary)s, coalesce(m.seq, 0), %(created_at)s, %(updated_at)s"
    " from chat_conversations c left join chat_messages m"
    " on m.user_id = c.user_id and m.convo_id = c.convo_id and m.id = %(summary_covers)s"
    " where c.user_id = %(user_id)s and c.convo_id = %(conversation_id)s"
    " and (%(summary_covers)s::uuid is null or m.id is not null)"
)

_SUPERSEDED: LiteralString = (
    "update user_memory_facts set superseded_by = %(superseded_by)s where user_id = %(user_id)s and id = %(fact_id)s"
)
