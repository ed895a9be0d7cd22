"""Vectors of facts for a new embedding model, stored with langchain-postgres' vector store.

The store has an SQLAlchemy engine of its own and knows nothing of users: the engine's `begin` event makes each of its
transactions the user's, as `Pool.as_user` does for ours, so that row level security holds for it too.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple
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
from storage.errors import StorageUnavailable
from storage.pool import SET_USER, Pool, PoolUsage, is_read_only, user_parameters

_current_user: ContextVar[UUID] = ContextVar("_current_user")


class FactKey(NamedTuple):
    """The key of a fact; facts are gone through in its order."""

    user_id: UUID
    fact_id: UUID


FIRST = FactKey(UUID(int=0), UUID(int=0))
"""Before every fact."""


class StoredFact(NamedTuple):
    """A fact as it is stored."""

    fact_id: UUID
    fact: str
    message_id: UUID | None
    """The message it was first learned from."""
    learned: datetime
    holds: bool
    """Whether it is not superseded."""


class FactVectors:
    """The vectors of one embedding model, for the facts of all users. Open it with `FactVectors.open()`."""

    def __init__(self, pool: Pool, engine: AsyncEngine, model: str) -> None:
        self._pool = pool
        self._engine = engine
        self._model = model
        self._opening = asyncio.Lock()
        self._store: PGVectorStore | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, pool: Pool, *, model: str, statement_timeout: float = DEFAULT_TIMEOUT
    ) -> AsyncGenerator["FactVectors"]:
        """Open the store for the length of the block; it connects when the first vector is stored.

        Args:
            url: where Postgres is.
            pool: connections to it, for finding and reading the facts.
            model: the embedding model.
            statement_timeout: seconds after which Postgres cancels a statement of the store.
        """
        engine = create_async_engine(
            "postgresql+psycopg://",  # libpq parses the URL below: SQLAlchemy's parser allows one host only
            pool_size=1,
            max_overflow=0,
            pool_timeout=DEFAULT_TIMEOUT,
            pool_pre_ping=True,
            # Nothing is prepared, because a pooler may stand between.
            connect_args={**conninfo_to_dict(url), **connection_parameters(url), "prepare_threshold": None},
        )

        def set_user(conn: Connection) -> None:
            conn.exec_driver_sql(SET_USER, user_parameters(_current_user.get(), statement_timeout))

        event.listen(engine.sync_engine, "checkout", _refuse_read_only)
        event.listen(engine.sync_engine, "begin", set_user)
        try:
            yield cls(pool, engine, model)
        finally:
            await engine.dispose()

    async def missing(self, after: FactKey, *, limit: int) -> list[FactKey]:
        """The next facts, of all users, that have no vector of the model."""
        rows = await self._pool.call(
            "select user_id, fact_id from facts_to_embed(%(model)s, %(user)s, %(fact)s, %(limit)s)",
            {"model": self._model, "user": after.user_id, "fact": after.fact_id, "limit": limit},
        )
        return [FactKey(**row) for row in rows]

    async def read(self, user_id: UUID, fact_ids: Sequence[UUID]) -> list[StoredFact]:
        """Those of the facts that the user has, superseded ones too, in the order of their ids."""
        rows = await self._pool.call(
            "select fact_id, fact, message_id, learned, holds from read_facts(%(user_id)s, %(facts)s)",
            {"user_id": user_id, "facts": list(fact_ids)},
        )
        return [StoredFact(**row) for row in rows]

    async def add(self, user_id: UUID, fact: StoredFact, vector: Sequence[float]) -> None:
        """Store the vector of a fact, unless it has one, was corrected since it was read, or was deleted.

        Raises:
            StorageUnavailable: the database did not answer, or not in time.
        """
        metadata = {
            "user_id": user_id,
            "fact_id": fact.fact_id,
            "message_id": fact.message_id,
            "model": self._model,
            "holds": fact.holds,
            "created_at": fact.learned,
        }
        try:
            store = await self._get_store()
            _current_user.set(user_id)
            await store.aadd_embeddings([fact.fact], [list(vector)], [metadata])
        except (DBAPIError, PoolTimeout, psycopg.OperationalError) as error:
            if isinstance(error.__cause__, psycopg.errors.ForeignKeyViolation):
                return  # deleted meanwhile
            raise StorageUnavailable from error

    def usage(self) -> PoolUsage:
        """Current usage of the store's pool; its one user never waits."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        used = pool.checkedout()
        return PoolUsage(pool.checkedin() + used, used, 0)

    async def _get_store(self) -> PGVectorStore:
        """The store, created at the first vector: it reads its table, and the database may be down at the start."""
        async with self._opening:
            if self._store is None:
                _current_user.set(UUID(int=0))  # reading the columns needs no user
                self._store = await PGVectorStore.create(
                    PGEngine.from_engine(self._engine),
                    _NoEmbeddings(),
                    "memory_embeddings",
                    id_column="id",
                    content_column="text",
                    metadata_columns=["user_id", "fact_id", "message_id", "model", "holds", "created_at"],
                    metadata_json_column=None,
                )
            return self._store


def _refuse_read_only(dbapi_connection: Any, *_: object) -> None:
    """Called after the pre-ping, which updated the server's report; SQLAlchemy then connects anew."""
    if is_read_only(dbapi_connection.driver_connection):
        raise DisconnectionError


class _NoEmbeddings(Embeddings):
    """The store is given vectors: the pipeline's own embedding model makes them."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise TypeError(f"the store is given vectors, never texts: {texts}")

    def embed_query(self, text: str) -> list[float]:
        raise TypeError(f"the store is given vectors, never texts: {text}")
