"""What Frontdesk is compared with: three applications that do nothing but pass a model's answer on.

Each is Litestar under uvicorn in a process of its own, with one POST /chat. `passthrough` sends the model's bytes on as
they come; `sdk` streams through the openai package and `chatopenai` through langchain-openai's ChatOpenAI, both as the
server-sent events that Frontdesk sends. No users, no database. Prints its URL.

    .venv/bin/python -m bench.speed.peers NAME MODEL_URL
"""

import json
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from litestar import Litestar, post
from litestar.response import Stream
from openai import AsyncOpenAI

MODEL = "gpt-4o-mini"
SYSTEM = "You are Prime, in a team of AI employees for personal finance. Answer in one to three sentences."

Answer = Callable[[str], AsyncIterator[bytes]]
"""The body of the response to a message."""


@dataclass
class Message:
    """The request's body, as Frontdesk takes it."""

    message: str
    conversation_id: str


def passthrough(model_url: str) -> Answer:
    """The model's bytes as they come."""
    client = httpx2.AsyncClient(timeout=600, limits=httpx2.Limits(max_connections=None))

    async def answer(message: str) -> AsyncGenerator[bytes]:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": message}]
        asked = {"model": MODEL, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
        async with client.stream("POST", f"{model_url}/chat/completions", json=asked) as response:
            async for data in response.aiter_raw():
                yield data

    return answer


def sdk(model_url: str) -> Answer:
    """Tokens through the openai package."""
    client = AsyncOpenAI(base_url=model_url, api_key="none", max_retries=0)

    async def tokens(message: str) -> AsyncGenerator[str]:
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": message}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield text

    return lambda message: server_sent(tokens(message))


def chatopenai(model_url: str) -> Answer:
    """Tokens through ChatOpenAI."""
    chat = ChatOpenAI(model=MODEL, base_url=model_url, api_key=lambda: "none", max_retries=0, stream_usage=True)

    async def tokens(message: str) -> AsyncGenerator[str]:
        async for chunk in chat.astream([SystemMessage(SYSTEM), HumanMessage(message)]):
            if text := chunk.text:
                yield text

    return lambda message: server_sent(tokens(message))


async def server_sent(tokens: AsyncIterator[str]) -> AsyncGenerator[bytes]:
    """Tokens as the events that Frontdesk sends."""
    number = 1
    yield _event(number, "start", {"model": MODEL})
    async for text in tokens:
        number += 1
        yield _event(number, "token", {"text": text})
    yield _event(number + 1, "done", {"finish_reason": "stop"})


def _event(number: int, name: str, data: dict[str, Any]) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


PEERS: dict[str, Callable[[str], Answer]] = {"passthrough": passthrough, "sdk": sdk, "chatopenai": chatopenai}


def create_app(answer: Answer) -> Litestar:
    """The application around one of them."""

    @post("/chat", status_code=200)
    async def chat(data: Message) -> Stream:
        return Stream(answer(data.message), media_type="text/event-stream")

    return Litestar([chat], openapi_config=None)


def main(name: str, model_url: str) -> None:
    """Serve until the process is ended."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    app = create_app(PEERS[name](model_url))
    config = uvicorn.Config(app, http="httptools", loop="uvloop", log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
