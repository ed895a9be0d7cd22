"""The vector store reaches only the user's own facts, whatever it is asked."""

from contextlib import suppress
from uuid import UUID

import pytest

from storage.fact_vectors import (
    FactVectors,
    StoredFact,
    _current_user,  # pyright: ignore[reportPrivateUsage]
)
from tests.storage.isolation.ada_rows import AdaRows
from tests.storage.isolation.conftest import Case
from tests.storage.rows import MODEL, Owner, rows

PERMISSIVE_FILTERS: list[dict[str, object] | None] = [
    None,
    {},
    {"model": {"$ne": "none"}},
    {"model": {"$in": [MODEL]}},
    {"holds": True},
    {"$or": [{"model": MODEL}, {"model": {"$ne": MODEL}}]},
    {"$not": {"model": "none"}},
    {"model": {"$like": "%"}},
    {"fact_id": {"$exists": True}},
]
ODD_FILTERS: list[dict[str, object]] = [{"user_id": {"$ne": ""}}, {"1=1; --": 1}, {"model": {"$evil": 1}}]


async def test_a_search_with_any_filter_finds_only_own_facts(
    fact_vectors: FactVectors, ada_rows: AdaRows, case: Case
) -> None:
    """With a filter that matches everything Bob finds nothing, and Ada her fact."""
    store = await fact_vectors._get_store()  # pyright: ignore[reportPrivateUsage]
    for filter_ in PERMISSIVE_FILTERS:
        async with case(filter_) as bob:
            for user, found in ((bob, 0), (ada_rows.user, 1)):
                _current_user.set(user)
                documents = await store.asimilarity_search_by_vector([1.0, 0.0], k=50, filter=filter_)
                assert len(documents) == found


async def test_an_odd_filter_is_an_error_or_finds_nothing(fact_vectors: FactVectors, case: Case) -> None:
    """No filter can reach other users' rows or inject SQL."""
    store = await fact_vectors._get_store()  # pyright: ignore[reportPrivateUsage]
    for filter_ in ODD_FILTERS:
        async with case(filter_) as bob:
            _current_user.set(bob)
            found: object = []
            with suppress(Exception):  # whichever it raises
                found = await store.asimilarity_search_by_vector([1.0, 0.0], k=50, filter=filter_)
            assert found == []


async def test_no_vector_is_added_to_another_users_fact(
    fact_vectors: FactVectors, ada_rows: AdaRows, bob: UUID, owner: Owner
) -> None:
    """Bob names Ada's fact and nothing is stored; a fixture checks that her rows are unchanged."""
    assert await fact_vectors.read(bob, [ada_rows.fact]) == []
    [fact] = await fact_vectors.read(ada_rows.user, [ada_rows.fact])
    await fact_vectors.add(bob, fact, [1.0, 0.0])
    assert rows(owner, "select from memory_embeddings where user_id = %(bob)s", bob=bob) == []


async def test_the_store_cannot_overwrite_another_users_vector(
    fact_vectors: FactVectors, ada_rows: AdaRows, bob: UUID, owner: Owner
) -> None:
    """Bob passes the id of Ada's vector for a fact of his own; a fixture checks that hers is unchanged."""
    [(vector_id,)] = rows(owner, "select id from memory_embeddings")
    owner.execute("insert into user_memory_facts (user_id, fact, fact_hash) values (%s, 'Sells tubas', '0')", [bob])
    [(fact_id,)] = rows(owner, "select id from user_memory_facts where user_id = %(bob)s", bob=bob)
    [fact] = await fact_vectors.read(bob, [fact_id])
    assert isinstance(fact, StoredFact)
    store = await fact_vectors._get_store()  # pyright: ignore[reportPrivateUsage]
    _current_user.set(bob)
    metadata = {"user_id": bob, "fact_id": fact_id, "model": MODEL, "holds": True, "created_at": fact.learned}
    with pytest.raises(Exception, match="row-level security"):
        await store.aadd_embeddings([fact.fact], [[0.0, 1.0]], [metadata], [str(vector_id)])
