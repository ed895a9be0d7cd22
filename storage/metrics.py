"""One row for every turn, whatever became of it; those that were turned away share one by the hour."""

from collections.abc import Sequence
from typing import Literal, LiteralString, TypedDict
from uuid import UUID

from storage.audit import Finding, audit
from storage.pool import Pool
from storage.users import meet

Outcome = Literal["done", "stopped", "limited", "refused", "failed", "fallback"]
AWAY: tuple[Outcome, ...] = ("limited", "refused")
"""Turned away: a request without success, which took no time that counts."""
ErrorCode = Literal[
    "empty_message", "blocked", "rate_limited", "conversation_busy",
    "model_unreachable", "model_overloaded", "model_failed", "model_rejected", "model_context_too_long",
    "model_empty", "model_garbled", "model_timeout", "model_filtered", "model_down",
    "storage_unavailable", "shutting_down", "internal",
    "summary_failed", "facts_failed",
]  # fmt: skip
"""All that can be wrong with a turn, as the database has it (`error_code_is_known`)."""


class Measured(TypedDict):
    """What is known of a turn when it is over.

    Times in milliseconds; tokens estimated, and counted where the model did.
    """

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
    """The metrics of all turns."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, user_id: UUID, turn_id: UUID, measured: Measured, findings: Sequence[Finding] = ()) -> bool:
        """Write the turn's row, and what the guard found in it; a turn that is run again keeps its first one.

        A turn that was turned away is added to those of its user, employee, error code and hour.

        Says whether the turn is new.

        Raises:
            Gone: the account was erased meanwhile.
        """
        away = measured["outcome"] in AWAY
        async with self._pool.as_user(user_id) as conn:
            if away:
                await meet(conn, user_id)  # nothing may have been kept before this
            await audit(conn, user_id, turn_id, findings)
            values = {"turn_id": turn_id, "user_id": user_id, **measured}
            cursor = await conn.execute(_ADD_UP if away else _WRITE, values)
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
_WRITE: LiteralString = f"insert into xai_chat_metrics ({_COLUMNS}) values ({_VALUES}) on conflict (id) do nothing"  # noqa: S608 (of literals)
# The row has the id of the last turn in it: the same turn once more, because it is not known whether it was written,
# is the last one.
_ADD_UP: LiteralString = (
    f"insert into xai_chat_metrics as m ({_COLUMNS}, hour)"  # noqa: S608 (of literals)
    f" select {_VALUES}, date_trunc('hour', now(), 'UTC')"
    " where not exists (select from xai_chat_metrics where id = %(turn_id)s)"
    " on conflict (user_id, employee_slug, error_code, hour) where hour is not null"
    " do update set times = m.times + 1, id = excluded.id"
)
