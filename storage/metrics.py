"""Metrics: one row per turn, whatever its outcome; rejected turns share one row per hour."""

from collections.abc import Sequence
from typing import Literal, LiteralString, TypedDict
from uuid import UUID

from storage.audit import Finding, record_findings
from storage.pool import Pool
from storage.users import ensure_user

Outcome = Literal["done", "stopped", "limited", "refused", "failed", "fallback"]
REJECTED: tuple[Outcome, ...] = ("limited", "refused")
"""Outcomes of turns that never reached a model. They count as requests without success, and for no latency."""
ErrorCode = Literal[
    "empty_message", "blocked", "rate_limited", "conversation_busy",
    "model_unreachable", "model_overloaded", "model_failed", "model_rejected", "model_context_too_long",
    "model_empty", "model_garbled", "model_timeout", "model_filtered", "model_down",
    "storage_unavailable", "shutting_down", "internal",
    "summary_failed", "facts_failed",
]  # fmt: skip
"""Every error code of a turn, the same as in the constraint `error_code_is_known`."""


class TurnMetrics(TypedDict):
    """Metrics of a finished turn. Tokens are estimates, and counts where the model reported them."""

    employee: str
    model: str
    outcome: Outcome
    latency_ms: int
    ttft_ms: int | None
    prompt_chars: int
    completion_chars: int
    prompt_tokens_est: int
    completion_tokens_est: int
    prompt_tokens: int | None
    completion_tokens: int | None
    success: bool
    error_code: str | None


class Metrics:
    """Metrics of all turns."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(
        self, user_id: UUID, turn_id: UUID, measured: TurnMetrics, findings: Sequence[Finding] = ()
    ) -> bool:
        """Store the metrics of a turn and the guard's findings; a turn that is run again keeps its first row.

        A rejected turn is counted in the row of its user, employee, error code and hour.

        Returns:
            Whether the turn is new.

        Raises:
            Gone: the account was erased meanwhile.
        """
        rejected = measured["outcome"] in REJECTED
        async with self._pool.as_user(user_id) as conn:
            if rejected:
                await ensure_user(conn, user_id)  # this may be the first thing stored about the user
            await record_findings(conn, user_id, turn_id, findings)
            values = {"turn_id": turn_id, "user_id": user_id, **measured}
            cursor = await conn.execute(_COUNT_REJECTED if rejected else _INSERT, values)
        return cursor.rowcount == 1


_COLUMNS: LiteralString = (
    "id, user_id, employee_slug, model, outcome, latency_ms, ttft_ms, prompt_chars, completion_chars,"
    " prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, success, error_code"
)
_VALUES: LiteralString = (
    "%(turn_id)s, %(user_id)s, %(employee)s, %(model)s, %(outcome)s, %(latency_ms)s, %(ttft_ms)s, %(prompt_chars)s,"
    " %(completion_chars)s, %(prompt_tokens_est)s, %(completion_tokens_est)s, %(prompt_tokens)s,"
    " %(completion_tokens)s, %(success)s, %(error_code)s"
)
_INSERT: LiteralString = f"insert into xai_chat_metrics ({_COLUMNS}) values ({_VALUES}) on conflict (id) do nothing"  # noqa: S608 (of literals)
# The row has the id of the last turn, so that recording it again after a lost commit reply does not count it twice.
_COUNT_REJECTED: LiteralString = (
    f"insert into xai_chat_metrics as m ({_COLUMNS}, hour)"  # noqa: S608 (of literals)
    f" select {_VALUES}, date_trunc('hour', now(), 'UTC')"
    " where not exists (select from xai_chat_metrics where id = %(turn_id)s)"
    " on conflict (user_id, employee_slug, error_code, hour) where hour is not null"
    " do update set times = m.times + 1, id = excluded.id"
)
