"""POST /chat: one message in, an answer out, streamed."""

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, Self
from uuid import UUID

import msgspec
from litestar import MediaType, Request, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, OpenAPIType, Schema
from litestar.params import JSONBody
from litestar.response import Stream
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from api.auth.user import CHAT, User
from api.late import late_events
from api.limits import CountRefusals, HoldStream, limit_headers, policy_headers, provide_sender
from api.openapi import SIGNED_IN, problems
from api.parameters import CONVERSATION_ID, AcceptLanguage, EmployeeName, IdempotencyKey, Switch
from api.requests import require_json
from api.schemas.events import EVENT_STREAM, StreamOperation, TurnEvent
from api.sse import KEEP_ALIVE_SECONDS, UNBUFFERED, document, server_sent
from graph.service import Service
from graph.turns.manager import Sending, SendRequest, SentTurn
from graph.turns.subscribe import LoggedTurn
from graph.turns.turn import Turn
from nodes.state import FinishReason, Usage, WhileBusy
from nodes.stream_events import GeneratedBy, RecalledTurn, Timing
from storage.rate_limits import RateLimits
from storage.turns import VersionKind

STATUS_SECONDS = 5.0
"""Seconds after which the status goes out, though the turn has not begun: proxies and clients give up on a request that
says nothing. What is refused before has a status of its own, afterwards an event."""

HEADERS = {
    "X-Turn-Id": "the turn's UUID",
    "X-Conversation-Id": "the conversation, new or continued",
    "X-Employee": "who answers",
    "X-Route-Confidence": "how sure the choice is, 0.00 to 1.00",
    "Server-Timing": "milliseconds of each step that is over: guard, wait, route",
    "RateLimit-Policy": 'requests (q) in a window of seconds (w): "chat";q=8;w=60',
    "RateLimit": 'requests left (r) and seconds until one more is free (t): "chat";r=7;t=60',
}


TurnId = Annotated[UUID, Field(strict=False)]  # JSON has no type of its own for it


class ChatRequest(BaseModel):
    """A message, and where it belongs."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "anyOf": [{"required": [one]} for one in ("message", "regenerate", "continue")],
            "example": {"message": "What can I write off?", "conversation_id": "taxes-2026"},
        },
    )

    message: str | None = None
    """Required, but for `regenerate` and `continue`, which have none."""
    conversation_id: Annotated[str, Field(min_length=1, max_length=128, pattern=CONVERSATION_ID)] | None = None
    employee: EmployeeName | None = None
    while_busy: WhileBusy = "wait"
    """What is to happen while the conversation is being answered."""
    instead_of: TurnId | None = None
    """The turn of this conversation whose answer the wrong employee gave; `employee` is asked instead."""
    regenerate: TurnId | None = None
    """The turn whose question is to be answered again, by `employee` where that is given."""
    edit: TurnId | None = None
    """The turn whose question `message` takes the place of."""
    continue_: Annotated[TurnId | None, Field(alias="continue")] = None
    """The turn whose answer was cut, and is to be written to its end."""
    temporary: Switch = False
    """Of a conversation's first message: nothing is recalled or learned there, and it is deleted after a day."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        kinds = [name for name, turn in self._replaced() if turn]
        if len(kinds) > 1:
            raise _contradiction(f"{' and '.join(kinds)}: at most one of them")
        if (self.message is None) != (kinds in (["regenerate"], ["continue"])):
            raise _contradiction("message: required, but not with regenerate or continue")
        if self.continue_ and self.employee:
            raise _contradiction("employee: the one who began an answer continues it")
        return self

    def _replaced(self) -> tuple[tuple[VersionKind, UUID | None], ...]:
        return ("regenerate", self.regenerate), ("edit", self.edit), ("continue", self.continue_)

    def to_send(self, user_id: UUID, key: str | None, language: str | None) -> SendRequest:
        """The request, for the turn manager."""
        kind, turn = next((one for one in self._replaced() if one[1]), (None, None))
        fields = self.model_dump(
            include={"message", "conversation_id", "employee", "while_busy", "instead_of", "temporary"}
        )
        return SendRequest(user_id, key=key, kind=kind, replaces=turn, language=language, **fields)


def _contradiction(message: str) -> PydanticCustomError:
    """Fields that do not go together; the message is told as it is."""
    return PydanticCustomError("contradiction", "{what}", {"what": message})


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
    error_code: NotRequired[str | None]
    generated_by: NotRequired[GeneratedBy]
    prompt_version: NotRequired[str | None]
    timing: NotRequired[Timing | None]
    turns_recalled: NotRequired[list[RecalledTurn]]
    references: NotRequired[list[str]]
    unverified: NotRequired[list[str]]
    code: NotRequired[str]
    message: NotRequired[str]
    retryable: NotRequired[bool]
    retry_after: NotRequired[int | None]


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


@post(
    "/chat",
    status_code=200,
    media_type=EVENT_STREAM,
    guards=[require_json],
    middleware=[CountRefusals(), HoldStream()],
    dependencies={"user": Provide(provide_sender)},
    security=SIGNED_IN,
    opt=CHAT,
    operation_class=ChatOperation,
    responses={
        200: ResponseSpec(ChatDocument, description="The answer.", generate_examples=False),
        **problems(400, 401, 404, 409, 413, 415, 429, 500, 503),
    },
)
async def chat(
    data: JSONBody[ChatRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    idempotency_key: IdempotencyKey = None,
    accept_language: AcceptLanguage = None,
) -> Stream:
    """Send a message; it is answered with server-sent events, or with one JSON document."""
    language = _first_language(accept_language)
    sending = service.turns.send(data.to_send(user.user_id, idempotency_key, language))
    sent = await sending.begun(within=STATUS_SECONDS)
    if sent:
        headers, events = _headers(sent), sent.turn.follow(heartbeat=KEEP_ALIVE_SECONDS)
    else:
        headers = _late_headers(sending, service.dependencies.limits)
        events = late_events(sending, request.scope, heartbeat=KEEP_ALIVE_SECONDS)
    # The type goes in as a header, because the framework puts a handler's media type before a response's own.
    if request.accept.best_match([EVENT_STREAM, MediaType.JSON]) == MediaType.JSON:
        return Stream(document(events), headers={**headers, "Content-Type": MediaType.JSON.value})
    return Stream(server_sent(events), headers={**headers, "Content-Type": f"{EVENT_STREAM}; charset=utf-8"})


def _first_language(accepted: str | None) -> str | None:
    """The language that a client names first, such as `de`; the order counts, as browsers sort them by their weight."""
    first = (accepted or "").partition(",")[0]
    return first.partition(";")[0].partition("-")[0].strip().lower() or None


def _headers(sent: SentTurn) -> dict[str, str]:
    return {
        "X-Turn-Id": sent.start.turn_id,
        "X-Conversation-Id": sent.start.conversation_id,
        "X-Employee": sent.start.employee.slug,
        "X-Route-Confidence": f"{sent.start.route.confidence:.2f}",
        **_server_timing(sent.turn),
        **limit_headers({"chat": sent.allowance} if sent.allowance else {}),
        **UNBUFFERED,
    }


def _server_timing(turn: Turn | LoggedTurn) -> dict[str, str]:
    """The steps that are over; `done` has them all. Of a turn in another process nothing is known."""
    timing: dict[str, float | None] = msgspec.to_builtins(turn.timing) if isinstance(turn, Turn) else {}
    steps = [f"{name.removesuffix('_ms')};dur={ms}" for name, ms in timing.items() if ms is not None]
    return {"Server-Timing": ", ".join(steps)} if steps else {}


def _late_headers(sending: Sending, limits: RateLimits) -> dict[str, str]:
    """Without the ids and the employee, which `start` has: a message that waits may be refused, and is no turn then."""
    if sending.turn and sending.turn.allowance:
        return {**limit_headers({"chat": sending.turn.allowance}), **UNBUFFERED}
    chat = limits.policies.get("chat")
    return {**policy_headers({"chat": chat} if chat else {}), **UNBUFFERED}
