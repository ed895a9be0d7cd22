"""Runs: find one, follow it, wait for it, stop it. A run is a turn of its thread's conversation."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, HeaderParameter, QueryParameter
from litestar.response import Stream
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.langgraph.assistants import assistant_of
from api.doors.langgraph.errors import refusals
from api.doors.langgraph.messages import Values
from api.doors.langgraph.parameters import Limit, Offset, ThreadId
from api.doors.langgraph.reading import BreakOff, NamedRun, Reading, StopWhereLeft, modes_in, provide_run
from api.doors.langgraph.requests import MultitaskStrategy
from api.doors.langgraph.run_events import StreamMode, place_of
from api.doors.langgraph.sending import unknown_thread
from api.doors.shared import event_stream
from api.limits import HoldStream, provide_reader
from api.problems import Problem
from api.schemas.events import EVENT_STREAM
from api.sse import UNBUFFERED
from graph.account import UserData
from graph.turns.turn import began_at
from storage.thread_runs import RunRecord, RunStatus


class Run(TypedDict):
    """A run."""

    run_id: UUID
    thread_id: str
    assistant_id: UUID
    status: RunStatus
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, Any]
    kwargs: dict[str, Any]
    multitask_strategy: MultitaskStrategy
    """Always `enqueue`: what was asked for is not kept."""


class RunEvent(TypedDict):
    """A server-sent event."""

    id: str
    event: str
    data: str


STREAM = ResponseSpec(RunEvent, description="The run.", media_type=EVENT_STREAM, generate_examples=False)
RESULT = ResponseSpec(Values, description="The thread's values at its end.", generate_examples=False)
LastEventId = Annotated[
    str, HeaderParameter(name="Last-Event-ID", max_length=64, description="The last event that was read.")
]
Modes = Annotated[
    list[str] | None,
    QueryParameter(name="stream_mode", description="What to stream, or else values and messages-tuple."),
]
Leave = Annotated[
    Literal["0", "1", "true", "false"],
    QueryParameter(name="cancel_on_disconnect", description="Whether the run is stopped where its reader leaves."),
]
Wait = Annotated[Literal["0", "1", "true", "false"], QueryParameter(name="wait", description="For the run's end.")]
Action = Annotated[
    Literal["interrupt", "rollback"], QueryParameter(name="action", description="What was said is kept by either.")
]
YES = ("1", "true")
JOINED: list[StreamMode] = ["values", "messages-tuple"]
"""What a client that joins and names no modes gets. It means those of its run, which are not kept: `useStream`'s."""

RUN = {"run": Provide(provide_run)}
READS: dict[str, Any] = {
    "middleware": [HoldStream(), StopWhereLeft(), BreakOff()], "dependencies": {"user": Provide(provide_reader), **RUN},
}  # fmt: skip


@get("/threads/{thread_id:str}/runs", responses=refusals(404))
async def list_runs(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    thread_id: ThreadId,
    limit: Limit = 10,
    offset: Offset = 0,
    status: FromQuery[RunStatus | None] = None,
) -> list[Run]:
    """A thread's runs, the newest first."""
    found = await user_data.thread_runs.runs(user.user_id, thread_id, status=status, limit=limit, offset=offset)
    if not found and not (await user_data.thread_runs.standing(user.user_id, thread_id))["known"]:
        raise unknown_thread(thread_id)
    return [run_document(one) for one in found]


@get("/threads/{thread_id:str}/runs/{run_id:str}", dependencies=RUN, responses=refusals(404))
async def read_run(run: NamedDependency[NamedRun]) -> Run:
    """How a run stands."""
    return run_document(await run.record())


@get(
    "/threads/{thread_id:str}/runs/{run_id:str}/stream",
    media_type=EVENT_STREAM, responses={200: STREAM, **refusals(404, 429)}, **READS,
)  # fmt: skip
async def join_stream(
    run: NamedDependency[NamedRun],
    request: Request[Any, Any, Any],
    last_event_id: LastEventId = "",
    stream_mode: Modes = None,
    cancel_on_disconnect: Leave = "0",
) -> Stream:
    """A run's events, from the first one or after `Last-Event-ID`; live while it runs, then to the last."""
    try:
        after = place_of(last_event_id)
    except ValueError:
        raise Problem(400, "invalid_request", "Last-Event-ID: not an event's id") from None
    modes, leaves = modes_in(stream_mode) or JOINED, cancel_on_disconnect in YES
    reading = Reading(run.service, run.user, await run.events(), modes)
    if leaves:
        reading.stop_where_left(request, run)
    query = reconnect_query(modes, leaves=leaves)
    return event_stream(reading.stream(after), places(run.thread_id, run.run_id, f"stream{query}"))


@get("/threads/{thread_id:str}/runs/{run_id:str}/join", responses={200: RESULT, **refusals(404, 429)}, **READS)
async def join_run(
    run: NamedDependency[NamedRun], request: Request[Any, Any, Any], cancel_on_disconnect: Leave = "0"
) -> Stream:
    """Wait for the thread's values at the end of a run."""
    reading = Reading(run.service, run.user, await run.events())
    if cancel_on_disconnect in YES:
        reading.stop_where_left(request, run)
    return document(reading, places(run.thread_id, run.run_id, "join"))


@post(
    "/threads/{thread_id:str}/runs/{run_id:str}/cancel",
    status_code=202,
    responses={200: RESULT, 202: ResponseSpec(None, description="It is being stopped."), **refusals(404, 429)},
    **READS,
)
async def cancel_run(
    run: NamedDependency[NamedRun],
    wait: Wait = "0",
    action: Action = "interrupt",  # noqa: ARG001 - a turn stays in its conversation, so both are the same
) -> Response[Any]:
    """Stop a run; what was said is kept. One that waits is withdrawn. Once it is over this changes nothing."""
    await run.record()
    await run.stop()
    if wait not in YES:
        return Response(None, status_code=HTTPStatus.ACCEPTED)
    reading = Reading(run.service, run.user, await run.events())
    return document(reading, places(run.thread_id, run.run_id, "join"))


def document(reading: Reading, headers: dict[str, str]) -> Stream:
    """The run's result, as a document that may take long."""
    told = {**UNBUFFERED, **headers, "Content-Type": MediaType.JSON.value}
    return Stream(reading.result(), headers=told, status_code=200)


def places(thread_id: str, run_id: UUID | None, follow: str) -> dict[str, str]:
    """Where the run is, and where its client reconnects; clients resolve both against the door's own address."""
    if run_id is None:
        return {}
    run = f"/threads/{thread_id}/runs/{run_id}"
    return {"Content-Location": run, "Location": f"{run}/{follow}"}


def reconnect_query(modes: Sequence[StreamMode], *, leaves: bool) -> str:
    """What a client that reconnects has to ask for, which it does not repeat by itself."""
    return f"?stream_mode={quote(json.dumps(modes))}{'&cancel_on_disconnect=1' if leaves else ''}"


def run_document(record: RunRecord) -> Run:
    """A run, as it stands."""
    created = record["created_at"] or datetime.fromtimestamp(began_at(record["run_id"]) or 0, UTC)
    return Run(
        run_id=record["run_id"],
        thread_id=record["thread_id"],
        assistant_id=assistant_of(record["asked_employee"]),
        status=record["status"],
        created_at=created,
        updated_at=record["updated_at"] or created,
        metadata={},
        kwargs={},
        multitask_strategy="enqueue",
    )
