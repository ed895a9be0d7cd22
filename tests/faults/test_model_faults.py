"""What a model can do to a turn, seen from both ends."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from nodes.employees import employee
from tests.faults.outcome import counted, said
from tests.support.app import Frontdesk
from tests.support.model_script import Cut, Garbage, Refuse, Reply, Status, Text, streaming
from tests.support.model_server import ModelServer

PREPARED = employee("prime").fallback
OVERLOADED = Status(429, headers={"retry-after": "0"})


@dataclass(frozen=True)
class Fault:
    """A reply that the model always gives, and what becomes of it."""

    reply: Reply
    asked: int
    """How often the model is asked."""
    error_code: str
    restarted: bool = False


FALLBACKS = {
    "the connection is refused": Fault(Refuse(), 3, "model_unreachable"),
    "it is overloaded": Fault(OVERLOADED, 3, "model_overloaded"),
    "it fails": Fault(Status(500), 3, "model_failed"),
    "it says nothing": Fault(Text([]), 3, "model_empty"),
    "it sends blanks": Fault(Text(["\n", " "]), 1, "model_empty", restarted=True),
    "it talks garbage": Fault(Garbage(), 3, "model_garbled"),
    "it rejects the request": Fault(Status(400), 1, "model_rejected"),
    "it does not know the key": Fault(Status(401), 1, "model_rejected"),
    "the quota is used up": Fault(Status(429, error="insufficient_quota"), 1, "model_rejected"),
    "it breaks off": Fault(Cut(["Half ", "of "]), 1, "model_unreachable", restarted=True),
    "it turns to garbage": Fault(Garbage(["Half ", "of "]), 1, "model_garbled", restarted=True),
}


@pytest.mark.parametrize("fault", FALLBACKS.values(), ids=FALLBACKS.keys())
async def test_a_prepared_reply_stands_in_for_a_model_that_fails(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, fault: Fault
) -> None:
    """It is labelled, it replaces what was said before, and it is what is kept and counted."""
    model.always(fault.reply, streaming)
    answer = await frontdesk.chat(ada, "Hello")
    assert [notice["code"] for notice in answer.named("notice")] == ["restarted"] * fault.restarted + ["fallback"]
    assert answer.text == PREPARED
    done = answer.named("done")[0]
    assert (done["fallback"], done["model"], done["finish_reason"]) == (True, "fallback", "stop")
    assert done["usage"]["estimated"] is True
    assert len(list(filter(streaming, model.requests))) == fault.asked
    assert await counted(frontdesk, answer) == ("fallback", fault.error_code, False)
    assert await said(frontdesk, answer) == PREPARED


@pytest.mark.parametrize("once", [OVERLOADED, Status(500), Status(503), Refuse(), Garbage(), Text([])])
async def test_a_model_that_fails_once_is_asked_again(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, once: Reply
) -> None:
    """The client notices nothing."""
    model.queue(once, streaming)
    answer = await frontdesk.chat(ada, "Hello")
    assert answer.text == "Hello from the scripted model."
    assert answer.named("notice") == []
    assert len(list(filter(streaming, model.requests))) == 2
    assert await counted(frontdesk, answer) == ("done", None, True)


async def test_an_answer_that_was_too_long_says_so(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The model's own limit is no failure."""
    model.queue(Text("A very long", finish_reason="length"), streaming)
    answer = await frontdesk.chat(ada, "Hello")
    assert (answer.text, answer.named("done")[0]["finish_reason"]) == ("A very long", "length")
    assert await counted(frontdesk, answer) == ("done", None, True)


async def test_after_a_failure_the_next_message_is_answered(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """In the same conversation, where the prepared reply stays as what was said."""
    model.queue(Status(400), streaming)
    first = await frontdesk.chat(ada, "Hello")
    again = await frontdesk.chat(ada, "And now?", conversation_id=first.headers["x-conversation-id"])
    assert again.text == "Hello from the scripted model."
    assert PREPARED in str((await model.received(streaming, 2)).body["messages"])
