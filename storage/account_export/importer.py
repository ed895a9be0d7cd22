"""Import the lines of an export into an empty account."""

import re
from collections.abc import AsyncIterable, Iterable
from itertools import groupby
from typing import Any, LiteralString
from uuid import UUID, uuid5

import psycopg
from psycopg.types.json import Json

from storage.account_export import finance_rows
from storage.account_export import lines as line
from storage.account_export.finance_lines import DocumentPartLine
from storage.account_export.line import Line
from storage.connections import Connection
from storage.errors import AccountNotEmpty, Gone, InvalidImport
from storage.facts import Embed, fact_hash, store_embedding
from storage.pool import Pool
from storage.users import ensure_user
from storage.versions import NO_TURN

BATCH = 500
"""Lines written at once."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
JSON_FIELDS = {"timing", "metadata", *finance_rows.JSON_FIELDS}
"""Fields of lines that are JSON in the database, too."""
RULE_VIOLATIONS = (psycopg.errors.UniqueViolation, psycopg.errors.CheckViolation, psycopg.DataError)
"""Errors that lines of an import may cause."""


class AccountImporter:
    """Imports accounts.

    Args:
        embed: makes the vectors, which an export leaves out.
        model: the name of the embedding model behind `embed`.
    """

    def __init__(self, pool: Pool, embed: Embed, model: str) -> None:
        self._pool = pool
        self._embed = embed
        self._model = model

    async def import_lines(self, user_id: UUID, lines: AsyncIterable[line.AccountLine]) -> int:
        """Insert all lines or none; returns their number.

        Every id is replaced, by the same new one for the same user each time, so that a copy shares nothing with the
        account it was exported from. Turns that were running become failed or done.

        Raises:
            AccountNotEmpty: the account has something in it.
            Gone: a line refers to something that is missing, or belongs elsewhere.
            InvalidImport: lines repeat each other, or hold values that are too large.
        """
        async with self._pool.as_user(user_id) as conn:
            await ensure_user(conn, user_id)
            await _require_empty(conn, user_id)
            writer = _ImportWriter(conn, user_id, self._embed, self._model)
            try:
                await writer.insert_all(lines)
            except RULE_VIOLATIONS as error:
                raise InvalidImport from error
        return writer.count


async def _require_empty(conn: Connection, user_id: UUID) -> None:
    cursor = await conn.execute(
        "select from chat_conversations where user_id = %(user_id)s"
        " union all select from user_memory_facts where user_id = %(user_id)s"
        " union all select from finance_categories where user_id = %(user_id)s"
        " union all select from finance_documents where user_id = %(user_id)s"
        " union all select from finance_goals where user_id = %(user_id)s"
        " union all select from finance_debts where user_id = %(user_id)s limit 1",
        {"user_id": user_id},
    )
    if cursor.rowcount:
        raise AccountNotEmpty


class _ImportWriter:
    """Inserts the lines of one import; what refers to later lines is inserted at the end."""

    def __init__(self, conn: Connection, user_id: UUID, embed: Embed, model: str) -> None:
        self._conn = conn
        self._user_id = user_id
        self._embed = embed
        self._model = model
        self._summaries: list[dict[str, Any]] = []
        self._turn_summaries: list[dict[str, Any]] = []
        self._superseded: list[dict[str, Any]] = []
        self._replacements: list[dict[str, Any]] = []
        self.count = 0

    async def insert_all(self, lines: AsyncIterable[line.AccountLine]) -> None:
        batch: list[line.AccountLine] = []
        async for entry in lines:
            batch.append(entry)
            if len(batch) == BATCH or isinstance(entry, DocumentPartLine):
                await self._insert(batch)
                batch = []
        await self._insert(batch)
        await self._insert_many(_SUMMARY, self._summaries)
        await self._insert_many(_TURN_SUMMARY, self._turn_summaries)
        await self._insert_many(_SUPERSEDED, self._superseded)
        await self._insert_many(_REPLACEMENT, self._replacements)

    async def _insert(self, lines: Iterable[line.AccountLine]) -> None:
        for kind, group in groupby(lines, type):
            rows = [self._row(entry) for entry in group]
            self.count += len(rows)
            if kind is line.Fact:
                for row in rows:
                    await self._insert_fact(row)
            else:
                await self._insert_many(_INSERT[kind], rows)
            if kind is line.Conversation:
                self._summaries += [row for row in rows if row["summary"]]
            if kind is line.Turn:
                self._turn_summaries += [row for row in rows if row["summary"]]

    def _row(self, entry: line.AccountLine) -> dict[str, Any]:
        """The line's fields, with every id replaced."""
        row: dict[str, Any] = {"user_id": self._user_id}
        for name, value in entry.model_dump().items():
            if name in JSON_FIELDS:
                row[name] = None if value is None else Json(self._replace_ids_in_texts(value))
            else:
                row[name] = NO_TURN if name == "parent" and value == NO_TURN else self._replace_ids(value)
        return row

    def _replace_ids(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._replace_ids(item) for item in list[Any](value)]
        if isinstance(value, dict):
            return {name: self._replace_ids(item) for name, item in dict[str, Any](value).items()}
        return uuid5(self._user_id, str(value)) if isinstance(value, UUID) else value

    def _replace_ids_in_texts(self, value: Any) -> Any:
        """JSON with new ids in the place of old ones, which are texts there."""
        if isinstance(value, list):
            return [self._replace_ids_in_texts(item) for item in list[Any](value)]
        if isinstance(value, dict):
            return {name: self._replace_ids_in_texts(item) for name, item in dict[str, Any](value).items()}
        return str(uuid5(self._user_id, value)) if isinstance(value, str) and _ID.fullmatch(value) else value

    async def _insert_fact(self, row: dict[str, Any]) -> None:
        vector = await self._embed(row["fact"])
        replacements = row.pop("replacements")
        self._replacements += [{**row, **one} for one in replacements]
        values = {**row, "hash": fact_hash(row["fact"])}
        for statement in _FACT:
            await self._conn.execute(statement, values)
        await store_embedding(self._conn, self._user_id, row["fact_id"], vector, self._model)
        if row["superseded_by"]:
            self._superseded.append(row)

    async def _insert_many(self, statement: LiteralString, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        cursor = self._conn.cursor()
        await cursor.executemany(statement, rows)
        if statement not in _IGNORE_DUPLICATES and cursor.rowcount != len(rows):
            raise Gone


_INSERT: dict[type[Line], LiteralString] = {
    line.Settings: "update chat_users set memory = %(memory)s where user_id = %(user_id)s",
    line.Conversation: (
        "insert into chat_conversations (user_id, convo_id, title, titled_by, pinned, employee_slug, temporary,"
        " created_at, updated_at) values (%(user_id)s, %(conversation_id)s, %(title)s, %(titled_by)s, %(pinned)s,"
        " %(last_employee)s, %(temporary)s, %(created_at)s, %(updated_at)s)"
    ),
    line.Thread: (
        "insert into chat_threads (user_id, convo_id, metadata, created_at, updated_at) values (%(user_id)s,"
        " %(conversation_id)s, %(metadata)s, %(created_at)s, %(updated_at)s)"
    ),
    line.Turn: (
        "insert into chat_turns (user_id, turn_id, convo_id, status, asked_employee, employee_slug, finish_reason,"
        " error_code, parent, replaces, version, forgotten, created_at, updated_at)"
        " values (%(user_id)s, %(turn_id)s, %(conversation_id)s,"
        " case when %(status)s in ('streaming', 'accepted', 'failed') then 'failed'"
        " when %(finish_reason)s::text = 'stopped' then 'stopped' else 'done' end,"
        " %(asked_employee)s, %(employee)s, %(finish_reason)s, %(error_code)s, %(parent)s, %(replaces)s, %(version)s,"
        " %(forgotten)s, %(created_at)s, %(updated_at)s)"
    ),
    line.Misroute: (
        "insert into chat_misroutes (user_id, turn_id, chosen_employee, wanted_employee, from_feedback, created_at)"
        " values (%(user_id)s, %(turn_id)s, %(chosen_employee)s, %(wanted_employee)s, %(from_feedback)s,"
        " %(created_at)s)"
    ),
    line.Feedback: (
        "insert into chat_feedback (user_id, turn_id, employee_slug, rating, reason, comment, wanted_employee,"
        " temporary, created_at, updated_at)"
        " select user_id, turn_id, %(employee)s, %(rating)s, %(reason)s, %(comment)s, %(wanted_employee)s, c.temporary,"
        " %(created_at)s, %(updated_at)s from chat_turns join chat_conversations c using (user_id, convo_id)"
        " where user_id = %(user_id)s and turn_id = %(turn_id)s"
    ),
    line.Message: (
        "with prepared as ("
        '  update chat_turns set report = \'{"model": "fallback", "fallback": true}\''
        "  where user_id = %(user_id)s and turn_id = %(turn_id)s and %(generated_by)s::text = 'template')"
        " insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content, superseded,"
        " created_at)"
        " select %(message_id)s, %(user_id)s, convo_id, turn_id, %(employee)s, %(role)s, %(content)s, %(superseded)s,"
        " %(created_at)s"
        " from chat_turns where user_id = %(user_id)s and turn_id = %(turn_id)s and convo_id = %(conversation_id)s"
    ),
    line.GuardEvent: (
        "insert into chat_guard_events (user_id, turn_id, kind, action, rule, text_hash, created_at)"
        " values (%(user_id)s, %(turn_id)s, %(kind)s, %(action)s, %(rule)s, %(text_hash)s, %(created_at)s)"
        " on conflict do nothing"
    ),
    line.Metrics: (
        # Metrics outlive their account, so an imported row may still be there, without a user.
        "insert into xai_chat_metrics (id, user_id, employee_slug, model, outcome, latency_ms, ttft_ms, prompt_chars,"
        " completion_chars, prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, cached_tokens,"
        " background_model, background_prompt_tokens, background_cached_tokens, background_completion_tokens,"
        " prompt_version, timing, attempts, trace_id, success, error_code, times, created_at)"
        " values (%(turn_id)s, %(user_id)s, %(employee)s, %(model)s, %(outcome)s, %(latency_ms)s, %(ttft_ms)s,"
        " %(prompt_chars)s, %(completion_chars)s, %(prompt_tokens_est)s, %(completion_tokens_est)s, %(prompt_tokens)s,"
        " %(completion_tokens)s, %(cached_tokens)s, %(background_model)s, %(background_prompt_tokens)s,"
        " %(background_cached_tokens)s, %(background_completion_tokens)s, %(prompt_version)s, %(timing)s,"
        " %(attempts)s, %(trace_id)s, %(success)s, %(error_code)s, %(times)s, %(created_at)s)"
        " on conflict do nothing"
    ),
    **finance_rows.INSERTS,
}

_FACT: tuple[LiteralString, ...] = (
    (
        "insert into user_memory_facts (id, user_id, source, fact, source_message_id, fact_hash, confidence,"
        " superseded_at, withdrawn_at, created_at)"
        " values (%(fact_id)s, %(user_id)s, %(source)s, %(fact)s, %(source_message_id)s, %(hash)s, %(confidence)s,"
        " %(superseded_at)s, %(withdrawn_at)s, %(created_at)s)"
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

_IGNORE_DUPLICATES = (_INSERT[line.GuardEvent], _INSERT[line.Metrics])
"""Statements whose rows may exist already."""

_SUMMARY: LiteralString = (
    "insert into chat_convo_summaries (user_id, convo_id, summary, covers_seq, created_at, updated_at)"
    " select c.user_id, c.convo_id, %(summary)s, coalesce(m.seq, 0), %(created_at)s, %(updated_at)s"
    " from chat_conversations c left join chat_messages m"
    " on m.user_id = c.user_id and m.convo_id = c.convo_id and m.id = %(summary_covers)s"
    " where c.user_id = %(user_id)s and c.convo_id = %(conversation_id)s"
    " and (%(summary_covers)s::uuid is null or m.id is not null)"
)

_TURN_SUMMARY: LiteralString = (
    "insert into chat_turn_summaries (user_id, turn_id, summary, covers_seq)"
    " select t.user_id, t.turn_id, %(summary)s, coalesce(m.seq, 0) from chat_turns t left join chat_messages m"
    " on m.user_id = t.user_id and m.convo_id = t.convo_id and m.id = %(summary_covers)s"
    " where t.user_id = %(user_id)s and t.turn_id = %(turn_id)s"
    " and (%(summary_covers)s::uuid is null or m.id is not null)"
)
_REPLACEMENT: LiteralString = (
    "insert into user_fact_replacements (user_id, fact_id, replaced_by, replaced_at)"
    " values (%(user_id)s, %(fact_id)s, %(replaced_by)s, %(replaced_at)s)"
)
_SUPERSEDED: LiteralString = (
    "update user_memory_facts set superseded_by = %(superseded_by)s where user_id = %(user_id)s and id = %(fact_id)s"
)
