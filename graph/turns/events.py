"""Encode each event of a turn once, and read back those that recovery needs."""

import msgspec

from nodes.stream_events import EVENT_NAMES, Done, Error, Event, Start
from storage.event_log import LoggedEvent

_encoder = msgspec.json.Encoder()


def encoded(number: int, event: Event) -> LoggedEvent:
    """The event as it is logged, stored, followed and sent: JSON on one line.

    Also for readers that end lines as Python's splitlines does (httpx's among them).
    """
    data = _encoder.encode(event).replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return LoggedEvent(number, EVENT_NAMES[type(event)], data)


def decoded_start(logged: LoggedEvent) -> Start:
    """A turn's first event."""
    return msgspec.json.decode(logged.data, type=Start)


def decoded_end(logged: LoggedEvent) -> Done | Error:
    """A turn's last event."""
    kind: type[Done | Error] = Done if logged.name == "done" else Error
    return msgspec.json.decode(logged.data, type=kind)
