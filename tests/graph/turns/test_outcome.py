"""How a turn ended, in the words of the metrics, and how one that breaks off ends."""

from collections.abc import Sequence
from typing import get_args

import pytest

from graph.observability.tracing import outcome_of
from graph.turns.turn import MESSAGES, RETRY_AFTER, Turn, error_of
from nodes.state import RefusalCode
from nodes.stream_events import Error, ErrorCode, Event, Refused, Token
from storage.turn_status import TurnStatus
from tests.graph.turns.samples import BLOCKED, DONE, ERROR, START, Log, a_turn, done, names, publish

CODES: tuple[ErrorCode, ...] = get_args(ErrorCode)
REFUSED: dict[RefusalCode | ErrorCode, str] = {
    "empty_message": "refused",
    "conversation_busy": "refused",
    "blocked": "refused",
    "rate_limited": "limited",
    "internal": "failed",
    "storage_unavailable": "failed",
    "shutting_down": "failed",
    "deleted": "failed",
}


def test_there_is_an_outcome_for_every_refusal() -> None:
    """A new code needs one here."""
    assert set(REFUSED) == {*get_args(RefusalCode), *CODES}


@pytest.mark.parametrize(("code", "outcome"), REFUSED.items())
def test_a_refusal_has_its_outcome(code: RefusalCode | ErrorCode, outcome: str) -> None:
    """With its code."""
    turn = a_turn()
    turn.refuse(BLOCKED if code == "blocked" else Refused(code, "No."))
    assert outcome_of(turn) == (outcome, code)


@pytest.mark.parametrize(
    ("end", "outcome", "code"),
    [
        (DONE, "done", None),
        (done(finish_reason="timeout", error_code="model_timeout"), "done", "model_timeout"),
        (done(finish_reason="stopped"), "stopped", None),
        (done(finish_reason="stopped", error_code="model_failed"), "stopped", "model_failed"),
        (done(fallback=True, error_code="model_failed"), "fallback", "model_failed"),
        (done(finish_reason="blocked", fallback=True, error_code="model_filtered"), "fallback", "model_filtered"),
        *((Error(code, "Sorry.", retryable=True), "failed", code) for code in CODES),
    ],
)
def test_an_end_has_its_outcome(end: Event, outcome: str, code: str | None) -> None:
    """Before and after what follows the answer."""
    turn = publish(a_turn(), START, Token("Hel"), end)
    assert outcome_of(turn) == (outcome, code)
    turn.finish()
    assert outcome_of(turn) == (outcome, code)


@pytest.mark.parametrize("events", [(), (START,), (START, Token("Hel"))], ids=["waiting", "started", "answering"])
def test_a_turn_without_an_end_has_no_outcome(events: Sequence[Event]) -> None:
    """Until it is handed over."""
    turn = publish(a_turn(), *events)
    assert outcome_of(turn) == (None, None)
    turn.hand_over()
    assert outcome_of(turn) == ("handed_over", None)


def test_a_turn_that_is_handed_over_after_its_end_keeps_its_outcome() -> None:
    """Its readers have it."""
    answered, failing = publish(a_turn(), START, DONE), publish(a_turn(), START)
    answered.hand_over()
    failing.hand_over(error_of("storage_unavailable"))
    assert outcome_of(answered) == ("done", None)
    assert outcome_of(failing) == ("failed", "storage_unavailable")


@pytest.mark.parametrize("code", CODES)
def test_a_turn_that_breaks_off_before_its_start_is_refused(code: ErrorCode) -> None:
    """The same request may be sent again after a while."""
    turn = a_turn()
    turn.break_off(code)
    assert (turn.status, turn.refusal) == (TurnStatus.REFUSED, Refused(code, MESSAGES[code], RETRY_AFTER))


@pytest.mark.parametrize("code", CODES)
async def test_a_turn_that_breaks_off_after_its_start_ends_with_an_error(code: ErrorCode) -> None:
    """For readers and in the log; asking again is of no use only where the conversation is deleted."""
    log = Log()
    turn = publish(a_turn(log=log), START, Token("Hel"))
    turn.break_off(code)
    assert turn.status is TurnStatus.FAILED
    assert turn.end == error_of(code) == Error(code, MESSAGES[code], retryable=code != "deleted")
    assert await names(turn) == log.names == ["start", "token", "error"]


def handed_over() -> Turn:
    """A turn that goes on in another process."""
    turn = publish(a_turn(), START)
    turn.hand_over()
    return turn


def refused() -> Turn:
    """A turn that the guard answered."""
    turn = a_turn()
    turn.refuse(BLOCKED)
    return turn


@pytest.mark.parametrize(
    "turn",
    [publish(a_turn(), START, DONE), publish(a_turn(), START, ERROR), handed_over(), refused()],
    ids=["answered", "failed", "handed over", "refused"],
)
async def test_a_turn_that_is_over_does_not_break_off(turn: Turn) -> None:
    """Its readers have all there is."""
    before = turn.status, turn.end, turn.refusal, await names(turn)
    turn.break_off("internal")
    assert (turn.status, turn.end, turn.refusal, await names(turn)) == before
