"""What a model can do to a turn, seen from both ends."""

import time
from dataclasses import dataclass
from email.utils import formatdate
from uuid import UUID

import pytest

from nodes.answer.languages import texts_in
from tests.faults.stored_turn import outcome_in_metrics, prompt_chars_in_metrics, stored_answer
from tests.support.app import Frontdesk
from tests.support.model_script import Cut, Garbage, Refuse, Reply, Status, Text, prompt_chars, streaming
from tests.support.model_server import ModelServer

PREPARED = texts_in("en").replies["prime"].unreachable
OVERLOADED = Status(429, headers={"retry-after": "0"})


@dataclass(frozen=True)
class Fault:
    """A reply that the model always gives, and what becomes of it."""

    reply: Reply
    asked: int
    """How often the model is asked."""
    error_code: str
    restarted: int = 0
    """How often the client is told that what it heard is replaced."""


FALLBACKS = {
    "the connection is refused": Fault(Refuse(), 3, "model_unreachable"),
    "it is overloaded": Fault(OVERLOADED, 3, "model_overloaded"),
    "it fails": Fault(Status(500), 3, "model_failed"),
    "it says nothing": Fault(Text([]), 3, "model_empty"),
    "it sends blanks": Fault(Text(["\n", " "]), 3, "model_empty"),
    "it talks garbage": Fault(Garbage(), 3, "model_garbled"),
    "it rejects the request": Fault(Status(400), 1, "model_rejected"),
    "it does not know the key": Fault(Status(401), 1, "model_rejected"),
    "the quota is used up": Fault(Status(429, error="insufficient_quota"), 1, "model_rejected"),
    "it breaks off": Fault(Cut(["Half ", "of "]), 2, "model_unreachable", restarted=2),
    "it turns to garbage": Fault(Garbage(["Half ", "of "]), 2, "model_garbled", restarted=2),
}


@pytest.mark.parametrize("fault", FALLBACKS.values(), ids=FALLBACKS.keys())
async def test_a_prepared_reply_stands_in_for_a_model_that_fails(
    unpaused: None, frontdesk: Frontdesk, model: ModelServer, ada: UUID, fault: Fault
) -> None:
    """It is labelled, it replaces what was said before, and it is what is kept and counted."""
    model.always(fault.reply, streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert [notice["code"] for notice in answer.named("notice")] == ["restarted"] * fault.restarted + ["fallback"]
    assert answer.text == PREPARED
    done = answer.named("done")[0]
    assert (done["fallback"], done["model"], done["finish_reason"]) == (True, "fallback", "stop")
    assert done["usage"]["estimated"] is True
    assert len(list(filter(streaming, model.requests))) == fault.asked
    assert await outcome_in_metrics(frontdesk, answer) == ("fallback", fault.error_code, False)
    assert await stored_answer(frontdesk, answer) == PREPARED


@pytest.mark.parametrize("once", [OVERLOADED, Status(500), Status(503), Refuse(), Garbage(), Text([])])
async def test_a_model_that_fails_once_is_asked_again(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, once: Reply
) -> None:
    """The client notices nothing."""
    model.queue(once, streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == "Hello from the scripted model."
    assert answer.named("notice") == []
    assert len(list(filter(streaming, model.requests))) == 2
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)


@pytest.mark.parametrize("once", [Cut(["Half ", "of "]), Garbage(["Half ", "of "])])
async def test_an_answer_that_breaks_off_is_begun_anew_once(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, once: Reply
) -> None:
    """What was heard of it is taken back; nothing of it is kept or counted."""
    model.queue(once, streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert [notice["code"] for notice in answer.named("notice")] == ["restarted"]
    assert answer.text == await stored_answer(frontdesk, answer) == "Hello from the scripted model."
    assert len(list(filter(streaming, model.requests))) == 2
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)


async def test_a_model_that_asks_for_a_pause_gets_it(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Retry-After in seconds, and as a date of which a moment is left."""
    model.queue(Status(429, headers={"retry-after": "1"}), streaming)
    model.queue(Status(503, headers={"retry-after": formatdate(time.time(), usegmt=True)}), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == "Hello from the scripted model."
    assert answer.named("done")[0]["ttft_ms"] >= 1000


async def test_a_conversation_too_long_for_the_model_is_shortened(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Its older half is left out, the client is told, and the question is answered."""
    first = await frontdesk.chat(ada, "My first words")
    model.queue(Status(400, error="context_length_exceeded"), streaming)
    answer = await frontdesk.chat(ada, "And now?", conversation_id=first.headers["x-conversation-id"])
    assert [notice["code"] for notice in answer.named("notice")] == ["context_trimmed"]
    assert answer.text == "Hello from the scripted model."
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)
    whole, shorter = [str(request.body["messages"]) for request in model.requests if streaming(request)][1:]
    assert "My first words" in whole
    assert "My first words" not in shorter
    assert "And now?" in shorter
    *_, asked = filter(streaming, model.requests)
    assert await prompt_chars_in_metrics(frontdesk.service.url, answer.headers["x-turn-id"]) == prompt_chars(asked)


@pytest.mark.parametrize(
    "refusal",
    [
        Status(400, error="context_length_exceeded"),
        Status(400, "This model's maximum context length is 4096 tokens."),
        Status(400, "the request exceeds the available context size"),
    ],
)
async def test_a_message_too_long_for_the_model_has_a_code_of_its_own(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, refusal: Status
) -> None:
    """Nothing can be left out of it, so the prepared reply comes at once."""
    model.always(refusal, streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == PREPARED
    assert await outcome_in_metrics(frontdesk, answer) == ("fallback", "model_context_too_long", False)
    assert len(list(filter(streaming, model.requests))) == 1


async def test_an_answer_that_was_too_long_says_so(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The model's own limit is no failure."""
    model.queue(Text("A very long", finish_reason="length"), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert (answer.text, answer.named("done")[0]["finish_reason"]) == ("A very long", "length")
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)


async def test_after_a_failure_the_next_message_is_answered(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """In the same conversation, where the prepared reply stays as what was said."""
    model.queue(Status(400), streaming)
    first = await frontdesk.chat(ada, "Go on")
    again = await frontdesk.chat(ada, "And now?", conversation_id=first.headers["x-conversation-id"])
    assert again.text == "Hello from the scripted model."
    assert PREPARED in str((await model.received(streaming, 2)).body["messages"])
