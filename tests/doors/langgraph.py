"""LangGraph's own client for Python, signed in, and ways to use it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.schema import StreamPart

from tests.doors.clients import token_of
from tests.support.app import Frontdesk
from tests.support.process import Process


def langgraph_client(server: Frontdesk | Process, user: UUID, transport: httpx.AsyncBaseTransport | None = None) -> Any:
    """The client, as `get_client` makes it; with another transport where its connections are to break.

    Without its types, because what it is sent comes from dictionaries here.
    """
    headers = {"Authorization": f"Bearer {token_of(server, user)}"}
    return LangGraphClient(
        httpx.AsyncClient(base_url=f"{server.url}/langgraph", headers=headers, timeout=60, transport=transport)
    )


def said(text: str) -> dict[str, Any]:
    """The input of a run: one message."""
    return {"messages": [{"role": "user", "content": text}]}


def texts(values: Any) -> list[str]:
    """The text of each message of a thread's values."""
    return [message["content"] for message in values["messages"]]


async def begin(stream: AsyncIterator[StreamPart], event: str = "messages") -> StreamPart:
    """Read a stream until the first event of this kind."""
    async for part in stream:
        assert part.event != "error", part
        if part.event == event:
            return part
    raise AssertionError(f"no {event}")


class Cuts(httpx.AsyncHTTPTransport):
    """Connections of which the first one breaks after the first piece of an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the first response breaks off."""
        self.requests.append(request)
        response = await super().handle_async_request(request)
        if len(self.requests) == 1:
            assert isinstance(response.stream, httpx.AsyncByteStream)
            response.stream = _Cut(response.stream)
        return response


class _Cut(httpx.AsyncByteStream):
    def __init__(self, whole: httpx.AsyncByteStream) -> None:
        self._whole = whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        heard = b""
        async for piece in self._whole:
            before, begins, rest = (heard + piece).partition(b"event: messages\n")
            first, ends, _ = rest.partition(b"\n\n")
            if begins and ends:
                yield (before + begins + first + ends)[len(heard) :]
                raise httpx.ReadError("the connection was lost")
            heard += piece
            yield piece

    async def aclose(self) -> None:
        await self._whole.aclose()
