"""A server that is asked to end."""

import asyncio
import random
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.app import Answer, Event, Frontdesk, read_events
from tests.support.database import rows
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start


async def test_a_server_that_is_asked_to_end_finishes_what_it_has_begun(
    start: Start, model: ModelServer, ada: UUID
) -> None:
    """The running answer comes to its end, and then the process does."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    process = await start()
    async with process.client(ada) as client, client.stream("POST", "/chat", json={"message": "Hello"}) as response:
        events = read_events(response)
        await until(events, "token")
        process.ask_to_end()
        await process.drains(ada)
        await begins_nothing(process, ada)
        gate.set()
        rest = await until(events, "done")
    assert [event.data["text"] for event in rest[:-1]] == ["it depends."]
    assert await process.process.wait() == 0


@pytest.mark.parametrize("times", [1, 2])
async def test_ctrl_c_ends_the_readers_of_an_answer_with_an_error(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID, times: int
) -> None:
    """Also where it is pressed twice; nothing else is logged, and another process answers the turn."""
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    process = await start()
    async with process.client(ada) as client, client.stream("POST", "/chat", json={"message": "Hello"}) as response:
        events = read_events(response)
        await until(events, "token")
        for _ in range(times):
            process.interrupt()
        last = (await until(events, "error"))[-1]
        assert (last.data["code"], last.data["retryable"]) == ("shutting_down", True)
        assert [event async for event in events] == []
    assert await process.process.wait() == 0
    assert "exception" not in process.log.read_text()
    await frontdesk.ended()
    assert await rows(frontdesk.service.url, "select status from chat_turns") == [("done",)]


async def begins_nothing(process: Process, user: UUID) -> None:
    """A server that is ending is not ready, takes no message, and says when to come again."""
    async with process.client(user) as client:
        assert (await client.get("/health/ready")).status_code == 503
        for headers in ({}, {"Idempotency-Key": "one"}):
            response = await client.post("/chat", json={"message": "And me?"}, headers=headers)
            assert (response.status_code, response.json()["code"]) == (503, "shutting_down")
            assert int(response.headers["retry-after"]) > 0


async def test_a_reader_of_another_servers_turn_is_sent_away(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """It is told when to come back, which it does anywhere else, and has missed nothing."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    process = await start()
    async with listening(frontdesk, ada, "Hello") as events:
        turn = (await until(events, "token"))[0].data["turn_id"]
        async with process.client(ada) as client, client.stream("GET", f"/turns/{turn}/events") as response:
            lines = response.aiter_lines()
            while await anext(lines) != "event: token":
                pass
            assert await process.end() == 0
            rest = [line async for line in lines if line]
        assert rest[-1] == "retry: 200"
        gate.set()
        await until(events, "done")


@dataclass
class Visitor:
    """Somebody who talks on, whichever server is there."""

    servers: list[Process]
    chance: random.Random
    user: UUID = field(default_factory=uuid4)
    answers: list[str] = field(default_factory=list[str])
    turns: list[str] = field(default_factory=list[str])
    came_back: int = 0

    async def talk(self, enough: asyncio.Event) -> None:
        """Send one message after the other."""
        while not enough.is_set():
            await self.send(f"Question {len(self.answers)}")

    async def send(self, message: str) -> None:
        """Send a message, again and again where need be, until it is answered."""
        heard, key = list[Event](), str(uuid4())
        while not heard or heard[-1].name != "done":
            server = self.chance.choice(self.servers)
            try:
                await (self._rejoin(server, heard) if heard else self._ask(server, message, key, heard))
            except httpx.TransportError:
                self.came_back += 1
        self.answers.append(Answer(200, httpx.Headers(), heard).text)
        self.turns.append(heard[0].data["turn_id"])

    async def _ask(self, server: Process, message: str, key: str, heard: list[Event]) -> None:
        asked = {"message": message, "conversation_id": "one"}
        async with (
            server.client(self.user) as client,
            client.stream("POST", "/chat", json=asked, headers={"Idempotency-Key": key}) as response,
        ):
            self.came_back += response.status_code != 200
            assert response.status_code in (200, 503)
            async for event in read_events(response):
                heard.append(event)

    async def _rejoin(self, server: Process, heard: list[Event]) -> None:
        self.came_back += 1
        path, last = f"/turns/{heard[0].data['turn_id']}/events", {"Last-Event-ID": str(heard[-1].id)}
        async with server.client(self.user) as client, client.stream("GET", path, headers=last) as response:
            async for event in read_events(response):
                heard.append(event)


async def test_servers_that_are_replaced_one_by_one_lose_no_turn(
    start: Start, database_url: str, model: ModelServer
) -> None:
    """Under load, each message is answered once, and the reader has heard what is stored."""
    model.always(Text([f"word{n} " for n in range(40)], delay_between=0.01), streaming)
    servers = [await start(rate_limit="0"), await start(rate_limit="0")]
    visitors = [Visitor(servers, random.Random(number)) for number in range(6)]  # noqa: S311 - the same in every run
    enough = asyncio.Event()
    talking = asyncio.gather(*(visitor.talk(enough) for visitor in visitors))
    for place in (0, 1):
        before = [len(visitor.answers) for visitor in visitors]
        assert await servers[place].end() == 0  # which nobody is told but by the server itself
        servers[place] = await start(rate_limit="0")
        while any(len(visitor.answers) == count for visitor, count in zip(visitors, before, strict=True)):
            await asyncio.wait({talking}, timeout=0.05)
    enough.set()
    await talking
    for server in servers:
        assert await server.end() == 0
    for visitor in visitors:
        kept = await rows(
            database_url,
            "select t.turn_id::text, t.status, u.content, a.content, (select count(*) from xai_chat_metrics where id ="
            " t.turn_id) from chat_turns t join chat_messages u on u.turn_id = t.turn_id and u.role = 'user'"
            " join chat_messages a on a.turn_id = t.turn_id and a.role = 'assistant'"
            " where t.user_id = %(user)s order by t.created_at",
            user=visitor.user,
        )
        asked = [f"Question {number}" for number in range(len(visitor.answers))]
        expected = zip(visitor.turns, asked, visitor.answers, strict=True)
        assert kept == [(turn, "done", question, answer, 1) for turn, question, answer in expected]
    assert sum(visitor.came_back for visitor in visitors) > 0
