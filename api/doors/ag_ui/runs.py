"""`/ag-ui`: run, show a thread, read a run again, cancel it."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, NotRequired
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.ag_ui.refusals import refusals
from api.doors.ag_ui.requests import MAX_ID_CHARS, RunAgentInput, conversation_of, run_key
from api.doors.ag_ui.run_events import RunWriter, SnapshotMessage, run_stream, shown_stream
from api.doors.shared import event_stream, follow, send
from api.limits import CountRefusals, HoldStream, provide_reader, provide_sender
from api.parameters import EmployeeName
from api.problems import Problem
from api.requests import require_json
from api.routes.turns import STOPPED_WITHIN, LastEventId
from api.schemas.events import EVENT_STREAM
from graph.account import UserData
from graph.service import Service
from nodes.employees import find as find_employee
from storage.conversations import MessageDetails

MAX_BODY_BYTES = 1024 * 1024
"""Clients send the whole history of a thread with each message."""
MAX_MESSAGES = 200
"""Messages of a snapshot: the newest ones."""


class RunEvent(TypedDict):
    """A server-sent event."""

    id: NotRequired[str]
    data: str
    """An event of the run, as JSON."""


STREAM = ResponseSpec(RunEvent, description="The run's events.", media_type=EVENT_STREAM, generate_examples=False)

ThreadId = Annotated[
    str | None,
    QueryParameter(
        name="threadId",
        min_length=1,
        max_length=MAX_ID_CHARS,
        description="The run's thread, as the events are to call it; unset: the conversation's id.",
    ),
]


class CancelledRun(TypedDict):
    """A run that was to be cancelled, as it is now."""

    runId: str
    turnId: UUID
    finishReason: str | None
    """`stopped` where that ended it; null where it goes on."""


@post(
    ["/", "/{employee:str}"],
    status_code=200,
    media_type=EVENT_STREAM,
    request_max_body_size=MAX_BODY_BYTES,
    guards=[require_json],
    middleware=[CountRefusals(), HoldStream()],
    dependencies={"user": Provide(provide_sender)},
    responses={200: STREAM, **refusals(404, 409, 413, 415, 429)},
)
async def run_agent(
    data: JSONBody[RunAgentInput],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    user_data: NamedDependency[UserData],
    request: Request[Any, Any, Any],
    employee: FromPath[EmployeeName | None] = None,
) -> Stream:
    """Answer the user's new message; without one, show the thread, and the answer that is given there.

    A run that is sent twice is one turn.
    """
    message = await data.to_send(user.user_id, user_data.turns, employee)
    if message is None:
        return await _shown(data, user, service, user_data)
    sent = await send(service, request, message)
    assert message.conversation_id, "each thread has one"
    history = partial(_history, user_data, user.user_id, message.conversation_id)
    return event_stream(run_stream(sent.events, RunWriter(data.run_id, data.thread_id), history))


@get(
    "/runs/{run_id:str}/events",
    media_type=EVENT_STREAM,
    middleware=[HoldStream()],
    dependencies={"user": Provide(provide_reader)},
    responses={200: STREAM, **refusals(404, 429)},
)
async def run_events(
    user: NamedDependency[User],
    service: NamedDependency[Service],
    user_data: NamedDependency[UserData],
    run_id: FromPath[str],
    thread_id: ThreadId = None,
    last_event_id: LastEventId = 0,
) -> Stream:
    """A run's events once more, from the first one or after `Last-Event-ID`; live while it goes on."""
    turn_id = await _turn_of(user_data, user, run_id)
    record = await user_data.turns.find(user.user_id, turn_id)
    if record is None or (thread_id and conversation_of(user.user_id, thread_id) != record["conversation_id"]):
        raise _unknown()
    events = await follow(service, user.user_id, turn_id)
    assert events, "a turn has events after none"
    history = partial(_history, user_data, user.user_id, record["conversation_id"])
    return event_stream(run_stream(events, RunWriter(run_id, thread_id), history, after=last_event_id))


@post(
    "/runs/{run_id:str}/cancel",
    status_code=200,
    middleware=[HoldStream()],
    dependencies={"user": Provide(provide_reader)},
    responses=refusals(404, 429),
)
async def cancel_run(
    user: NamedDependency[User],
    service: NamedDependency[Service],
    user_data: NamedDependency[UserData],
    run_id: FromPath[str],
) -> CancelledRun:
    """End a run's answer where it stands; what was said is kept. Once it is out this changes nothing."""
    turn_id = await _turn_of(user_data, user, run_id)
    record = await service.subscriptions.stop(user.user_id, turn_id, STOPPED_WITHIN)
    if record is None:
        raise _unknown()
    return CancelledRun(runId=run_id, turnId=turn_id, finishReason=record["finish_reason"])


async def _shown(data: RunAgentInput, user: User, service: Service, user_data: UserData) -> Stream:
    """The thread as it is, and the answer that is given there from its beginning to its end."""
    conversation_id = conversation_of(user.user_id, data.thread_id)
    turn_id = await user_data.turns.latest(user.user_id, conversation_id, running=True)
    conversation = await user_data.conversations.find(user.user_id, conversation_id)
    history = partial(_history, user_data, user.user_id, conversation_id)
    messages = await history(turn_id)
    count = conversation["message_count"] if conversation else 0
    known = {
        "conversationId": conversation_id,
        "title": conversation["title"] if conversation else "",
        "employee": conversation["last_employee"] if conversation else None,
        "hasEarlier": count > MAX_MESSAGES,
    }
    state = {**(data.state if isinstance(data.state, dict) else {}), "frontdesk": known}
    writer = RunWriter(data.run_id, data.thread_id)
    shown = list(writer.show(state, messages, clear=bool(data.messages), running=turn_id is not None))
    events = await follow(service, user.user_id, turn_id) if turn_id else None
    return event_stream(shown_stream(shown, events, writer, history))


async def _history(
    user_data: UserData, user_id: UUID, conversation_id: str, until: UUID | None
) -> Sequence[SnapshotMessage]:
    """The newest messages, oldest first, up to the question of that turn where one is given."""
    newest = await user_data.conversations.messages(user_id, conversation_id, limit=MAX_MESSAGES, newest_first=True)
    messages = newest[::-1]
    if until:
        end = next((at for at, one in enumerate(messages, 1) if one["message_id"] == until), len(messages))
        messages = messages[:end]
    return [_message(one) for one in messages]


def _message(message: MessageDetails) -> SnapshotMessage:
    known = SnapshotMessage(id=str(message["message_id"]), role=message["role"], content=message["content"])
    if message["role"] == "assistant" and (who := find_employee(message["employee"])):
        known["name"] = who.name
    return known


async def _turn_of(user_data: UserData, user: User, run_id: str) -> UUID:
    """The turn of a run; a turn may be named by its own id, too.

    Raises:
        Problem: 404, no run of the user's has this id, or it was sent more than a day ago.
    """
    if turn_id := await user_data.turns.of_key(user.user_id, run_key(user.user_id, run_id)):
        return turn_id
    try:
        return UUID(run_id)
    except ValueError:
        raise _unknown() from None


def _unknown() -> Problem:
    return Problem(404, "not_found", "There is no such run, or it is older than a day.")
