"""Begin a run: a message in a thread, or without one, with what is to happen to other runs of the thread."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4, uuid5

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth.user import User
from api.doors.langgraph.messages import empty_state
from api.doors.langgraph.parameters import ThreadId
from api.doors.langgraph.reading import HEARTBEAT_SECONDS, NamedRun, Reading
from api.doors.langgraph.requests import RunRequest
from api.doors.shared import SentMessage, follow, send
from api.parameters import IdempotencyKey
from api.problems import Problem
from graph.service import Service
from graph.turns.manager import SendRequest

KEY = "langgraph"
"""What an idempotency key begins with that is made of a message: the id that its client gave it follows, and what all
that was asked for makes. A client that sends it again after a lost connection gets the same run."""


@dataclass(frozen=True)
class BegunRun:
    """A run whose message is on its way."""

    thread_id: str
    run: NamedRun | None
    """None while it waits in another process."""
    reading: Reading

    @property
    def run_id(self) -> UUID | None:
        """Its id, where it is known."""
        return self.run.run_id if self.run else None

    def known_run(self) -> NamedRun:
        """The run.

        Raises:
            Problem: 503, it waits in another process.
        """
        if self.run is None:
            detail = "Another server has this message, which waits for its thread. Send it again for its run."
            raise Problem(503, "server_busy", detail, retry_after=5)
        return self.run

    def stop_where_left(self, request: Request[Any, Any, Any]) -> None:
        """Have it be stopped where the client of this request leaves."""
        if self.run:
            self.reading.stop_where_left(request, self.run)


async def begin_run(
    data: JSONBody[RunRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    thread_id: ThreadId,
    idempotency_key: IdempotencyKey = None,
) -> BegunRun:
    """Dependency `begun`: send a run's message in a thread.

    Raises:
        Problem: 404, there is no such thread; 400, it cannot be done.
    """
    message = data.to_send(user.user_id, thread_id, idempotency_key)
    standing = await service.user_data.thread_runs.standing(user.user_id, thread_id)
    if not standing["known"] and data.if_not_exists != "create":
        raise unknown_thread(thread_id)
    if message.key is None and data.message_id:
        name = uuid5(user.user_id, f"{message.fingerprint} {data.at}")
        message = replace(message, key=f"{KEY} {data.message_id} {name}")
    replaced = standing["running"] if data.strategy == "rollback" else None
    sent = await _sent_before(message, service, user, thread_id) if data.at or replaced else None
    if sent is None:
        if data.at:
            message = await _from_checkpoint(message, service, user, thread_id, data.at)
        elif replaced:
            message = replace(message, kind="edit", replaces=replaced)
        if data.strategy in ("interrupt", "rollback"):
            await service.dependencies.queue.withdraw(user.user_id, thread_id)
        sent = await _send(message, service, request)
    return _begun(sent, data, service, user, thread_id)


def message_id_of(key: str | None) -> str | None:
    """What the client called the message of a run that it began with this idempotency key, if that says so."""
    parts = key.split(" ") if key else ()
    return parts[1] if len(parts) == 3 and parts[0] == KEY else None


async def begin_run_alone(
    data: JSONBody[RunRequest],
    user: NamedDependency[User],
    service: NamedDependency[Service],
    request: Request[Any, Any, Any],
    idempotency_key: IdempotencyKey = None,
) -> BegunRun:
    """Dependency `begun`: the same in a thread of its own, which is a temporary conversation."""
    thread_id = str(uuid5(user.user_id, idempotency_key) if idempotency_key else uuid4())  # sent again, it is the same
    message = replace(data.to_send(user.user_id, None, idempotency_key), conversation_id=thread_id)
    return _begun(await _send(message, service, request), data, service, user, thread_id)


async def _send(message: SendRequest, service: Service, request: Request[Any, Any, Any]) -> SentMessage:
    if message.message is None and message.replaces is None:
        raise Problem(400, "invalid_request", "input.messages: there is no message to answer")
    return await send(service, request, message, heartbeat=HEARTBEAT_SECONDS)


def _begun(sent: SentMessage, data: RunRequest, service: Service, user: User, thread_id: str) -> BegunRun:
    run = NamedRun(service, user, thread_id, sent.turn_id) if sent.turn_id else None
    return BegunRun(thread_id, run, Reading(service, user, sent.events, data.modes))


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
    """The turn that the same idempotency key named before, which must not be replaced by its own repetition."""
    if message.key is None:
        return None
    turn_id = await service.user_data.turns.active_version(user.user_id, thread_id, message_ids=[], key=message.key)
    events = turn_id and await follow(service, user.user_id, turn_id, heartbeat=HEARTBEAT_SECONDS)
    return SentMessage(turn_id, events) if turn_id and events else None
