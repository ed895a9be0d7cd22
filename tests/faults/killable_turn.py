"""A turn, and the server that is killed while it runs it."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx

from tests.support.app import Event, Frontdesk, read_events
from tests.support.database import PATIENCE, disappear, rows
from tests.support.model_script import Json, Request, Text, When, plain, streaming, structured
from tests.support.model_server import ModelServer
from tests.support.process import Process

FACT = Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]})
RUNS = 4
"""Answers that are prepared: more than may ever be asked for."""
LETTERS = str.maketrans("0123456789", "ghijklmnop")


@dataclass
class KillableTurn:
    """A new user's message with a word that is in no other, the server it is sent to, and its reader.

    Args:
        frontdesk: the server that is not killed.
        server: the one that is.
        role: the database role of that server, and of nobody else.
    """

    frontdesk: Frontdesk
    model: ModelServer
    server: Process
    role: str
    user: UUID = field(default_factory=uuid4)
    key: str = field(default_factory=lambda: uuid4().hex)
    heard: list[Event] = field(default_factory=list[Event])

    def __post_init__(self) -> None:
        self._word = self.key[:12].translate(LETTERS)
        self._grew = asyncio.Event()
        # Each run of the turn gets an answer of its own, so that a mixture would be seen.
        for run in range(1, RUNS + 1):
            self.model.always(Text(self.answer(run), delay_first=0.02, delay_between=0.01), self._of_run(run))
        self.model.always(FACT, self.its(structured))

    @property
    def url(self) -> str:
        """The database."""
        return self.frontdesk.service.url

    @property
    def conversation(self) -> str:
        """The id of its conversation."""
        return f"about-{self._word}"

    def answer(self, run: int) -> list[str]:
        """What the model says in this run of the turn, from 1."""
        return [f"Answer {run} ", f"about {self._word}: ", f"in run {run} ", "the margin ", f"is {run}0 ", "percent."]

    def its(self, when: When) -> When:
        """A predicate for requests like that which belong to this turn."""
        return lambda request: when(request) and self._word in json.dumps(request.body)

    def answers_asked_for(self) -> int:
        """How often the model was asked for the answer."""
        return sum(map(self.its(streaming), self.model.requests))

    def summaries_asked_for(self) -> int:
        """How often the model was asked for the summary."""
        return sum(map(self.its(plain), self.model.requests))

    def facts_asked_for(self) -> int:
        """How often the model was asked for facts."""
        return sum(map(self.its(structured), self.model.requests))

    def send(self) -> None:
        """Send the message to the server that will be killed, and read the answer as far as it comes."""
        self._reading = asyncio.create_task(self._read())

    async def hears(self, name: str) -> None:
        """Return once the reader has heard such an event."""
        async with asyncio.timeout(PATIENCE):
            while name not in [event.name for event in self.heard]:
                await self._grew.wait()

    async def halted(self) -> None:
        """Return once the server stands still where it was told to."""
        assert self.server.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert await self.server.process.stdout.readline() == b"halted\n"

    async def kill(self) -> None:
        """End the server; its reader hears no more."""
        await self.server.kill()
        await self._reading

    async def send_again(self) -> list[Event]:
        """Send the same request to the server that was not killed; returns the whole answer."""
        async with self.frontdesk.client(self.user) as client, self._request(client) as response:
            assert response.status_code == 200
            return [event async for event in read_events(response)]

    async def rejoin(self, turn_id: UUID, after: int) -> list[Event]:
        """The events of the turn after that one, from the server that was not killed."""
        headers = {"Last-Event-ID": str(after)}
        async with (
            self.frontdesk.client(self.user) as client,
            client.stream("GET", f"/turns/{turn_id}/events", headers=headers) as response,
        ):
            assert response.status_code == 200
            return [event async for event in read_events(response)]

    async def _read(self) -> None:
        with suppress(httpx.TransportError):
            async with self.frontdesk.client(self.user) as client:
                client.base_url = self.server.url
                async with self._request(client) as response:
                    assert response.status_code == 200
                    async for event in read_events(response):
                        self.heard.append(event)
                        self._wake()

    def _request(self, client: httpx.AsyncClient) -> AbstractAsyncContextManager[httpx.Response]:
        message = {"message": f"I sell biscuits called {self._word}", "conversation_id": self.conversation}
        return client.stream("POST", "/chat", json=message, headers={"Idempotency-Key": self.key})

    def _of_run(self, run: int) -> When:
        def this_time(request: Request) -> bool:
            return self.its(streaming)(request) and self.answers_asked_for() == run

        return this_time

    def _wake(self) -> None:
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()


async def end_connections(turn: KillableTurn) -> None:
    """Cancel what Postgres was still doing for the killed server."""
    await rows(
        turn.url, "select pg_terminate_backend(pid) from pg_stat_activity where usename = %(role)s", role=turn.role
    )


async def connections_ended(turn: KillableTurn) -> None:
    """Return once Postgres does nothing more for the killed server: it finishes a statement although nobody waits."""
    await disappear(turn.url, "select from pg_stat_activity where usename = %(role)s", role=turn.role)
