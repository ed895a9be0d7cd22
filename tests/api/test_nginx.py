"""The application behind nginx, by HTTP/1.1 and HTTP/2: streams pass unchanged and without delay."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.app import Event, Frontdesk, Serve, read_events
from tests.support.curl import Response, curl
from tests.support.database import rows
from tests.support.listening import until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.nginx import NGINX, Nginx, proxying

pytestmark = pytest.mark.skipif(
    NGINX is None and not os.environ.get("CI"), reason="nginx is not installed here; where CI is set, it must be"
)

ANSWERS = "select content from chat_messages where role = 'assistant'"


@dataclass(frozen=True)
class Client:
    """A client of nginx that accepts compressed responses."""

    url: str
    option: str
    headers: dict[str, str]

    def post(self, message: str, **headers: str) -> AbstractAsyncContextManager[Response]:
        """A message."""
        given = {"Content-Type": "application/json", **self.headers, **headers}
        return curl(f"{self.url}/chat", self.option, headers=given, body=json.dumps({"message": message}))

    def get(self, path: str, **headers: str) -> AbstractAsyncContextManager[Response]:
        """A path."""
        return curl(self.url + path, self.option, headers={**self.headers, **headers})


@pytest.fixture
async def nginx(frontdesk: Frontdesk, tmp_path: Path) -> AsyncIterator[Nginx]:
    """Nginx in front of the application."""
    async with proxying(tmp_path, frontdesk.url) as running:
        yield running


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
def client(request: pytest.FixtureRequest, nginx: Nginx, frontdesk: Frontdesk, ada: UUID) -> Client:
    """Ada's client, in each HTTP version."""
    headers = {**frontdesk.signed_in(ada), "Accept-Encoding": "gzip"}
    if request.param == "HTTP/2":
        return Client(nginx.http2, "--http2-prior-knowledge", headers)
    return Client(nginx.http1, "--http1.1", headers)


async def test_every_header_arrives(request: pytest.FixtureRequest, client: Client, frontdesk: Frontdesk) -> None:
    """Except X-Accel-Buffering, which is for nginx."""
    async with client.post("Hello") as response:
        assert request.node.callspec.params["client"] == response.http
        start = await anext(response.events())
    await frontdesk.settled()
    headers = response.headers
    assert (response.status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-turn-id"] == start.data["turn_id"]
    assert headers["x-conversation-id"] == start.data["conversation_id"]
    assert headers["x-employee"] == start.data["employee"]["slug"]
    assert float(headers["x-route-confidence"]) == pytest.approx(start.data["route"]["confidence"], abs=0.005)
    assert headers["ratelimit-policy"] == '"chat";q=8;w=60'
    assert headers["ratelimit"].startswith('"chat";r=7;t=')
    assert headers["x-content-type-options"] == "nosniff"
    assert "x-accel-buffering" not in headers


async def test_a_token_is_passed_on_at_once(client: Client, frontdesk: Frontdesk, model: ModelServer) -> None:
    """The first token arrives while the model has not sent the second."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with client.post("Hello") as response:
        events = response.events()
        heard = await until(events, "token")
        assert heard[-1].data == {"text": "Well, "}
        assert not model.requests[0].finished.is_set()
        gate.set()
        rest = await until(events, "done")
        assert [event async for event in events] == []
    assert text_of(heard + rest) == "Well, it depends."
    await frontdesk.settled()


async def test_a_document_comes_whole_and_silence_sends_line_breaks(
    client: Client, frontdesk: Frontdesk, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nginx does not take a slow answer for a dead server; white space before a document means nothing."""
    monkeypatch.setattr("api.routes.chat.KEEP_ALIVE_SECONDS", 0.1)
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with client.post("Hello", Accept="application/json") as response:
        assert response.headers["content-type"] == "application/json"
        assert await response.body.readexactly(1) == b"\n"
        assert not (await model.received(streaming, within=60)).finished.is_set()
        gate.set()
        document = json.loads(await response.body.read())
    assert document["text"] == "Well, it depends."
    await frontdesk.settled()


async def test_an_event_stream_is_not_compressed(client: Client, frontdesk: Frontdesk) -> None:
    """Neither from POST /chat nor when read again, although nginx is configured to compress it."""
    async with client.get("/employees") as employees:
        assert employees.headers["content-encoding"] == "gzip"
    async with client.post("Hello") as response:
        assert response.headers["content-encoding"] == "identity"
        await until(response.events(), "done")
    async with client.get(f"/turns/{response.headers['x-turn-id']}/events") as again:
        assert again.headers["content-encoding"] == "identity"
        await until(again.events(), "done")
    await frontdesk.settled()


async def test_keep_alive_comments_arrive(
    client: Client, frontdesk: Frontdesk, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During silence, for the first reader and for one that reconnected."""
    for module in ("api.routes.chat", "api.routes.turns"):
        monkeypatch.setattr(f"{module}.KEEP_ALIVE_SECONDS", 0.1)
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with client.post("Hello") as response:
        await until(response.events(), "token")
        async with client.get(f"/turns/{response.headers['x-turn-id']}/events") as again:
            for silent in (response, again):
                await silent.body.readuntil(b"\n\n: keep-alive\n\n")
        gate.set()
        await until(response.events(), "done")
    await frontdesk.settled()


async def test_what_is_sent_is_what_is_stored(client: Client, frontdesk: Frontdesk, serve: Serve, ada: UUID) -> None:
    """The same ids and the same text as in the database, read by a second server."""
    async with client.post("Hello") as response:
        heard = [event async for event in response.events()]
    other = await serve()
    async with (
        other.client(ada) as direct,
        direct.stream("GET", f"/turns/{response.headers['x-turn-id']}/events") as told,
    ):
        assert heard == [event async for event in read_events(told)]
    assert [event.id for event in heard] == list(range(1, len(heard) + 1))
    assert await rows(frontdesk.service.url, ANSWERS) == [(text_of(heard),)]
    await frontdesk.settled()


async def test_a_client_that_leaves_does_not_stop_its_turn(
    client: Client, frontdesk: Frontdesk, model: ModelServer
) -> None:
    """Nginx closes its connection to the application, which finishes and stores the answer."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with client.post("Hello") as response:
        await until(response.events(), "token")
    async with asyncio.timeout(10):
        await frontdesk.unasked()
    gate.set()
    await frontdesk.settled()
    assert await rows(frontdesk.service.url, ANSWERS) == [("Well, it depends.",)]


async def test_a_client_can_reconnect_for_the_rest(client: Client, frontdesk: Frontdesk, model: ModelServer) -> None:
    """With the id of its last event, while the turn runs; no event is lost or repeated."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with client.post("Hello") as response:
        heard = await until(response.events(), "token")
    async with client.get(f"/turns/{response.headers['x-turn-id']}/events", **{"Last-Event-ID": "1"}) as again:
        assert (again.status, again.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        gate.set()
        rest = [event async for event in again.events()]
    assert rest[: len(heard) - 1] == heard[1:]
    assert [event.id for event in rest] == list(range(2, len(rest) + 2))
    assert (rest[-1].name, text_of(rest)) == ("done", "Well, it depends.")
    await frontdesk.settled()


async def test_a_refusal_arrives_as_a_problem(client: Client, frontdesk: Frontdesk) -> None:
    """As the application's problem document and not as nginx's page: 401, 413 and 429."""
    await refused(client.get("/conversations", Authorization="Bearer none"), 401, "unauthenticated")
    await refused(client.post("a" * 300 * 1024), 413, "body_too_large")
    for _ in range(8):
        async with client.post("Hello") as response:
            await until(response.events(), "done")
    headers = await refused(client.post("Hello"), 429, "rate_limited")
    assert int(headers["retry-after"]) > 0
    assert headers["ratelimit"].startswith('"chat";r=0;t=')
    await frontdesk.settled()


async def test_local_mode_refuses_requests_through_nginx_by_another_name(
    serve: Serve, tmp_path: Path, nginx: Nginx
) -> None:
    """Nginx is on this machine, but its clients may not be."""
    local = await serve(jwt_secret=None)
    (folder := tmp_path / "local").mkdir()
    async with proxying(folder, local.url) as before:
        await refused(curl(f"{before.http1}/conversations", headers={"Host": "chat.example"}), 403, "forbidden")


async def refused(asking: AbstractAsyncContextManager[Response], status: int, code: str) -> dict[str, str]:
    """Check for a problem document with this status and code; returns the headers."""
    async with asking as response:
        problem = json.loads(await response.body.read())
    assert (response.status, problem["status"], problem["code"]) == (status, status, code)
    assert response.headers["content-type"] == "application/problem+json"
    return response.headers


def text_of(events: list[Event]) -> str:
    """The text of the tokens."""
    return "".join(event.data["text"] for event in events if event.name == "token")
