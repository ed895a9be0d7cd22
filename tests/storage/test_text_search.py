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
