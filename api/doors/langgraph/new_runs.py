"""Begin runs: streamed, waited for, or in the background."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, Router, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream

from api.doors.langgraph.errors import refusals
from api.doors.langgraph.reading import BreakOff, StopWhereLeft
from api.doors.langgraph.requests import RunRequest
from api.doors.langgraph.run_events import BEGINNING
from api.doors.langgraph.runs import RESULT, STREAM, Run, document, places, reconnect_query, run_document
from api.doors.langgraph.sending import BegunRun, begin_run, begin_run_alone
from api.doors.shared import event_stream
from api.limits import CountRefusals, HoldStream, provide_sender
from api.requests import require_json
from api.schemas.events import EVENT_STREAM

REFUSED = refusals(404, 409, 413, 415, 429)
RUN = ResponseSpec(Run, description="The run.", generate_examples=False)


@post("/stream", status_code=200, media_type=EVENT_STREAM, responses={200: STREAM, **REFUSED})
async def stream_run(
    data: JSONBody[RunRequest], begun: NamedDependency[BegunRun], request: Request[Any, Any, Any]
) -> Stream:
    """Send a message, and stream its run."""
    if leaves := data.on_disconnect == "cancel":
        begun.stop_where_left(request)
    query = reconnect_query(data.modes, leaves=leaves)
    return event_stream(begun.reading.stream(BEGINNING), places(begun.thread_id, begun.run_id, f"stream{query}"))


@post("/wait", status_code=200, responses={200: RESULT, **REFUSED})
async def wait_for_run(
    data: JSONBody[RunRequest], begun: NamedDependency[BegunRun], request: Request[Any, Any, Any]
) -> Stream:
    """The same, and wait for the thread's values at the end of the run."""
    if data.on_disconnect == "cancel":
        begun.stop_where_left(request)
    return document(begun.reading, places(begun.thread_id, begun.run_id, "join"))


@post("/", status_code=200, responses={200: RUN, **REFUSED})
async def create_run(
    data: JSONBody[RunRequest],  # noqa: ARG001 - what `begun` was begun with, for the OpenAPI document
    begun: NamedDependency[BegunRun],
) -> Response[Run]:
    """The same in the background: the run goes on by itself."""
    run = await begun.known_run().record()
    return Response(run_document(run), headers=places(begun.thread_id, begun.run_id, "stream"))


def _sends(path: str, begin: Callable[..., Awaitable[BegunRun]]) -> Router:
    """The three under an address of theirs, which says how a run begins."""
    return Router(
        path,
        route_handlers=[stream_run, wait_for_run, create_run],
        guards=[require_json],
        middleware=[CountRefusals(), HoldStream(), StopWhereLeft(), BreakOff()],
        dependencies={"user": Provide(provide_sender), "begun": Provide(begin)},
    )


IN_A_THREAD = _sends("/threads/{thread_id:str}/runs", begin_run)
ALONE = _sends("/runs", begin_run_alone)
