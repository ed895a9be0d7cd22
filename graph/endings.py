"""How a turn ends for those who follow it: with its answer, with a no, or broken off."""

from graph.events import Done, ErrorCode, Failed, Refused, Start, Token
from graph.turn import Turn
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


def broken_off(turn: Turn, code: ErrorCode) -> None:
    """There will be no more of it; nothing where all of it is out."""
    if turn.over or turn.lost:
        return
    if turn.kept or turn.started:
        turn.publish(Failed(code, SORRY[code], retryable=code not in FINAL))
    else:
        turn.refuse(Refused(code, SORRY[code], RETRY_AFTER))
