"""The words that full-text search looks for."""

import string
from uuid import UUID

from storage.pool import Pool


async def test_punctuation_is_removed_before_the_text_search_parser(pool: Pool, ada: UUID) -> None:
    """The parser is slow on what looks like an address. Full-width punctuation counts, too."""
    wide = "".join(chr(ord(char) + 0xFEE0) for char in string.punctuation)
    async with pool.as_user(ada) as conn:
        cursor = await conn.execute(
            "select chat_search_words(%(text)s) as words", {"text": f"Café {string.punctuation}1e@税{wide}…½ b"}
        )
        (row,) = await cursor.fetchall()
    assert row["words"].split() == ["Cafe", "1e", "税", "1\N{FRACTION SLASH}2", "b"]


async def test_ascii_text_is_read_as_beside_other_characters(pool: Pool, ada: UUID) -> None:
    """It takes a shorter way, to the same words."""
    text = "".join(map(chr, range(1, 128)))
    async with pool.as_user(ada) as conn:
        cursor = await conn.execute(
            "select chat_search_words(%(text)s) || ' e' as alone, chat_search_words(%(text)s || ' é') as beside",
            {"text": text},
        )
        (row,) = await cursor.fetchall()
    assert row["alone"] == row["beside"]
