"""Find what is remembered of a user by its meaning, through langchain-postgres' vector store.

The store works on the migrated table `memory_embeddings` over an SQLAlchemy engine of its own. It knows
nothing of users: the engine's `begin` event makes each of its transactions the user's, as `Pool.as_user`
does for ours, so that row level security holds for it too.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypedDict
from uuid import UUID

import psycopg
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine, PGVectorStore
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolWaitTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from storage.connections import PATIENCE, Use, connecting, is_read_only
from storage.errors import SearchTooSlow, StorageUnavailable
from storage.facts import padded

_asking: ContextVar[UUID] = ContextVar("_asking")


class Memory(TypedDict):
    """A remembered fact."""

    fact_id: str
    fact: str
    learned: str
    """The day it was learned, ISO 8601."""
    similarity: float
    """Cosine similarity to the question, -1 to 1."""


class Recall:
    """Search over the remembered facts. Open it with `Recall.open()`."""

    def __init__(self, engine: AsyncEngine, model: str, size: int) -> None:
        self._engine = engine
        self._model = model
        self._size = size
        self._searches = 0
        self._opening = asyncio.Lock()
        self._store: PGVectorStore | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, model: str, size: int = 5, seconds: float = PATIENCE) -> AsyncGenerator["Recall"]:
        """Open the store for the length of the block.

        Args:
            url: where Postgres is.
            model: the embedding model; vectors of another one are never looked at.
            size: connections at most.
            seconds: after which Postgres gives a search up: nobody waits for it any more.
        """
        engine = create_async_engine(
            "postgresql+psycopg://",  # the rest by libpq's rules and not SQLAlchemy's, which know of one host only
            pool_size=size,
            max_overflow=0,
            pool_timeout=PATIENCE,
            pool_pre_ping=True,
            connect_args={**conninfo_to_dict(url), **connecting(url)},
        )

        def begin(conn: Connection) -> None:
            _become_the_user(conn, seconds)

        event.listen(engine.sync_engine, "checkout", _refuse_read_only)
        event.listen(engine.sync_engine, "begin", begin)
        try:
            yield cls(engine, model, size)
        finally:
            await engine.dispose()

    async def nearest(self, user_id: UUID, vector: Sequence[float], *, limit: int) -> list[Memory]:
        """The user's facts nearest in meaning to a vector, best first; only those that still hold.

        Raises:
            StorageUnavailable: the database did not answer.
            SearchTooSlow: it did, but the search took too long.
        """
        self._searches += 1
        try:
            store = await self._opened()
            _asking.set(user_id)
            found = await store.asimilarity_search_with_score_by_vector(  # pyright: ignore[reportUnknownMemberType]
                padded(vector), k=limit, filter={"model": self._model, "holds": True}
            )
        except (DBAPIError, PoolWaitTimeout, psycopg.OperationalError) as error:
            slow = isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.errors.QueryCanceled)
            raise (SearchTooSlow if slow else StorageUnavailable) from error
        finally:
            self._searches -= 1
        return [
            Memory(
                fact_id=str(document.metadata["fact_id"]),
                fact=document.page_content,
                learned=document.metadata["created_at"].date().isoformat(),
                similarity=round(1 - distance, 4),
            )
            for document, distance in found
        ]

    def use(self) -> Use:
        """How its pool stands just now; who waits is counted here, because SQLAlchemy's pool does not tell."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        used = pool.checkedout()
        return Use(pool.checkedin() + used, used, max(0, self._searches - self._size))

    async def _opened(self) -> PGVectorStore:
        """The store, which looks at its table before the first search: a database may be away at the start."""
        async with self._opening:
            if self._store is None:
                self._store = await _store(self._engine)
            return self._store


async def _store(engine: AsyncEngine) -> PGVectorStore:
    _asking.set(UUID(int=0))  # the store looks at the table's columns first, for nobody in particular
    return await PGVectorStore.create(
        PGEngine.from_engine(engine),
        _Elsewhere(),
        "memory_embeddings",
        id_column="id",
        content_column="text",
        metadata_columns=["fact_id", "model", "holds", "created_at"],
        metadata_json_column=None,
    )


def _become_the_user(conn: Connection, seconds: float) -> None:
    claims = json.dumps({"sub": str(_asking.get()), "role": "authenticated"})
    conn.execute(
        text(
            "select set_config('role', 'frontdesk_app', true), set_config('request.jwt.claims', :claims, true),"
            " set_config('statement_timeout', :limit, true)"
        ),
        {"claims": claims, "limit": f"{round(seconds * 1000)}ms"},
    )


def _refuse_read_only(dbapi_connection: Any, *_: object) -> None:
    """After the pre-ping, which has brought the server's latest word on that; SQLAlchemy then dials anew."""
    if is_read_only(dbapi_connection.driver_connection):
        raise DisconnectionError


class _Elsewhere(Embeddings):
    """Vectors come ready made: one embedding serves routing and memory, and the store needs none itself."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise TypeError(f"the store is given vectors, never texts: {texts}")

    def embed_query(self, text: str) -> list[float]:
        raise TypeError(f"the store is given vectors, never texts: {text}")
