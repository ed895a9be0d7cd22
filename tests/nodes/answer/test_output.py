"""The text and the notices of an answer, as they go out."""

from uuid import uuid5

from nodes import state
from nodes.answer.output import AnswerOutput
from nodes.stream_events import Notice, Token
from storage.turns import answer_id
from tests.nodes.states import MORNING, TURN, Listener, a_state

EARLIER = state.Notice(code="pii_masked", message="I masked an IBAN.")


def an_output(run: Listener) -> AnswerOutput:
    """The output of an answer in this run, of a turn that has a notice already."""
    return AnswerOutput(a_state(notices=[EARLIER]), run.runtime, lambda: MORNING)


def test_each_piece_goes_out_at_once() -> None:
    """As the next token."""
    run = Listener()
    output = an_output(run)
    output.send("Hel")
    assert run.tokens == ["Hel"]
    output.send("lo")
    assert run.tokens == ["Hel", "lo"]


def test_the_first_token_time_is_that_of_the_first_piece() -> None:
    """By the turn's own clock, in milliseconds; None before."""
    readings = iter([MORNING + 0.25])
    output = AnswerOutput(a_state(), Listener().runtime, lambda: next(readings))
    assert output.ttft_ms is None
    output.send("a")
    output.send("b")
    assert output.ttft_ms == 250


def test_a_notice_comes_after_the_text_before_it() -> None:
    """The turn's notices grow by the new one."""
    run = Listener()
    output = an_output(run)
    output.send("a")
    output.note(state.Notice(code="filtered", message="Stopped here."))
    assert run.events == [Token("a"), Notice("filtered", "Stopped here.")]
    assert output.notices == [EARLIER, {"code": "filtered", "message": "Stopped here."}]


def test_a_retraction_is_a_notice_and_begins_another_message() -> None:
    """Chat clients of LangGraph show text of one id as one message, so what comes after has another id."""
    run = Listener()
    output = an_output(run)
    assert output.message_id == str(answer_id(TURN))
    output.send("a")
    output.retract()
    assert run.kinds == ["Token", "restarted"]
    assert output.message_id == str(uuid5(answer_id(TURN), "restarted"))


def test_a_shortened_prompt_is_noted_once() -> None:
    """However often it had to be shortened."""
    run = Listener()
    output = an_output(run)
    output.shortened()
    output.shortened()
    assert run.kinds == ["context_trimmed"]
    assert [notice["code"] for notice in output.notices] == ["pii_masked", "context_trimmed"]
