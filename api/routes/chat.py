"""POST /chat: one message in, an answer out, streamed."""

import asyncio
from hashlib import sha256
from typing import Annotated, Any
from uuid import uuid4

from litestar import MediaType, Request, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, JSONBody
from litestar.response import Stream

from api.auth.user import User
from api.errors import Problem
from api.openapi import SIGNED_IN, problems
from api.parameters import require_json
from api.rate_limits import CountRefusals, limit_headers, provide_sender
from api.schemas.chat import ChatDocument, ChatOperation, ChatRequest
from api.schemas.events import EVENT_STREAM
from api.sse import KEEP_ALIVE_SECONDS, UNHINDERED, document, server_sent
from api.stream_limit import HoldStream
from graph.dependencies import LimitKeeper
from graph.service import Service
from graph.turns.endings import RETRY_AFTER, SORRY
from graph.turns.events import Refused, Start
from graph.turns.manager import OtherBody, Sent, ShuttingDown
from graph.turns.request import Ask
from nodes.employees import find
from storage.errors import StorageUnavailable
from storage.rate_limits import Allowance

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="The same key and body attach to the same turn, for a day; another body is refused.",
    ),
]
STATUS: dict[str, int] = {
    "empty_message": 400,
    "deleted": 404,
    "conversation_busy": 409,
    "rate_limited": 429,
    "internal": 500,
    "storage_unavailable": 503,
    "shutting_down": 503,
}


@post(
    "/chat",
    status_code=200,
    media_type=EVENT_STREAM,
    guards=[require_json],
    middleware=[HoldStream(), CountRefusals()],
    dependencies={"user": Provide(provide_sender)},
    security=SIGNED_IN,
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
) -> Stream:
    """Send a message; it is answered with server-sent events, or with a growing JSON document for who prefers that."""
    await _say_instead(service, user, data)
    turn, opened = await _sent(service, user, data, idempotency_key)
    headers = {**opened, **UNHINDERED}
    events = turn.follow(heartbeat=KEEP_ALIVE_SECONDS)
    # The type goes in as a header, because the framework puts a handler's media type before a response's own.
    if request.accept.best_match([EVENT_STREAM, MediaType.JSON]) == MediaType.JSON:
        return Stream(document(events), headers={**headers, "Content-Type": MediaType.JSON.value})
    return Stream(server_sent(events), headers={**headers, "Content-Type": f"{EVENT_STREAM}; charset=utf-8"})


async def _say_instead(service: Service, user: User, data: ChatRequest) -> None:
    """Write down that the wrong employee was chosen before; it holds also where this message is refused.

    Raises:
        Problem: there is no such turn, or nobody else is asked.
    """
    if data.instead_of is None:
        return
    wanted = find(data.employee)
    if wanted is None or data.conversation_id is None:
        detail = "instead_of: needs the employee to ask instead, and the conversation of that turn"
        raise Problem(400, "invalid_request", detail)
    misroutes = service.records.misroutes
    chosen = await misroutes.record(user.user_id, data.conversation_id, data.instead_of, wanted.slug)
    if chosen is None:
        raise Problem(404, "not_found", "There is no such turn in this conversation.")
    if chosen == wanted.slug:
        raise Problem(400, "invalid_request", "instead_of: that turn was answered by the same employee")


async def _sent(service: Service, user: User, data: ChatRequest, key: str | None) -> tuple[Sent, dict[str, str]]:
    """The turn that answers the message, once it has begun, and the headers that say who answers.

    It was begun by this request, or by the same one before it.

    Raises:
        Problem: it was refused, the key stands for another message, or no more turns are begun here.
        StorageUnavailable: the database went away meanwhile.
    """
    ask = Ask(user.user_id, data.message, data.conversation_id or str(uuid4()), data.employee, data.while_busy, key)
    try:
        turn = await service.sender.send(ask, sha256(data.model_dump_json().encode()).hexdigest())
        return turn, await _opened(turn, service)
    except ShuttingDown:
        raise Problem(503, "shutting_down", SORRY["shutting_down"], retry_after=RETRY_AFTER) from None
    except OtherBody:
        detail = "This Idempotency-Key was sent with another message."
        raise Problem(409, "idempotency_mismatch", detail) from None


async def _opened(turn: Sent, service: Service) -> dict[str, str]:
    """Wait until someone is going to answer; the headers that say who.

    Raises:
        Problem: the turn was refused.
        OtherBody, ShuttingDown, StorageUnavailable: as for `Sender.send`.
    """
    opening = await _opening(turn, service)
    allowance = turn.allowance or await _left(turn, service.parts.limits)
    headers = limit_headers({"chat": allowance} if allowance else {})
    if isinstance(opening, Refused):
        raise Problem(
            STATUS[opening.code], opening.code, opening.message, retry_after=opening.retry_after, headers=headers
        )
    return {
        "X-Turn-Id": opening.turn_id,
        "X-Conversation-Id": opening.conversation_id,
        "X-Employee": opening.route["employee"],
        "X-Route-Confidence": f"{opening.route['confidence']:.2f}",
        **headers,
    }


async def _opening(turn: Sent, service: Service) -> Start | Refused:
    """How the turn begins, as long as there is a database: one that stands still would keep its client for ever.

    Raises:
        StorageUnavailable: there is none any more, or this process was out of reach of it for too long.
    """
    opening = asyncio.ensure_future(turn.opening())
    lost = asyncio.ensure_future(service.pulse.lost())
    try:
        await asyncio.wait({opening, lost}, return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            service.runner.running.give_up(turn.turn_id)
            raise StorageUnavailable
    finally:
        opening.cancel()
        lost.cancel()
    opened = opening.result()
    if opened is None:
        raise StorageUnavailable
    return opened


async def _left(turn: Sent, limits: LimitKeeper) -> Allowance | None:
    """What the limit leaves a user whose message never came as far as the limit; None where that cannot be told."""
    try:
        return await limits.peek(turn.user_id)
    except StorageUnavailable:
        return None
