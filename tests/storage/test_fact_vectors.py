"""Storing vectors of another embedding model for facts that have none of it."""

import asyncio
from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from storage.errors import StorageUnavailable
from storage.fact_vectors import FIRST, FactKey, FactVectors, StoredFact
from storage.facts import Facts
from storage.pool import Pool
from storage.user_facts import UserFacts
from tests.storage.rows import MODEL, Owner, accepted, new_fact, rows, save_accepted
from tests.support.postgres import lock, waits_for_a_lock

OLD = "the model before"
VECTORS: LiteralString = (
    "select f.fact, e.model, e.embedding::text, e.holds"
    " from memory_embeddings e join user_memory_facts f on f.id = e.fact_id"
)


async def learn(pool: Pool, user: UUID, *texts: str, model: str = OLD) -> UUID:
    """Store facts with vectors of a model; returns the message they were learned from."""
    source = await save_accepted(pool, user, accepted())
    await Facts(pool, model).remember(user, [new_fact(text) for text in texts], source=source)
    return source


async def read(vectors: FactVectors, after: FactKey = FIRST, limit: int = 99) -> list[tuple[UUID, StoredFact]]:
    """The next facts without a vector, with their users."""
    keys = await vectors.missing(after, limit=limit)
    return [(user, fact) for user, fact_id in keys for fact in await vectors.read(user, [fact_id])]


async def recalled(pool: Pool, user: UUID, vector: Sequence[float] = (1.0, 0.0)) -> list[str]:
    """The facts that are recalled with the present model."""
    return [one["fact"] for one in await Facts(pool, MODEL).nearest(user, vector, limit=9)]


async def test_facts_without_a_vector_of_the_model_are_found(
    pool: Pool, fact_vectors: FactVectors, ada: UUID, bob: UUID
) -> None:
    """Everyone's, in order of user and fact, from any fact on, no more than asked for."""
    await learn(pool, ada, "Sells biscuits", "Has two ovens")
    await learn(pool, bob, "Plays the tuba")
    await learn(pool, bob, "Has a cat", model=MODEL)
    keys = await fact_vectors.missing(FIRST, limit=9)
    assert keys == sorted(keys)
    assert sorted(fact.fact for _, fact in await read(fact_vectors)) == [
        "Has two ovens", "Plays the tuba", "Sells biscuits",
    ]  # fmt: skip
    assert await fact_vectors.missing(FIRST, limit=2) == keys[:2]
    assert await fact_vectors.missing(keys[0], limit=9) == keys[1:]
    assert await fact_vectors.missing(keys[2], limit=9) == []


async def test_a_fact_is_recalled_once_its_vector_is_added(
    pool: Pool, fact_vectors: FactVectors, owner: Owner, ada: UUID
) -> None:
    """With the day it was learned and the message; the vector of the model before stays."""
    source = await learn(pool, ada, "Sells biscuits")
    owner.execute("update user_memory_facts set created_at = '2026-01-02 12:00Z'")
    assert await recalled(pool, ada) == []
    [(user, fact)] = await read(fact_vectors)
    await fact_vectors.add(user, fact, [0.5, 0.5, 0.0])
    [memory] = await Facts(pool, MODEL).nearest(ada, [1.0, 1.0, 0.0], limit=9)
    assert (memory["fact"], memory["learned"], memory["similarity"]) == ("Sells biscuits", "2026-01-02", 1.0)
    assert rows(owner, "select model, message_id from memory_embeddings order by model") == [
        (MODEL, source), (OLD, source),
    ]  # fmt: skip
    assert await read(fact_vectors) == []


async def test_a_vector_that_came_meanwhile_stays(
    pool: Pool, fact_vectors: FactVectors, owner: Owner, ada: UUID
) -> None:
    """Whoever stored it: the second one is left out, and is no error."""
    await learn(pool, ada, "Sells biscuits")
    [(user, fact)] = await read(fact_vectors)
    await fact_vectors.add(user, fact, [1.0, 0.0])
    await fact_vectors.add(user, fact, [0.0, 1.0])
    await learn(pool, ada, "Sells biscuits", model=MODEL)
    assert rows(owner, VECTORS + " where model = %(model)s", model=MODEL) == [("Sells biscuits", MODEL, "[1,0]", True)]


async def test_two_processes_may_add_the_same_vector_at_once(
    pool: Pool, database_url: str, owner: Owner, ada: UUID
) -> None:
    """One of them stores it."""
    await learn(pool, ada, *(f"Is called number {number}" for number in range(10)))

    async def add_all() -> None:
        async with FactVectors.open(database_url, pool, model=MODEL) as vectors:
            for user, fact in await read(vectors):
                await vectors.add(user, fact, [1.0, 0.0])

    await asyncio.gather(add_all(), add_all(), add_all())
    assert rows(owner, "select count(*) from memory_embeddings where model = %(model)s", model=MODEL) == [(10,)]


async def test_a_superseded_fact_gets_a_vector_that_does_not_hold(
    pool: Pool, fact_vectors: FactVectors, owner: Owner, ada: UUID
) -> None:
    """Also where it is superseded after it was read; it is recalled once it holds again."""
    await learn(pool, ada, "Sells biscuits", "Has two ovens")
    owner.execute("update user_memory_facts set superseded_at = now() where fact = 'Sells biscuits'")
    found = await read(fact_vectors)
    assert {fact.fact: fact.holds for _, fact in found} == {"Sells biscuits": False, "Has two ovens": True}
    owner.execute("update user_memory_facts set superseded_at = now()")
    for user, fact in found:
        await fact_vectors.add(user, fact, [1.0, 0.0])
    assert await recalled(pool, ada) == []
    owner.execute("update user_memory_facts set superseded_at = null where fact = 'Sells biscuits'")
    assert await recalled(pool, ada) == ["Sells biscuits"]


async def test_a_fact_that_was_corrected_meanwhile_keeps_its_own_vector(
    pool: Pool, fact_vectors: FactVectors, owner: Owner, ada: UUID
) -> None:
    """The vector of the text before is not stored, whether the corrected text has one of the model or not."""
    await learn(pool, ada, "Sells biscuits")
    [(user, fact)] = await read(fact_vectors)
    await UserFacts(pool, OLD).correct(ada, fact.fact_id, "Sells tubas", [1.0, 0.0])
    await fact_vectors.add(user, fact, [0.0, 1.0])
    assert [fact.fact for _, fact in await read(fact_vectors)] == ["Sells tubas"]
    await UserFacts(pool, MODEL).correct(ada, fact.fact_id, "Sells flutes", [1.0, 0.0])
    await fact_vectors.add(user, fact, [0.0, 1.0])
    assert rows(owner, VECTORS) == [("Sells flutes", MODEL, "[1,0]", True)]


async def test_a_fact_that_was_deleted_meanwhile_gets_no_vector(
    pool: Pool, fact_vectors: FactVectors, owner: Owner, ada: UUID
) -> None:
    """That is no error."""
    await learn(pool, ada, "Sells biscuits")
    [(user, fact)] = await read(fact_vectors)
    assert await UserFacts(pool, MODEL).delete(ada, fact.fact_id)
    await fact_vectors.add(user, fact, [1.0, 0.0])
    assert rows(owner, VECTORS) == []


async def test_other_users_facts_are_untouched(pool: Pool, fact_vectors: FactVectors, ada: UUID, bob: UUID) -> None:
    """Each vector belongs to the user of its fact."""
    await learn(pool, ada, "Sells biscuits")
    await learn(pool, bob, "Plays the tuba")
    for user, fact in await read(fact_vectors):
        if user == ada:
            await fact_vectors.add(user, fact, [1.0, 0.0])
    assert await recalled(pool, ada) == ["Sells biscuits"]
    assert await recalled(pool, bob) == []
    assert [fact.fact for _, fact in await read(fact_vectors)] == ["Plays the tuba"]


async def test_a_vector_that_the_database_refuses_is_unavailable(
    pool: Pool, fact_vectors: FactVectors, owner: Owner, ada: UUID
) -> None:
    """The caller gets an error of storage and not of SQLAlchemy."""
    await learn(pool, ada, "Sells biscuits")
    [(user, fact)] = await read(fact_vectors)
    owner.execute("revoke insert on memory_embeddings from frontdesk_app")
    with pytest.raises(StorageUnavailable):
        await fact_vectors.add(user, fact, [1.0, 0.0])


async def test_the_store_uses_no_connection_to_a_read_only_server(
    pool: Pool, fact_vectors: FactVectors, ada: UUID
) -> None:
    """Another connection is made, which may lead to the server that took over."""
    await learn(pool, ada, "Sells biscuits")

    async def connect(*, read_only: bool) -> int:
        async with fact_vectors._engine.connect() as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            assert isinstance(driver, psycopg.AsyncConnection)
            if read_only:
                await driver.execute("set default_transaction_read_only = on")
                await driver.commit()
            return driver.info.backend_pid

    first = await connect(read_only=True)
    second = await connect(read_only=False)
    assert second != first
    assert await connect(read_only=False) == second
    [(user, fact)] = await read(fact_vectors)
    await fact_vectors.add(user, fact, [1.0, 0.0])
    assert await recalled(pool, ada) == ["Sells biscuits"]


async def test_a_vector_that_takes_too_long_to_store_is_unavailable(pool: Pool, database_url: str, ada: UUID) -> None:
    """Postgres cancels the statement."""
    await learn(pool, ada, "Sells biscuits")
    held, release = asyncio.Event(), asyncio.Event()
    async with FactVectors.open(database_url, pool, model=MODEL, statement_timeout=0.2) as vectors:
        [(user, fact)] = await read(vectors)
        holding = asyncio.create_task(lock(database_url, "memory_embeddings", held, release))
        await held.wait()
        with pytest.raises(StorageUnavailable):
            await vectors.add(user, fact, [1.0, 0.0])
    release.set()
    await holding


async def test_cancelling_ends_the_statement_in_postgres(
    pool: Pool, fact_vectors: FactVectors, owner: Owner, database_url: str, ada: UUID
) -> None:
    """Its connection does not go on waiting there."""
    await learn(pool, ada, "Sells biscuits")
    [(user, fact)] = await read(fact_vectors)
    held, release = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(lock(database_url, "memory_embeddings", held, release))
    await held.wait()
    task = asyncio.create_task(fact_vectors.add(user, fact, [1.0, 0.0]))
    await waits_for_a_lock(database_url)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(30):
        while rows(owner, waiting):  # noqa: ASYNC110 - pg_stat_activity has no events
            await asyncio.sleep(0.01)
    release.set()
    await holding
