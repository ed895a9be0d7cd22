"""Searching facts by meaning: in SQL, and with langchain-postgres' vector store, which finds the same."""

import asyncio
from collections.abc import Mapping
from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest

from storage.errors import SearchTimeout, StorageUnavailable
from storage.fact_search import FactSearch
from storage.facts import Facts
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner, accepted, new_fact, rows, save_accepted
from tests.support.postgres import lock, waits_for_a_lock

BAKERY = {
    "Sells oat biscuits": (1.0, 0.0, 0.0),
    "Bakes in the night": (0.9, 0.1, 0.0),
    "Has two ovens": (0.5, 0.5, 0.0),
    "Lives in Ghent": (0.0, 1.0, 0.2),
    "Hates spinach": (-1.0, 0.1, 0.3),
}
QUESTION = [1.0, 0.05, 0.0]

Search = Facts | FactSearch


@pytest.fixture(params=["in SQL", "with the vector store"])
def either(request: pytest.FixtureRequest, facts: Facts, fact_search: FactSearch) -> Search:
    """Each way to search."""
    return facts if request.param == "in SQL" else fact_search


async def remember(pool: Pool, user: UUID, facts: Mapping[str, tuple[float, ...]] = BAKERY, model: str = MODEL) -> None:
    """Store these facts of this user."""
    source = await save_accepted(pool, user, accepted())
    await Facts(pool, model).remember(user, [new_fact(text, *vector) for text, vector in facts.items()], source=source)


async def search(either: Search, user: UUID, limit: int = 5) -> list[str]:
    """The facts found for the question."""
    return [memory["fact"] for memory in await either.nearest(user, QUESTION, limit=limit)]


async def test_the_nearest_fact_comes_first(pool: Pool, either: Search, ada: UUID) -> None:
    """By cosine similarity, best first, no more than asked for."""
    await remember(pool, ada)
    assert await search(either, ada) == list(BAKERY)
    assert await search(either, ada, limit=2) == list(BAKERY)[:2]


async def test_a_result_has_id_day_and_similarity(pool: Pool, either: Search, owner: Owner, ada: UUID) -> None:
    """The similarity is 1 for the same direction and -1 for the opposite one."""
    await remember(pool, ada, {"Sells oat biscuits": (3.0, 0.0), "Hates spinach": (-2.0, 0.0)})
    same, opposite = await either.nearest(ada, [0.5, 0.0], limit=5)
    [(fact_id, day)] = rows(
        owner, "select id::text, created_at::date::text from user_memory_facts where fact = 'Sells oat biscuits'"
    )
    assert same == {"fact_id": fact_id, "fact": "Sells oat biscuits", "learned": day, "similarity": 1.0}
    assert opposite["similarity"] == -1.0


async def test_both_ways_find_the_same(pool: Pool, facts: Facts, fact_search: FactSearch, ada: UUID) -> None:
    """Order, similarities and all, for vectors as a model makes them."""
    random = Random(5)  # noqa: S311 - no secret
    vectors = [tuple(random.gauss(0, 0.05) for _ in range(384)) for _ in range(60)]
    await remember(pool, ada, {f"Is called number {number}": vector for number, vector in enumerate(vectors)})
    question = [random.gauss(0, 0.05) for _ in range(384)]
    found = await facts.nearest(ada, question, limit=20)
    assert len(found) == 20
    assert found == await fact_search.nearest(ada, question, limit=20)


async def test_a_user_finds_only_their_own_facts(pool: Pool, either: Search, ada: UUID, bob: UUID) -> None:
    """Bob searches with Ada's question and gets his own fact."""
    await remember(pool, ada)
    await remember(pool, bob, {"Plays the tuba": (-1.0, 0.0, 0.0)})
    assert await search(either, bob) == ["Plays the tuba"]
    assert await search(either, uuid4()) == []


async def test_concurrent_searches_do_not_mix(pool: Pool, either: Search) -> None:
    """Thirty users search over few connections, and each finds their own fact."""
    users = {uuid4(): f"Is called number {number}" for number in range(30)}
    for user, fact in users.items():
        await remember(pool, user, {fact: (1.0, 0.0, 0.0)})
    answers = await asyncio.gather(*(search(either, user) for user in users))
    assert answers == [[fact] for fact in users.values()]


async def test_vectors_of_another_model_are_not_searched(pool: Pool, either: Search, ada: UUID) -> None:
    """However near they are."""
    await remember(pool, ada, {"Plays the tuba": tuple(QUESTION)}, model="another-model")
    await remember(pool, ada, {"Sells oat biscuits": (0.1, 1.0, 0.0)})
    assert await search(either, ada) == ["Sells oat biscuits"]


async def test_vectors_of_another_width_are_not_searched(pool: Pool, either: Search, ada: UUID) -> None:
    """The model of that name made others before; they are left out, and no search fails because of them."""
    await remember(pool, ada, {"Plays the tuba": (1.0, 0.05), "Has a cat": (1.0, 0.05, 0.0, 0.0)})
    await remember(pool, ada, {"Sells oat biscuits": (0.1, 1.0, 0.0)})
    assert await search(either, ada) == ["Sells oat biscuits"]


async def test_a_superseded_fact_is_not_found(pool: Pool, either: Search, owner: Owner, ada: UUID) -> None:
    """Nor does it count towards the limit."""
    await remember(pool, ada)
    owner.execute("update user_memory_facts set superseded_at = now() where fact = 'Sells oat biscuits'")
    assert await search(either, ada, limit=4) == list(BAKERY)[1:]


async def test_a_search_that_the_database_refuses_is_unavailable(
    fact_search: FactSearch, owner: Owner, ada: UUID
) -> None:
    """The caller gets an error of storage and not of SQLAlchemy."""
    owner.execute("revoke select on all tables in schema public from frontdesk_app")
    with pytest.raises(StorageUnavailable):
        await search(fact_search, ada)


async def test_no_search_uses_a_connection_to_a_read_only_server(database_url: str, ada: UUID) -> None:
    """Another connection is made, which may lead to the server that took over."""

    async def connect(fact_search: FactSearch, *, read_only: bool) -> int:
        async with fact_search._engine.connect() as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            assert isinstance(driver, psycopg.AsyncConnection)
            if read_only:
                await driver.execute("set default_transaction_read_only = on")
                await driver.commit()
            return driver.info.backend_pid

    async with FactSearch.open(database_url, model=MODEL, size=1) as fact_search:
        first = await connect(fact_search, read_only=True)
        second = await connect(fact_search, read_only=False)
        assert second != first
        assert await connect(fact_search, read_only=False) == second
        assert await search(fact_search, ada) == []


async def test_a_search_that_takes_too_long_is_cancelled(pool: Pool, database_url: str, ada: UUID) -> None:
    """By Postgres; the error is not that the database is unavailable."""
    await remember(pool, ada)
    held, release = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(lock(database_url, "memory_embeddings", held, release))
    await held.wait()
    async with FactSearch.open(database_url, model=MODEL, statement_timeout=0.2) as fact_search:
        with pytest.raises(SearchTimeout):
            await search(fact_search, ada)
    release.set()
    await holding


async def test_cancelling_a_search_ends_it_in_postgres(
    pool: Pool, fact_search: FactSearch, owner: Owner, database_url: str, ada: UUID
) -> None:
    """Its connection does not go on waiting there."""
    await remember(pool, ada)
    await search(fact_search, ada)
    held, release = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(lock(database_url, "memory_embeddings", held, release))
    await held.wait()
    task = asyncio.create_task(search(fact_search, ada))
    await waits_for_a_lock(database_url)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(30):
        while rows(owner, waiting):  # noqa: ASYNC110 - pg_stat_activity has no events
            await asyncio.sleep(0.01)
    release.set()
    await holding
