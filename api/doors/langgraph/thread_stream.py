"""Stream a thread: the events of its runs, one after the other, of those that begin later, too."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.langgraph.errors import refusals
from api.doors.langgraph.messages import message_of
from api.doors.langgraph.parameters import ThreadId
from api.doors.langgraph.reading import HEARTBEAT, HEARTBEAT_SECONDS, BreakOff, GoesOnElsewhere
from api.doors.langgraph.sending import message_id_of
from api.doors.langgraph.thread_events import ThreadEventWriter, place_of, withdrawn
from api.doors.shared import Failure, event_stream, follow
from api.limits import HoldStream, provide_reader
from api.problems import Problem
from api.requests import require_json
from api.schemas.events import EVENT_STREAM
from graph.service import Service
from nodes.stream_events import Start
from storage.thread_runs import ThreadRun

LOOK_AGAIN = 2
"""Heartbeats after which new runs are looked for without a notification: of a message that is refused there is none."""


class Subscription(msgspec.Struct):
    """What to stream of a thread; channels that are not known have nothing to say."""

    channels: Annotated[list[str], msgspec.Meta(min_length=1, max_length=100, examples=[["values", "lifecycle"]])]
    namespaces: list[list[str]] | None = None
    since: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None
    """The number of the last event that was read."""


class ThreadEvent(TypedDict):
    """A server-sent event."""

    id: str
    event: str
    data: str


@post(
    "/threads/{thread_id:str}/stream/events",
    status_code=200,
    media_type=EVENT_STREAM,
    guards=[require_json],
    middleware=[HoldStream(), BreakOff()],
    dependencies={"user": Provide(provide_reader)},
    responses={
        200: ResponseSpec(ThreadEvent, description="The thread.", media_type=EVENT_STREAM, generate_examples=False),
        **refusals(413, 415, 429),
    },
)
async def stream_thread(
    data: JSONBody[Subscription], user: NamedDependency[User], service: NamedDependency[Service], thread_id: ThreadId
) -> Stream:
    """A thread's events, after one of them or from its newest run on; live, until the client leaves.

    Of a thread that does not exist yet there are some from its first message on.
    """
    everything_is_at_the_root = not data.namespaces or [] in data.namespaces
    channels = frozenset(data.channels if everything_is_at_the_root else ())
    return event_stream(ThreadReading(service, user, thread_id, channels).stream(data.since))


class ThreadReading:
    """A thread's events as somebody reads them.

    Args:
        channels: what is asked for.
    """

    def __init__(self, service: Service, user: User, thread_id: str, channels: AbstractSet[str]) -> None:
        self._service = service
        self._user_id = user.user_id
        self._thread_id = thread_id
        self._channels = channels

    async def stream(self, since: int | None) -> AsyncIterator[bytes]:
        """As server-sent events, after that one.

        Raises:
            GoesOnElsewhere: clients reconnect after a stream that breaks off, and not all of them after one that ends.
        """
        async for run in self._runs(None if since is None else max(place_of(since) - 1, 0)):
            if run is None:
                yield HEARTBEAT
            elif run["place"] is None or run["created_at"] is None:
                if "lifecycle" in self._channels:
                    yield withdrawn(run["run_id"])
            else:
                writer = ThreadEventWriter(run["run_id"], run["place"], run["created_at"], self._channels)
                async for piece in self._run(writer, run["run_id"], since or 0):
                    yield piece
        raise GoesOnElsewhere

    async def _runs(self, after: int | None) -> AsyncIterator[ThreadRun | None]:
        """The runs behind a place as they begin, those that waited and will not, and None for each silence.

        Args:
            after: the place. None: the newest run is the first one, also where it is over: a client comes back without
                naming an event after a cut, and may have missed its end. Older ones would end what it has just begun.
        """
        waited: dict[UUID, ThreadRun] = {}
        async with self._service.subscriptions.notified(self._thread_id) as news:
            while not self._service.registry.closing:
                news.clear()  # before looking: what comes while looking is looked for again
                found = await asyncio.shield(self._look(after))
                for run_id in waited.keys() - {run["run_id"] for run in found}:
                    yield waited[run_id]
                waited = {run["run_id"]: run for run in found if run["place"] is None}
                after = after or 0
                for run in found[: len(found) - len(waited)]:
                    after = run["place"]
                    yield run
                if len(found) > len(waited):
                    continue  # what began meanwhile
                for _ in range(LOOK_AGAIN):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(news.wait(), HEARTBEAT_SECONDS)
                        break
                    yield None

    async def _look(self, after: int | None) -> list[ThreadRun]:
        runs = self._service.user_data.thread_runs
        return await runs.in_order(self._user_id, self._thread_id, after=after)

    async def _run(self, writer: ThreadEventWriter, run_id: UUID, since: int) -> AsyncIterator[bytes]:
        """The events of a run to its end; none where it was deleted."""
        try:
            events = await follow(self._service, self._user_id, run_id, heartbeat=HEARTBEAT_SECONDS)
        except Problem:
            return
        assert events, "a turn has events after none"
        async for numbered in events:
            if numbered is None:
                yield HEARTBEAT
                continue
            match numbered.event:
                case Start() if not self._channels.isdisjoint(("values", "checkpoints")):
                    await self._read_state(writer, run_id)
                case Failure(code="shutting_down") if self._service.registry.closing:
                    break
                case _:
                    pass
            for frame in writer.write(numbered):
                if frame.seq > since:
                    yield frame.data
        if not writer.is_over:
            raise GoesOnElsewhere

    async def _read_state(self, writer: ThreadEventWriter, run_id: UUID) -> None:
        runs = self._service.user_data.thread_runs
        stored = await runs.messages(self._user_id, self._thread_id, until=run_id)
        writer.before = [message_of(one) for one in stored]
        writer.question_id = message_id_of(await runs.key_of(self._user_id, run_id))
