"""A stream while it goes on."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

from tests.support.app import Event, Frontdesk, read_events
from tests.support.database import appear
from tests.support.process import Process


@asynccontextmanager
async def listening(
    server: Frontdesk | Process, user: UUID, message: str, **fields: Any
) -> AsyncGenerator[AsyncGenerator[Event]]:
    """The events of a message's answer as they come; leaving the block hangs up.

    An assertion that fails in the block says with which status and headers the message was answered.
    """
    asked = {"message": message, **fields}
    async with (
        server.client(user) as client,
        client.stream("POST", "/chat", json=asked) as response,
        aclosing(read_events(response)) as events,
    ):
        try:
            yield events
        except AssertionError as error:
            error.add_note(f"POST /chat was answered with {response.status_code}, {response.headers}")
            raise


async def until(events: AsyncIterator[Event], name: str) -> list[Event]:
    """The events up to and with the first of that name."""
    heard: list[Event] = []
    async for event in events:
        heard.append(event)
        if event.name == name:
            break
    assert heard, f"no {name} event"
    assert heard[-1].name == name, f"no {name} event, the last is {heard[-1].name}"
    return heard


def text_of(events: list[Event]) -> str:
    """The tokens since the start, or since the last time they were taken back."""
    said: list[str] = []
    for event in events:
        if event.name == "notice" and event.data["code"] == "restarted":
            said.clear()
        if event.name == "token":
            said.append(event.data["text"])
    return "".join(said)


async def in_line(url: str, count: int) -> None:
    """Return once so many messages wait for their conversation."""
    await appear(url, "select from chat_queue where waiting having count(*) >= %(count)s", count=count)
