"""The answer, from the first piece to the commit."""

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID, uuid5

import pytest
from langchain_core.messages import AIMessageChunk, AnyMessage, HumanMessage, SystemMessage

from nodes.employees import CRYSTAL
from nodes.errors import ModelRejected, ModelUnavailable
from nodes.generate import FALLBACK, Generated, generate
from nodes.state import State
from nodes.tokens import estimate, estimate_messages
from storage.turns import Answered
from tests.nodes.models import HANG, ScriptedModel, end, piece
from tests.nodes.states import ADA, TURN, Listener, a_state

REFUSES = ModelRejected("model_rejected")
BREAKS = ModelUnavailable("model_unreachable", retry_after=0.0)
PROMPT: list[AnyMessage] = [SystemMessage("You are Crystal."), HumanMessage("How much?")]


class TurnBook:
    """Keeps answers in a dictionary."""

    def __init__(self) -> None:
        self.answers: dict[tuple[UUID, UUID], Answered] = {}

    async def answer(self, user_id: UUID, turn_id: UUID, turn: Answered) -> UUID:
        """Write it down."""
        self.answers[user_id, turn_id] = turn
        return uuid5(turn_id, "answer")


async def generated(
    model: ScriptedModel,
    *,
    run: Listener | None = None,
    turns: TurnBook | None = None,
    seconds: float = 10,
    state: State | None = None,
) -> Generated:
    """What comes of a turn with this model."""
    return await generate(
        state or a_state(prompt=PROMPT),
        (run or Listener()).runtime,
        model=model,
        turns=turns or TurnBook(),
        seconds=seconds,
        attempts=2,
    )


async def test_the_answer_is_streamed_committed_and_announced() -> None:
    """In this order; what the client is told is what was stored."""
    run, turns = Listener(), TurnBook()
    model = ScriptedModel([piece("You spent"), piece(" 412."), end(usage=(90, 7))])
    result = await generated(model, run=run, turns=turns, state=a_state("How much?", prompt=PROMPT, employee="crystal"))
    answer = result["answer"]
    assert run.said == answer["text"] == "You spent 412."
    assert run.events[-1] == {"kind": "answered", "answer": answer}
    assert turns.answers == {
        (ADA, TURN): Answered(
            conversation_id="a conversation",
            message="How much?",
            asked_employee="crystal",
            employee="crystal",
            answer="You spent 412.",
            finish_reason="stop",
            error_code=None,
        )
    }
    assert answer["message_id"] == str(uuid5(TURN, "answer"))
    assert (answer["model"], answer["fallback"], answer["finish_reason"]) == ("scripted", False, "stop")
    assert answer["usage"] == {"prompt_tokens": 90, "completion_tokens": 7, "estimated": False}
    assert answer["ttft_ms"] is not None
    assert 0 <= answer["ttft_ms"] <= answer["latency_ms"]
    assert result["notices"] == []


async def test_the_answer_keeps_the_id_it_was_streamed_with() -> None:
    """Under another one LangGraph's message stream would show it twice."""
    result = await generated(ScriptedModel([piece("Hi", "run-9"), end(message_id="run-9")]))
    assert [(message.id, message.text) for message in result["messages"]] == [("run-9", "Hi")]


async def test_tokens_that_nobody_counted_are_estimated() -> None:
    """And marked as such."""
    usage = (await generated(ScriptedModel([piece("You spent 412."), end()])))["answer"]["usage"]
    assert usage == {
        "prompt_tokens": estimate_messages(PROMPT),
        "completion_tokens": estimate("You spent 412."),
        "estimated": True,
    }


async def test_without_a_model_the_employee_says_its_own_words_and_they_are_labelled() -> None:
    """A notice comes first; the reply counts as a fallback and keeps the reason."""
    run, turns = Listener(), TurnBook()
    answer = (await generated(ScriptedModel([REFUSES]), run=run, turns=turns))["answer"]
    assert [event["kind"] for event in run.events] == ["noted", "spoken", "answered"]
    assert run.notices == ["fallback"]
    assert run.said == answer["text"] == CRYSTAL.fallback
    assert (answer["model"], answer["fallback"], answer["error_code"]) == (FALLBACK, True, "model_rejected")
    assert turns.answers[ADA, TURN]["answer"] == CRYSTAL.fallback


async def test_a_broken_stream_is_taken_back_before_the_fallback() -> None:
    """What was said is followed by `restarted`, and only the fallback is stored, under the id of the stream."""
    run, turns = Listener(), TurnBook()
    result = await generated(ScriptedModel([piece("You sp"), BREAKS]), run=run, turns=turns)
    kinds = [event["notice"]["code"] if event["kind"] == "noted" else event["kind"] for event in run.events]
    assert kinds == ["spoken", "restarted", "fallback", "spoken", "answered"]
    assert run.said == "You sp" + CRYSTAL.fallback
    assert turns.answers[ADA, TURN]["answer"] == CRYSTAL.fallback
    assert [notice["code"] for notice in result["notices"]] == ["restarted", "fallback"]
    assert [(message.id, message.text) for message in result["messages"]] == [("run-1", CRYSTAL.fallback)]


async def test_a_held_piece_goes_out_before_it_is_taken_back() -> None:
    """Events keep their order, although the voice gathers pieces."""
    run = Listener()
    await generated(ScriptedModel([piece("You "), piece("sp"), piece("ent"), BREAKS]), run=run)
    spoken = [event["text"] for event in run.events if event["kind"] == "spoken"]
    assert spoken == ["You ", "spent", CRYSTAL.fallback]


async def test_a_timeout_keeps_what_was_said() -> None:
    """Half an answer that is labelled beats none; it is not replaced."""
    run, turns = Listener(), TurnBook()
    model = ScriptedModel([piece("You spent"), HANG])
    answer = (await generated(model, run=run, turns=turns, seconds=0.05))["answer"]
    assert run.said == answer["text"] == turns.answers[ADA, TURN]["answer"] == "You spent"
    assert (answer["finish_reason"], answer["error_code"], answer["fallback"]) == ("timeout", "model_timeout", False)
    assert (run.notices, model.closed) == ([], 1)


async def test_a_timeout_without_a_word_is_a_fallback() -> None:
    """Nobody is left with an empty bubble; the reason is on record."""
    run = Listener()
    answer = (await generated(ScriptedModel([HANG]), run=run, seconds=0.05))["answer"]
    assert (answer["text"], answer["fallback"]) == (CRYSTAL.fallback, True)
    assert (answer["finish_reason"], answer["error_code"]) == ("stop", "model_timeout")


async def test_white_space_is_replaced() -> None:
    """An answer of nothing visible is none."""
    run = Listener()
    answer = (await generated(ScriptedModel([piece("\n"), end()]), run=run))["answer"]
    assert (answer["text"], answer["error_code"]) == (CRYSTAL.fallback, "model_empty")
    assert run.notices == ["restarted", "fallback"]


async def test_an_answer_that_cannot_be_committed_is_not_announced() -> None:
    """The error is the run's to handle: `done` never promises what is not stored."""

    class Full(TurnBook):
        async def answer(self, user_id: UUID, turn_id: UUID, turn: Answered) -> UUID:
            raise OSError("disk full")

    run = Listener()
    with pytest.raises(OSError, match="disk full"):
        await generated(ScriptedModel([piece("Hi"), end()]), run=run, turns=Full())
    assert [event["kind"] for event in run.events] == ["spoken"]


async def test_the_model_reads_the_prompt_as_it_was_trimmed() -> None:
    """Nothing is added to it."""

    class Reader(ScriptedModel):
        read: Sequence[AnyMessage] = ()

        def stream(self, prompt: Sequence[AnyMessage]) -> AsyncGenerator[AIMessageChunk, None]:
            self.read = prompt
            return super().stream(prompt)

    reader = Reader([piece("Hi"), end()])
    await generated(reader)
    assert reader.read == PROMPT
