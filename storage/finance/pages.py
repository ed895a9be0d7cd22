"""Find pages of a user's documents, by their words, the file's name, and what they are about."""

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

    async def find(
        self, user_id: UUID, words: str, vector: Sequence[float] | None, *, limit: int, kind: str | None = None
    ) -> list[FoundPage]:
        """The pages that have all the words, with those of the file's name, or are about the same, best first.

        Where there is none, those that have half of the words or more.

        Args:
            vector: of the words; None where they cannot be embedded.
            kind: of the document; None where any will do.
        """
        values = {
            "user_id": user_id, "words": words, "model": self._model, "limit": limit, "similar": SIMILAR, "kind": kind,
            "vector": HalfVector(list(vector)) if vector else None,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_FIND, values)).fetchall()
        return cast("list[FoundPage]", rows)


# Where all words are in the file's name, its first page stands for the file.
_FIND: LiteralString = r"""
    with scored as (
        select p.document_id, d.name, p.page, p.body, p.suspicious, q.query, p.search @@ q.query as in_body,
               (p.search || named.search) @@ q.query
                   and (p.search @@ q.query or not named.search @@ q.query
                        or p.page = min(p.page) over (partition by p.document_id)) as has_words,
               ts_rank(p.search, q.query) as rank, of.share,
               case when p.model = %(model)s and vector_dims(p.embedding) = vector_dims(%(vector)s::halfvec)
                   then 1 - (p.embedding <=> %(vector)s::halfvec) end as similarity
        from finance_document_pages p join finance_documents d using (user_id, document_id)
        cross join chat_search_query(%(words)s) as q (query)
        cross join lateral to_tsvector('simple', chat_search_words(d.name)) as named (search)
        cross join lateral (
            select avg(((p.search || named.search) @@ chat_search_query(word))::int) as share
            from regexp_split_to_table(%(words)s, '\s+') as word
        ) as of
        where p.user_id = %(user_id)s and (%(kind)s::text is null or d.kind = %(kind)s)
    )
    select document_id, name, page, suspicious,
           case when in_body
               then ts_headline('simple', body, query, 'MaxWords=30, MinWords=15, StartSel="", StopSel=""')
               else left(body, 200) end as snippet
    from scored
    where has_words or similarity >= %(similar)s
       or (share >= 0.5 and not exists (select from scored where has_words or similarity >= %(similar)s))
    order by has_words::int + share + coalesce(rank, 0) + coalesce(similarity, 0) desc, document_id, page
    limit %(limit)s
"""
