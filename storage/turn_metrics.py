"""Metrics of single turns: those that failed or were slow, one with its steps, and, audited, what was said in it."""

from datetime import datetime
from typing import Any, Literal, LiteralString, TypedDict
from uuid import UUID

from storage.connections import Connection
from storage.metrics import Outcome
from storage.metrics_window import MATCHES, TimeWindow, TurnFilter, parameters
from storage.pool import Pool

TurnOrder = Literal["failed", "slow"]
"""Which turns are listed: those that did not go well, the latest first, or all that ran, the slowest first."""


class TurnSummary(TypedDict):
    """A turn in numbers, names and codes."""

    turn_id: UUID
    created_at: datetime
    """When it ended."""
    employee: str
    model: str
    outcome: Outcome
    error_code: str | None
    latency_ms: int
    ttft_ms: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    prompt_tokens_est: int
    completion_tokens_est: int
    attempts: int | None
    """Requests to a model; None where it is not known."""


class TurnDetails(TurnSummary):
    """A turn with the time of each of its steps."""

    background_model: str | None
    """The model that wrote the summary and extracted facts; None where none was asked, or it is not known."""
    background_prompt_tokens: int | None
    background_cached_tokens: int | None
    background_completion_tokens: int | None
    times: int
    """How many rejected turns share the row."""
    success: bool
    timing: dict[str, float | None] | None
    """Milliseconds of each step up to the first token, as in `done`."""
    prompt_version: str | None
    trace_id: str | None


class TurnContent(TypedDict):
    """What was said in a turn."""

    message: str
    answer: str | None
    reason: str | None
    """Why this employee answered; it may quote the message."""
    reason_code: str | None
    """`reason` as a code, for pages in other languages; None in turns of an earlier release."""
    keyword: str | None
    """The one that was found, with the code `keyword`."""


class TurnMetricsQueries:
    """Single turns of a user, or of all users without a word of theirs."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_user(
        self, user_id: UUID, order: TurnOrder, window: TimeWindow, only: TurnFilter, *, limit: int
    ) -> list[TurnSummary]:
        """The user's own turns in this order."""
        async with self._pool.as_user(user_id, snapshot=True) as conn:
            return await _list(conn, order, window, only, limit)

    async def of_all_users(
        self, order: TurnOrder, window: TimeWindow, only: TurnFilter, *, limit: int
    ) -> list[TurnSummary]:
        """The turns of all users in this order."""
        async with self._pool.as_analyst() as conn:
            return await _list(conn, order, window, only, limit)

    async def find(self, user_id: UUID, turn_id: UUID) -> TurnDetails | None:
        """One turn of the user; None where they have none of that id, or it is not over."""
        async with self._pool.as_user(user_id) as conn:
            return await _find(conn, turn_id)

    async def find_of_any_user(self, turn_id: UUID) -> TurnDetails | None:
        """One turn, whosever it is."""
        async with self._pool.as_analyst() as conn:
            return await _find(conn, turn_id)

    async def content(self, admin_id: UUID, turn_id: UUID) -> TurnContent | None:
        """What was said in a turn, for an administrator, whose look is in the audit log from then on.

        None where nothing is kept of it: it was turned away, or deleted.
        """
        rows = await self._pool.call(
            "select * from read_turn_said(%(admin_id)s, %(turn_id)s)", {"admin_id": admin_id, "turn_id": turn_id}
        )
        return TurnContent(**rows[0]) if rows else None  # type: ignore[typeddict-item]


async def _list(
    conn: Connection, order: TurnOrder, window: TimeWindow, only: TurnFilter, limit: int
) -> list[TurnSummary]:
    values: dict[str, Any] = {**await parameters(conn, window, only), "limit": limit}
    rows = await (await conn.execute(_LISTS[order], values)).fetchall()
    return [TurnSummary(**row) for row in rows]  # type: ignore[typeddict-item]


async def _find(conn: Connection, turn_id: UUID) -> TurnDetails | None:
    cursor = await conn.execute(
        f"select {_COLUMNS}, {_BACKGROUND}, m.times, m.success, m.timing, m.prompt_version, m.trace_id"  # noqa: S608 (of literals)
        " from xai_chat_metrics m where m.id = %(turn_id)s",
        {"turn_id": turn_id},
    )
    row = await cursor.fetchone()
    return TurnDetails(**row) if row else None  # type: ignore[typeddict-item]


_BACKGROUND: LiteralString = (
    "m.background_model, m.background_prompt_tokens, m.background_cached_tokens, m.background_completion_tokens"
)
_COLUMNS: LiteralString = (
    "m.id as turn_id, m.created_at, m.employee_slug as employee, m.model, m.outcome, m.error_code, m.latency_ms,"
    " m.ttft_ms, m.prompt_tokens, m.completion_tokens, m.cached_tokens, m.prompt_tokens_est, m.completion_tokens_est,"
    " m.attempts"
)
# What was turned away shares rows and took no time; it is listed where its outcome is asked for.
_RAN: LiteralString = " and (%(outcome)s::text is not null or m.outcome not in ('limited', 'refused'))"
_LISTS: dict[TurnOrder, LiteralString] = {
    "failed": (
        f"select {_COLUMNS} from xai_chat_metrics m where {MATCHES} {_RAN}"  # noqa: S608 (of literals)
        " and (not m.success or m.error_code is not null) order by m.created_at desc, m.id limit %(limit)s"
    ),
    "slow": (
        f"select {_COLUMNS} from xai_chat_metrics m where {MATCHES} {_RAN}"  # noqa: S608 (of literals)
        " order by m.latency_ms desc, m.id limit %(limit)s"
    ),
}
