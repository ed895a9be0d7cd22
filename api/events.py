"""A turn's events as bytes: server-sent events, or one JSON document that grows with the answer."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import msgspec

from graph.events import Done, Event, Failed, Notice, Start, Token
from graph.turn import Turn
from nodes.employees import employee

KEEP_ALIVE_SECONDS = 15.0
"""Silence after which a sign of life is sent, so that no proxy takes a slow answer for a dead one."""

_NAMES: dict[type, str] = {Start: "start", Notice: "notice", Token: "token", Done: "done", Failed: "error"}
_encode = msgspec.json.Encoder().encode


def data(event: Event) -> dict[str, Any]:
    """The event's data as clients see it."""
    if isinstance(event, Start):
        return _start(event)
    return asdict(event)


async def server_sent(turn: Turn, after: int = 0) -> AsyncIterator[bytes]:
    """The turn as text/event-stream, from after the event of that number."""
    async for numbered in turn.follow(after, heartbeat=KEEP_ALIVE_SECONDS):
        if numbered is None:
            yield b": keep-alive\n\n"
        else:
            number, event = numbered
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (number, _NAMES[type(event)].encode(), _encode(data(event)))


async def document(turn: Turn) -> AsyncIterator[bytes]:
    """The turn as one JSON document: its events as they happen, a line each; then the text and the fields of `done`.

    It is written as the answer comes, because a person's `curl --json` asks for JSON too, and a blank
    screen until the end is no answer. A turn that breaks off ends with the fields of `error`.
    """
    text: list[str] = []
    separator = b'{"events":[\n'
    async for numbered in turn.follow(heartbeat=KEEP_ALIVE_SECONDS):
        if numbered is None:
            yield b"\n"  # between two members white space means nothing
            continue
        _, event = numbered
        yield separator + _encode({"event": _NAMES[type(event)], "data": data(event)})
        separator = b",\n"
        if isinstance(event, Notice) and event.code == "restarted":
            text.clear()
        if isinstance(event, Token):
            text.append(event.text)
        if isinstance(event, Done | Failed):
            yield b"],\n" + _encode({"text": "".join(text), **data(event)})[1:] + b"\n"


def _start(event: Start) -> dict[str, Any]:
    who = employee(event.route["employee"])
    return {
        "turn_id": event.turn_id,
        "conversation_id": event.conversation_id,
        "employee": {"slug": who.slug, "name": who.name, "title": who.title, "emoji": who.emoji},
        "route": {name: event.route[name] for name in ("reason", "confidence", "runner_up")},
        "model": event.model,
    }
