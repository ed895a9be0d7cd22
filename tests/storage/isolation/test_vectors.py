"""A search for meaning finds what is one's own, whatever its filter."""

from uuid import UUID

import pytest

from storage.fact_search import Recall
from storage.facts import padded
from tests.storage.isolation.adas import Adas
from tests.storage.rows import MODEL

HOSTILE = [
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


@pytest.mark.parametrize("filter_", HOSTILE, ids=str)
async def test_the_vector_store_finds_nothing_whatever_its_filter(
    recall: Recall, adas: Adas, bob: UUID, filter_: dict[str, object] | None
) -> None:
    """Bob searches with a filter that lets everything pass; for Ada the same one finds her fact."""
    for user, found in ((bob, 0), (adas.user, 1)):
        store = await recall._opened()  # pyright: ignore[reportPrivateUsage]
        await recall.nearest(user, [1.0, 0.0], limit=1)  # whose turn it is
        documents = await store.asimilarity_search_by_vector(padded([1.0, 0.0]), k=50, filter=filter_)
        assert len(documents) == found


@pytest.mark.parametrize("filter_", [{"user_id": {"$ne": ""}}, {"1=1; --": 1}, {"model": {"$evil": 1}}], ids=str)
async def test_the_vector_store_knows_no_other_column(
    recall: Recall, adas: Adas, bob: UUID, filter_: dict[str, object]
) -> None:
    """What is no filter is an error, and no way to write SQL."""
    await recall.nearest(bob, [1.0, 0.0], limit=1)
    store = await recall._opened()  # pyright: ignore[reportPrivateUsage]
    try:
        found = await store.asimilarity_search_by_vector(padded([1.0, 0.0]), k=50, filter=filter_)
    except Exception:  # noqa: BLE001 - whichever it raises
        return
    assert found == []
