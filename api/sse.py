"""A turn's events as bytes: server-sent events, or one JSON document that grows with the answer."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from storage.event_log import LAST, Numbered

KEEP_ALIVE_SECONDS = 15.0
"""Silence after which a sign of life is sent, so that no proxy takes a slow answer for a dead one."""

RECONNECT_MS = 200
"""Milliseconds after which a reader comes back to a turn that goes on in another process."""

UNHINDERED = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "Content-Encoding": "identity",  # nginx compresses over no-transform, but not what names its encoding
}
"""Says to whatever is on the way that each piece is to be passed on as it comes, and as it is."""

Events = AsyncIterator[Numbered | None]
"""Events with their numbers; None for a silence of `KEEP_ALIVE_SECONDS`."""

_json = msgspec.json.Encoder()


def _encode(data: Any) -> bytes:
    """As JSON on one line, also for readers that end lines as Python's splitlines does (httpx's among them)."""
    return _json.encode(data).replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")


async def server_sent(events: Events) -> AsyncIterator[bytes]:
    """The turn as text/event-stream; one that goes on elsewhere ends with the wish to come back soon."""
    told = None
    async for numbered in events:
        if numbered is None:
            yield b": keep-alive\n\n"
        else:
            number, told = numbered
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (number, told["event"].encode(), _encode(told["data"]))
    if told and told["event"] not in LAST:
        yield b"retry: %d\n\n" % RECONNECT_MS


async def document(events: Events) -> AsyncIterator[bytes]:
    """The turn as one JSON document: its events as they happen, a line each; then the text and the fields of `done`.

    It is written as the answer comes, because a person's `curl --json` asks for JSON too, and a blank
    screen until the end is no answer. A turn that breaks off ends with the fields of `error`.
    """
    text: list[str] = []
    separator = b'{"events":[\n'
    async for numbered in events:
        if numbered is None:
            yield b"\n"  # between two members white space means nothing
            continue
        _, told = numbered
        yield separator + _encode(told)
        separator = b",\n"
        if told["event"] == "notice" and told["data"]["code"] == "restarted":
            text.clear()
        if told["event"] == "token":
            text.append(told["data"]["text"])
        if told["event"] in LAST:
            yield b"],\n" + _encode({"text": "".join(text), **told["data"]})[1:] + b"\n"
