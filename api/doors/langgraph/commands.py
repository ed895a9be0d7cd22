"""Commands on a thread, by which those who stream it begin a run."""

from typing import Annotated, Any, Literal, NotRequired

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.langgraph.assistants import GRAPH
from api.doors.langgraph.errors import refusals
from api.doors.langgraph.parameters import ThreadId
from api.doors.langgraph.requests import RunRequest
from api.doors.langgraph.sending import begin_run
from api.doors.langgraph.thread_events import seq_of
from api.errors import problem_of
from api.limits import CountRefusals, HoldStream, count_refusal, provide_sender
from api.parameters import IdempotencyKey
from api.problems import Problem
from api.requests import require_json
from graph.service import Service
from graph.turns.manager import KeyMismatch, TurnRefused, UnknownTurn
from graph.turns.versions import InvalidVersion

ErrorCode = Literal[
    "invalid_argument", "no_such_run", "no_such_interrupt", "permission_denied", "unknown_command", "unknown_error"
]
ERROR_CODES: dict[int, ErrorCode] = {400: "invalid_argument", 404: "no_such_run", 409: "unknown_error"}
"""What is said in the answer. With any other status the request itself fails, which clients may repeat."""


class Command(msgspec.Struct):
    """A command."""

    id: int
    method: Annotated[str, msgspec.Meta(examples=["run.start"])]
    params: Annotated[dict[str, Any], msgspec.Meta(examples=[{"assistant_id": GRAPH}])] = msgspec.field(
        default_factory=dict[str, Any]
    )


class Answer(TypedDict):
    """What became of it: a result, or an error."""

    type: Literal["success", "error"]
    id: int
    result: NotRequired[dict[str, Any]]
    meta: NotRequired[dict[str, int]]
    """`applied_through_seq`: the run's events follow after this number."""
    error: NotRequired[ErrorCode]
    message: NotRequired[str]
    code: NotRequired[str]
    """Ours."""


@post(
    "/threads/{thread_id:str}/commands",
    status_code=200,
    guards=[require_json],
    middleware=[CountRefusals(), HoldStream()],
    dependencies={"user": Provide(provide_sender)},
    responses=refusals(413, 415, 429),
)
async def command(
    data: JSONBody[Command],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    thread_id: ThreadId,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Begin a run: `run.start`, whose `params` are a run's. A thread that does not exist is made."""
    if data.method == "input.respond":
        return _failed(data, "no_such_interrupt", "There are no interrupts to go on from.")
    if data.method != "run.start":
        return _failed(data, "unknown_command", f"Unknown command: {data.method[:64]}")
    try:
        run = msgspec.convert(data.params, RunRequest)
        run.if_not_exists = "create"
        return await _started(data, run, user, service, request, thread_id, idempotency_key)
    except msgspec.ValidationError as error:
        return _failed(data, "invalid_argument", f"params: {error}", "invalid_request")
    except (Problem, TurnRefused, KeyMismatch, InvalidVersion, UnknownTurn) as error:
        problem = problem_of(error)
        if problem.status_code not in ERROR_CODES:
            raise
        await count_refusal(request.scope)
        return _failed(data, ERROR_CODES[problem.status_code], problem.detail, problem.code)


async def _started(
    data: Command,
    run: RunRequest,
    user: User,
    service: Service,
    request: Request[Any, Any, Any],
    thread_id: str,
    key: str | None,
) -> Answer:
    run_id = (await begin_run(run, user, service, request, thread_id, key)).known_run().run_id
    turn = service.registry.find_any(user.user_id, run_id)
    if turn and turn.refusal and turn.refusal.reply:  # it is stored nowhere, so nobody would read it
        _, reply, _ = turn.refusal.reply
        return _failed(data, "permission_denied", reply.text, turn.refusal.code)
    service.notifications.wake_readers_of(thread_id)
    started = Answer(type="success", id=data.id, result={"run_id": str(run_id)})
    for one in await service.user_data.thread_runs.in_order(user.user_id, thread_id):
        if one["run_id"] == run_id and one["place"]:
            started["meta"] = {"applied_through_seq": seq_of(one["place"])}
    return started


def _failed(data: Command, error: ErrorCode, message: str, code: str = "invalid_request") -> Answer:
    return Answer(type="error", id=data.id, error=error, message=message, code=code)
