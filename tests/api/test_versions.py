"""Another answer to a question, another question in its place, the rest of an answer that was cut; and back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from nodes.prompts import GO_ON
from nodes.text.pii.masking import mask
from tests.support.app import Answer, Event, Frontdesk, Serve, read_events
from tests.support.database import rows
from tests.support.listening import in_line, until
from tests.support.model_script import Cut, Gate, Hang, Json, Status, Text, plain, streaming, structured
from tests.support.model_server import ModelServer
from tests.support.process import Process

CARD = "4111 1111 1111 1111"


@pytest.fixture
async def other(serve: Serve, frontdesk: Frontdesk) -> Frontdesk:
    """A second server on the same database."""
    return await serve()


@asynccontextmanager
async def sending(
    server: Frontdesk | Process, user: UUID, key: str | None = None, **body: Any
) -> AsyncGenerator[AsyncGenerator[Event]]:
    """The events of a request with just this body as they come."""
    headers = {"Idempotency-Key": key} if key else {}
    async with (
        server.client(user) as client,
        client.stream("POST", "/chat", json=body, headers=headers) as response,
        aclosing(read_events(response)) as events,
    ):
        yield events


async def send(server: Frontdesk, user: UUID, key: str | None = None, **body: Any) -> Answer:
    """The same, read to the end, and all that follows it done."""
    headers = {"Idempotency-Key": key} if key else {}
    async with server.client(user) as client, client.stream("POST", "/chat", json=body, headers=headers) as response:
        events = [event async for event in read_events(response)]
        answer = Answer(response.status_code, response.headers, events)
    await server.settled()
    return answer


async def ask(server: Frontdesk, user: UUID, message: str, **fields: Any) -> str:
    """Have a message of the conversation answered; returns the turn's id."""
    answer = await send(server, user, message=message, conversation_id="c-1", **fields)
    return answer.headers["x-turn-id"]


async def messages(server: Frontdesk | Process, user: UUID) -> list[dict[str, Any]]:
    """The messages on the active path."""
    async with server.client(user) as client:
        items: list[dict[str, Any]] = (await client.get("/conversations/c-1/messages")).json()["items"]
        return items


async def path(server: Frontdesk | Process, user: UUID) -> list[str]:
    """Their texts."""
    return [one["content"] for one in await messages(server, user)]


def asked(model: ModelServer, since: int) -> str:
    """All that models were asked from that request on."""
    return str([request.body for request in model.requests[since:]])


async def test_a_question_is_answered_again(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """By the same employee, who does not know the first answer; both are versions, and the first can be read."""
    model.queue(Text("Old answer."), streaming)
    model.queue(Text("New answer."), streaming)
    first = await ask(frontdesk, ada, "What can I write off?", employee="tag")
    before = len(model.requests)
    again = await send(frontdesk, ada, regenerate=first)
    assert (again.text, again.headers["x-employee"]) == ("New answer.", "tag")
    second = again.headers["x-turn-id"]
    assert "Old answer." not in asked(model, before)
    assert "What can I write off?" in asked(model, before)
    found = await messages(frontdesk, ada)
    assert [one["content"] for one in found] == ["What can I write off?", "New answer."]
    assert [one["versions"] for one in found] == [[first, second]] * 2
    async with frontdesk.client(ada) as client:
        turn = (await client.get(f"/turns/{first}")).json()
        assert (turn["message"], turn["text"]) == ("What can I write off?", "Old answer.")
        assert (turn["superseded"], turn["versions"]) == (True, [first, second])
        assert (await client.get(f"/turns/{second}")).json()["superseded"] is False


async def test_another_employee_is_asked_the_same_question(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """That is a version, too; and a misroute where the client says so."""
    first = await ask(frontdesk, ada, "What can I write off?", employee="tag")
    again = await send(frontdesk, ada, regenerate=first, employee="goalie", instead_of=first)
    assert again.headers["x-employee"] == "goalie"
    assert (await messages(frontdesk, ada))[1]["versions"] == [first, again.headers["x-turn-id"]]
    assert await rows(frontdesk.service.url, "select wanted_employee from chat_misroutes") == [("goalie",)]


async def test_a_question_is_changed_and_the_conversation_goes_on_from_there(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """What followed is superseded; a follow-up stays with who answered before it, and not after."""
    for text in ("One.", "Two.", "Three.", "Zwei.", "Drei."):
        model.queue(Text(text), streaming)
    await ask(frontdesk, ada, "first", employee="ledger")
    second = await ask(frontdesk, ada, "deuxième", employee="tag")
    await ask(frontdesk, ada, "troisième", employee="tag")
    before = len(model.requests)
    changed = await send(frontdesk, ada, edit=second, message="Can you tell me more about that?")
    assert changed.headers["x-employee"] == "ledger"
    await ask(frontdesk, ada, "dritte", employee="ledger")
    assert await path(frontdesk, ada) == [
        "first", "One.", "Can you tell me more about that?", "Zwei.", "dritte", "Drei.",
    ]  # fmt: skip
    sent = asked(model, before)
    assert not any(word in sent for word in ("deuxième", "troisième", "Two.", "Three."))
    assert "One." in sent


async def test_an_answer_that_was_cut_goes_on_in_the_same_message(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """All tokens together are the whole answer, live, once more, and stored; a number across the seam is masked."""
    model.queue(Text(["You can", " deduct 4111 1111"], finish_reason="length"), streaming)
    cut = await ask(frontdesk, ada, "What can I write off?", employee="tag")
    model.queue(Text([" 1111 1111", " and travel."]), streaming)
    rest = await send(frontdesk, ada, **{"continue": cut})
    assert rest.text == f"You can deduct {mask(CARD).text} and travel."
    assert CARD not in rest.text
    assert rest.named("done")[0]["finish_reason"] == "stop"
    assert rest.headers["x-employee"] == "tag"
    prompt = (await model.received(streaming, 2)).body["messages"]
    assert [one["content"] for one in prompt[-3:]] == ["What can I write off?", "You can deduct 4111 1111", GO_ON]
    found = await messages(frontdesk, ada)
    assert [one["content"] for one in found] == ["What can I write off?", rest.text]
    assert found[1]["versions"] == [rest.headers["x-turn-id"]]
    async with (
        frontdesk.client(ada) as client,
        client.stream("GET", f"/turns/{rest.headers['x-turn-id']}/events") as response,
    ):
        assert [event async for event in read_events(response)] == rest.events


@pytest.mark.parametrize("between", ["", " "])
async def test_words_do_not_run_into_each_other(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, between: str
) -> None:
    """A model begins an answer without a space; where it gives one there are not two."""
    model.queue(Text(["You can deduct"], finish_reason="length"), streaming)
    cut = await ask(frontdesk, ada, "What can I write off?")
    model.queue(Text([f"{between}travel."]), streaming)
    assert (await send(frontdesk, ada, **{"continue": cut})).text == "You can deduct travel."


async def test_an_answer_that_was_stopped_goes_on(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """As often as it is stopped: what it continues is what was written by then."""
    turn: dict[str, Any] = {"message": "What can I write off?", "conversation_id": "c-1"}
    for words in ("One ", "two "):
        model.queue(Hang([words]), streaming)
        async with sending(frontdesk, ada, **turn) as events, frontdesk.client(ada) as client:
            begun = await until(events, "token")
            while words not in begun[-1].data["text"]:
                begun += await until(events, "token")
            await client.post(f"/turns/{begun[0].data['turn_id']}/stop")
            await until(events, "done")
        turn = {"continue": begun[0].data["turn_id"]}
    model.queue(Text(["three."]), streaming)
    assert (await send(frontdesk, ada, **turn)).text == "One two three."
    await frontdesk.settled()
    assert await path(frontdesk, ada) == ["What can I write off?", "One two three."]


async def test_a_continuation_that_breaks_is_begun_anew_after_the_old_text(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """What `restarted` takes back comes again, so that the tokens since are the answer."""
    model.queue(Text(["You can"], finish_reason="length"), streaming)
    cut = await ask(frontdesk, ada, "What can I write off?")
    model.queue(Cut([" not"]), streaming)
    model.queue(Text([" deduct travel."]), streaming)
    rest = await send(frontdesk, ada, **{"continue": cut})
    assert [notice["code"] for notice in rest.named("notice")] == ["restarted"]
    assert rest.text == (await path(frontdesk, ada))[1] == "You can deduct travel."


async def test_an_answer_stays_as_it_was_cut_where_no_model_goes_on_with_it(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """No prepared reply takes its place, and it can be continued later."""
    model.queue(Text(["You can"], finish_reason="length"), streaming)
    cut = await ask(frontdesk, ada, "What can I write off?")
    model.always(Status(400, "no"), streaming)
    failed = await send(frontdesk, ada, **{"continue": cut})
    [done] = failed.named("done")
    assert (failed.text, done["finish_reason"], done["fallback"]) == ("You can", "length", False)
    assert done["error_code"] == "model_rejected"
    frontdesk.close_breaker()
    model.always(Text([" deduct travel."]), streaming)
    rest = await send(frontdesk, ada, **{"continue": done["turn_id"]})
    assert rest.text == "You can deduct travel."


async def test_of_a_long_answer_the_model_is_shown_the_end(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """A prompt that is still too long for the model loses history, and never the answer that it is to continue."""
    frontdesk = await serve(context_tokens=2000)
    long = "many words " * 1000
    await ask(frontdesk, ada, "Hello")
    model.queue(Text([long, "the end"], finish_reason="length"), streaming)
    cut = await ask(frontdesk, ada, "What can I write off?")
    too_long = Status(400, "maximum context length", error="context_length_exceeded")
    model.queue(too_long, streaming)
    model.queue(Text([" of it."]), streaming)
    rest = await send(frontdesk, ada, **{"continue": cut})
    assert rest.text == f"{long}the end of it."
    prompt = (await model.received(streaming, 4)).body["messages"]
    assert len(prompt[-2]["content"]) < 4000
    assert prompt[-2]["content"].endswith("the end")


async def test_requests_that_contradict_themselves_are_refused(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """And nothing is stored."""
    turn = await ask(frontdesk, ada, "Hello")
    bad: list[dict[str, Any]] = [
        {"regenerate": turn, "edit": turn, "message": "Hello"},
        {"regenerate": turn, "message": "Hello"},
        {"continue": turn, "message": "Hello"},
        {"continue": turn, "employee": "tag"},
        {"continue": turn},  # which was not cut
        {"edit": turn},
        {"regenerate": "no id"},
        {},
    ]
    missing: list[tuple[UUID, dict[str, Any]]] = [
        (ada, {"regenerate": str(uuid4())}),
        (ada, {"regenerate": turn, "conversation_id": "c-2"}),
        (bob, {"edit": turn, "message": "Hello"}),
    ]
    for user, status, body in [(ada, 400, one) for one in bad] + [(user, 404, body) for user, body in missing]:
        async with frontdesk.client(user) as client:
            refused = await client.post("/chat", json=body)
            assert refused.status_code == status, body
            assert "Value error" not in refused.json()["detail"]
    assert await path(frontdesk, ada) == ["Hello", "Hello from the scripted model."]
    assert await rows(frontdesk.service.url, "select count(*)::int from chat_turns") == [(1,)]


async def test_the_same_key_is_the_same_version(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """However often it is sent, to whichever server, at once or afterwards; and for nothing else."""
    turn = await ask(frontdesk, ada, "Hello")
    answers = await asyncio.gather(*(send(server, ada, "a key", regenerate=turn) for server in (frontdesk, other) * 2))
    answers.append(await send(other, ada, "a key", regenerate=turn))
    assert len({answer.headers["x-turn-id"] for answer in answers}) == 1
    assert len({answer.text for answer in answers}) == 1
    async with frontdesk.client(ada) as client:
        for body in ({"edit": turn, "message": "Hello"}, {"message": "Hello", "conversation_id": "c-1"}):
            refused = await client.post("/chat", json=body, headers={"Idempotency-Key": "a key"})
            assert refused.json()["code"] == "idempotency_mismatch"
    assert len((await messages(frontdesk, ada))[0]["versions"]) == 2


async def test_a_version_of_what_is_deleted_while_it_waits_is_refused(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """It waits at another server than the one that deletes; nothing of it is stored, and nothing waits any more."""
    turn = await ask(frontdesk, ada, "Hello")
    model.queue(Hang(["First "]), streaming)
    async with sending(frontdesk, ada, message="On", conversation_id="c-1") as events, other.client(ada) as client:
        await until(events, "token")
        waiting = asyncio.create_task(client.post("/chat", json={"regenerate": turn}))
        await in_line(frontdesk.service.url, 1)
        async with frontdesk.client(ada) as deleting:
            await deleting.delete("/conversations/c-1")
        refused = await waiting
    assert (refused.status_code, refused.json()["code"]) == (404, "deleted")
    await other.settled()
    left = "select from chat_turns union all select from chat_queue union all select from chat_conversations"
    assert await rows(frontdesk.service.url, left) == []


async def test_of_two_regenerations_at_once_the_later_is_active(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """In two tabs, at two servers: the second waits for the first, and both are versions of the question."""
    model.queue(Text("Old."), streaming)
    turn = await ask(frontdesk, ada, "Hello")
    gate = asyncio.Event()
    model.queue(Gate(["First ", "tab."], gate), streaming)
    model.queue(Text("Second tab."), streaming)
    async with sending(frontdesk, ada, regenerate=turn) as events:
        await until(events, "token")
        second = asyncio.create_task(send(other, ada, regenerate=turn))
        await in_line(frontdesk.service.url, 1)
        gate.set()
        first = (await until(events, "done"))[-1].data["turn_id"]
    later = (await second).headers["x-turn-id"]
    await frontdesk.settled()
    found = await messages(other, ada)
    assert [one["content"] for one in found] == ["Hello", "Second tab."]
    assert found[0]["versions"] == [turn, first, later]


async def test_a_client_switches_between_versions(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """On to what followed; the same again changes nothing; refused while a message is answered, by any server."""
    for text in ("One.", "Two.", "Eins."):
        model.queue(Text(text), streaming)
    first = await ask(frontdesk, ada, "first")
    await ask(frontdesk, ada, "second")
    await send(frontdesk, ada, edit=first, message="erste")
    assert await path(frontdesk, ada) == ["erste", "Eins."]
    active = "/conversations/c-1/active"
    async with frontdesk.client(ada) as client, other.client(ada) as tab, other.client(bob) as stranger:
        for one in (client, tab):
            switched = await one.put(active, json={"turn_id": first})
            assert (switched.status_code, switched.json()["message_count"]) == (200, 4)
        assert await path(frontdesk, ada) == ["first", "One.", "second", "Two."]
        gate = asyncio.Event()
        model.queue(Gate(["On ", "and on."], gate), streaming)
        async with sending(frontdesk, ada, message="third", conversation_id="c-1") as events:
            await until(events, "token")
            busy = await tab.put(active, json={"turn_id": first})
            assert (busy.status_code, busy.json()["code"]) == (409, "conversation_busy")
            gate.set()
            await until(events, "done")
        for one, body in ((stranger, {"turn_id": first}), (client, {"turn_id": str(uuid4())})):
            assert (await one.put(active, json=body)).status_code == 404
        assert (await client.put(active, json={"turn_id": 1})).status_code == 400
    await frontdesk.settled()
    assert (await path(frontdesk, ada))[-2:] == ["third", "On and on."]


async def test_facts_of_a_superseded_version_are_not_listed_or_recalled(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """They come back with it."""
    model.queue(Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]}), structured)
    first = await ask(frontdesk, ada, "I sell biscuits")

    async def listed() -> list[str]:
        async with frontdesk.client(ada) as client:
            return [one["fact"] for one in (await client.get("/memory")).json()["items"]]

    assert await listed() == ["The user sells biscuits."]
    model.queue(Text("A summary."), plain)
    await send(frontdesk, ada, edit=first, message="I sell nothing")
    assert await listed() == []
    async with frontdesk.client(ada) as client:
        await client.put("/conversations/c-1/active", json={"turn_id": first})
    assert await listed() == ["The user sells biscuits."]
