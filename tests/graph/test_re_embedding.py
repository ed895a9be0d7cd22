"""Embedding facts anew in the background, while embedding model, database or process fail."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from graph.re_embedding import ReEmbedding
from nodes.errors import EmbeddingUnavailable
from storage.fact_vectors import FactVectors
from storage.facts import Facts
from storage.pool import Pool
from tests.storage.rows import MODEL, accepted, new_fact, save_accepted
from tests.support.database import appear, rows

STORED = "select count(*) from memory_embeddings where model = %(model)s having count(*) >= %(count)s"
FACTS = [f"Is called number {number}" for number in range(3)]


class Model:
    """An embedding model that is away for the first `failures` texts, and always for `unreadable` ones."""

    def __init__(self, failures: int = 0, unreadable: str = "") -> None:
        self._failures = failures
        self._unreadable = unreadable
        self.read: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The same vector for every text."""
        assert whole, "a fact is read whole"
        self.read.append(text)
        if len(self.read) <= self._failures or text == self._unreadable:
            raise EmbeddingUnavailable
        await self.answers.wait()
        return [1.0, 0.0]


@pytest.fixture
async def users(pool: Pool, ada: UUID, bob: UUID) -> list[UUID]:
    """Ada and Bob, each with facts that have vectors of another model only."""
    for user in (ada, bob):
        source = await save_accepted(pool, user, accepted())
        await Facts(pool, "the model before").remember(user, [new_fact(text) for text in FACTS], source=source)
    return [ada, bob]


@asynccontextmanager
async def running(url: str, pool: Pool, model: Model) -> AsyncGenerator[asyncio.Queue[None]]:
    """A process whose task begins its next walk at once; yields its ticks, and kills it at the end."""
    ticks = asyncio.Queue[None]()
    async with FactVectors.open(url, pool, model=MODEL) as vectors:
        task = asyncio.create_task(ReEmbedding(vectors, model.embed, every=0).run(lambda: ticks.put_nowait(None)))
        try:
            yield ticks
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def execute(url: str, statement: LiteralString) -> None:
    """Run a statement as the owner."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await conn.execute(statement)


async def recalled(pool: Pool, user: UUID) -> list[str]:
    """The user's facts that are recalled."""
    return sorted([one["fact"] for one in await Facts(pool, MODEL).nearest(user, [1.0, 0.0], limit=9)])


async def test_everyones_facts_are_recalled_after_a_walk(pool: Pool, database_url: str, users: list[UUID]) -> None:
    """Each is embedded once."""
    model = Model()
    assert [await recalled(pool, user) for user in users] == [[], []]
    async with running(database_url, pool, model):
        await appear(database_url, STORED, model=MODEL, count=6)
    assert [await recalled(pool, user) for user in users] == [FACTS, FACTS]
    assert sorted(model.read) == sorted(FACTS * 2)


async def test_a_walk_without_facts_to_embed_ends_with_an_empty_look(pool: Pool, database_url: str) -> None:
    """The first one, which begins in the middle, goes on from the beginning."""
    async with FactVectors.open(database_url, pool, model=MODEL) as vectors:
        task = ReEmbedding(vectors, Model().embed)
        assert [await task.embed_batch(lambda: None) for _ in range(3)] == [True, False, False]
        assert vectors.usage().size == 0  # the vector store has not connected


async def test_a_model_that_is_away_is_asked_again(pool: Pool, database_url: str, users: list[UUID]) -> None:
    """The task goes on."""
    async with running(database_url, pool, Model(failures=4)):
        await appear(database_url, STORED, model=MODEL, count=6)
    assert [await recalled(pool, user) for user in users] == [FACTS, FACTS]


async def test_a_fact_that_cannot_be_embedded_keeps_no_other_waiting(
    pool: Pool, database_url: str, users: list[UUID]
) -> None:
    """It is passed over, and tried again in the next walk."""
    model = Model(unreadable=FACTS[1])
    async with running(database_url, pool, model):
        await appear(database_url, STORED, model=MODEL, count=4)
    assert [await recalled(pool, user) for user in users] == [[FACTS[0], FACTS[2]]] * 2


async def test_a_database_that_is_away_ends_the_round_only(pool: Pool, database_url: str, users: list[UUID]) -> None:
    """The task ticks meanwhile, and goes on once the vectors can be stored."""
    await execute(database_url, "revoke insert on memory_embeddings from frontdesk_app")
    async with running(database_url, pool, Model()) as ticks:
        for _ in range(9):
            await ticks.get()
        assert await rows(database_url, STORED, model=MODEL, count=1) == []
        await execute(database_url, "grant insert on memory_embeddings to frontdesk_app")
        await appear(database_url, STORED, model=MODEL, count=6)


async def test_a_process_that_is_killed_and_started_again_does_the_rest(
    pool: Pool, database_url: str, users: list[UUID]
) -> None:
    """What is stored stays, and is not embedded again."""
    first, second = Model(), Model()
    async with running(database_url, pool, first) as ticks:
        await ticks.get()  # a fact's, or that of an empty look
        await appear(database_url, STORED, model=MODEL, count=1)
        first.answers.clear()
    [(stored,)] = await rows(database_url, STORED, model=MODEL, count=1)
    async with running(database_url, pool, second):
        await appear(database_url, STORED, model=MODEL, count=6)
    assert len(second.read) == 6 - stored
    assert [await recalled(pool, user) for user in users] == [FACTS, FACTS]


async def test_several_processes_at_once_store_each_vector_once(
    pool: Pool, database_url: str, users: list[UUID]
) -> None:
    """None of them fails."""
    async with (
        running(database_url, pool, Model()),
        running(database_url, pool, Model()),
        running(database_url, pool, Model()),
    ):
        await appear(database_url, STORED, model=MODEL, count=6)
    assert await rows(database_url, STORED, model=MODEL, count=1) == [(6,)]
    assert [await recalled(pool, user) for user in users] == [FACTS, FACTS]
