"""Assistants as LangGraph's clients list them: of the graph `frontdesk`, one that chooses who answers, and the six."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any, Final, Literal
from uuid import UUID, uuid5

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.langgraph.errors import refusals
from api.problems import Problem
from api.requests import require_json
from graph.dependencies import Options, unconnected
from graph.pipeline import build
from nodes.employees import EMPLOYEES, Slug, find

GRAPH: Final = "frontdesk"
_NAMESPACE = UUID("5d0f4a52-7a4e-4b55-9d0b-0c2f6e1f3a11")
ROUTED = uuid5(_NAMESPACE, GRAPH)
"""The assistant that leaves the choice to the router."""
ASSISTANTS: Mapping[UUID, Slug | None] = {
    ROUTED: None, **{uuid5(_NAMESPACE, one.slug): one.slug for one in EMPLOYEES},
}  # fmt: skip
CREATED = datetime(2026, 11, 30, tzinfo=UTC)
"""When all of them came: clients want a date, and sort by it."""


class Assistant(TypedDict):
    """An assistant."""

    assistant_id: UUID
    graph_id: Literal["frontdesk"]
    name: str
    description: str
    config: dict[str, Any]
    context: dict[str, Any]
    metadata: dict[str, Any]
    version: Literal[1]
    created_at: datetime
    updated_at: datetime


class AssistantSearch(msgspec.Struct):
    """Which assistants; what is not named here is ignored."""

    graph_id: str | None = None
    name: str | None = None
    """Part of the name, in any case."""
    metadata: dict[str, Any] | None = None
    limit: int | None = None
    offset: int | None = None


class DrawnGraph(TypedDict):
    """A graph, as LangGraph writes one."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]


class Schemas(TypedDict):
    """JSON schemas of what a run takes and gives."""

    graph_id: Literal["frontdesk"]
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    state_schema: dict[str, Any]
    config_schema: dict[str, Any]
    context_schema: dict[str, Any]


class Info(TypedDict):
    """The server."""

    version: str
    langgraph_py_version: str
    flags: dict[str, bool]


class Alive(TypedDict):
    """The server runs."""

    ok: Literal[True]


def employee_of(assistant_id: str) -> Slug | None:
    """Who answers for an assistant, by its id, the graph's name, or an employee's; None where the router chooses.

    Raises:
        Problem: 404, there is no such assistant.
    """
    if assistant_id == GRAPH:
        return None
    if named := find(assistant_id):
        return named.slug
    try:
        return ASSISTANTS[UUID(assistant_id)]
    except (ValueError, KeyError):
        raise Problem(404, "not_found", f"There is no assistant {assistant_id[:64]!r}.") from None


def assistant_of(employee: str | None) -> UUID:
    """The assistant that an employee is; without one the assistant that chooses."""
    slug = named.slug if (named := find(employee)) else None
    return next(assistant for assistant, answers in ASSISTANTS.items() if answers == slug)


@get("/ok", security=[{}])
async def alive() -> Alive:
    """The server runs."""
    return Alive(ok=True)


@get("/info", security=[{}])
async def info() -> Info:
    """Versions, and what the server has of what such a server may have."""
    flags = {"assistants": True, "crons": False, "langsmith": False}
    return Info(version=version("frontdesk"), langgraph_py_version=version("langgraph"), flags=flags)


@post("/assistants/search", status_code=200, guards=[require_json], responses=refusals(415))
async def search_assistants(data: JSONBody[AssistantSearch], user: NamedDependency[User]) -> list[Assistant]:  # noqa: ARG001 - who is not signed in gets 401
    """The assistants."""
    found = [_assistant(assistant_id) for assistant_id in ASSISTANTS]
    wanted = (data.metadata or {}).items()
    found = [
        one for one in found
        if data.graph_id in (None, GRAPH) and (data.name or "").lower() in one["name"].lower()
        and wanted <= one["metadata"].items()
    ]  # fmt: skip
    begin = max(data.offset or 0, 0)
    return found[begin : begin + max(data.limit or len(found), 0)]


@get("/assistants/{assistant_id:str}", responses=refusals(404))
async def read_assistant(user: NamedDependency[User], assistant_id: FromPath[str]) -> Assistant:  # noqa: ARG001
    """One assistant."""
    return _assistant(assistant_of(employee_of(assistant_id)))


@get("/assistants/{assistant_id:str}/graph", responses=refusals(404))
async def read_graph(user: NamedDependency[User], assistant_id: FromPath[str]) -> DrawnGraph:  # noqa: ARG001
    """The pipeline's nodes and edges, which are the same for all."""
    employee_of(assistant_id)
    return _pipeline()


@get("/assistants/{assistant_id:str}/schemas", responses=refusals(404))
async def read_schemas(user: NamedDependency[User], assistant_id: FromPath[str]) -> Schemas:  # noqa: ARG001
    """The schemas, which are the same for all."""
    employee_of(assistant_id)
    messages: dict[str, Any] = {
        "type": "object",
        "properties": {"messages": {"type": "array", "items": {"type": "object"}}},
        "required": ["messages"],
    }
    employee: dict[str, Any] = {
        "type": "object",
        "properties": {"employee": {"type": "string", "enum": [one.slug for one in EMPLOYEES]}},
    }
    return Schemas(
        graph_id=GRAPH,
        input_schema=messages,
        output_schema=messages,
        state_schema=messages,
        config_schema=employee,
        context_schema=employee,
    )


def _assistant(assistant_id: UUID) -> Assistant:
    answers = find(ASSISTANTS[assistant_id])
    return Assistant(
        assistant_id=assistant_id,
        graph_id=GRAPH,
        name=f"{answers.emoji} {answers.name}" if answers else "Frontdesk",
        description=answers.does if answers else "Chooses who of the six answers each message.",
        config={"configurable": {"employee": answers.slug}} if answers else {},
        context={},
        metadata={"created_by": "system", **({"employee": answers.slug} if answers else {})},
        version=1,
        created_at=CREATED,
        updated_at=CREATED,
    )


@cache
def _pipeline() -> DrawnGraph:
    compiled = build(unconnected(Options(), "model", follows_instructions=True)).compile()
    drawn = compiled.get_graph().to_json()
    nodes = [{**node, "data": {"name": node["id"]}} for node in drawn["nodes"]]  # a node's class is nobody's business
    return DrawnGraph(nodes=nodes, edges=drawn["edges"])
