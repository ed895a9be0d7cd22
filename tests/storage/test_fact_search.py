"""Finding facts by their meaning."""

import asyncio
from collections.abc import Mapping
from uuid import UUID, uuid4

import psycopg
import pytest
from pgvector.psycopg import Vector  # pyright: ignore[reportMissingTypeStubs]

from storage.errors import SearchTooSlow, StorageUnavailable
from storage.fact_search import Recall
from storage.facts import DIMENSIONS, Facts, padded
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner, accepted, heard, new_fact, rows
from tests.support.postgres import lock, waits_for_a_lock

BAKERY = {
    "Sells oat biscuits": (1.0, 0.0, 0.0),
    "Bakes in the night": (0.9, 0.1, 0.0),
    "Has two ovens": (0.5, 0.5, 0.0),
    "Lives in Ghent": (0.0, 1.0, 0.2),
    "Hates spinach": (-1.0, 0.1, 0.3),
}
QUESTION = [1.0, 0.05, 0.0]


async def remembered(
    pool: Pool, user: UUID, facts: Mapping[str, tuple[float, ...]] = BAKERY, model: str = MODEL
) -> None:
    """Remember these facts of this user."""
    source = await heard(pool, user, accepted())
    await Facts(pool, model).remember(user, [new_fact(text, *vector) for text, vector in facts.items()], source=source)


async def found(recall: Recall, user: UUID, limit: int = 5) -> list[str]:
    """The facts that answer the question."""
    return [memory["fact"] for memory in await recall.nearest(user, QUESTION, limit=limit)]


async def matched(pool: Pool, user: UUID, limit: int) -> list[tuple[str, float]]:
    """What match_memory() answers: facts and similarities."""
    async with pool.as_user(user) as conn:
        cursor = await conn.execute(
            "select text, similarity from match_memory(%(user)s, %(vector)s, %(limit)s, %(model)s)",
            {"user": user, "vector": Vector(padded(QUESTION)), "limit": limit, "model": MODEL},
        )
        return [(row["text"], round(row["similarity"], 4)) for row in await cursor.fetchall()]


async def test_the_nearest_fact_comes_first(pool: Pool, recall: Recall, ada: UUID) -> None:
    """By cosine similarity, best first, no more than asked for."""
    await remembered(pool, ada)
    assert await found(recall, ada) == list(BAKERY)
    assert await found(recall, ada, limit=2) == list(BAKERY)[:2]


async def test_a_memory_says_what_it_is(pool: Pool, recall: Recall, owner: Owner, ada: UUID) -> None:
    """Its id, its day and how near it is: one for the same direction, minus one for the opposite."""
    await remembered(pool, ada, {"Sells oat biscuits": (3.0, 0.0), "Hates spinach": (-2.0, 0.0)})
    same, opposite = await recall.nearest(ada, [0.5, 0.0], limit=5)
    [(fact_id, day)] = rows(
        owner, "select id::text, created_at::date::text from user_memory_facts where fact = 'Sells oat biscuits'"
    )
    assert same == {"fact_id": fact_id, "fact": "Sells oat biscuits", "learned": day, "similarity": 1.0}
    assert opposite["similarity"] == -1.0


async def test_a_user_finds_only_their_own_facts(pool: Pool, recall: Recall, ada: UUID, bob: UUID) -> None:
    """Bob asks in Ada's words and gets what is known of Bob."""
    await remembered(pool, ada)
    await remembered(pool, bob, {"Plays the tuba": (-1.0, 0.0)})
    assert await found(recall, bob) == ["Plays the tuba"]
    assert await found(recall, uuid4()) == []


async def test_searches_at_once_do_not_mix(pool: Pool, recall: Recall) -> None:
    """Thirty users search over three connections, and each finds the one fact that is theirs."""
    users = {uuid4(): f"Is called number {number}" for number in range(30)}
    for user, fact in users.items():
        await remembered(pool, user, {fact: (1.0, 0.0)})
    answers = await asyncio.gather(*(found(recall, user) for user in users))
    assert answers == [[fact] for fact in users.values()]


async def test_vectors_of_another_model_are_never_looked_at(pool: Pool, recall: Recall, ada: UUID) -> None:
    """They are numbers of another language, however near they seem."""
    await remembered(pool, ada, {"Plays the tuba": tuple(QUESTION)}, model="another-model")
    await remembered(pool, ada, {"Sells oat biscuits": (0.1, 1.0)})
    assert await found(recall, ada) == ["Sells oat biscuits"]


async def test_a_fact_that_was_superseded_is_never_found(pool: Pool, recall: Recall, owner: Owner, ada: UUID) -> None:
    """Nor does it take the place of one that still holds."""
    await remembered(pool, ada)
    owner.execute("update user_memory_facts set superseded_at = now() where fact = 'Sells oat biscuits'")
    assert await found(recall, ada, limit=4) == list(BAKERY)[1:]


async def test_match_memory_finds_the_same(pool: Pool, recall: Recall, ada: UUID) -> None:
    """The function of the schema and the search of the program agree on order and similarity."""
    await remembered(pool, ada)
    await remembered(pool, ada, {"Plays the tuba": tuple(QUESTION)}, model="another-model")
    nearest = [(memory["fact"], memory["similarity"]) for memory in await recall.nearest(ada, QUESTION, limit=4)]
    assert [fact for fact, _ in nearest] == list(BAKERY)[:4]
    assert await matched(pool, ada, 4) == nearest


async def test_match_memory_passes_over_what_was_superseded(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The next best fact takes its place."""
    await remembered(pool, ada)
    owner.execute("update user_memory_facts set superseded_at = now() where fact = 'Sells oat biscuits'")
    assert [fact for fact, _ in await matched(pool, ada, 2)] == ["Bakes in the night", "Has two ovens"]


async def test_a_question_that_is_too_long_is_refused(recall: Recall, ada: UUID) -> None:
    """A vector of more numbers than the column has is a mistake and not a search without a result."""
    with pytest.raises(ValueError, match=f"at most {DIMENSIONS}"):
        await recall.nearest(ada, [0.1] * (DIMENSIONS + 1), limit=5)


async def test_a_search_that_the_database_gives_up_is_unavailable(recall: Recall, owner: Owner, ada: UUID) -> None:
    """The caller hears of storage and not of SQLAlchemy."""
    owner.execute("revoke select on all tables in schema public from frontdesk_app")
    with pytest.raises(StorageUnavailable):
        await found(recall, ada)


async def test_a_connection_whose_server_takes_no_writes_is_not_searched_over(database_url: str, ada: UUID) -> None:
    """It may be the one that was left behind; another is made."""

    async def connected(recall: Recall, *, read_only: bool) -> int:
        async with recall._engine.connect() as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            assert isinstance(driver, psycopg.AsyncConnection)
            if read_only:
                await driver.execute("set default_transaction_read_only = on")
                await driver.commit()
            return driver.info.backend_pid

    async with Recall.open(database_url, model=MODEL, size=1) as recall:
        first = await connected(recall, read_only=True)
        second = await connected(recall, read_only=False)
        assert second != first
        assert await connected(recall, read_only=False) == second
        assert await found(recall, ada) == []


async def test_a_search_that_takes_too_long_is_given_up(pool: Pool, database_url: str, ada: UUID) -> None:
    """By Postgres; the database is not taken to be away for it."""
    await remembered(pool, ada)
    held, release = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(lock(database_url, "memory_embeddings", held, release))
    await held.wait()
    async with Recall.open(database_url, model=MODEL, seconds=0.2) as recall:
        with pytest.raises(SearchTooSlow):
            await found(recall, ada)
    release.set()
    await holding


async def test_a_search_that_nobody_waits_for_ends(
    pool: Pool, recall: Recall, owner: Owner, database_url: str, ada: UUID
) -> None:
    """Also in Postgres, where it would go on for nobody."""
    await remembered(pool, ada)
    await found(recall, ada)
    held, release = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(lock(database_url, "memory_embeddings", held, release))
    await held.wait()
    search = asyncio.create_task(found(recall, ada))
    await waits_for_a_lock(database_url)
    search.cancel()
    await asyncio.gather(search, return_exceptions=True)
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(30):
        while rows(owner, waiting):  # noqa: ASYNC110 - the list of connections has no events
            await asyncio.sleep(0.01)
    release.set()
    await holding
