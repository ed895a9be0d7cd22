"""POST /chat: who answers, and what the stream is made of."""

from uuid import UUID

import pytest

from tests.support.app import Frontdesk
from tests.support.model_script import Text, streaming
from tests.support.model_server import ModelServer

TAX = "What can I write off for my side business?"


async def test_a_message_is_answered_by_the_right_employee_token_by_token(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """A tax question goes to Ledger; the tokens are the model's, and `done` comes last."""
    answer = await frontdesk.chat(ada, TAX)
    assert answer.status == 200
    start, done = answer.events[0], answer.events[-1]
    assert (start.name, start.data["employee"]["slug"]) == ("start", "ledger")
    assert done.name == "done"
    assert done.data["finish_reason"] == "stop"
    assert [event.id for event in answer.events] == list(range(1, len(answer.events) + 1))
    assert answer.text == "Hello from the scripted model."
    assert model.requests[0].body["stream"] is True


async def test_the_headers_say_that_it_streams_and_who_answers(frontdesk: Frontdesk, ada: UUID) -> None:
    """Nothing on the way may hold the stream back, and a client knows the turn before its first event."""
    answer = await frontdesk.chat(ada, TAX, conversation_id="trip:2026")
    start, headers = answer.events[0].data, answer.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["content-encoding"] == "identity"
    assert headers["x-turn-id"] == start["turn_id"]
    assert headers["x-conversation-id"] == start["conversation_id"] == "trip:2026"
    assert headers["x-employee"] == start["employee"]["slug"] == "ledger"
    assert float(headers["x-route-confidence"]) == start["route"]["confidence"]
    assert headers["ratelimit-policy"] == '"chat";q=8;w=60'
    assert headers["ratelimit"] == '"chat";r=7;t=60'


async def test_the_start_says_who_answers_and_why(frontdesk: Frontdesk, ada: UUID) -> None:
    """It comes first, with the employee as a person sees them and what the choice rests on."""
    start = (await frontdesk.chat(ada, TAX)).events[0]
    assert start.name == "start"
    assert set(start.data) == {"turn_id", "conversation_id", "employee", "route", "model"}
    assert start.data["employee"] == {"slug": "ledger", "name": "Ledger", "title": "Tax", "emoji": "📊"}
    assert set(start.data["route"]) == {
        "reason", "confidence", "runner_up", "decided_by", "reason_code", "keyword"
    }  # fmt: skip
    assert start.data["route"]["reason"]
    assert start.data["model"] == "gpt-4o-mini"


async def test_there_is_one_last_event(frontdesk: Frontdesk, ada: UUID) -> None:
    """Of `done` and `error` exactly one comes, at the end, and `done` says how the turn went."""
    events = (await frontdesk.chat(ada, TAX)).events
    assert [event.name for event in events if event.name in {"done", "error"}] == ["done"]
    done, start = events[-1].data, events[0].data
    assert str(UUID(done["message_id"])) == done["message_id"]
    assert (done["turn_id"], done["conversation_id"]) == (start["turn_id"], start["conversation_id"])
    assert (done["employee"], done["model"], done["fallback"]) == ("ledger", "gpt-4o-mini", False)
    assert 0 <= done["ttft_ms"] <= done["latency_ms"]


async def test_usage_is_what_the_model_counted(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The model's own numbers, not an estimate."""
    model.queue(Text("Five words make an answer."), streaming)
    usage = (await frontdesk.chat(ada, TAX)).events[-1].data["usage"]
    assert usage["completion_tokens"] == 5
    assert usage["prompt_tokens"] > 20
    assert usage["estimated"] is False


async def test_usage_is_estimated_where_the_model_does_not_count(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """A server that tells no usage costs the client nothing but precision, and it is told so."""
    model.queue(Text("Five words make an answer.", usage=False), streaming)
    usage = (await frontdesk.chat(ada, TAX)).events[-1].data["usage"]
    assert usage["completion_tokens"] > 0
    assert usage["estimated"] is True


@pytest.mark.parametrize("name", ["goalie", "goalie-goals", "goalie-ai"])
async def test_a_named_employee_answers_whatever_the_topic(frontdesk: Frontdesk, ada: UUID, name: str) -> None:
    """An explicit choice wins, by slug or by alias."""
    answer = await frontdesk.chat(ada, TAX, employee=name)
    assert answer.headers["x-employee"] == "goalie"
    assert answer.events[0].data["route"] == {
        "reason": "you asked for Goalie", "confidence": 1.0, "runner_up": None, "decided_by": "request",
        "reason_code": "asked", "keyword": None,
    }  # fmt: skip
    assert answer.events[-1].data["employee"] == "goalie"


async def test_a_follow_up_stays_with_who_answered(frontdesk: Frontdesk, ada: UUID) -> None:
    """A message without a topic of its own goes to the conversation's employee, and elsewhere to Prime."""
    first = await frontdesk.chat(ada, TAX)
    follow_up = "Can you tell me more about that?"
    same = await frontdesk.chat(ada, follow_up, conversation_id=first.headers["x-conversation-id"])
    other = await frontdesk.chat(ada, follow_up)
    assert same.headers["x-employee"] == "ledger"
    assert other.headers["x-employee"] == "prime"
    assert other.headers["x-conversation-id"] != first.headers["x-conversation-id"]
