"""`/api/chat`: send a message to a chat, resume its answer, stop it, read what was said. Refusals are as elsewhere."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Stream
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.ai_sdk.history import UIMessageDocument, find_turn, message_of
from api.doors.ai_sdk.message_stream import MessageWriter, message_stream
from api.doors.ai_sdk.requests import MAX_CHAT_ID, UIChatRequest, conversation_of
from api.doors.shared import event_stream, follow, send
from api.doors.waiting import follow_from_arrival
from api.limits import CountRefusals, HoldStream, provide_reader, provide_sender
from api.openapi import problems, refusals
from api.parameters import IdempotencyKey, Limit
from api.requests import require_json
from api.routes.turns import STOPPED_WITHIN
from api.schemas.events import EVENT_STREAM
from api.sse import KEEP_ALIVE_SECONDS
from graph.account import UserData
from graph.service import Service
from nodes.stream_events import Notice

MAX_BODY_BYTES = 1024 * 1024
"""Clients send the whole history of a chat with each message; a proxy takes no more by default, either."""
STREAM_HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}


class ChunkEvent(TypedDict):
    """A server-sent event."""

    data: str
    """A chunk of the answer, as JSON; `[DONE]` at the end."""


STREAM = ResponseSpec(ChunkEvent, description="The answer.", media_type=EVENT_STREAM, generate_examples=False)

RESETS_SINCE = 7
"""The first version of the SDK that can take back text; earlier ones fail at a chunk that they do not know."""

MessageName = Annotated[
    str | None,
    QueryParameter(name="message", max_length=MAX_CHAT_ID, description="The user's message whose answer is meant."),
]
Before = Annotated[UUID | None, QueryParameter(name="before", description="The oldest message that is known.")]
SDKVersion = Annotated[
    int,
    HeaderParameter(
        name="X-AI-SDK",
        ge=5,
        le=99,
        description="The major version of the client's `ai`: since 7 text can be taken back.",
    ),
]


class StoppedChat(TypedDict):
    """What was stopped."""

    turnId: UUID | None
    """Which ran, else which waited; None where nothing did."""


@post(
    "/",
    status_code=200,
    media_type=EVENT_STREAM,
    request_max_body_size=MAX_BODY_BYTES,
    guards=[require_json],
    middleware=[CountRefusals(), HoldStream()],
    dependencies={"user": Provide(provide_sender)},
    responses={200: STREAM, **problems(400, 401, 403, 404, 409, 413, 415, 429, 500, 503)},
)
async def send_message(
    data: JSONBody[UIChatRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    user_data: NamedDependency[UserData],
    request: Request[Any, Any, Any],
    idempotency_key: IdempotencyKey = None,
    sdk: SDKVersion = 5,
) -> Stream:
    """Send the user's last message, or have it answered again; a message that is sent twice is one turn."""
    message = await data.to_send(user.user_id, user_data.turns, idempotency_key)
    sent = await send(service, request, message)
    return _stream(message_stream(sent.events, MessageWriter(resets=sdk >= RESETS_SINCE)))


@get(
    "/{id:str}/stream",
    media_type=EVENT_STREAM,
    middleware=[HoldStream()],
    dependencies={"user": Provide(provide_reader)},
    responses={
        200: STREAM,
        204: ResponseSpec(None, description="Nothing runs.", generate_examples=False),
        **refusals(403, 404, 429),
    },
)
async def resume_chat(
    user: NamedDependency[User],
    service: NamedDependency[Service],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
    message: MessageName = None,
    ended: FromQuery[bool] = False,
    sdk: SDKVersion = 5,
) -> Response[Any]:
    """The answer that runs in a chat, or to one of its messages, from its first chunk, also while that waits.

    With `ended` also one that ended, where it is the last one or that message's.
    """
    conversation_id = conversation_of(user.user_id, id)
    found = await find_turn(user_data, user.user_id, conversation_id, message, ended=ended)
    if found is None:
        return Response(None, status_code=204)
    whole_after = 0 if found.waits else await _last_restart(service, user, found.turn_id)
    events = await follow_from_arrival(
        service, user.user_id, str(conversation_id), found.turn_id, waits=found.waits, heartbeat=KEEP_ALIVE_SECONDS
    )
    return _stream(message_stream(events, MessageWriter(resets=sdk >= RESETS_SINCE, whole_after=whole_after)))


@post(
    "/{id:str}/stop",
    status_code=200,
    middleware=[HoldStream()],
    dependencies={"user": Provide(provide_reader)},
    responses=refusals(403, 429),
)
async def stop_chat(
    user: NamedDependency[User],
    service: NamedDependency[Service],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
    message: MessageName = None,
) -> StoppedChat:
    """Stop what runs in a chat and withdraw what waits, or one message; what was said is kept.

    Where neither is so this changes nothing.
    """
    conversation_id = conversation_of(user.user_id, id)
    found = await find_turn(user_data, user.user_id, conversation_id, message)
    if found is None:
        return StoppedChat(turnId=None)
    only = found.turn_id if message else None
    await service.dependencies.queue.withdraw(user.user_id, str(conversation_id), only)
    await service.subscriptions.stop(user.user_id, found.turn_id, STOPPED_WITHIN)
    return StoppedChat(turnId=found.turn_id)


@get("/{id:str}/messages", responses=refusals(403))
async def chat_messages(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
    limit: Limit = 50,
    before: Before = None,
) -> list[UIMessageDocument]:
    """A chat's messages, oldest first, as `useChat` takes them: the newest ones, or those before one of them."""
    conversation_id = str(conversation_of(user.user_id, id))
    found = await user_data.conversations.messages(
        user.user_id, conversation_id, limit=limit, after=before, newest_first=True
    )
    return [message_of(one, conversation_id) for one in reversed(found)]


async def _last_restart(service: Service, user: User, turn_id: UUID) -> int:
    """The number of the turn's last `restarted` so far; 0 where there is none.

    A client that resumes is not shown what was taken back, and one that cannot take back is shown the whole answer.
    """
    events = await follow(service, user.user_id, turn_id, heartbeat=0)
    assert events, "a turn has events after none"
    last = 0
    async for numbered in events:
        if numbered is None:  # nothing more yet
            break
        if isinstance(numbered.event, Notice) and numbered.event.code == "restarted":
            last = numbered.number
    return last


def _stream(chunks: AsyncIterator[bytes]) -> Stream:
    return event_stream(chunks, STREAM_HEADERS)
