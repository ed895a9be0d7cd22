"""Metrics: one row per turn, whatever its outcome; rejected turns share one row per hour."""

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired
from uuid import UUID

from psycopg.types.json import Json
from typing_extensions import TypedDict

from storage.pool import Pool

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


REFUSALS_KEPT = 200
"""Refused messages per user whose findings are kept, the latest ones. The metrics count all of them."""


class Finding(TypedDict):
    """What the guard found in a message or its answer, for the audit: kind and hash, never the content."""

    kind: Literal["card", "iban", "national_id", "secret", "email", "phone", "injection"]
    action: Literal["masked", "refused", "answer_masked"]
    rule: str | None
    """The rule that matched, where a kind has several."""
    text_hash: str
    """SHA-256 of the masked message or answer, in hex."""


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
    cached_tokens: int | None
    """Of `prompt_tokens`, those that the provider read from its cache."""
    background_model: str | None
    """The model that wrote the summary and extracted facts; None where none was asked."""
    background_prompt_tokens: int | None
    background_cached_tokens: int | None
    """Of `background_prompt_tokens`."""
    background_completion_tokens: int | None
    prompt_version: str | None
    """Which text the employee was given; None where the turn ended before that."""
    timing: Mapping[str, float | None] | None
    """Milliseconds of each step, as in `done`; None where it is not known."""
    attempts: int | None
    """Requests to a model; None where there is no answer."""
    trace_id: NotRequired[str | None]
    """The OpenTelemetry trace of the run that recorded it, in hex."""
    success: bool
    error_code: str | None


class Metrics:
    """Metrics of all turns."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(
        self,
        user_id: UUID,
        turn_id: UUID,
        measured: TurnMetrics,
        findings: Sequence[Finding] = (),
        *,
        finish: bool = False,
    ) -> bool:
        """Store the metrics of a turn and the guard's findings; a turn that is run again keeps its first row.

        A rejected turn is counted in the row of its user, employee, error code and hour. Of refused messages the
        findings of the latest `REFUSALS_KEPT` are kept.

        Args:
            user_id, turn_id: whose turn.
            measured: its metrics.
            findings: what the guard found in it.
            finish: mark an answered turn as done, or as stopped, with it: summary and facts are stored.

        Returns:
            Whether the turn's metrics were not recorded before.

        Raises:
            Gone: the account was erased meanwhile.
        """
        (row,) = await self._pool.call(
            "select record_turn(%(user_id)s, %(turn_id)s, %(metrics)s, %(findings)s, %(rejected)s, %(kept)s,"
            " %(finish)s) as is_new",
            {
                "user_id": user_id,
                "turn_id": turn_id,
                "metrics": Json(measured),
                "findings": Json(list(findings)),
                "rejected": measured["outcome"] in REJECTED,
                "kept": REFUSALS_KEPT,
                "finish": finish,
            },
        )
        return bool(row["is_new"])
