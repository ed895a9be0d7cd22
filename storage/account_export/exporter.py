"""Export everything stored about a user, line by line."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import LiteralString
from uuid import UUID

from storage.account_export import finance_rows
from storage.connections import DEFAULT_TIMEOUT, milliseconds
from storage.errors import ExportInProgress, TooManyExports
from storage.pool import Pool
from storage.turn_records import GENERATED_BY

FORMAT = 1
BATCH = 500
"""Rows fetched at once, so that memory does not grow with the account."""
BATCH_SECONDS = 10.0
"""Statement timeout of a batch; the first batch of a section sorts all its rows."""
IDLE_SECONDS = 60.0
"""Seconds without reading after which Postgres ends the transaction: a stalled client must not hold a connection."""

# Each section is one query whose rows are JSON texts. Left out are embeddings, which an import computes anew, and
# checkpoints, which only repeat messages of the last day.
_SECTIONS: tuple[LiteralString, ...] = (
    (
        "select json_build_object('type', 'settings', 'memory', memory)::text as line from chat_users"
        " where user_id = %(user_id)s and not memory"  # the default is left out, so that older releases read the file
    ),
    (
        "select json_build_object('type', 'conversation', 'conversation_id', c.convo_id, 'title', c.title,"
        " 'titled_by', c.titled_by, 'pinned', c.pinned,"
        " 'last_employee', c.employee_slug, 'temporary', c.temporary, 'created_at', c.created_at,"
        " 'updated_at', c.updated_at,"
        " 'summary', s.summary, 'summary_covers', ("
        "   select m.id from chat_messages m where m.user_id = c.user_id and m.convo_id = c.convo_id"
        "   and m.seq <= s.covers_seq order by m.seq desc limit 1))::text as line"
        " from chat_conversations c left join chat_convo_summaries s using (user_id, convo_id)"
        " where c.user_id = %(user_id)s order by c.created_at, c.convo_id"
    ),
    (
        "select json_build_object('type', 'thread', 'conversation_id', convo_id, 'metadata', metadata,"
        " 'created_at', created_at, 'updated_at', updated_at)::text as line"
        " from chat_threads where user_id = %(user_id)s order by created_at, convo_id"
    ),
    (
        "select json_build_object('type', 'turn', 'turn_id', t.turn_id, 'conversation_id', t.convo_id,"
        " 'status', t.status, 'asked_employee', t.asked_employee, 'employee', t.employee_slug,"
        " 'finish_reason', t.finish_reason, 'error_code', t.error_code, 'parent', t.parent, 'replaces', t.replaces,"
        " 'version', t.version, 'forgotten', t.forgotten, 'summary', s.summary, 'summary_covers', ("
        "   select m.id from chat_messages m where m.user_id = t.user_id and m.convo_id = t.convo_id"
        "   and m.seq <= s.covers_seq order by m.seq desc limit 1),"
        " 'created_at', t.created_at, 'updated_at', t.updated_at)::text as line"
        " from chat_turns t left join chat_turn_summaries s using (user_id, turn_id)"
        " where t.user_id = %(user_id)s order by t.created_at, t.turn_id"
    ),
    (
        "select json_build_object('type', 'misroute', 'turn_id', turn_id, 'chosen_employee', chosen_employee,"
        " 'wanted_employee', wanted_employee, 'from_feedback', from_feedback, 'created_at', created_at)::text as line"
        " from chat_misroutes where user_id = %(user_id)s order by created_at, turn_id"
    ),
    (
        "select json_build_object('type', 'feedback', 'turn_id', turn_id, 'employee', employee_slug, 'rating', rating,"
        " 'reason', reason, 'comment', comment, 'wanted_employee', wanted_employee, 'created_at', created_at,"
        " 'updated_at', updated_at)::text as line"
        " from chat_feedback where user_id = %(user_id)s order by created_at, turn_id"
    ),
    (
        "select json_build_object('type', 'message', 'message_id', m.id, 'turn_id', m.turn_id,"  # noqa: S608 (of literals)
        " 'conversation_id', m.convo_id, 'role', m.role, 'employee', m.employee_key, 'content', m.content,"
        f" 'generated_by', case m.role when 'assistant' then {GENERATED_BY} end,"
        " 'superseded', m.superseded, 'created_at', m.created_at)::text as line"
        " from chat_messages m join chat_turns t using (user_id, turn_id)"
        " where m.user_id = %(user_id)s order by m.seq"
    ),
    (
        "select json_build_object('type', 'fact', 'fact_id', f.id, 'fact', f.fact, 'source', f.source,"
        " 'confidence', f.confidence, 'source_message_id', f.source_message_id, 'said_in', array("
        "   select s.message_id from user_fact_sources s where s.user_id = f.user_id and s.fact_id = f.id"
        "   order by s.created_at, s.message_id),"
        " 'used_in', array(select u.turn_id from chat_turn_facts u join chat_turns t using (user_id, turn_id)"
        "   where u.user_id = f.user_id and u.fact_id = f.id order by t.created_at, t.turn_id),"
        " 'superseded_by', f.superseded_by, 'superseded_at', f.superseded_at, 'withdrawn_at', f.withdrawn_at,"
        " 'replacements', array(select json_build_object('replaced_by', r.replaced_by, 'replaced_at', r.replaced_at)"
        "   from user_fact_replacements r where r.user_id = f.user_id and r.fact_id = f.id"
        "   order by r.replaced_at, r.replaced_by),"
        " 'created_at', f.created_at)::text as line"
        " from user_memory_facts f where f.user_id = %(user_id)s order by f.created_at, f.id"
    ),
    (
        "select json_build_object('type', 'guard_event', 'turn_id', turn_id, 'kind', kind, 'action', action,"
        " 'rule', rule, 'text_hash', text_hash, 'created_at', created_at)::text as line"
        " from chat_guard_events where user_id = %(user_id)s order by created_at, turn_id, kind, action"
    ),
    (
        "select json_build_object('type', 'metrics', 'turn_id', id, 'employee', employee_slug, 'model', model,"
        " 'outcome', outcome, 'latency_ms', latency_ms, 'ttft_ms', ttft_ms, 'prompt_chars', prompt_chars,"
        " 'completion_chars', completion_chars, 'prompt_tokens_est', prompt_tokens_est,"
        " 'completion_tokens_est', completion_tokens_est, 'prompt_tokens', prompt_tokens,"
        " 'completion_tokens', completion_tokens, 'cached_tokens', cached_tokens, 'background_model', background_model,"
        " 'background_prompt_tokens', background_prompt_tokens, 'background_cached_tokens', background_cached_tokens,"
        " 'background_completion_tokens', background_completion_tokens, 'prompt_version', prompt_version,"
        " 'timing', timing, 'attempts', attempts, 'trace_id', trace_id, 'success', success, 'error_code', error_code,"
        " 'times', times, 'created_at', created_at)::text as line"
        " from xai_chat_metrics where user_id = %(user_id)s order by created_at, id"
    ),
    *finance_rows.SECTIONS,
)


class AccountExporter:
    """Exports accounts.

    Args:
        at_once: how many may be read at once. Each holds a connection for as long as its client likes, and others need
            connections, too.
        wait_seconds: for how long one more waits until one of them ends.
        batch_seconds: statement timeout of a batch.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        at_once: int = 1,
        wait_seconds: float = DEFAULT_TIMEOUT,
        batch_seconds: float = BATCH_SECONDS,
    ) -> None:
        self._pool = pool
        self._wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(at_once)
        self._batch_seconds = batch_seconds
        self._readers: set[UUID] = set()

    async def lines(self, user_id: UUID) -> AsyncGenerator[str]:
        """JSON texts from one snapshot, parents before what refers to them.

        The last line counts those between it and the first, so that a truncated copy is detected.

        Raises:
            ExportInProgress: the user is reading an export from this process.
            TooManyExports: so are as many others as may, and none ended meanwhile.
            StorageUnavailable: the database went away or took too long, or the reader paused for a minute.
        """
        if user_id in self._readers:
            raise ExportInProgress
        self._readers.add(user_id)
        try:
            async with self._room(), aclosing(self._lines(user_id)) as lines:
                async for line in lines:
                    yield line
        finally:
            self._readers.discard(user_id)

    @asynccontextmanager
    async def _room(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise TooManyExports from None
        try:
            yield
        finally:
            self._free.release()

    async def _lines(self, user_id: UUID) -> AsyncGenerator[str]:
        count = 0
        async with self._pool.as_user(user_id, snapshot=True) as conn:
            await conn.execute(
                "select set_config('statement_timeout', %(batch)s, true),"
                " set_config('idle_in_transaction_session_timeout', %(idle)s, true)",
                {"batch": milliseconds(self._batch_seconds), "idle": milliseconds(IDLE_SECONDS)},
            )
            yield f'{{"type": "export", "format": {FORMAT}}}'
            for number, section in enumerate(_SECTIONS):
                async with conn.cursor(f"export_{number}") as cursor:
                    cursor.itersize = 1 if section == finance_rows.PARTS else BATCH
                    await cursor.execute(section, {"user_id": user_id})
                    async for row in cursor:
                        count += 1
                        yield row["line"]
        yield f'{{"type": "end", "lines": {count}}}'
