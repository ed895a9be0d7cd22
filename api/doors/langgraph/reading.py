"""A run that a request names: its record, its events in whichever process, and its end where its reader leaves."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args
from uuid import UUID

from litestar import Request
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.exceptions import LitestarException
from litestar.middleware import ASGIMiddleware
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from api.auth.user import User
from api.doors.langgraph.messages import Message, message_of
from api.doors.langgraph.parameters import ThreadId, uuid_of
from api.doors.langgraph.run_events import Frame, Place, RunWriter, StreamMode
from api.doors.shared import Events
from api.doors.waiting import follow_from_arrival
from api.problems import Problem
from graph.service import Service
from graph.turns.turn import encode_line
from nodes.stream_events import Start
from storage.thread_runs import RunRecord, RunStatus
from storage.turn_status import TurnStatus

HEARTBEAT = b": heartbeat\n\n"
HEARTBEAT_SECONDS = 5.0
"""Seconds of silence in a stream: clients reconnect after a silence three times as long."""


class Reading:
    """A run's events as somebody reads them.

    Args:
        events: the turn's.
        modes: what is asked for.
    """

    def __init__(self, service: Service, user: User, events: Events, modes: Collection[StreamMode] = ()) -> None:
        self.ended = False
        """Whether there is nothing more to read here."""
        self._service = service
        self._user = user
        self._events = events
        self._writer = RunWriter(modes)
        self._needs_messages = self._writer.tells_messages

    async def stream(self, after: Place) -> AsyncIterator[bytes]:
        """As server-sent events, after that one; without an `end` where the run goes on in another process."""
        async for frame in self._frames():
            if frame is None:
                yield HEARTBEAT
            elif frame.place > after:
                yield frame.data

    async def result(self) -> AsyncIterator[bytes]:
        """As one JSON document, after a line break for each silence: the thread's values, or why there is no answer.

        Raises:
            GoesOnElsewhere: clients reconnect after a response that breaks off.
        """
        self._needs_messages = True
        async for frame in self._frames():
            if frame is None:
                yield b"\n"
        if failure := self._writer.failure:
            yield encode_line({"__error__": {"error": failure.code, "message": failure.message}})
        elif self._writer.is_over:
            yield encode_line(self._writer.values())
        else:
            raise GoesOnElsewhere

    def stop_where_left(self, request: Request[Any, Any, Any], run: "NamedRun") -> None:
        """Have the run be stopped where its reader leaves before its end."""

        async def stop() -> None:
            if not self.ended and not self._service.registry.closing:
                await run.stop()

        request.state.stop_where_left = stop

    async def _frames(self) -> AsyncIterator[Frame | None]:
        async for numbered in self._events:
            if numbered is None:
                yield None
                continue
            if isinstance(numbered.event, Start) and self._needs_messages:
                self._writer.before = await self._before(numbered.event)
            for frame in self._writer.write(numbered):
                yield frame
        self.ended = True

    async def _before(self, start: Start) -> list[Message]:
        stored = await self._service.user_data.thread_runs.messages(
            self._user.user_id, start.conversation_id, until=UUID(start.turn_id)
        )
        return [message_of(one) for one in stored]


class StopWhereLeft(ASGIMiddleware):
    """Middleware: do what `Reading.stop_where_left` says, however the request ends."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Send the response, then stop the run it read, where its client has left."""
        try:
            await next_app(scope, receive, send)
        finally:
            if stop := scope["state"].pop("stop_where_left", None):
                await stop()


@dataclass(frozen=True)
class NamedRun:
    """A run of the user's, by its id; whether there is one is found out by asking."""

    service: Service
    user: User
    thread_id: str
    run_id: UUID

    async def record(self) -> RunRecord:
        """How it stands; of one that is not stored, the guard's reply or what waits, only while this process knows it.

        Raises:
            Problem: 404, there is none.
        """
        runs, user_id = self.service.user_data.thread_runs, self.user.user_id
        if found := await runs.runs(user_id, self.thread_id, run_id=self.run_id, limit=1):
            return found[0]
        turn = self.service.registry.find_any(user_id, self.run_id)
        if turn is None or turn.conversation_id != self.thread_id:
            raise Problem(404, "not_found", f"Run {self.run_id} not found.")
        status: RunStatus = "success" if turn.start else "interrupted"
        if turn.status is TurnStatus.WAITING:
            status = "pending"
        return RunRecord(
            run_id=self.run_id, thread_id=self.thread_id, status=status, error_code=None, asked_employee=None,
            created_at=None, updated_at=None,
        )  # fmt: skip

    async def events(self) -> Events:
        """Its events, from the first one on, also where it waits.

        Raises:
            Problem: 404, there is no such run.
        """
        waits = (await self.record())["status"] == "pending"
        return await follow_from_arrival(
            self.service, self.user.user_id, self.thread_id, self.run_id, waits=waits, heartbeat=HEARTBEAT_SECONDS
        )

    async def stop(self) -> None:
        """Have it be stopped, or withdrawn while it waits, in whichever process; nothing where it is over."""
        await self.service.dependencies.queue.withdraw(self.user.user_id, self.thread_id, self.run_id)
        await self.service.dependencies.turns.ask_to_stop(self.user.user_id, self.run_id)


class GoesOnElsewhere(Exception):
    """This process ends, or has left a run to another one: a response that has begun breaks off, asked for anew."""


class BreakOff(ASGIMiddleware):
    """Middleware: leave a response incomplete of which the rest is elsewhere, which is no fault to be reported."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Send the response as far as it goes."""
        try:
            await next_app(scope, receive, send)
        except LitestarException as error:  # what a stream raises once its status is out comes as a group, in this
            group = error.__cause__
            if not isinstance(group, ExceptionGroup) or group.split(GoesOnElsewhere)[1] is not None:
                raise


async def provide_run(
    user: NamedDependency[User], service: NamedDependency[Service], thread_id: ThreadId, run_id: FromPath[str]
) -> NamedRun:
    """Dependency `run`: what the request's path names."""
    return NamedRun(service, user, thread_id, uuid_of(run_id))


def modes_in(given: Sequence[str] | None) -> list[StreamMode]:
    """The modes that a query names: one, several, or a list in JSON.

    Raises:
        Problem: 400, it names something else.
    """
    named: list[str] = []
    for one in filter(None, given or ()):  # a client that names none sends an empty one
        try:
            named += json.loads(one) if one.startswith("[") else [one]
        except (ValueError, TypeError, RecursionError):
            named.append(one)
    if not all(name in get_args(StreamMode) for name in named):
        raise Problem(400, "invalid_request", f"stream_mode: takes {', '.join(get_args(StreamMode))}")
    return cast("list[StreamMode]", named)
