"""An answer, from its first token to the commit."""

import asyncio
import hashlib
from uuid import uuid5

import pytest

from nodes.errors import ModelRejected
from nodes.generate import REPORTED
from nodes.prompts import estimate, estimate_messages, size
from nodes.state import Usage
from nodes.stream_events import Done, NodeEvent, received_by
from storage.metrics import Finding
from storage.turns import Answered
from tests.nodes.answering import PROMPT, StoredAnswers, generated
from tests.nodes.models import HANG, ScriptedModel, end, piece
from tests.nodes.states import ADA, MORNING, TURN, Listener, a_memory, a_state


async def test_the_answer_is_streamed_committed_and_announced() -> None:
    """In this order; `done` says what was stored."""
    run, turns = Listener(), StoredAnswers()
    model = ScriptedModel([piece("You spent"), piece(" 412."), end(usage=(90, 7))])
    result = await generated(model, run=run, turns=turns, state=a_state("How much?", prompt=PROMPT, employee="crystal"))
    answer = result["answer"]
    assert run.text == answer["text"] == "You spent 412."
    assert run.events[-1] == Done(
        turn_id=str(TURN),
        conversation_id="a conversation",
        message_id=str(uuid5(TURN, "answer")),
        employee="crystal",
        model="scripted",
        finish_reason="stop",
        fallback=False,
        facts_used=[],
        usage=Usage(prompt_tokens=90, completion_tokens=7, estimated=False),
        latency_ms=answer["latency_ms"],
        ttft_ms=answer["ttft_ms"],
        unverified=("412",),
    )
    assert turns.answers == {
        (ADA, TURN): Answered(
            conversation_id="a conversation",
            employee="crystal",
            answer="You spent 412.",
            finish_reason="stop",
            error_code=None,
            report={**{name: value for name, value in answer.items() if name in REPORTED}, "notices": []},
            used=[],
        )
    }
    assert answer["message_id"] == str(uuid5(TURN, "answer"))
    assert (answer["model"], answer["fallback"], answer["finish_reason"]) == ("scripted", False, "stop")
    assert answer["usage"] == {"prompt_tokens": 90, "completion_tokens": 7, "estimated": False}
    assert answer.get("prompt") == size(PROMPT)
    assert answer["ttft_ms"] is not None
    assert 0 <= answer["ttft_ms"] <= answer["latency_ms"]
    assert result["notices"] == []


async def test_times_are_what_passed_by_the_turns_own_clock() -> None:
    """Read at the first token and at the end, in milliseconds since the turn began."""
    readings = iter([MORNING + 0.25, MORNING + 1.75])
    model = ScriptedModel([piece("You spent"), piece(" 412."), end()])
    answer = (await generated(model, clock=lambda: next(readings)))["answer"]
    assert (answer["ttft_ms"], answer["latency_ms"]) == (250, 1750)


async def test_the_facts_of_the_prompt_are_stored_with_the_answer() -> None:
    """All that it held, and none for a prepared reply."""
    turns, state = StoredAnswers(), a_state(prompt=PROMPT, memories=[a_memory("Sells oat biscuits")])
    result = await generated(ScriptedModel([piece("Hi"), end()]), turns=turns, state=state)
    assert result["answer"]["facts_used"] == turns.answers[ADA, TURN]["used"] == ["id of Sells oat biscuits"]
    broken = await generated(ScriptedModel([ModelRejected("model_rejected")]), state=state)
    assert (broken["answer"]["fallback"], broken["answer"]["facts_used"]) == (True, [])


async def test_the_message_has_the_id_of_the_stored_answer() -> None:
    """So that it has one id in the thread of LangGraph's server and in the conversation."""
    result = await generated(ScriptedModel([piece("Hi"), end()]))
    messages = [(message.id, message.text) for message in result["messages"]]
    assert messages == [(result["answer"]["message_id"], "Hi")]


async def test_tokens_that_the_model_does_not_count_are_estimated() -> None:
    """And marked as such."""
    usage = (await generated(ScriptedModel([piece("You spent 412."), end()])))["answer"]["usage"]
    assert usage == {
        "prompt_tokens": estimate_messages(PROMPT),
        "completion_tokens": estimate("You spent 412."),
        "estimated": True,
    }


async def test_an_answer_that_cannot_be_committed_is_not_announced() -> None:
    """The run gets the error: there is no `done` for what is not stored."""
    run = Listener()
    with pytest.raises(OSError, match="disk full"):
        await generated(ScriptedModel([piece("Hi"), end()]), run=run, turns=StoredAnswers(OSError("disk full")))
    assert run.kinds == ["Token"]


async def test_done_says_what_was_wrong_with_the_answer() -> None:
    """By the code that is stored with it."""
    run = Listener()
    answer = (await generated(ScriptedModel([ModelRejected("model_rejected")]), run=run))["answer"]
    done = run.events[-1]
    assert isinstance(done, Done)
    assert (done.fallback, done.error_code) == (True, "model_rejected")
    assert answer["error_code"] == done.error_code


async def test_a_stop_request_ends_the_answer_where_it_stands() -> None:
    """It is committed as far as it came, and counts as an answer."""
    stop, run, turns = asyncio.Event(), Listener(), StoredAnswers()

    def stop_at_the_first_token(event: NodeEvent) -> None:
        run.events.append(event)
        stop.set()

    with received_by(stop_at_the_first_token, stop):
        result = await generated(ScriptedModel([piece("You spent"), HANG]), run=run, turns=turns)
    answer = result["answer"]
    assert run.kinds == ["Token", "Done"]
    assert turns.answers[ADA, TURN]["answer"] == answer["text"] == "You spent"
    assert (answer["finish_reason"], answer["fallback"], answer["error_code"]) == ("stopped", False, None)


async def test_the_model_reads_the_prompt_as_it_was_trimmed() -> None:
    """Nothing is added to it."""
    model = ScriptedModel([piece("Hi"), end()])
    await generated(model)
    assert model.read == PROMPT


async def test_a_number_in_the_answer_is_masked_for_the_client_and_the_store() -> None:
    """With a finding for the audit beside those of the message."""
    run, turns = Listener(), StoredAnswers()
    asked = Finding(kind="card", action="masked", rule=None, text_hash="ab" * 32)
    model = ScriptedModel([piece("It is 4111 1111 1111 1111 or "), piece("5555555555554444."), end()])
    result = await generated(model, run=run, turns=turns, state=a_state(prompt=PROMPT, findings=[asked]))
    text = "It is [card •1111] or [card •4444]."
    assert run.text == turns.answers[ADA, TURN]["answer"] == result["answer"]["text"] == text
    assert [message.text for message in result["messages"]] == [text]
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    answered = Finding(kind="card", action="answer_masked", rule=None, text_hash=text_hash)
    assert result["findings"] == [asked, answered]
