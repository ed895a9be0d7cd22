"""Begin runs: streamed, waited for, or in the background."""

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream

from api.auth.user import User
from api.doors.langgraph.errors import refusals
from api.doors.langgraph.parameters import ThreadId
from api.doors.langgraph.reading import StopWhereLeft, find_run
from api.doors.langgraph.requests import RunRequest
from api.doors.langgraph.run_events import BEGINNING
from api.doors.langgraph.runs import RESULT, STREAM, Run, document, places, reconnect_query, run_document
from api.doors.langgraph.sending import BegunRun, begin_run
from api.doors.shared import event_stream
from api.limits import CountRefusals, HoldStream, provide_sender
from api.parameters import IdempotencyKey
from api.problems import Problem
from api.requests import require_json
from api.schemas.events import EVENT_STREAM
from graph.service import Service

SENDS: dict[str, Any] = {
    "status_code": 200,
    "guards": [require_json],
    "middleware": [CountRefusals(), HoldStream(), StopWhereLeft()],
    "dependencies": {"user": Provide(provide_sender)},
}
REFUSED = refusals(404, 409, 413, 415, 429)
STREAMED: dict[str, Any] = {"media_type": EVENT_STREAM, "responses": {200: STREAM, **REFUSED}, **SENDS}
WAITED: dict[str, Any] = {"responses": {200: RESULT, **REFUSED}, **SENDS}
CREATED: dict[str, Any] = {
    "responses": {200: ResponseSpec(Run, description="The run.", generate_examples=False), **REFUSED}, **SENDS,
}  # fmt: skip


@post("/threads/{thread_id:str}/runs/stream", **STREAMED)
async def stream_run(
    data: JSONBody[RunRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    thread_id: ThreadId,
    idempotency_key: IdempotencyKey = None,
) -> Stream:
    """Send a message in a thread, and stream its run."""
    begun = await begin_run(data, user, service, request, thread_id, idempotency_key)
    return _streamed(data, request, begun)


@post("/runs/stream", **STREAMED)
async def stream_run_alone(
    data: JSONBody[RunRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    idempotency_key: IdempotencyKey = None,
) -> Stream:
    """The same in a thread of its own, which is a temporary conversation."""
    begun = await begin_run(data, user, service, request, None, idempotency_key)
    return _streamed(data, request, begun)


@post("/threads/{thread_id:str}/runs/wait", **WAITED)
async def wait_for_run(
    data: JSONBody[RunRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    thread_id: ThreadId,
    idempotency_key: IdempotencyKey = None,
) -> Stream:
    """Send a message in a thread, and wait for the values at the end of its run."""
    begun = await begin_run(data, user, service, request, thread_id, idempotency_key)
    return _waited(data, request, begun)


@post("/runs/wait", **WAITED)
async def wait_for_run_alone(
    data: JSONBody[RunRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    idempotency_key: IdempotencyKey = None,
) -> Stream:
    """The same in a thread of its own, which is a temporary conversation."""
    begun = await begin_run(data, user, service, request, None, idempotency_key)
    return _waited(data, request, begun)


@post("/threads/{thread_id:str}/runs", **CREATED)
async def create_run(
    data: JSONBody[RunRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    thread_id: ThreadId,
    idempotency_key: IdempotencyKey = None,
) -> Response[Run]:
    """Send a message in a thread; its run goes on by itself."""
    begun = await begin_run(data, user, service, request, thread_id, idempotency_key)
    return await _created(service, user, begun)


@post("/runs", **CREATED)
async def create_run_alone(
    data: JSONBody[RunRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    idempotency_key: IdempotencyKey = None,
) -> Response[Run]:
    """The same in a thread of its own, which is a temporary conversation."""
    begun = await begin_run(data, user, service, request, None, idempotency_key)
    return await _created(service, user, begun)


def _streamed(data: RunRequest, request: Request[Any, Any, Any], begun: BegunRun) -> Stream:
    leaves = data.on_disconnect == "cancel"
    if leaves:
        begun.stop_where_left(request)
    found = places(begun.thread_id, begun.run_id, f"stream{reconnect_query(data.modes, leaves=leaves)}")
    return event_stream(begun.reading.stream(BEGINNING), found)


def _waited(data: RunRequest, request: Request[Any, Any, Any], begun: BegunRun) -> Stream:
    if data.on_disconnect == "cancel":
        begun.stop_where_left(request)
    return document(begun.reading, places(begun.thread_id, begun.run_id, "join"))


async def _created(service: Service, user: User, begun: BegunRun) -> Response[Run]:
    if begun.run_id is None:
        detail = "Another server has this message, which waits for its thread. Send it again for its run."
        raise Problem(503, "server_busy", detail, retry_after=5)
    run = run_document(await find_run(service, user, begun.thread_id, begun.run_id))
    return Response(run, headers=places(begun.thread_id, begun.run_id, "stream"))
