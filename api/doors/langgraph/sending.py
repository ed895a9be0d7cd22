"""Begin a run: a message in a thread, or without one, with what is to happen to other runs of the thread."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4, uuid5

from litestar import Request

from api.auth.user import User
from api.doors.langgraph.messages import empty_state
from api.doors.langgraph.reading import HEARTBEAT_SECONDS, Reading
from api.doors.langgraph.requests import RunRequest
from api.doors.shared import SentMessage, follow, send
from api.problems import Problem
from graph.service import Service
from graph.turns.manager import SendRequest


@dataclass(frozen=True)
class BegunRun:
    """A run whose message is on its way."""

    thread_id: str
    run_id: UUID | None
    """None while it waits in another process."""
    reading: Reading

    def stop_where_left(self, request: Request[Any, Any, Any]) -> None:
        """Have it be stopped where the client of this request leaves."""
        if self.run_id:
            self.reading.stop_where_left(request, self.thread_id, self.run_id)


async def begin_run(
    data: RunRequest,
    user: User,
    service: Service,
    request: Request[Any, Any, Any],
    thread_id: str | None,
    key: str | None,
) -> BegunRun:
    """Send a run's message, in a new thread where none is named.

    Raises:
        Problem: 404, there is no such thread; 400, it cannot be done.
    """
    message = data.to_send(user.user_id, thread_id, key)
    sent: SentMessage | None = None
    if thread_id is None:
        thread_id = str(uuid5(user.user_id, key) if key else uuid4())  # sent again, it is the same message
        message = replace(message, conversation_id=thread_id)
    else:
        standing = await service.user_data.thread_runs.standing(user.user_id, thread_id)
        if not standing["known"] and data.if_not_exists != "create":
            raise unknown_thread(thread_id)
        if data.at:
            message = await _from_checkpoint(message, service, user, thread_id, data.at)
        elif data.strategy == "rollback" and standing["running"]:
            sent = await _sent_before(message, service, user, thread_id)
            message = replace(message, kind="edit", replaces=standing["running"])
    if message.message is None and message.replaces is None:
        raise Problem(400, "invalid_request", "input.messages: there is no message to answer")
    if sent is None:
        if data.strategy in ("interrupt", "rollback"):
            await service.dependencies.queue.withdraw(user.user_id, thread_id)
        sent = await send(service, request, message, heartbeat=HEARTBEAT_SECONDS)
    return BegunRun(thread_id, sent.turn_id, Reading(service, user, sent.events, data.modes))


def unknown_thread(thread_id: str) -> Problem:
    """There is no such thread of the user's."""
    return Problem(404, "not_found", f"Thread {thread_id} not found.")


async def _from_checkpoint(
    message: SendRequest, service: Service, user: User, thread_id: str, checkpoint_id: str
) -> SendRequest:
    """The message, as a version of the turn that follows a state; without one that turn is answered again."""
    stored = await service.user_data.thread_runs.messages(user.user_id, thread_id)
    ids = [empty_state(thread_id), *(str(one["id"]) for one in stored)]
    if checkpoint_id not in ids:
        raise Problem(400, "invalid_request", "checkpoint: not a state of this thread's present path")
    at = ids.index(checkpoint_id)
    if message.message is None:
        if not at or stored[at - 1]["role"] != "user":
            raise Problem(400, "invalid_request", "checkpoint: there is no question to answer again")
        return replace(message, kind="regenerate", replaces=stored[at - 1]["turn_id"])
    if at == len(stored):
        return message
    if stored[at]["role"] != "user":
        raise Problem(400, "invalid_request", "checkpoint: a question stands between a message and its answer")
    return replace(message, kind="edit", replaces=stored[at]["turn_id"])


async def _sent_before(message: SendRequest, service: Service, user: User, thread_id: str) -> SentMessage | None:
    """The turn that the same idempotency key named before, which must not be rolled back by its own repetition."""
    if message.key is None:
        return None
    turn_id = await service.user_data.turns.active_version(user.user_id, thread_id, message_ids=[], key=message.key)
    events = turn_id and await follow(service, user.user_id, turn_id, heartbeat=HEARTBEAT_SECONDS)
    return SentMessage(turn_id, events) if turn_id and events else None
