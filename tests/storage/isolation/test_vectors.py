"""The vector store finds only the user's own facts, whatever its filter."""

from uuid import UUID

import pytest

from storage.fact_search import FactSearch
from tests.storage.isolation.ada_rows import AdaRows
from tests.storage.rows import MODEL

PERMISSIVE_FILTERS = [
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


@pytest.mark.parametrize("filter_", PERMISSIVE_FILTERS, ids=str)
async def test_a_search_with_any_filter_finds_only_own_facts(
    fact_search: FactSearch, ada_rows: AdaRows, bob: UUID, filter_: dict[str, object] | None
) -> None:
    """With a filter that matches everything Bob finds nothing, and Ada her fact."""
    for user, found in ((bob, 0), (ada_rows.user, 1)):
        store = await fact_search._get_store()  # pyright: ignore[reportPrivateUsage]
        await fact_search.nearest(user, [1.0, 0.0], limit=1)  # sets the user
        documents = await store.asimilarity_search_by_vector([1.0, 0.0], k=50, filter=filter_)
        assert len(documents) == found


@pytest.mark.parametrize("filter_", [{"user_id": {"$ne": ""}}, {"1=1; --": 1}, {"model": {"$evil": 1}}], ids=str)
async def test_a_filter_on_another_column_is_an_error_or_finds_nothing(
    fact_search: FactSearch, ada_rows: AdaRows, bob: UUID, filter_: dict[str, object]
) -> None:
    """No filter can reach other columns or inject SQL."""
    await fact_search.nearest(bob, [1.0, 0.0], limit=1)
    store = await fact_search._get_store()  # pyright: ignore[reportPrivateUsage]
    try:
        found = await store.asimilarity_search_by_vector([1.0, 0.0], k=50, filter=filter_)
    except Exception:  # noqa: BLE001 - whichever it raises
        return
    assert found == []
