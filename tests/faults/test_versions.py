"""Versions over two servers one of which is killed: superseded words are in nothing that a model is asked later."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests.api.test_versions import messages, path, sending
from tests.faults.test_crash import adopted, told
from tests.support.app import Answer, Frontdesk, read_events
from tests.support.database import appear, rows
from tests.support.listening import text_of, until
from tests.support.model_script import Gate, Json, Request, Text, plain, streaming, structured
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start

PLACES = ("question", "answer", "summary", "fact")
"""Where each turn has a word that is nowhere else."""


class Talk:
    """A conversation whose every turn has words of its own, on two servers; the words of each are its name's."""

    def __init__(self, model: ModelServer, user: UUID) -> None:
        self._model = model
        self.user = user
        self.turns: dict[str, str] = {}

    def prepare(self, name: str, *, gate: asyncio.Event | None = None, facts: bool = True) -> None:
        """What the model says in a turn; beyond its first token only once the gate is open."""
        text = ["Well, ", f"answer{name}"]
        self._model.queue(Gate(text, gate) if gate else Text(text), streaming)
        if not gate:
            self.prepare_tail(name, facts=facts)

    def prepare_tail(self, name: str, *, facts: bool = True) -> None:
        """What the model says after its answer. Each summary keeps what was in the one before."""
        fact = {"fact": f"The user owns fact{name}.", "confidence": 0.9, "replaces": []}
        self._model.queue(Json({"facts": [fact] if facts else []}), structured)
        self._model.queue(Text(f"summary{name}"), plain)

    async def ask(self, server: Frontdesk | Process, name: str, **body: Any) -> None:
        """Have a turn answered, and wait until all that follows it is stored."""
        self.prepare(name)
        if "regenerate" not in body:
            body["message"] = f"I have question{name}"
        async with server.client(self.user) as client:
            async with client.stream("POST", "/chat", json={"conversation_id": "c-1", **body}) as response:
                answer = Answer(response.status_code, response.headers, [one async for one in read_events(response)])
            self.turns[name] = answer.headers["x-turn-id"]
        assert answer.text == f"Well, answer{name}"

    async def ended(self, url: str, name: str) -> None:
        """Return once the turn is done."""
        turn = UUID(self.turns[name])
        await appear(url, "select from chat_turns where turn_id = %(turn)s and status = 'done'", turn=turn)

    async def switch(self, server: Frontdesk | Process, name: str) -> None:
        """Make the path through the turn the active one."""
        async with server.client(self.user) as client:
            switched = await client.put("/conversations/c-1/active", json={"turn_id": self.turns[name]})
            assert switched.status_code == 200


def holding(requests: list[Request], *names: str) -> set[str]:
    """Those of the turns of whose words there are some in these requests."""
    sent = str([request.body for request in requests])
    return {name for name in names if any(f"{place}{name}" in sent for place in PLACES)}


@pytest.fixture
async def second(start: Start) -> Process:
    """A server as a process of its own."""
    return await start(rate_limit="0")


@pytest.fixture
def talk(model: ModelServer, ada: UUID) -> Talk:
    """Ada's conversation."""
    return Talk(model, ada)


async def test_superseded_words_are_in_nothing_that_a_model_is_asked_later(
    second: Process, frontdesk: Frontdesk, model: ModelServer, talk: Talk
) -> None:
    """Neither question nor answer nor summary nor fact, back and forth, while the server of a version is killed."""
    url, old, new = frontdesk.service.url, ("Bb", "Cc"), ("Dd", "Ee")
    for server, name in ((frontdesk, "Aa"), (second, "Bb"), (frontdesk, "Cc")):
        await talk.ask(server, name)
        await talk.ended(url, name)
    # So that each place would be seen below.
    assert [place for place in PLACES if f"{place}Bb" in str([one.body for one in model.requests])] == list(PLACES)

    before = len(model.requests)
    gate = asyncio.Event()
    talk.prepare("Never", gate=gate)
    question = {"edit": talk.turns["Bb"], "message": "I have questionDd"}
    async with sending(second, talk.user, **question) as events:
        talk.turns["Dd"] = (await until(events, "token"))[0].data["turn_id"]
        talk.prepare("Dd", facts=True)
        await second.kill()
    await adopted(frontdesk)
    assert text_of(await told(frontdesk, talk.user, talk.turns["Dd"])) == "Well, answerDd"
    await talk.ask(frontdesk, "Ee")
    await frontdesk.settled()
    assert holding(model.requests[before:], *old) == set()
    assert holding(model.requests[before:], "Aa", "Dd") == {"Aa", "Dd"}

    before = len(model.requests)
    await talk.switch(frontdesk, "Cc")
    assert await path(frontdesk, talk.user) == [
        f"{said}{name}" for name in ("Aa", "Bb", "Cc") for said in ("I have question", "Well, answer")
    ]
    await talk.ask(frontdesk, "Ff")
    await frontdesk.settled()
    assert holding(model.requests[before:], *new) == set()
    assert holding(model.requests[before:], "Aa", *old) == {"Aa", *old}

    before = len(model.requests)
    await talk.switch(frontdesk, "Dd")
    await talk.ask(frontdesk, "Gg")
    await frontdesk.settled()
    assert holding(model.requests[before:], *old, "Ff") == set()
    assert holding(model.requests[before:], *new) == set(new)


async def test_a_killed_continuation_is_begun_anew_after_the_old_text(
    second: Process, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Its reader comes back and hears the whole answer; the cut one is asked for once more only."""
    model.queue(Text(["You can"], finish_reason="length"), streaming)
    async with sending(second, ada, message="What can I write off?", conversation_id="c-1") as events:
        cut = (await until(events, "done"))[-1].data["turn_id"]
    model.queue(Gate([" never", " read"], asyncio.Event()), streaming)
    model.queue(Text([" deduct travel."]), streaming)
    async with sending(second, ada, **{"continue": cut}) as events:
        heard = await until(events, "token")
        heard += await until(events, "token")
        assert text_of(heard) == "You can never"
        await second.kill()
    await adopted(frontdesk)
    turn = heard[0].data["turn_id"]
    heard += await told(frontdesk, ada, turn, after=heard[-1].id)
    assert text_of(heard) == text_of(await told(frontdesk, ada, turn)) == "You can deduct travel."
    assert await path(frontdesk, ada) == ["What can I write off?", "You can deduct travel."]


async def test_the_tail_of_a_superseded_turn_is_not_done_by_the_process_that_takes_it_over(
    start: Start, frontdesk: Frontdesk, model: ModelServer, talk: Talk
) -> None:
    """Its server was killed after the answer: no model is asked for its summary or facts once it is superseded."""
    url = frontdesk.service.url
    model.queue(Text(["Well, ", "answerAa"]), streaming)
    model.queue(Gate(["never"], asyncio.Event()), plain)
    model.queue(Gate(["never"], asyncio.Event()), structured)
    process = await start()
    async with sending(process, talk.user, message="I have questionAa", conversation_id="c-1") as events:
        talk.turns["Aa"] = (await until(events, "done"))[-1].data["turn_id"]
    await model.received(plain)
    await model.received(structured)
    await process.pause(url)
    before = len(model.requests)
    await talk.ask(frontdesk, "Bb", edit=talk.turns["Aa"])
    await process.kill()
    await adopted(frontdesk)
    assert await rows(url, "select status from chat_turns") == [("done",), ("done",)]
    assert holding(model.requests[before:], "Aa") == set()
    assert [one["content"] for one in await messages(frontdesk, talk.user)] == ["I have questionBb", "Well, answerBb"]
