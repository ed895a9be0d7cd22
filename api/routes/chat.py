"""POST /chat: one message in, an answer out, streamed."""

from typing import Annotated, Any

from litestar import MediaType, Request, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, JSONBody
from litestar.response import Stream

from api.auth.user import User
from api.errors import limit_headers
from api.limits import CountRefusals, HoldStream, provide_sender
from api.openapi import SIGNED_IN, problems
from api.parameters import require_json
from api.schemas.chat import ChatDocument, ChatOperation, ChatRequest
from api.schemas.events import EVENT_STREAM
from api.sse import KEEP_ALIVE_SECONDS, UNBUFFERED, document, server_sent
from graph.service import Service
from graph.turns.manager import SendRequest, SentTurn

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
    """Send a message; it is answered with server-sent events, or with one JSON document."""
    sent = await service.turns.send(SendRequest(user.user_id, key=idempotency_key, **data.model_dump()))
    events = sent.turn.follow(heartbeat=KEEP_ALIVE_SECONDS)
    # The type goes in as a header, because the framework puts a handler's media type before a response's own.
    if request.accept.best_match([EVENT_STREAM, MediaType.JSON]) == MediaType.JSON:
        return Stream(document(events), headers={**_headers(sent), "Content-Type": MediaType.JSON.value})
    return Stream(server_sent(events), headers={**_headers(sent), "Content-Type": f"{EVENT_STREAM}; charset=utf-8"})


def _headers(sent: SentTurn) -> dict[str, str]:
    return {
        "X-Turn-Id": sent.start.turn_id,
        "X-Conversation-Id": sent.start.conversation_id,
        "X-Employee": sent.start.employee.slug,
        "X-Route-Confidence": f"{sent.start.route.confidence:.2f}",
        **limit_headers({"chat": sent.allowance} if sent.allowance else {}),
        **UNBUFFERED,
    }
