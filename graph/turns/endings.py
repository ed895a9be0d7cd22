"""How a turn ends for those who follow it: with its answer, with a no, or broken off."""

from graph.turns.events import Done, ErrorCode, Failed, Refused, Start, Token
from graph.turns.turn import Turn
from nodes.employees import find
from nodes.state import Answer, Refusal, RouteReport, Usage

SORRY: dict[ErrorCode, str] = {
    "internal": "Something went wrong on our side. Please try again.",
    "storage_unavailable": "Our storage cannot be reached right now. Please try again in a moment.",
    "shutting_down": "The service is restarting. Please try again in a moment.",
    "deleted": "The conversation was deleted.",
}
FINAL: tuple[ErrorCode, ...] = ("deleted",)
"""Trying again is of no use."""
RETRY_AFTER = 5.0
"""Seconds after which asking again makes sense when it is us."""


def answered(turn: Turn, answer: Answer) -> None:
    """The answer is out and committed."""
    turn.error_code = answer["error_code"]
    turn.publish(
        Done(
            turn_id=str(turn.turn_id),
            conversation_id=turn.conversation_id,
            message_id=answer["message_id"],
            employee=answer["employee"],
            model=answer["model"],
            finish_reason=answer["finish_reason"],
            fallback=answer["fallback"],
            facts_used=answer["facts_used"],
            usage=answer["usage"],
            latency_ms=answer["latency_ms"],
            ttft_ms=answer["ttft_ms"],
        )
    )


def refused(turn: Turn, refusal: Refusal, *, asked_employee: str | None, model: str) -> None:
    """The message is turned away; the guard's no is an answer, the others are errors."""
    if refusal["code"] != "blocked":
        retry_after = turn.allowance["retry_after"] if turn.allowance else None
        turn.refuse(Refused(refusal["code"], refusal["message"], retry_after))
        return
    asked = find(asked_employee)
    slug = asked.slug if asked else "prime"
    turn_id, conversation_id = str(turn.turn_id), turn.conversation_id
    report = RouteReport(employee=slug, reason="stopped by the guard", confidence=1.0, runner_up=None)
    turn.publish(Start(turn_id, conversation_id, report, model))
    turn.publish(Token(refusal["message"]))
    unused = Usage(prompt_tokens=0, completion_tokens=0, estimated=False)
    turn.publish(Done(turn_id, conversation_id, None, slug, "guard", "blocked", False, [], unused, 0, None))


def outcome_of(turn: Turn) -> tuple[str | None, str | None]:
    """What became of the turn, in the metrics' words or `handed_on`, and its error code; None where nobody here knows.

    A turn of which only the rest had to be done had its end elsewhere.
    """
    match turn.opened, turn.end:
        case Refused(code="rate_limited" as code), _:
            return "limited", code
        case Refused(code="empty_message" | "conversation_busy" as code), _:
            return "refused", code
        case (Refused(code=code), _) | (_, Failed(code=code)):
            return "failed", code
        case _, Done(message_id=None):  # the guard's
            return "refused", "blocked"
        case _, Done(fallback=True):
            return "fallback", turn.error_code
        case _, Done(finish_reason="stopped"):
            return "stopped", turn.error_code
        case _, Done():
            return "done", turn.error_code
        case _:
            return "handed_on" if turn.lost else None, None


def broken_off(turn: Turn, code: ErrorCode) -> None:
    """There will be no more of it; nothing where all of it is out."""
    if turn.over or turn.lost:
        return
    if turn.kept or turn.started:
        turn.publish(Failed(code, SORRY[code], retryable=code not in FINAL))
    else:
        turn.refuse(Refused(code, SORRY[code], RETRY_AFTER))
