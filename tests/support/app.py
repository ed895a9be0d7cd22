"""The real application on a real port, and a client that reads its streams."""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import httpx
import uvicorn

from api.app import create_app
from api.auth.tokens import issue_token
from api.logging.setup import configure_structlog
from api.server.http_limits import LimitedProtocol
from api.server.serve import configure
from graph.container import open_service
from graph.models.chat import ChatModel, CircuitBreaker
from graph.models.factory import LocalModels
from graph.observability.tracing import tracing
from graph.service import Service
from graph.settings import Settings
from tests.support.applications import Applications
from tests.support.database import rows

SECRET = "a secret for tests that is long enough"
PATIENCE: dict[str, float] = {"accept_timeout": 20, "memory_timeout": 20}
"""Seconds: that a machine is busy is not what most tests are about."""


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    id: int
    name: str
    data: dict[str, Any]


@dataclass
class Answer:
    """A stream, read to its end."""

    status: int
    headers: httpx.Headers
    events: list[Event]

    def named(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of this name."""
        return [event.data for event in self.events if event.name == name]

    @property
    def text(self) -> str:
        """The tokens since the start or the last `restarted` notice."""
        said: list[str] = []
        for event in self.events:
            if event.name == "notice" and event.data["code"] == "restarted":
                said.clear()
            if event.name == "token":
                said.append(event.data["text"])
        return "".join(said)


@dataclass
class Frontdesk:
    """A running application."""

    url: str
    settings: Settings
    service: Service
    server: uvicorn.Server

    def client(self, user: UUID | None, *, admin: bool = False) -> httpx.AsyncClient:
        """An HTTP client signed in as this user (None: not signed in)."""
        headers = {} if user is None else self.signed_in(user, admin=admin)
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60, verify=no_authorities())

    def signed_in(self, user: UUID, *, admin: bool = False) -> dict[str, str]:
        """The headers of a request of this user."""
        token = issue_token(self.settings, user, admin=admin, seconds=3600, now=int(time.time()))
        return {"Authorization": f"Bearer {token}"}

    async def chat(self, user: UUID, message: str, **fields: Any) -> Answer:
        """Send a message and read the stream to its end, and wait until everything that follows it is done."""
        async with (
            self.client(user) as client,
            client.stream("POST", "/chat", json={"message": message, **fields}) as r,
        ):
            events = [event async for event in read_events(r)] if r.status_code == 200 else []
            await r.aread() if r.status_code != 200 else None
        await self.settled()
        return Answer(r.status_code, r.headers, events)

    def close_breaker(self) -> None:
        """Ask the model again, however often it has failed."""
        model = self.service.dependencies.model
        assert isinstance(model, ChatModel)
        model._breaker = CircuitBreaker(model.label)

    async def settled(self) -> None:
        """Wait until no turn runs any more, the work after the answers included."""
        await self.service.registry.idle()

    async def ended(self) -> None:
        """Wait until every turn has ended, those that are taken over too: by this server, or another that looks."""
        while await rows(self.service.url, "select from chat_turns where status in ('streaming', 'answered')"):
            await self.service.leases.adopt()
            await self.settled()
            await asyncio.sleep(0.01)

    async def unasked(self) -> None:
        """Wait until no request is being answered: each has its answer, or its client was seen to leave."""
        while requests := self.server.server_state.tasks:
            await asyncio.wait(requests)

    async def abandoned(self) -> None:
        """Wait until all clients have left and no turn runs: what they sent last may be read after they are gone."""
        while self.server.server_state.connections:  # noqa: ASYNC110 - uvicorn announces no disconnection
            await asyncio.sleep(0.01)
        await self.unasked()
        await self.settled()


async def ready(client: httpx.AsyncClient) -> None:
    """Wait until the server says that it can answer."""
    while (await client.get("/health/ready")).status_code != 200:  # noqa: ASYNC110 - it is a server
        await asyncio.sleep(0.02)


async def live(client: httpx.AsyncClient) -> None:
    """Wait until the port is bound, and a request is answered: one that is sent before there is a server waits."""
    while True:
        with suppress(httpx.ConnectError):
            assert (await client.get("/health/live")).status_code == 200
            return
        await asyncio.sleep(0.01)


def no_authorities() -> ssl.SSLContext:
    """No certificate authorities: to load them for each client takes longer than many a test."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def read_events(response: httpx.Response) -> AsyncGenerator[Event]:
    """The events of a text/event-stream as they arrive; comments and wishes are passed over."""
    return events_in(response.aiter_lines())


async def events_in(lines: AsyncIterator[str]) -> AsyncGenerator[Event]:
    """The same, of its lines."""
    fields: dict[str, str] = {}
    async for line in lines:
        if not line and "data" in fields:
            yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


class Serve(Protocol):
    """Starts an application."""

    async def __call__(self, http: type[LimitedProtocol] = LimitedProtocol, **settings: Any) -> Frontdesk:
        """With these settings over the test's defaults, and these limits of time."""
        ...


@asynccontextmanager
async def serving(database_url: str, model_url: str, local: LocalModels, folder: Path) -> AsyncGenerator[Serve]:
    """A way to start applications that all end with the block."""
    configure_structlog()  # and so, where nobody set that up, nothing but warnings is seen
    async with AsyncExitStack() as stack:

        async def start(http: type[LimitedProtocol] = LimitedProtocol, **settings: Any) -> Frontdesk:
            chosen = _settings(database_url, model_url, folder, **settings)
            return await stack.enter_async_context(_running(chosen, local, http))

        yield start


def _settings(database_url: str, model_url: str, folder: Path, **settings: Any) -> Settings:
    defaults: dict[str, Any] = {
        "database_url": database_url,
        "openai_base_url": model_url,
        "openai_api_key": "sk-test",
        "embeddings": "local",
        "jwt_secret": SECRET,
        "data_dir": folder / "data",
        **PATIENCE,
    }
    # A developer's own .env has no say in tests; model_validate() would read it, too.
    chosen: dict[str, Any] = {**defaults, **settings, "_env_file": None}
    return Settings(**chosen)


_applications = Applications()


@asynccontextmanager
async def _running(settings: Settings, local: LocalModels, http: type[LimitedProtocol]) -> AsyncGenerator[Frontdesk]:
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    traced = tracing(settings)
    async with open_service(settings, lambda _: None, local, traced) as service:
        ready = asyncio.Event()

        @asynccontextmanager
        async def opening() -> AsyncGenerator[Service]:
            ready.set()
            yield service

        made = None if traced else _applications.take(settings, opening)
        app = made.app if made else create_app(settings, opening, traced)
        config = configure(app, settings, "127.0.0.1", 0, http=http)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve([listening]))  # pyright: ignore[reportPrivateUsage] - leaves signals alone
        await ready.wait()
        yield Frontdesk(url, settings, service, server)
        server.should_exit = True
        await task
        if made:
            _applications.give_back(made)
