"""Searching facts by meaning; langchain-postgres' vector store finds the same in the table."""

import asyncio
from collections.abc import Mapping
from random import Random
from uuid import UUID, uuid4

from storage.fact_vectors import (
    FactVectors,
    _current_user,  # pyright: ignore[reportPrivateUsage]
)
from storage.facts import Facts
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner, accepted, new_fact, rows, save_accepted

BAKERY = {
    "Sells oat biscuits": (1.0, 0.0, 0.0),
    "Bakes in the night": (0.9, 0.1, 0.0),
    "Has two ovens": (0.5, 0.5, 0.0),
    "Lives in Ghent": (0.0, 1.0, 0.2),
    "Hates spinach": (-1.0, 0.1, 0.3),
}
QUESTION = [1.0, 0.05, 0.0]


async def remember(pool: Pool, user: UUID, facts: Mapping[str, tuple[float, ...]] = BAKERY, model: str = MODEL) -> None:
    """Store these facts of this user."""
    source = await save_accepted(pool, user, accepted())
    await Facts(pool, model).remember(user, [new_fact(text, *vector) for text, vector in facts.items()], source=source)


async def search(facts: Facts, user: UUID, limit: int = 5) -> list[str]:
    """The facts found for the question."""
    return [memory["fact"] for memory in await facts.nearest(user, QUESTION, limit=limit)]


async def test_the_nearest_fact_comes_first(pool: Pool, facts: Facts, ada: UUID) -> None:
    """By cosine similarity, best first, no more than asked for."""
    await remember(pool, ada)
    assert await search(facts, ada) == list(BAKERY)
    assert await search(facts, ada, limit=2) == list(BAKERY)[:2]


async def test_a_result_has_id_day_and_similarity(pool: Pool, facts: Facts, owner: Owner, ada: UUID) -> None:
    """The similarity is 1 for the same direction and -1 for the opposite one."""
    await remember(pool, ada, {"Sells oat biscuits": (3.0, 0.0), "Hates spinach": (-2.0, 0.0)})
    same, opposite = await facts.nearest(ada, [0.5, 0.0], limit=5)
    [(fact_id, day)] = rows(
        owner, "select id::text, created_at::date::text from user_memory_facts where fact = 'Sells oat biscuits'"
    )
    assert same == {"fact_id": fact_id, "fact": "Sells oat biscuits", "learned": day, "similarity": 1.0}
    assert opposite["similarity"] == -1.0


async def test_langchains_vector_store_finds_the_same(
    pool: Pool, facts: Facts, fact_vectors: FactVectors, ada: UUID
) -> None:
    """In the same order with the same similarities, for vectors as a model makes them."""
    random = Random(5)  # noqa: S311 - no secret
    vectors = [tuple(random.gauss(0, 0.05) for _ in range(384)) for _ in range(60)]
    await remember(pool, ada, {f"Is called number {number}": vector for number, vector in enumerate(vectors)})
    question = [random.gauss(0, 0.05) for _ in range(384)]
    found = await facts.nearest(ada, question, limit=20)
    assert len(found) == 20
    store = await fact_vectors._get_store()  # pyright: ignore[reportPrivateUsage]
    _current_user.set(ada)
    documents = await store.asimilarity_search_with_score_by_vector(question, k=20, filter={"model": MODEL})
    assert [(one["fact"], one["similarity"]) for one in found] == [
        (document.page_content, round(1 - distance, 4)) for document, distance in documents
    ]


async def test_a_user_finds_only_their_own_facts(pool: Pool, facts: Facts, ada: UUID, bob: UUID) -> None:
    """Bob searches with Ada's question and gets his own fact."""
    await remember(pool, ada)
    await remember(pool, bob, {"Plays the tuba": (-1.0, 0.0, 0.0)})
    assert await search(facts, bob) == ["Plays the tuba"]
    assert await search(facts, uuid4()) == []


async def test_concurrent_searches_do_not_mix(pool: Pool, facts: Facts) -> None:
    """Thirty users search over few connections, and each finds their own fact."""
    users = {uuid4(): f"Is called number {number}" for number in range(30)}
    for user, fact in users.items():
        await remember(pool, user, {fact: (1.0, 0.0, 0.0)})
    answers = await asyncio.gather(*(search(facts, user) for user in users))
    assert answers == [[fact] for fact in users.values()]


async def test_vectors_of_another_model_are_not_searched(pool: Pool, facts: Facts, ada: UUID) -> None:
    """However near they are."""
    await remember(pool, ada, {"Plays the tuba": tuple(QUESTION)}, model="another-model")
    await remember(pool, ada, {"Sells oat biscuits": (0.1, 1.0, 0.0)})
    assert await search(facts, ada) == ["Sells oat biscuits"]


async def test_vectors_of_another_width_are_not_searched(pool: Pool, facts: Facts, ada: UUID) -> None:
    """The model of that name made others before; they are left out, and no search fails because of them."""
    await remember(pool, ada, {"Plays the tuba": (1.0, 0.05), "Has a cat": (1.0, 0.05, 0.0, 0.0)})
    await remember(pool, ada, {"Sells oat biscuits": (0.1, 1.0, 0.0)})
    assert await search(facts, ada) == ["Sells oat biscuits"]


async def test_a_superseded_fact_is_not_found(pool: Pool, facts: Facts, owner: Owner, ada: UUID) -> None:
    """Nor does it count towards the limit."""
    await remember(pool, ada)
    owner.execute("update user_memory_facts set superseded_at = now() where fact = 'Sells oat biscuits'")
    assert await search(facts, ada, limit=4) == list(BAKERY)[1:]
