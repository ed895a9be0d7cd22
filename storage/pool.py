"""Connections, each transaction of which belongs to one user.

The program connects as the database's owner and acts as `frontdesk_app`, which row level security
binds. Role and user are set for the transaction and not for the session, because a connection serves
one user after the other, and because a pooler between us and Postgres may hand each transaction to
another server connection.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
from pgvector.psycopg import register_vector_async  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from storage.errors import Gone, StorageUnavailable

Connection = psycopg.AsyncConnection[DictRow]


class Pool:
    """The application's connections to Postgres. Open it with `Pool.open()`."""

    def __init__(self, connections: AsyncConnectionPool[Connection]) -> None:
        self._connections = connections

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, size: int = 10, wait: float = 5.0) -> AsyncGenerator["Pool"]:
        """Open the pool for the length of the block.

        Args:
            url: where Postgres is.
            size: connections at most.
            wait: seconds to wait for a free connection before `StorageUnavailable`.
        """
        connections: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            timeout=wait,
            open=False,
            connection_class=Connection,
            configure=_know_vectors,
            # A server that was restarted, or a pooler that closed idle connections, costs nobody a message.
            check=AsyncConnectionPool.check_connection,  # pyright: ignore[reportArgumentType] - any row will do
            kwargs={"autocommit": True, "row_factory": dict_row, "application_name": "frontdesk"},
        )
        async with connections:
            yield cls(connections)

    @asynccontextmanager
    async def as_user(self, user_id: UUID, *, snapshot: bool = False) -> AsyncGenerator[Connection]:
        """One transaction that sees and changes this user's rows only, committed at the block's end.

        Args:
            user_id: whose.
            snapshot: only read, and everything as it is at the first look.

        Raises:
            StorageUnavailable: no connection, or it was lost.
            Gone: what a row belongs to was deleted meanwhile.
        """
        claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
        async with self._transaction() as conn:
            if snapshot:
                await conn.execute("set transaction isolation level repeatable read, read only")
            await conn.execute(
                "select set_config('role', 'frontdesk_app', true), set_config('request.jwt.claims', %(claims)s, true)",
                {"claims": claims},
            )
            yield conn

    @asynccontextmanager
    async def as_journal(self) -> AsyncGenerator[Connection]:
        """One transaction that may add to the journal, for any user, and do nothing else.

        Raises:
            StorageUnavailable: no connection, or it was lost.
            Gone: a turn was deleted meanwhile.
        """
        async with self._as("frontdesk_journal") as conn:
            # Lost with the server's last moments it costs a reader a few words, which are told anew.
            await conn.execute("set local synchronous_commit = off")
            yield conn

    @asynccontextmanager
    async def as_keeper(self) -> AsyncGenerator[Connection]:
        """One transaction that sees whose lease on which turn runs until when, and no words of anyone.

        Raises:
            StorageUnavailable: no connection, or it was lost.
        """
        async with self._as("frontdesk_keeper") as conn:
            yield conn

    async def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StorageUnavailable: it gave none.
        """
        async with self._transaction() as conn:
            await conn.execute("select 1")

    @asynccontextmanager
    async def as_graph(self) -> AsyncGenerator[Connection]:
        """One transaction on LangGraph's tables and nothing else.

        Raises:
            StorageUnavailable: no connection, or it was lost.
        """
        async with self._as("frontdesk_graph") as conn:
            yield conn

    @asynccontextmanager
    async def _as(self, role: str) -> AsyncGenerator[Connection]:
        async with self._transaction() as conn:
            await conn.execute("select set_config('role', %(role)s, true)", {"role": role})
            yield conn

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        try:
            async with self._connections.connection() as conn, conn.transaction():
                yield conn
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise StorageUnavailable from error
        except psycopg.errors.ForeignKeyViolation as error:  # every foreign key of ours leads to an owner
            raise Gone from error


async def _know_vectors(conn: Connection) -> None:
    await register_vector_async(conn)
