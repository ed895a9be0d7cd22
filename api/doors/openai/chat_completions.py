"""`POST /v1/chat/completions`: a turn as one answer, or as chunks."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, JSONBody
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.openai.errors import error_body, refusals
from api.doors.openai.requests import ChatCompletionRequest
from api.doors.shared import KEEP_ALIVE, Events, Failure, WholeAnswer, event_stream, send, whole
from api.limits import CountRefusals, HoldStream, provide_sender
from api.parameters import CONVERSATION_ID, IdempotencyKey
from api.problems import Problem
from api.requests import require_json
from graph.service import Service
from graph.turns.turn import began_at, encode_line
from nodes.state import FinishReason, Usage
from nodes.stream_events import EVENT_NAMES, Done, Notice, Start, Token, ToolCall, ToolResult

CompletionEnd = Literal["stop", "length", "content_filter"]
ENDS: Mapping[FinishReason, CompletionEnd] = {
    "stop": "stop", "length": "length", "timeout": "length", "stopped": "length", "blocked": "content_filter",
}  # fmt: skip
"""The dialect has no word for an answer that was stopped or ran out of time: it is cut, as at a limit of length."""
DONE = b"data: [DONE]\n\n"


class ChatCompletion(TypedDict):
    """An answer."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, int]
    frontdesk: dict[str, Any]
    """The turn and its conversation, who answered and why, and how it ended in our words."""


class Chunk(TypedDict):
    """A piece of an answer."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: NotRequired[dict[str, int] | None]
    frontdesk: NotRequired[dict[str, Any]]


ConversationHeader = Annotated[
    str | None,
    HeaderParameter(
        name="X-Conversation-Id",
        min_length=1,
        max_length=128,
        pattern=CONVERSATION_ID,
        description="The conversation that the last message belongs to; of the others none is read then.",
    ),
]


@post(
    "/chat/completions",
    status_code=200,
    guards=[require_json],
    middleware=[CountRefusals(), HoldStream()],
    dependencies={"user": Provide(provide_sender)},
    responses={
        200: ResponseSpec(ChatCompletion, description="The answer; with `stream`, chunks.", generate_examples=False),
        **refusals(404, 409, 413, 415, 429),
    },
)
async def chat_completions(
    data: JSONBody[ChatCompletionRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    conversation_id: ConversationHeader = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[Any]:
    """Send the last message; those before it are quoted in its prompt, or its conversation is named."""
    message = data.to_send(user.user_id, conversation_id, idempotency_key)
    if not data.stream:
        sent = await send(service, request, message, until_begun=True)
        return Response(completion(await whole(sent.events)))
    sent = await send(service, request, message)
    with_usage = bool(data.stream_options and data.stream_options.include_usage)
    return event_stream(chunks(sent.events, with_usage=with_usage))


def completion(answer: WholeAnswer) -> ChatCompletion:
    """The answer as a document."""
    start, done = answer.start, answer.done
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": ENDS[done.finish_reason]}
    return ChatCompletion(
        id=_id(start),
        object="chat.completion",
        created=_created(start),
        model=start.employee.slug,
        choices=[choice],
        usage=usage_of(done.usage),
        frontdesk={**_begun(start), **_ended(done), "notices": [notice.code for notice in answer.notices]},
    )


async def chunks(events: Events, *, with_usage: bool) -> AsyncIterator[bytes]:
    """The turn as chunks.

    What was sent cannot be taken back: an answer that begins anew ends here, cut, and is whole in its conversation.
    """
    piece = b""
    blank: Chunk | None = None
    said = False
    async for numbered in events:
        match numbered and numbered.event:
            case Start() as start:
                blank = _blank(start, with_usage=with_usage)
                piece = _before_text(blank)
                yield _frame(_with(blank, {"role": "assistant", "content": ""}, None, _begun(start)))
            case Token(text):
                said = True
                yield piece % encode_line(text)
            case (ToolCall() | ToolResult()) as tool if blank:  # nothing that the client is to run
                yield _frame(_with(blank, {}, None, {EVENT_NAMES[type(tool)]: tool}))
            case Notice(code="restarted") if said and blank:
                yield _frame(_with(blank, {}, "length", {"restarted": True}))
                yield DONE
                return
            case Done() as done if blank:
                yield _frame(_with(blank, {}, ENDS[done.finish_reason], _ended(done)))
                if with_usage:
                    yield _frame({**blank, "choices": [], "usage": usage_of(done.usage)})
                yield DONE
                return
            case Failure() as failure:
                yield _frame(error_body(failure.problem()))
                return
            case None:
                yield KEEP_ALIVE
            case _:
                pass
    yield _frame(error_body(Problem(503, "shutting_down", "The answer goes on at another server.", retry_after=1)))


def usage_of(usage: Usage) -> dict[str, int]:
    """Tokens, as this dialect counts them."""
    prompt, completed = usage["prompt_tokens"], usage["completion_tokens"]
    return {"prompt_tokens": prompt, "completion_tokens": completed, "total_tokens": prompt + completed}


def _blank(start: Start, *, with_usage: bool) -> Chunk:
    """A chunk without anything said, to be filled in; `usage` is null in all but the last where it is asked for."""
    model, created = start.employee.slug, _created(start)
    chunk = Chunk(id=_id(start), object="chat.completion.chunk", created=created, model=model, choices=[])
    if with_usage:
        chunk["usage"] = None
    return chunk


def _with(chunk: Chunk, delta: dict[str, str], end: CompletionEnd | None, frontdesk: dict[str, Any]) -> Chunk:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}
    filled = chunk.copy()
    filled["choices"], filled["frontdesk"] = [choice], frontdesk
    return filled


def _before_text(chunk: Chunk) -> bytes:
    """The frame of a piece of text, with a place for it: all but that is the same in each."""
    choice = {"index": 0, "delta": {"content": "TEXT"}, "logprobs": None, "finish_reason": None}
    return _frame({**chunk, "choices": [choice]}).replace(b"%", b"%%").replace(b'"TEXT"', b"%s")


def _frame(data: Any) -> bytes:
    return b"data: %s\n\n" % encode_line(data)


def _id(start: Start) -> str:
    return f"chatcmpl-{start.turn_id.replace('-', '')}"


def _created(start: Start) -> int:
    return began_at(UUID(start.turn_id)) or 0


def _begun(start: Start) -> dict[str, Any]:
    return {
        "turn_id": start.turn_id,
        "conversation_id": start.conversation_id,
        "employee": start.employee,
        "route": start.route,
        "model": start.model,
    }


def _ended(done: Done) -> dict[str, Any]:
    return {
        "turn_id": done.turn_id,
        "conversation_id": done.conversation_id,
        "employee": done.employee,
        "model": done.model,
        "finish_reason": done.finish_reason,
        "fallback": done.fallback,
        "references": done.references,
        "unverified": done.unverified,
    }
