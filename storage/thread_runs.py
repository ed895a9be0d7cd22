"""Runs and messages of a thread, as LangGraph's clients call turns and what was said in them."""

from datetime import datetime
from typing import Any, Literal, LiteralString, TypedDict, cast
from uuid import UUID

from storage.pool import Pool

MOST_MESSAGES = 1000
"""Messages of a thread's state: the latest ones."""

RunStatus = Literal["pending", "running", "error", "success", "timeout", "interrupted"]


class Standing(TypedDict):
    """What a run that is to begin must know of its thread."""

    known: bool
    running: UUID | None
    """The turn whose answer is being written."""


class ThreadMessage(TypedDict):
    """A message of a thread's state."""

    id: UUID
    turn_id: UUID
    role: Literal["user", "assistant"]
    content: str
    employee: str
    created_at: datetime
    model: str | None
    """This and what follows: of an answer."""
    finish_reason: str | None
    fallback: bool
    usage: dict[str, Any] | None


class RunRecord(TypedDict):
    """A run."""

    run_id: UUID
    thread_id: str
    status: RunStatus
    error_code: str | None
    asked_employee: str | None
    created_at: datetime | None
    """None while it waits."""
    updated_at: datetime | None


class ThreadRun(TypedDict):
    """A run, as who reads a whole thread finds it."""

    run_id: UUID
    place: int | None
    """Which of the thread's runs it is, from 1, in the order in which they were accepted; None while it waits."""
    created_at: datetime | None
    """When it was accepted."""


class ThreadRuns:
    """The runs of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def standing(self, user_id: UUID, thread_id: str) -> Standing:
        """Whether the user has such a thread, and what runs in it."""
        async with self._pool.as_user(user_id, accepting=True) as conn:
            cursor = await conn.execute(
                "select exists (select from chat_conversations"
                "  where user_id = %(user_id)s and convo_id = %(thread_id)s) or exists (select from chat_threads"
                "  where user_id = %(user_id)s and convo_id = %(thread_id)s) as known,"
                " (select turn_id from chat_turns where user_id = %(user_id)s and convo_id = %(thread_id)s"
                "  and status = 'streaming' order by created_at desc limit 1) as running",
                {"user_id": user_id, "thread_id": thread_id},
            )
            return cast(Standing, await cursor.fetchone())

    async def messages(self, user_id: UUID, thread_id: str, *, until: UUID | None = None) -> list[ThreadMessage]:
        """The messages of the thread's active path, oldest first.

        Args:
            until: a turn; its question is the last one then.
        """
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                _MESSAGES,
                {"user_id": user_id, "thread_id": thread_id, "until": until, "most": MOST_MESSAGES},
            )
            return cast("list[ThreadMessage]", (await cursor.fetchall())[::-1])

    async def runs(
        self,
        user_id: UUID,
        thread_id: str,
        *,
        run_id: UUID | None = None,
        status: RunStatus | None = None,
        limit: int,
        offset: int = 0,
    ) -> list[RunRecord]:
        """The runs of a thread, in every process and of any version, the newest first."""
        values = {
            "user_id": user_id, "thread_id": thread_id, "run_id": run_id, "status": status, "limit": limit,
            "offset": offset,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(_RUNS, values)
            return cast("list[RunRecord]", await cursor.fetchall())

    async def in_order(self, user_id: UUID, thread_id: str, *, after: int | None = None) -> list[ThreadRun]:
        """The runs of a thread behind a place, in the order in which they were accepted, and then those that wait.

        Args:
            after: the place; None: the newest of them alone.
        """
        values = {"user_id": user_id, "thread_id": thread_id, "after": after}
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(_IN_ORDER, values)
            return cast("list[ThreadRun]", await cursor.fetchall())

    async def key_of(self, user_id: UUID, run_id: UUID) -> str | None:
        """The idempotency key with which a run was begun, for as long as that is kept."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select key from chat_idempotency where user_id = %(user_id)s and turn_id = %(run_id)s",
                {"user_id": user_id, "run_id": run_id},
            )
            row = await cursor.fetchone()
        return cast(str, row["key"]) if row else None


_MESSAGES: LiteralString = (
    "select m.id, m.turn_id, m.role, m.content, m.employee_key as employee, m.created_at, t.report->>'model' as model,"
    " t.finish_reason, coalesce((t.report->>'fallback')::boolean, false) as fallback, t.report->'usage' as usage"
    " from chat_messages m left join chat_turns t"
    " on t.user_id = m.user_id and t.turn_id = m.turn_id and m.role = 'assistant'"
    " where m.user_id = %(user_id)s and m.convo_id = %(thread_id)s and (not m.superseded or m.id = %(until)s)"
    " and (%(until)s::uuid is null"
    "  or m.seq <= coalesce((select s.seq from chat_messages s"
    "   where s.user_id = %(user_id)s and s.id = %(until)s), m.seq))"
    " order by m.seq desc limit %(most)s"
)
# What waits is in line and nowhere else; its id says when it came.
_RUNS: LiteralString = (
    "select * from ("
    " select t.turn_id as run_id, t.convo_id as thread_id, case"
    "  when t.status = 'streaming' then 'running' when t.status = 'failed' then 'error'"
    "  when t.finish_reason = 'stopped' then 'interrupted' when t.finish_reason = 'timeout' then 'timeout'"
    "  else 'success' end as status, t.error_code, t.asked_employee, t.created_at, t.updated_at"
    " from chat_turns t where t.user_id = %(user_id)s and t.convo_id = %(thread_id)s"
    " union all"
    " select q.turn_id, q.convo_id, 'pending', null, null, null, null from chat_queue q"
    " where q.user_id = %(user_id)s and q.convo_id = %(thread_id)s and q.lease_until > now()) r"
    " where (%(run_id)s::uuid is null or r.run_id = %(run_id)s)"
    " and (%(status)s::text is null or r.status = %(status)s)"
    " order by r.created_at desc nulls first, r.run_id desc limit %(limit)s offset %(offset)s"
)
# Messages of a conversation are accepted one after the other, so a run's place never changes.
_IN_ORDER: LiteralString = (
    "select run_id, place, created_at from ("
    " select t.turn_id as run_id, t.created_at, count(*) over () as runs,"
    "  row_number() over (order by t.created_at, t.turn_id) as place"
    " from chat_turns t where t.user_id = %(user_id)s and t.convo_id = %(thread_id)s) r"
    " where place > coalesce(%(after)s, runs - 1)"
    " union all"
    " select q.turn_id, null, null from chat_queue q"
    " where q.user_id = %(user_id)s and q.convo_id = %(thread_id)s and q.lease_until > now()"
    " order by place nulls last"
)
