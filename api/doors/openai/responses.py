"""`/v1/responses`: a turn as a response, which can be read again."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.openai.errors import refusals
from api.doors.openai.items import InputMessage, ItemList, input_message, item_list
from api.doors.openai.requests import ResponseRequest
from api.doors.openai.response_events import ResponseObject, ResponseWriter, response_id
from api.doors.shared import KEEP_ALIVE, Events, event_stream, follow, send
from api.limits import CountRefusals, HoldStream, provide_reader, provide_sender
from api.parameters import IdempotencyKey
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from graph.turns.turn import began_at
from nodes.stream_events import Start
from storage.turn_records import TurnRecord

STOPPED_WITHIN = 5.0
"""Seconds that a request to cancel waits for the answer's end."""

After = Annotated[
    int | None,
    QueryParameter(name="starting_after", ge=0, le=2**53, description="The last sequence number that was read."),
]


class DeletedResponse(TypedDict):
    """A response that is gone."""

    id: str
    object: Literal["response.deleted"]
    deleted: Literal[True]


@post(
    "/responses",
    status_code=200,
    guards=[require_json],
    middleware=[CountRefusals(), HoldStream()],
    dependencies={"user": Provide(provide_sender)},
    responses={
        200: ResponseSpec(ResponseObject, description="The response; with `stream`, events.", generate_examples=False),
        **refusals(404, 409, 413, 415, 429),
    },
)
async def create_response(
    data: JSONBody[ResponseRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    user_data: NamedDependency[UserData],
    request: Request[Any, Any, Any],
    idempotency_key: IdempotencyKey = None,
) -> Response[Any]:
    """Send a message; its response goes on whether anybody reads it or not."""
    previous = await _conversation_of(service, user_data, user, data.previous_response_id)
    message = data.to_send(user.user_id, previous, idempotency_key)
    # In the background, too, its id is told once the turn has begun: until then nobody could find it.
    sent = await send(service, request, message, until_begun=not data.stream)
    if data.stream:
        return event_stream(_stream(sent.events, ResponseWriter(sent.turn_id) if sent.turn_id else None))
    assert sent.turn_id, "it has begun"
    if data.background:
        return Response(await _now(service, user, sent.turn_id))
    return Response(await _at_end(sent.events, sent.turn_id))


@get(
    "/responses/{id:str}",
    middleware=[HoldStream()],
    dependencies={"user": Provide(provide_reader)},
    responses={
        200: ResponseSpec(ResponseObject, description="The response; with `stream`, events.", generate_examples=False),
        **refusals(404, 429),
    },
)
async def read_response(
    user: NamedDependency[User],
    service: NamedDependency[Service],
    id: FromPath[str],
    stream: FromQuery[bool] = False,
    starting_after: After = None,
) -> Response[Any]:
    """A response as it stands; or its events, from the first one or after a number, live to the last."""
    turn_id = _turn_id(id)
    if not stream:
        return Response(await _now(service, user, turn_id))
    writer = await _writer(service, user, turn_id)
    # From the turn's first event, because a frame follows from all that are before it.
    events = await follow(service, user.user_id, turn_id)
    assert events, "a turn has events after none"
    return event_stream(_stream(events, writer, -1 if starting_after is None else starting_after))


@post(
    "/responses/{id:str}/cancel",
    status_code=200,
    middleware=[HoldStream()],
    dependencies={"user": Provide(provide_reader)},
    responses=refusals(404, 429),
)
async def cancel_response(
    user: NamedDependency[User],
    service: NamedDependency[Service],
    id: FromPath[str],
) -> ResponseObject:
    """Stop an answer where it stands; what was said is kept. Once it is out this changes nothing."""
    turn_id = _turn_id(id)
    await service.subscriptions.stop(user.user_id, turn_id, STOPPED_WITHIN)
    return await _now(service, user, turn_id)


@delete("/responses/{id:str}", status_code=200, responses=refusals(404))
async def delete_response(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
) -> DeletedResponse:
    """Delete the conversation of a response that is the only one in it; of others 400: they go with theirs."""
    record = await _record(user_data, user, id)
    questions = await user_data.conversations.messages(user.user_id, record["conversation_id"], limit=3)
    if any(message["turn_id"] != record["turn_id"] for message in questions) or len(record["versions"]) > 1:
        detail = "It is part of a longer conversation: delete that one, DELETE /v1/conversations/{id}."
        raise Problem(400, "invalid_request", detail)
    await user_data.delete_conversation(user.user_id, record["conversation_id"])
    return DeletedResponse(id=id, object="response.deleted", deleted=True)


@get("/responses/{id:str}/input_items", responses=refusals(404))
async def input_items(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
) -> ItemList[InputMessage]:
    """The message that was answered; what was sent along with it is not kept."""
    record = await _record(user_data, user, id)
    return item_list([input_message(record["turn_id"], record["message"])], has_more=False)


async def _stream(events: Events, writer: ResponseWriter | None, after: int = -1) -> AsyncIterator[bytes]:
    """The response's events after that number; they end early where the turn goes on in another process.

    Args:
        writer: None of a message that waits, whose turn nobody knows yet.
    """
    async for numbered in events:
        if numbered is None:
            yield KEEP_ALIVE
            continue
        if writer is None:
            event = numbered.event
            writer = ResponseWriter(UUID(event.turn_id) if isinstance(event, Start) else UUID(int=0))
        for frame in writer.write(numbered):
            if frame.sequence_number > after:
                yield frame.data


async def _at_end(events: Events, turn_id: UUID) -> ResponseObject:
    """The response at its end; as it stands where the turn goes on in another process."""
    writer = ResponseWriter(turn_id)
    async for numbered in events:
        if numbered:
            writer.take(numbered)
    return writer.snapshot()


async def _now(service: Service, user: User, turn_id: UUID) -> ResponseObject:
    """The response as it stands."""
    writer = await _writer(service, user, turn_id)
    events = await follow(service, user.user_id, turn_id, heartbeat=0)
    assert events, "a turn has events after none"
    async for numbered in events:
        if numbered is None:  # nothing more yet
            break
        writer.take(numbered)
    return writer.snapshot()


async def _writer(service: Service, user: User, turn_id: UUID) -> ResponseWriter:
    """A writer for a turn that may be of an earlier release, whose id does not say when it began."""
    if began_at(turn_id) is not None:
        return ResponseWriter(turn_id)
    record = await service.user_data.turns.find(user.user_id, turn_id)
    return ResponseWriter(turn_id, int(record["created_at"].timestamp()) if record else 0)


async def _conversation_of(service: Service, user_data: UserData, user: User, previous: str | None) -> str | None:
    """The conversation of a response, which may be the guard's, and stored nowhere but here."""
    if previous is None:
        return None
    turn = service.registry.find(user.user_id, _turn_id(previous))
    return turn.conversation_id if turn else (await _record(user_data, user, previous))["conversation_id"]


async def _record(user_data: UserData, user: User, id_: str) -> TurnRecord:
    record = await user_data.turns.find(user.user_id, _turn_id(id_))
    if record is None:
        raise _unknown()
    return record


def _turn_id(id_: str) -> UUID:
    try:
        turn_id = UUID(id_.removeprefix("resp_"))
    except ValueError:
        raise _unknown() from None
    if response_id(turn_id) != id_:
        raise _unknown()
    return turn_id


def _unknown() -> Problem:
    return Problem(404, "not_found", "There is no such response.")
