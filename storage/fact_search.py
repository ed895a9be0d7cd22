"""Search a user's facts by meaning, with langchain-postgres' vector store on the table `memory_embeddings`.

It finds what `Facts.nearest` finds, which is cheaper and on the way to an answer's first word.

The store has an SQLAlchemy engine of its own and knows nothing of users: the engine's `begin` event makes each of its
transactions the user's, as `Pool.as_user` does for ours, so that row level security holds for it too.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import psycopg
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine, PGVectorStore
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from storage.connections import DEFAULT_TIMEOUT, connection_parameters
from storage.errors import SearchTimeout, StorageUnavailable
from storage.facts import Memory
from storage.pool import SET_USER, PoolUsage, is_read_only, user_parameters

_current_user: ContextVar[UUID] = ContextVar("_current_user")


class FactSearch:
    """Search over the facts of all users. Open it with `FactSearch.open()`."""

    def __init__(self, engine: AsyncEngine, model: str, size: int) -> None:
        self._engine = engine
        self._model = model
        self._size = size
        self._searches = 0
        self._opening = asyncio.Lock()
        self._store: PGVectorStore | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, model: str, size: int = 5, statement_timeout: float = DEFAULT_TIMEOUT
    ) -> AsyncGenerator["FactSearch"]:
        """Open the store for the length of the block.

        Args:
            url: where Postgres is.
            model: the embedding model; vectors of other models are never searched.
            size: maximum number of connections.
            statement_timeout: seconds after which Postgres cancels a search.
        """
        engine = create_async_engine(
            "postgresql+psycopg://",  # libpq parses the URL below: SQLAlchemy's parser allows one host only
            pool_size=size,
            max_overflow=0,
            pool_timeout=DEFAULT_TIMEOUT,
            pool_pre_ping=True,
            connect_args={**conninfo_to_dict(url), **connection_parameters(url)},
        )

        def set_user(conn: Connection) -> None:
            conn.exec_driver_sql(SET_USER, user_parameters(_current_user.get(), statement_timeout))

        event.listen(engine.sync_engine, "checkout", _refuse_read_only)
        event.listen(engine.sync_engine, "begin", set_user)
        try:
            yield cls(engine, model, size)
        finally:
            await engine.dispose()

    async def nearest(self, user_id: UUID, vector: Sequence[float], *, limit: int) -> list[Memory]:
        """The user's facts nearest in meaning to a vector, best first; superseded ones are left out.

        Raises:
            StorageUnavailable: the database did not answer.
            SearchTimeout: it did, but the search took too long.
        """
        self._searches += 1
        try:
            store = await self._get_store()
            _current_user.set(user_id)
            found = await store.asimilarity_search_with_score_by_vector(  # pyright: ignore[reportUnknownMemberType]
                list(vector), k=limit, filter={"model": self._model, "width": len(vector), "holds": True}
            )
        except (DBAPIError, PoolTimeout, psycopg.OperationalError) as error:
            canceled = isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.errors.QueryCanceled)
            raise (SearchTimeout if canceled else StorageUnavailable) from error
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

    def usage(self) -> PoolUsage:
        """Current usage of its pool; callers that wait are counted here, as SQLAlchemy's pool does not report them."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        used = pool.checkedout()
        return PoolUsage(pool.checkedin() + used, used, max(0, self._searches - self._size))

    async def _get_store(self) -> PGVectorStore:
        """The store, created at the first search: it reads its table, and the database may be down at the start."""
        async with self._opening:
            if self._store is None:
                _current_user.set(UUID(int=0))  # reading the columns needs no user
                self._store = await PGVectorStore.create(
                    PGEngine.from_engine(self._engine),
                    _NoEmbeddings(),
                    "memory_embeddings",
                    id_column="id",
                    content_column="text",
                    metadata_columns=["fact_id", "model", "width", "holds", "created_at"],
                    metadata_json_column=None,
                )
            return self._store


def _refuse_read_only(dbapi_connection: Any, *_: object) -> None:
    """Called after the pre-ping, which updated the server's report; SQLAlchemy then connects anew."""
    if is_read_only(dbapi_connection.driver_connection):
        raise DisconnectionError


class _NoEmbeddings(Embeddings):
    """The store is only searched by vector: one embedding per turn serves routing and memory."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise TypeError(f"the store is given vectors, never texts: {texts}")

    def embed_query(self, text: str) -> list[float]:
        raise TypeError(f"the store is given vectors, never texts: {text}")
