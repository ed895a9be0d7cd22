"""A turn's events as bytes: server-sent events, or one JSON document."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from graph.turns.turn import error_of
from nodes.stream_events import Notice, Token
from storage.event_log import LoggedEvent

KEEP_ALIVE_SECONDS = 10.0
"""Silence after which something is sent, so that no proxy takes a slow answer for a dead connection."""

RECONNECT_MS = 200
"""Milliseconds after which a reader reconnects to a turn that goes on in another process."""

UNBUFFERED = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "Content-Encoding": "identity",  # nginx compresses over no-transform, but not what names its encoding
}
"""Tells proxies to pass each piece on as it comes, and as it is."""

Events = AsyncIterator[LoggedEvent | None]
"""A turn's events; None for a silence of `KEEP_ALIVE_SECONDS`."""


async def server_sent(events: Events) -> AsyncIterator[bytes]:
    """The turn as text/event-stream; one that goes on in another process ends with a `retry`, and no terminal event."""
    last = None
    async for event in events:
        if event is None:
            yield b": keep-alive\n\n"
        else:
            last = event
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.name.encode(), event.data)
    if last and not last.is_terminal:
        yield b"retry: %d\n\n" % RECONNECT_MS


async def document(events: Events) -> AsyncIterator[bytes]:
    """The turn as one JSON document, sent when it is complete: its events, its text, and the fields of the last event.

    A silence sends a line break, which means nothing before a document. Where the turn goes on in another process the
    document ends with the fields of an `error`.
    """
    all_events: list[dict[str, Any]] = []
    text: list[str] = []
    last: dict[str, Any] = msgspec.to_builtins(error_of("shutting_down"))
    async for event in events:
        if event is None:
            yield b"\n"
            continue
        data = msgspec.json.decode(event.data)
        all_events.append({"event": event.name, "data": data})
        if event.name == "token":
            text.append(msgspec.convert(data, Token).text)
        elif event.name == "notice" and msgspec.convert(data, Notice).code == "restarted":
            text.clear()
        elif event.is_terminal:
            last = data
    yield msgspec.json.encode({"events": all_events, "text": "".join(text), **last})
