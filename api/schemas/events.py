"""The events of a turn, as `POST /chat` and `GET /turns/{turn_id}/events` send them, for the OpenAPI document.

Each has an `event` and its `data`; the framework makes their schemas from these types.
"""

from typing import Literal, get_args

from litestar.openapi.spec import OpenAPIType, Reference, Schema
from typing_extensions import TypedDict

from nodes.stream_events import Done, Error, Notice, Start, Token

STREAM_DESCRIPTION = (
    "Server-sent events: `start` first, then `notice` and `token`, and `done` or `error` last."
    " `id` is the event's number in the turn, `data` is one line of JSON."
)


class StartEvent(TypedDict):
    """The first event."""

    event: Literal["start"]
    data: Start


class NoticeEvent(TypedDict):
    """Something the person should know. After code `restarted`, the text begins again."""

    event: Literal["notice"]
    data: Notice


class TokenEvent(TypedDict):
    """The next piece of the text."""

    event: Literal["token"]
    data: Token


class DoneEvent(TypedDict):
    """The last event of an answer, which is committed."""

    event: Literal["done"]
    data: Done


class ErrorEvent(TypedDict):
    """The last event of a turn without an answer, or with a part of it only."""

    event: Literal["error"]
    data: Error


TurnEvent = StartEvent | NoticeEvent | TokenEvent | DoneEvent | ErrorEvent


def stream_schema() -> Schema:
    """The schema that `list[TurnEvent]` has, for an operation that the framework lets declare one media type only."""
    events = [Reference(f"#/components/schemas/{event.__name__}") for event in get_args(TurnEvent)]
    return Schema(type=OpenAPIType.ARRAY, items=Schema(one_of=events), description=STREAM_DESCRIPTION)
