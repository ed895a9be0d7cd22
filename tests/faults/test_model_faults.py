"""What a model can do to a turn, seen from both ends."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from nodes.employees import employee
from tests.support.app import Answer, Frontdesk, Serve
from tests.support.database import row, rows
from tests.support.listening import listening
from tests.support.model_script import Cut, Garbage, Hang, Json, Refuse, Reply, Status, Text, streaming, structured
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


async def test_a_model_that_never_begins_is_left_in_time(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """The prepared reply comes, and the model sees that nobody waits any more."""
    model.always(Hang(), streaming)
    frontdesk = await serve(turn_timeout=1)
    answer = await frontdesk.chat(ada, "Hello")
    assert answer.text == PREPARED
    assert answer.named("done")[0]["fallback"] is True
    assert await counted(frontdesk, answer) == ("fallback", "model_timeout", False)
    request = await model.received(streaming)
    await request.finished.wait()
    assert request.disconnected.is_set()


async def test_a_model_that_stops_in_the_middle_is_left_with_what_it_said(
    serve: Serve, model: ModelServer, ada: UUID
) -> None:
    """Half an answer is better than a prepared one, and it says that time ran out."""
    model.always(Hang(["Half ", "an answer"]), streaming)
    frontdesk = await serve(turn_timeout=1)
    answer = await frontdesk.chat(ada, "Hello")
    done = answer.named("done")[0]
    assert (answer.text, done["finish_reason"], done["fallback"]) == ("Half an answer", "timeout", False)
    assert await counted(frontdesk, answer) == ("done", "model_timeout", True)
    assert await said(frontdesk, answer) == "Half an answer"
    request = await model.received(streaming)
    await request.finished.wait()
    assert request.disconnected.is_set()


async def test_an_answer_that_was_too_long_says_so(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The model's own limit is no failure."""
    model.queue(Text("A very long", finish_reason="length"), streaming)
    answer = await frontdesk.chat(ada, "Hello")
    assert (answer.text, answer.named("done")[0]["finish_reason"]) == ("A very long", "length")
    assert await counted(frontdesk, answer) == ("done", None, True)


NO_FACTS = {
    "no JSON": Text("There are none, sorry."),
    "another shape": Json({"memories": ["Rome"]}),
    "a confidence beyond all": Json({"facts": [{"fact": "The user lives in Rome.", "confidence": 7}]}),
    "a refusal": Status(400),
    "garbage": Garbage(),
    "silence": Refuse(),
}


@pytest.mark.parametrize("reply", NO_FACTS.values(), ids=NO_FACTS.keys())
async def test_facts_that_cannot_be_read_cost_nothing_else(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, reply: Reply
) -> None:
    """The answer is out, the turn is counted, and nothing is remembered."""
    model.always(reply, structured)
    answer = await frontdesk.chat(ada, "I live in Rome.")
    assert answer.text == "Hello from the scripted model."
    await model.received(structured)
    assert await rows(frontdesk.service.url, "select fact from user_memory_facts") == []
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


async def test_a_client_of_a_hanging_model_can_leave(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """Nobody listens when the time is up, and the turn ends all the same."""
    model.always(Hang(["Half "]), streaming)
    frontdesk = await serve(turn_timeout=1)
    async with listening(frontdesk, ada, "Hello") as events:
        start = await anext(events)
    await frontdesk.settled()
    turn = UUID(start.data["turn_id"])
    status = await row(frontdesk.service.url, "select status from chat_turns where turn_id = %(turn)s", turn=turn)
    assert status == ("done",)


async def counted(frontdesk: Frontdesk, answer: Answer) -> tuple[str, str | None, bool]:
    """How the metrics count the turn: outcome, error code, success."""
    turn = UUID(answer.headers["x-turn-id"])
    outcome, code, success = await row(
        frontdesk.service.url,
        "select outcome, error_code, success from xai_chat_metrics where id = %(turn)s",
        turn=turn,
    )
    return outcome, code, success


async def said(frontdesk: Frontdesk, answer: Answer) -> str:
    """The answer as it is kept."""
    turn = UUID(answer.headers["x-turn-id"])
    (text,) = await row(
        frontdesk.service.url,
        "select content from chat_messages where turn_id = %(turn)s and role = 'assistant'",
        turn=turn,
    )
    return str(text)
