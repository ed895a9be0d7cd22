"""Writing events to the event log."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from graph.turns.turn import encoded
from nodes.stream_events import Notice, Token
from storage import event_log as module
from storage.errors import StorageUnavailable
from storage.event_log import Batch, EventLog, EventLogWriter, LoggedEvent
from tests.graph.turns.samples import DONE

ADA = uuid4()


class StoredEvents(EventLog):
    """Keeps batches while it is available; `tried` is set once it was asked to."""

    def __init__(self, *, available: bool = True) -> None:
        self.available = available
        self.tried = asyncio.Event()
        self.batches: list[Batch] = []
        self._grew = asyncio.Event()

    async def write(self, batches: Sequence[Batch]) -> None:
        """Keep them."""
        self.tried.set()
        if not self.available:
            raise StorageUnavailable
        self.batches += batches
        self._grew.set()

    async def until(self, count: int) -> list[Batch]:
        """The batches, once they have so many events."""
        while sum(len(batch.events) for batch in self.batches) < count:
            self._grew.clear()
            await self._grew.wait()
        return self.batches


def token(number: int, text: str = "x") -> LoggedEvent:
    """A token of that number."""
    return encoded(number, Token(text))


def done(number: int) -> LoggedEvent:
    """The last event of a turn, which is written at once."""
    return encoded(number, DONE)


@asynccontextmanager
async def running(stored: StoredEvents) -> AsyncGenerator[EventLogWriter]:
    """A writer at work, cancelled at the end."""
    writer = EventLogWriter(stored)
    task = asyncio.create_task(writer.run(lambda: None))
    yield writer
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_events_of_one_moment_are_one_batch_for_each_turn() -> None:
    """However many turns there are; numbers and bytes are as they were added."""
    stored, one, other = StoredEvents(), uuid4(), uuid4()
    async with running(stored) as writer:
        for number in range(5, 8):
            writer.add(ADA, one, token(number, str(number)))
            writer.add(ADA, other, token(number))
        writer.add(ADA, one, done(8))
        batches = await stored.until(7)
    assert batches == [
        Batch(ADA, one, [token(5, "5"), token(6, "6"), token(7, "7"), done(8)]),
        Batch(ADA, other, [token(5), token(6), token(7)]),
    ]


async def test_events_that_cannot_be_written_now_are_written_later() -> None:
    """In their order, with those that came meanwhile in batches after them."""
    stored, turn_id = StoredEvents(available=False), uuid4()
    async with running(stored) as writer:
        writer.add(ADA, turn_id, done(1))
        await stored.tried.wait()
        writer.add(ADA, turn_id, token(2))
        assert writer.unwritten == 2
        stored.available = True
        batches = await stored.until(2)
    assert batches == [Batch(ADA, turn_id, [done(1)]), Batch(ADA, turn_id, [token(2)])]
    assert writer.unwritten == 0


async def test_flushed_returns_once_the_events_of_a_turn_are_written() -> None:
    """All of that turn so far; where none is waiting to be written it returns at once."""
    stored, turn_id = StoredEvents(available=False), uuid4()
    async with running(stored) as writer:
        writer.add(ADA, turn_id, done(1))
        await stored.tried.wait()
        writer.add(ADA, turn_id, token(2))
        await writer.flushed(uuid4())
        assert stored.batches == []
        stored.available = True
        await writer.flushed(turn_id)
    assert [batch.events for batch in stored.batches] == [[done(1)], [token(2)]]


async def test_the_rest_is_written_at_the_end() -> None:
    """Also the batch that was being written when the writer was cancelled, and that one first."""
    stored, turn_id = StoredEvents(available=False), uuid4()
    notice = encoded(2, Notice("fallback", "No."))
    async with running(stored) as writer:
        writer.add(ADA, turn_id, done(1))
        await stored.tried.wait()
        writer.add(ADA, turn_id, notice)
    stored.available = True
    await writer.close(5)
    assert [batch.events for batch in stored.batches] == [[done(1)], [notice]]


async def test_the_end_has_a_time_limit() -> None:
    """A database that stays away costs what was not written, and no more time than was given."""
    stored = StoredEvents(available=False)
    writer = EventLogWriter(stored)
    writer.add(ADA, uuid4(), done(1))
    await writer.close(0.05)
    assert stored.batches == []
    assert writer.unwritten == 1


async def test_the_buffer_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is away it takes so many events and no more, and the log has an error."""
    monkeypatch.setattr(module, "MAX_BUFFERED", 2)
    stored, turn_id = StoredEvents(), uuid4()
    writer = EventLogWriter(stored)
    with capture_logs() as lines:
        for number in (1, 2, 3):
            writer.add(ADA, turn_id, token(number))
    assert [(line["event"], line["log_level"]) for line in lines] == [("the event log's buffer is full", "error")]
    assert writer.unwritten == 2
    await writer.close(5)
    assert stored.batches == [Batch(ADA, turn_id, [token(1), token(2)])]
