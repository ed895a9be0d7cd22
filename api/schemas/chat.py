"""What POST /chat takes and gives, as clients and the OpenAPI document see it."""

from dataclasses import dataclass
from typing import Annotated, Literal, NotRequired
from uuid import UUID

from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, OpenAPIType, Schema
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.schemas.events import StreamOperation, TurnEvent
from nodes.state import FinishReason, Usage, WhileBusy

CONVERSATION_ID = r"^(\.{0,2}[A-Za-z0-9_:-]|\.{3})[A-Za-z0-9_.:-]*$"
"""What an id chosen by a client looks like; at most 128 characters.

Any of these characters, but not `.` and `..` alone, which browsers and proxies take out of a path.
"""

EmployeeName = Literal[
    "prime", "prime-boss", "prime-ai",
    "crystal", "crystal-analytics", "crystal-ai",
    "ledger", "ledger-tax", "ledger-ai",
    "byte", "byte-docs", "byte-ai",
    "tag", "tag-categorize", "tag-ai",
    "goalie", "goalie-goals", "goalie-ai",
]  # fmt: skip

HEADERS = {
    "X-Turn-Id": "the turn's UUID",
    "X-Conversation-Id": "the conversation, new or continued",
    "X-Employee": "who answers",
    "X-Route-Confidence": "how sure the choice is, 0.00 to 1.00",
    "RateLimit-Policy": 'requests (q) in a window of seconds (w): "chat";q=8;w=60',
    "RateLimit": 'requests left (r) and seconds until one more is free (t): "chat";r=7;t=60',
}


class ChatRequest(BaseModel):
    """A message, and where it belongs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    message: str
    conversation_id: Annotated[str, Field(min_length=1, max_length=128, pattern=CONVERSATION_ID)] | None = None
    employee: EmployeeName | None = None
    while_busy: WhileBusy = "wait"
    """What is to happen while the conversation is being answered."""
    instead_of: Annotated[UUID, Field(strict=False)] | None = None  # JSON has no type of its own for it
    """The turn of this conversation whose answer the wrong employee gave; `employee` is asked instead."""


class ChatDocument(TypedDict):
    """A turn as one document: its events, its text, and the fields of its last event (`done`, or else `error`)."""

    events: list[TurnEvent]
    text: str
    turn_id: NotRequired[str]
    conversation_id: NotRequired[str]
    message_id: NotRequired[str | None]
    employee: NotRequired[str]
    model: NotRequired[str]
    finish_reason: NotRequired[FinishReason]
    fallback: NotRequired[bool]
    facts_used: NotRequired[list[str]]
    usage: NotRequired[Usage]
    latency_ms: NotRequired[int]
    ttft_ms: NotRequired[int | None]
    code: NotRequired[str]
    message: NotRequired[str]
    retryable: NotRequired[bool]


@dataclass
class ChatOperation(StreamOperation):
    """The operation with the stream beside the document: a handler can declare one of the two only."""

    def __post_init__(self) -> None:
        """Add what no signature can say."""
        super().__post_init__()
        answered = (self.responses or {})["200"]
        assert isinstance(answered, OpenAPIResponse)
        text = Schema(type=OpenAPIType.STRING)
        answered.headers = {name: OpenAPIHeader(description=what, schema=text) for name, what in HEADERS.items()}
