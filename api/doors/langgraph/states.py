"""States of a thread: as it is, and as it was after each of its messages."""

from collections.abc import Mapping
from itertools import dropwhile, islice
from typing import Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.auth.user import User
from api.doors.langgraph.errors import refusals
from api.doors.langgraph.messages import ThreadState, states
from api.doors.langgraph.parameters import ThreadId
from api.doors.langgraph.requests import Checkpoint
from api.doors.langgraph.sending import unknown_thread
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData


class StateSearch(msgspec.Struct):
    """Which state of a thread."""

    checkpoint: Checkpoint


class HistorySearch(msgspec.Struct):
    """Which states of a thread."""

    limit: int | None = None
    before: str | dict[str, Any] | None = None


@get("/threads/{thread_id:str}/state", responses=refusals(404))
async def read_state(
    user: NamedDependency[User], user_data: NamedDependency[UserData], thread_id: ThreadId
) -> ThreadState:
    """A thread as it is."""
    return (await _states(user_data, user, thread_id, None, 1))[0]


@get("/threads/{thread_id:str}/state/{checkpoint_id:str}", responses=refusals(404))
async def read_state_at(
    user: NamedDependency[User], user_data: NamedDependency[UserData], thread_id: ThreadId, checkpoint_id: FromPath[str]
) -> ThreadState:
    """A thread as it was after one of its messages."""
    return await _state_at(user_data, user, thread_id, checkpoint_id)


@post("/threads/{thread_id:str}/state/checkpoint", status_code=200, guards=[require_json], responses=refusals(404, 415))
async def find_state(
    data: JSONBody[StateSearch],
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    thread_id: ThreadId,
) -> ThreadState:
    """The same, for a checkpoint as a whole."""
    return await _state_at(user_data, user, thread_id, data.checkpoint.checkpoint_id or "")


@post("/threads/{thread_id:str}/history", status_code=200, guards=[require_json], responses=refusals(404, 415))
async def read_history(
    data: JSONBody[HistorySearch],
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    thread_id: ThreadId,
) -> list[ThreadState]:
    """A thread's states on its present path, the newest first."""
    limit = min(max(10 if data.limit is None else data.limit, 0), 100)
    return await _states(user_data, user, thread_id, _checkpoint_id(data.before), limit)


async def _state_at(user_data: UserData, user: User, thread_id: str, checkpoint_id: str) -> ThreadState:
    for state in await _states(user_data, user, thread_id, None, None):
        if state["checkpoint"]["checkpoint_id"] == checkpoint_id:
            return state
    raise Problem(404, "not_found", f"Checkpoint {checkpoint_id[:64]} not found.")


async def _states(
    user_data: UserData, user: User, thread_id: str, before: str | None, limit: int | None
) -> list[ThreadState]:
    """So many states before a checkpoint, the newest first.

    Raises:
        Problem: 404, there is no such thread.
    """
    thread = await user_data.threads.find(user.user_id, thread_id)
    if thread is None:
        raise unknown_thread(thread_id)
    found = states(thread, await user_data.thread_runs.messages(user.user_id, thread_id))
    if before is not None:
        found = dropwhile(lambda state: state["checkpoint"]["checkpoint_id"] != before, found)
        next(found, None)
    return list(islice(found, limit))


def _checkpoint_id(before: str | Mapping[str, Any] | None) -> str | None:
    """The checkpoint that a client names by its id, by itself, or by a configuration that holds it."""
    if before is None or isinstance(before, str):
        return before
    held = before.get("configurable")
    found = before.get("checkpoint_id") or (
        dict[str, Any](held).get("checkpoint_id") if isinstance(held, dict) else None
    )
    return str(found) if found else None
