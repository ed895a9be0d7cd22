"""The events of a turn, as `POST /chat` and `GET /turns/{turn_id}/events` send them, for the OpenAPI document.

The schemas are made from these types; they are also the events of the answer as one JSON document.
"""

from dataclasses import dataclass
from typing import Literal, get_args, get_type_hints

import msgspec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Reference,
    Schema,
)
from typing_extensions import TypedDict

from api.problems import Code
from nodes.stream_events import Done, Error, Notice, Start, Token, ToolCall, ToolResult

EVENT_STREAM = "text/event-stream"
STREAM_DESCRIPTION = (
    "Server-sent events: `start` first, then `notice`, `token`, `tool_call` and `tool_result`, and `done` or `error`"
    " last. `id` is the event's number in the turn. Of a message that is refused after its status `error` is the only"
    " event."
)


class LateRefusal(msgspec.Struct, frozen=True):
    """The message is refused, which its status could not say any more: the problem document as an event."""

    code: Code
    message: str
    retryable: bool
    retry_after: int | None
    """Seconds; None where nobody knows."""


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


class ToolCallEvent(TypedDict):
    """A tool is run for the answer."""

    event: Literal["tool_call"]
    data: ToolCall


class ToolResultEvent(TypedDict):
    """What it found."""

    event: Literal["tool_result"]
    data: ToolResult


class DoneEvent(TypedDict):
    """The last event of an answer, which is committed."""

    event: Literal["done"]
    data: Done


class ErrorEvent(TypedDict):
    """The last event of a turn without an answer, or with a part of it only; the only one of a refused message."""

    event: Literal["error"]
    data: Error | LateRefusal


TurnEvent = StartEvent | NoticeEvent | TokenEvent | ToolCallEvent | ToolResultEvent | DoneEvent | ErrorEvent


@dataclass
class StreamOperation(Operation):
    """An operation that answers with a turn's events: the schema of its stream is that of one event."""

    def __post_init__(self) -> None:
        """Add the stream to what the signature says."""
        answer = (self.responses or {})["200"]
        assert isinstance(answer, OpenAPIResponse)
        events = [_event_schema(event) for event in get_args(TurnEvent)]
        one_event = Schema(one_of=events, description=STREAM_DESCRIPTION)
        answer.content = {**(answer.content or {}), EVENT_STREAM: OpenAPIMediaType(schema=one_event)}


def _event_schema(event: type) -> Schema:
    """The schema of a server-sent event: fields are text, and `data` is JSON."""
    types = get_type_hints(event)
    (name,) = get_args(types["event"])
    kinds = get_args(types["data"]) or (types["data"],)
    references = [Reference(f"#/components/schemas/{kind.__name__}") for kind in kinds]
    data = references[0] if len(references) == 1 else Schema(one_of=references)
    text = OpenAPIType.STRING
    return Schema(
        type=OpenAPIType.OBJECT,
        required=["id", "event", "data"],
        properties={
            "id": Schema(type=text),
            "event": Schema(type=text, const=name),
            "data": Schema(type=text, content_media_type="application/json", content_schema=data),
        },
    )
