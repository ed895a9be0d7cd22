"""What a turn that ended without an answer tells its readers, and how a turn ended, for traces."""

from typing import assert_never

from graph.turns.turn import Turn
from nodes.stream_events import Done, Error, ErrorCode, Refused
from storage.turn_status import TurnStatus

MESSAGES: dict[ErrorCode, str] = {
    "internal": "Something went wrong on our side. Please try again.",
    "storage_unavailable": "Our storage cannot be reached right now. Please try again in a moment.",
    "shutting_down": "The service is restarting. Please try again in a moment.",
    "deleted": "The conversation was deleted.",
}
RETRY_AFTER = 5.0
"""Seconds after which asking again makes sense when the fault is ours."""


def error_of(code: ErrorCode) -> Error:
    """The last event of a turn that broke off."""
    return Error(code, MESSAGES[code], retryable=code != "deleted")


def break_off(turn: Turn, code: ErrorCode) -> None:
    """End a turn for its readers; nothing where it is over already."""
    if turn.is_over:
        return
    if turn.status is TurnStatus.WAITING:
        turn.refuse(Refused(code, MESSAGES[code], RETRY_AFTER))
    else:
        turn.publish(error_of(code))


def outcome_of(turn: Turn) -> tuple[str | None, str | None]:
    """How the turn ended, in the words of the metrics or `handed_over`, and its error code; None where it did not."""
    if turn.refusal:
        code = turn.refusal.code
        if code == "rate_limited":
            return "limited", code
        return ("refused" if code in ("empty_message", "conversation_busy", "blocked") else "failed"), code
    match turn.end:
        case Error(code):
            return "failed", code
        case Done(fallback=True):
            return "fallback", turn.end.error_code
        case Done(finish_reason="stopped"):
            return "stopped", turn.end.error_code
        case Done():
            return "done", turn.end.error_code
        case None:
            return ("handed_over" if turn.status is TurnStatus.HANDED_OVER else None), None
        case _:
            assert_never(turn.end)
