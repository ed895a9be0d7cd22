"""Pages of documents, found by words."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from storage.finance.document_queue import DocumentQueue, ReadPage
from storage.finance.pages import DocumentPages
from storage.pool import Pool
from tests.storage.finance.importing import MODEL, reading, waiting


@pytest.mark.parametrize(
    ("words", "pages"),
    [
        ("garden", [2]),
        ("march", [1]),
        ("March.csv", [1]),
        ("march garden", [2]),
        ("march house", [1]),
        ("april", []),
        ("garden shed", [2]),
        ("shed roof", []),
    ],
)
async def test_words_of_the_files_name_count(
    pool: Pool, ada: UUID, bob: UUID, words: str, pages: Sequence[int]
) -> None:
    """Together with those of a page; where the name has them all, its first page is found only.

    Where no page has all words, those with half of them are found.
    """
    claimed = await waiting(pool, ada, "1")  # march.csv
    bodies = [ReadPage(n, body, suspicious=False, vector=None) for n, body in ((1, "The house"), (2, "The garden"))]
    await DocumentQueue(pool, MODEL).store(claimed, reading(pages=bodies), currency="EUR")
    found = await DocumentPages(pool, MODEL).find(ada, words, None, limit=9)
    assert [(one["name"], one["page"]) for one in found] == [("march.csv", page) for page in pages]
    assert await DocumentPages(pool, MODEL).find(bob, words, None, limit=9) == []
