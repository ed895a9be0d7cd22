"""Statements and transactions in the name of one user, or of one of the program's other roles.

The program connects as the database's owner and acts as `frontdesk_app`, which row level security binds. Role and
user are set per transaction and not per session: a connection serves one user after the other, and a pooler in front
of Postgres may give each transaction another server connection.
"""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from pgvector.psycopg import register_vector_async  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from storage.connections import DEFAULT_TIMEOUT, Connection, ConnectionPool, PoolUsage, milliseconds
from storage.errors import Gone, LeaseLost, StorageUnavailable

__all__ = ["Connection", "Pool", "PoolUsage"]

SET_USER: LiteralString = (
    "select set_config('role', 'frontdesk_app', true), set_config('request.jwt.claims', %(claims)s, true),"
    " set_config('statement_timeout', %(timeout)s, true)"
)
"""Makes the transaction a user's, with `user_parameters`."""
SET_ROLE: LiteralString = (
    "select set_config('role', %(role)s, true), set_config('statement_timeout', %(timeout)s, true)"
)
SNAPSHOT: LiteralString = "set transaction isolation level repeatable read, read only"
LEASE_LOST = "FD001"
"""SQLSTATE of an error that our functions raise."""


def user_parameters(user_id: UUID, timeout: float) -> dict[str, str]:
    """Parameters of `SET_USER`; the timeout of each statement in seconds."""
    claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
    return {"claims": claims, "timeout": milliseconds(timeout)}


class Pool:
    """The application's connections to Postgres. Open it with `Pool.open()`.

    Every transaction raises StorageUnavailable where there is no connection, or where it was lost.
    """

    def __init__(self, connections: ConnectionPool, accept_timeout: float) -> None:
        self._connections = connections
        self._accept_timeout = accept_timeout

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        size: int = 10,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - of each connection, not of this call
        accept_timeout: float = DEFAULT_TIMEOUT,
        on_full_disk: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator["Pool"]:
        """Open the pool for the length of the block.

        Args:
            url: where Postgres is.
            size: maximum number of connections.
            timeout: seconds to wait for a free connection before `StorageUnavailable`.
            accept_timeout: seconds for a statement that runs before a message is accepted.
            on_full_disk: called when a statement found the server's disk full.
        """
        connections = ConnectionPool(
            url, size=size, timeout=timeout, configure=_register_vectors, on_full_disk=on_full_disk
        )
        async with connections:
            yield cls(connections, accept_timeout)

    async def call(
        self, statement: LiteralString, values: Mapping[str, Any], *, accepting: bool = False
    ) -> list[dict[str, Any]]:
        """Call one of the functions of `migrations/0029_turn_steps.sql`, each of which says whom it acts for.

        One statement in a transaction of its own. It may run twice where its connection is lost.

        Args:
            statement: with `%(name)s` for each value.
            values: the values.
            accepting: the client waits for its message to be accepted, so the statement gets the accept timeout.

        Raises:
            Gone: what a row refers to was deleted meanwhile.
            LeaseLost: what the turn held was given to another turn.
        """
        try:
            return await self._connections.call(
                statement, values, self._accept_timeout if accepting else DEFAULT_TIMEOUT
            )
        except psycopg.errors.ForeignKeyViolation as error:  # each of our foreign keys leads to what a row belongs to
            raise Gone from error
        except psycopg.Error as error:
            if error.sqlstate == LEASE_LOST:
                raise LeaseLost from error
            raise

    @asynccontextmanager
    async def as_user(
        self, user_id: UUID, *, snapshot: bool = False, accepting: bool = False
    ) -> AsyncGenerator[Connection]:
        """One transaction that sees and changes this user's rows only, committed at the end of the block.

        Args:
            user_id: the user.
            snapshot: read only, everything as of the first statement.
            accepting: the client waits for its message to be accepted, so statements get the accept timeout.

        Raises:
            Gone: what a row refers to was deleted meanwhile.
        """
        async with self._transaction(snapshot=snapshot) as conn:
            timeout = self._accept_timeout if accepting else DEFAULT_TIMEOUT
            await conn.execute(SET_USER, user_parameters(user_id, timeout))
            yield conn

    def as_maintenance(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction that renews everyone's leases and deletes old rows, but reads nothing that users wrote."""
        return self._as_role("frontdesk_keeper")

    def as_analyst(self) -> AbstractAsyncContextManager[Connection]:
        """One snapshot of everyone's metrics, without user ids."""
        return self._as_role("frontdesk_analyst", snapshot=True)

    def as_jobs(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction on the job queue's tables and nothing else."""
        return self._as_role("frontdesk_jobs")

    def as_graph(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction on LangGraph's tables and nothing else."""
        return self._as_role("frontdesk_graph")

    def usage(self) -> PoolUsage:
        """Current usage."""
        return self._connections.usage()

    @asynccontextmanager
    async def _as_role(self, role: str, *, snapshot: bool = False) -> AsyncGenerator[Connection]:
        async with self._transaction(snapshot=snapshot) as conn:
            await conn.execute(SET_ROLE, {"role": role, "timeout": milliseconds(DEFAULT_TIMEOUT)})
            yield conn

    @asynccontextmanager
    async def _transaction(self, *, snapshot: bool = False) -> AsyncGenerator[Connection]:
        try:
            async with self._connections.live_connection() as conn, conn.transaction():
                if snapshot:
                    await conn.execute(SNAPSHOT)
                yield conn
        except StorageUnavailable as error:
            if snapshot and isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction):
                raise error.__cause__ from None  # not the server but the snapshot takes no writes
            raise
        except psycopg.errors.ForeignKeyViolation as error:  # each of our foreign keys leads to what a row belongs to
            raise Gone from error


async def _register_vectors(conn: Connection) -> None:
    await register_vector_async(conn)
