"""What the LangGraph door sends, to the byte."""

import asyncio
import random
from uuid import UUID

import httpx
import pytest

from tests.doors.langgraph import langgraph_client, said
from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Start


async def test_the_response_says_where_its_run_is(serve: Serve, ada: UUID) -> None:
    """By headers, which pages of other origins may read; a client that reconnects finds its modes in them."""
    frontdesk = await serve(cors_origins="https://front.example")
    body = {"assistant_id": "frontdesk", "input": said("Hello"), "stream_mode": ["messages-tuple"]}
    async with frontdesk.client(ada) as client:
        response = await client.post("/langgraph/runs/stream", json=body, headers={"Origin": "https://front.example"})
        place = response.headers["content-location"]
        again = await client.get(f"/langgraph{response.headers['location']}")
        assert (await client.get(f"/langgraph{place}")).json()["status"] == "success"
    assert response.headers["location"] == f"{place}/stream?stream_mode=%5B%22messages-tuple%22%5D"
    assert {"Location", "Content-Location"} <= set(response.headers["access-control-expose-headers"].split(", "))
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "r=7" in response.headers["ratelimit"]
    assert again.content == response.content


@pytest.mark.parametrize("path", ["/langgraph/threads", "/langgraph/threads/search"])
async def test_what_is_nested_too_deeply_is_refused(frontdesk: Frontdesk, ada: UUID, path: str) -> None:
    """Metadata that nobody could write down again."""
    body = b'{"metadata":' + b'{"a":' * 900 + b"1" + b"}" * 901
    async with frontdesk.client(ada) as client:
        response = await client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


async def test_a_silence_is_filled_with_heartbeats(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In streams as comments, in documents as line breaks, which parsers of JSON skip."""
    for module in ("reading", "sending"):
        monkeypatch.setattr(f"api.doors.langgraph.{module}.HEARTBEAT_SECONDS", 0.01)
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    body = {"assistant_id": "prime", "input": said("Hello")}
    async with frontdesk.client(ada) as client, client.stream("POST", "/langgraph/runs/stream", json=body) as stream:
        pieces = stream.aiter_bytes()
        while b": heartbeat\n\n" not in await anext(pieces):
            pass
        async with client.stream("GET", f"/langgraph{stream.headers['content-location']}/join") as document:
            lines = document.aiter_bytes()
            assert (await anext(lines)).strip() == b""
            gate.set()
            assert b"it depends." in b"".join([piece async for piece in lines])


async def test_cut_a_hundred_times_a_run_is_the_same_to_the_byte(start: Start, model: ModelServer, ada: UUID) -> None:
    """A reader loses its connection at random points and goes on after the last event, on either process."""
    servers = await asyncio.gather(start(turn_timeout="300"), start(turn_timeout="300"))
    chance = random.Random(11)  # noqa: S311 - the same cuts in every run
    model.queue(Text([f"wörd{number} " for number in range(200)], delay_between=0.02), streaming)
    async with langgraph_client(servers[0], ada) as client:
        run = await client.runs.create(None, "prime", input=said("Hello"), on_completion="keep")
    modes = "&".join(f"stream_mode={mode}" for mode in ("values", "messages-tuple", "updates", "custom", "events"))
    path, cuts = f"/langgraph/threads/{run['thread_id']}/runs/{run['run_id']}/stream?{modes}", 0
    async with servers[0].client(ada) as one, servers[1].client(ada) as two:
        whole = asyncio.create_task(two.get(path))
        while cuts < 100:
            heard, last = b"", "-1"
            while b"event: end" not in heard:
                part, cut = await frames(chance.choice([one, two]), path, last, chance.randint(1, 16))
                heard += part
                last = heard.rsplit(b"\nid: ", 1)[1].split(b"\n")[0].decode()
                cuts += cut
            assert heard == without_heartbeats((await whole).content)


async def frames(client: httpx.AsyncClient, path: str, after: str, count: int) -> tuple[bytes, bool]:
    """So many events of a stream, and whether it was cut for that."""
    heard = b""
    async with client.stream("GET", path, headers={"Last-Event-ID": after}) as response:
        assert response.status_code == 200
        async for piece in response.aiter_bytes():
            heard = without_heartbeats(heard + piece)
            ends = heard.split(b"\n\n")
            if len(ends) > count:
                return b"\n\n".join([*ends[:count], b""]), True
    return heard, False


def without_heartbeats(stream: bytes) -> bytes:
    """The events alone."""
    return stream.replace(b": heartbeat\n\n", b"")
