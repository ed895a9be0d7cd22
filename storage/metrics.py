"""One row for every turn, whatever became of it."""

from collections.abc import Sequence
from typing import Literal, TypedDict
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

        Says whether the row is new.

        Raises:
            Gone: the account was erased meanwhile.
        """
        async with self._pool.as_user(user_id) as conn:
            if measured["outcome"] == "refused":
                await meet(conn, user_id)  # nothing was kept before this, so it may be the user's first row
            await audit(conn, user_id, turn_id, findings)
            cursor = await conn.execute(
                "insert into xai_chat_metrics (id, user_id, employee_slug, model, outcome, latency_ms,"
                " ttft_ms, prompt_chars, completion_chars, prompt_tokens_est, completion_tokens_est,"
                " prompt_tokens, completion_tokens, success, error_code)"
                " values (%(turn_id)s, %(user_id)s, %(employee)s, %(model)s, %(outcome)s,"
                " %(latency_ms)s, %(ttft_ms)s, %(prompt_chars)s, %(completion_chars)s, %(prompt_tokens_est)s,"
                " %(completion_tokens_est)s, %(prompt_tokens)s, %(completion_tokens)s, %(success)s, %(error_code)s)"
                " on conflict (id) do nothing",
                {"turn_id": turn_id, "user_id": user_id, **measured},
            )
        return cursor.rowcount == 1
