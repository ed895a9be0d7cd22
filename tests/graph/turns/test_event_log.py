"""Writing down what turns say."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

from graph.turns.event_log import EventLogWriter
from graph.turns.events import Done, Notice, Token, told
from graph.turns.turn import Turn
from nodes.state import Usage
from storage.errors import StorageUnavailable
from storage.event_log import Batch

UNUSED = Usage(prompt_tokens=0, completion_tokens=0, estimated=False)
DONE = Done("t", "c", None, "prime", "m", "stop", False, [], UNUSED, 0, None)


class Book:
    """Keeps batches, as soon as it is open; tells who waits for one."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.is_open = is_open
        self.tried = asyncio.Event()
        self.grew = asyncio.Event()
        self.batches: list[Batch] = []

    async def write(self, batches: list[Batch]) -> None:
        """Add them."""
        self.tried.set()
        if not self.is_open:
            raise StorageUnavailable
        self.batches += [Batch(**batch) for batch in batches]
        self.grew.set()

    async def holds(self, count: int) -> list[Batch]:
        """The batches, once they hold so many events."""
        while sum(len(batch["events"]) for batch in self.batches) < count:
            self.grew.clear()
            await self.grew.wait()
        return self.batches


def a_turn() -> Turn:
    """A turn of nobody in particular."""
    return Turn(uuid4(), uuid4(), "c-1", asyncio.Event())


@asynccontextmanager
async def at_work(book: Book) -> AsyncGenerator[EventLogWriter]:
    """A scribe that writes into this book."""
    scribe = EventLogWriter(book)
    task = asyncio.create_task(scribe.run(lambda: None))
    yield scribe
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_said_in_one_breath_is_one_row() -> None:
    """However many turns speak, each has one batch, numbered on from where it was."""
    book, one, two = Book(), a_turn(), a_turn()
    async with at_work(book) as scribe:
        for number in range(5, 8):
            scribe.take(one, number, told(Token(str(number))))
            scribe.take(two, number, told(Token("x")))
        scribe.take(one, 8, told(DONE))
        batches = await book.holds(7)
    assert [(batch["turn_id"], batch["first"], len(batch["events"])) for batch in batches] == [
        (one.turn_id, 5, 4),
        (two.turn_id, 5, 3),
    ]


async def test_what_cannot_be_written_now_is_written_later() -> None:
    """In its order, with what was said meanwhile in batches after it."""
    book, turn = Book(is_open=False), a_turn()
    async with at_work(book) as scribe:
        scribe.take(turn, 1, told(DONE))
        await book.tried.wait()
        scribe.take(turn, 2, told(Token("later")))
        book.is_open = True
        batches = await book.holds(2)
    assert [(batch["first"], len(batch["events"])) for batch in batches] == [(1, 1), (2, 1)]


async def test_who_wants_to_know_that_it_is_written_waits_until_it_is() -> None:
    """Of one turn and all it has said; where nothing waits to be written there is nothing to wait for."""
    book, turn = Book(is_open=False), a_turn()
    async with at_work(book) as scribe:
        scribe.take(turn, 1, told(DONE))
        await book.tried.wait()
        scribe.take(turn, 2, told(Token("later")))
        await scribe.written(a_turn())
        assert book.batches == []
        book.is_open = True
        await scribe.written(turn)
    assert [batch["first"] for batch in book.batches] == [1, 2]


async def test_the_rest_is_written_at_the_end() -> None:
    """Also what was being written when it was told to stop, and first."""
    book, turn = Book(is_open=False), a_turn()
    async with at_work(book) as scribe:
        scribe.take(turn, 1, told(DONE))
        await book.tried.wait()
        scribe.take(turn, 2, told(Notice("fallback", "No.")))
    book.is_open = True
    await scribe.close(5)
    assert [batch["first"] for batch in book.batches] == [1, 2]


async def test_the_end_does_not_wait_for_ever() -> None:
    """A database that stays away costs what was not written, and no more time than was given."""
    book, turn = Book(is_open=False), a_turn()
    scribe = EventLogWriter(book)
    scribe.take(turn, 1, told(DONE))
    await scribe.close(0.05)
    assert book.batches == []
