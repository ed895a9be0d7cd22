"""Threads: make, find, list, change and delete them, and read their states. A thread is a conversation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.langgraph.assistants import GRAPH, ROUTED, assistant_of, employee_of
from api.doors.langgraph.errors import refusals
from api.doors.langgraph.messages import Values, human, message_of
from api.doors.langgraph.parameters import ThreadId
from api.doors.langgraph.sending import unknown_thread
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from graph.turns.turn import new_turn_id
from nodes.text.json_values import clean_json
from storage.threads import (
    MAX_METADATA_BYTES,
    MOST_EMPTY,
    MetadataTooLarge,
    SortBy,
    SortOrder,
    ThreadRecord,
    ThreadStatus,
    TooManyThreads,
)

Metadata = dict[str, Any]
OURS = ("graph_id", "assistant_id", "employee")
"""Keys of a thread's metadata that say what is so, whatever a client writes there."""


SORTED: Mapping[str, SortBy] = {"thread_id": "thread_id", "status": "status", "created_at": "created_at"}
"""What to sort by; else by the last use."""


class Thread(TypedDict):
    """A thread."""

    thread_id: str
    created_at: datetime
    updated_at: datetime
    metadata: Metadata
    status: ThreadStatus
    values: Values
    """In a list the first message only, by which a thread is recognised."""
    interrupts: dict[str, Any]
    config: dict[str, Any]
    error: None


class ThreadRequest(msgspec.Struct):
    """A new thread."""

    thread_id: str | None = None
    """A UUID; by default a new one."""
    metadata: Metadata | None = None
    if_exists: Literal["raise", "do_nothing"] | None = None
    supersteps: Any = None


class ThreadChanges(msgspec.Struct):
    """What to change of a thread."""

    metadata: Metadata | None = None
    """Each key takes the place of the one before; the others stay."""


class ThreadSearch(msgspec.Struct):
    """Which threads; what is not named here is ignored."""

    metadata: Metadata | None = None
    """What their metadata must contain."""
    ids: list[str] | None = None
    status: Literal["idle", "busy", "interrupted", "error"] | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"] | None = None
    sort_order: SortOrder | None = None


@post("/threads", status_code=200, guards=[require_json], responses=refusals(409, 415, 429))
async def create_thread(
    data: JSONBody[ThreadRequest],
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
) -> Thread:
    """Make a thread; it is a conversation from its first message on, and until then kept for a day."""
    if data.supersteps:
        raise Problem(400, "invalid_request", "supersteps: not supported, what was said is written by answering")
    thread_id = str(_uuid(data.thread_id) if data.thread_id else new_turn_id())
    metadata = _kept(data.metadata, service)
    try:
        is_new = await user_data.threads.create(user.user_id, thread_id, metadata)
    except TooManyThreads:
        detail = f"{MOST_EMPTY} of your threads have no message. Send one in them, or delete them."
        raise Problem(429, "rate_limited", detail, retry_after=3600) from None
    except MetadataTooLarge:
        raise _too_large() from None
    if not is_new and data.if_exists != "do_nothing":
        raise Problem(409, "invalid_request", f"Thread {thread_id} already exists.")
    return await _thread(user_data, user, thread_id)


@post("/threads/search", status_code=200, guards=[require_json], responses=refusals(415))
async def search_threads(
    data: JSONBody[ThreadSearch],
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
) -> list[Thread]:
    """Threads, the one used last first, without those of temporary conversations."""
    wanted = _wanted(_cleaned(data.metadata, service))
    if wanted is None or data.status == "interrupted":
        return []
    found = await user_data.threads.search(
        user.user_id,
        ids=data.ids,
        metadata=wanted,
        status=data.status,
        limit=min(max(10 if data.limit is None else data.limit, 0), 1000),
        offset=min(max(data.offset or 0, 0), 100_000),
        sort_by=SORTED.get(data.sort_by or "", "updated_at"),
        sort_order=data.sort_order or "desc",
    )
    return [_written(one, _first(one)) for one in found]


@get("/threads/{thread_id:str}", responses=refusals(404))
async def read_thread(user: NamedDependency[User], user_data: NamedDependency[UserData], thread_id: ThreadId) -> Thread:
    """A thread, with its values."""
    return await _thread(user_data, user, thread_id)


@patch("/threads/{thread_id:str}", guards=[require_json], responses=refusals(404, 415))
async def change_thread(
    data: JSONBody[ThreadChanges],
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
    thread_id: ThreadId,
) -> Thread:
    """Change a thread's metadata."""
    try:
        if not await user_data.threads.merge(user.user_id, thread_id, _kept(data.metadata, service)):
            raise unknown_thread(thread_id)
    except MetadataTooLarge:
        raise _too_large() from None
    return await _thread(user_data, user, thread_id)


@delete("/threads/{thread_id:str}", responses=refusals(404))
async def delete_thread(user: NamedDependency[User], user_data: NamedDependency[UserData], thread_id: ThreadId) -> None:
    """Delete a thread with all that came of it."""
    was_empty = await user_data.threads.forget(user.user_id, thread_id)
    if not await user_data.delete_conversation(user.user_id, thread_id) and not was_empty:
        raise unknown_thread(thread_id)


async def _thread(user_data: UserData, user: User, thread_id: str) -> Thread:
    """A thread with its values.

    Raises:
        Problem: 404, there is none.
    """
    found = await user_data.threads.find(user.user_id, thread_id)
    if found is None:
        raise unknown_thread(thread_id)
    messages = await user_data.thread_runs.messages(user.user_id, thread_id)
    return _written(found, Values(messages=[message_of(one) for one in messages]))


def _first(record: ThreadRecord) -> Values:
    first = record["first"]
    return Values(messages=[human(first["id"], first["content"])] if first else [])


def _written(record: ThreadRecord, values: Values) -> Thread:
    metadata: Metadata = {**record["metadata"], "graph_id": GRAPH}
    if employee := metadata.get("employee"):
        metadata["assistant_id"] = str(assistant_of(employee))
    return Thread(
        thread_id=record["thread_id"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
        metadata=metadata,
        status=record["status"],
        values=values,
        interrupts={},
        config={},
        error=None,
    )


def _wanted(metadata: Metadata) -> Metadata | None:
    """What of the metadata to look for; None where no thread has it. All are threads of the assistant that chooses.

    Clients name an assistant as a graph, too, where its name is no UUID.
    """
    wanted = {name: value for name, value in metadata.items() if name not in ("graph_id", "assistant_id")}
    try:
        named = {employee_of(str(metadata.get(name, ROUTED))) for name in ("graph_id", "assistant_id")} - {None}
    except Problem:
        return None
    if len(named) > 1:
        return None
    return {**wanted, "employee": named.pop()} if named else wanted


def _kept(metadata: Metadata | None, service: Service) -> Metadata:
    """The metadata as it is kept, without what is ours to say."""
    return {name: value for name, value in _cleaned(metadata, service).items() if name not in OURS}


def _cleaned(metadata: Metadata | None, service: Service) -> Metadata:
    try:
        return dict[str, Any](clean_json(metadata or {}, service.dependencies.options.mask))
    except RecursionError:
        raise Problem(400, "invalid_request", "metadata: nested too deeply") from None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Problem(400, "invalid_request", "thread_id: takes a UUID") from None


def _too_large() -> Problem:
    return Problem(400, "invalid_request", f"metadata: takes {MAX_METADATA_BYTES // 1024} KiB")
