"""Find pages of a user's documents, by their words and by what they are about."""

from collections.abc import Sequence
from typing import LiteralString, TypedDict, cast
from uuid import UUID

from pgvector.psycopg import HalfVector  # pyright: ignore[reportMissingTypeStubs]

from storage.pool import Pool

SIMILAR = 0.45
"""Similarity from which a page is about the same without having the words."""


class FoundPage(TypedDict):
    """A page in which something was found."""

    document_id: UUID
    name: str
    """Of the document."""
    page: int
    snippet: str
    suspicious: bool
    """Whether the page may hold instructions to an AI."""


class DocumentPages:
    """Pages of all users' documents.

    Args:
        model: the name of the embedding model that vectors are of.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model

    async def find(self, user_id: UUID, words: str, vector: Sequence[float] | None, *, limit: int) -> list[FoundPage]:
        """The pages that have all the words or are about the same, best first.

        Args:
            vector: of the words; None where they cannot be embedded.
        """
        values = {
            "user_id": user_id, "words": words, "model": self._model, "limit": limit, "similar": SIMILAR,
            "vector": HalfVector(list(vector)) if vector else None,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_FIND, values)).fetchall()
        return cast("list[FoundPage]", rows)


_FIND: LiteralString = """
    with scored as (
        select p.document_id, p.page, p.body, p.suspicious, q.query,
               p.search @@ q.query as has_words, ts_rank(p.search, q.query) as rank,
               case when p.model = %(model)s and vector_dims(p.embedding) = vector_dims(%(vector)s::halfvec)
                   then 1 - (p.embedding <=> %(vector)s::halfvec) end as similarity
        from finance_document_pages p, chat_search_query(%(words)s) as q (query)
        where p.user_id = %(user_id)s
    )
    select s.document_id, d.name, s.page, s.suspicious,
           case when s.has_words
               then ts_headline('simple', s.body, s.query, 'MaxWords=30, MinWords=15, StartSel="", StopSel=""')
               else left(s.body, 200) end as snippet
    from scored s join finance_documents d on d.user_id = %(user_id)s and d.document_id = s.document_id
    where s.has_words or s.similarity >= %(similar)s
    order by s.has_words::int + coalesce(s.rank, 0) + coalesce(s.similarity, 0) desc, s.document_id, s.page
    limit %(limit)s
"""
