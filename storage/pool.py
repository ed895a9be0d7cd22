"""Connections, each transaction of which belongs to one user.

The program connects as the database's owner and acts as `frontdesk_app`, which row level security
binds. Role and user are set for the transaction and not for the session, because a connection serves
one user after the other, and because a pooler between us and Postgres may hand each transaction to
another server connection.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from pgvector.psycopg import register_vector_async  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from storage.errors import Gone, StorageUnavailable

Connection = psycopg.AsyncConnection[DictRow]

LOST = (psycopg.OperationalError, PoolTimeout)
"""What a database raises that may do what was asked a moment later: when a connection is lost, a statement takes too
long, or the disk is full."""
PATIENCE = 5.0
"""Seconds to wait for a free connection, and after which a statement is given up."""


TCP: dict[str, Any] = {
    "application_name": "frontdesk",
    "connect_timeout": 5,
    # A server that was cut off, and says nothing of it, is noticed.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
"""Of every connection, also those that a library makes."""
LINE: dict[str, Any] = {"autocommit": True, "row_factory": dict_row, **TCP}
"""Of each connection of ours."""


def dialled(
    url: str, *, size: int, wait: float, configure: Callable[[Connection], Awaitable[None]]
) -> AsyncConnectionPool[Connection]:
    """Connections to the database, not opened yet.

    Args:
        url: where Postgres is.
        size: connections at most.
        wait: seconds to wait for a free one.
        configure: makes a new connection ready.
    """

    async def alive(conn: Connection) -> None:
        # A server that was restarted, or a pooler that closed idle connections, costs nobody a message: where one
        # connection is stale the others are, too, and trying each in its turn would take the pool seconds.
        try:
            await connections.check_connection(conn)
        except psycopg.Error:
            await connections.drain()
            raise

    connections: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        timeout=wait,
        # Attempts that are given up leave the next caller to try anew, without the pool's growing pauses.
        reconnect_timeout=wait,
        open=False,
        connection_class=Connection,
        configure=configure,
        check=alive,
        kwargs=LINE,
    )
    return connections


class Use(NamedTuple):
    """Connections of a pool: open ones, those that somebody holds, and how many wait for one."""

    size: int
    used: int
    waiting: int


def use_of(connections: AsyncConnectionPool[Connection]) -> Use:
    """How a pool stands just now."""
    stats = connections.get_stats()
    size = stats["pool_size"]
    return Use(size, size - stats["pool_available"], stats.get("requests_waiting", 0))


class Pool:
    """The application's connections to Postgres. Open it with `Pool.open()`."""

    def __init__(self, connections: AsyncConnectionPool[Connection], haste: float) -> None:
        self._connections = connections
        self._haste = haste

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, size: int = 10, wait: float = PATIENCE, haste: float = PATIENCE
    ) -> AsyncGenerator["Pool"]:
        """Open the pool for the length of the block.

        Args:
            url: where Postgres is.
            size: connections at most.
            wait: seconds to wait for a free connection before `StorageUnavailable`.
            haste: seconds for a statement that stands between a message and its first sign.
        """
        async with dialled(url, size=size, wait=wait, configure=_know_vectors) as connections:
            yield cls(connections, haste)

    @asynccontextmanager
    async def as_user(
        self, user_id: UUID, *, snapshot: bool = False, hasty: bool = False
    ) -> AsyncGenerator[Connection]:
        """One transaction that sees and changes this user's rows only, committed at the block's end.

        Args:
            user_id: whose.
            snapshot: only read, and everything as it is at the first look.
            hasty: somebody waits for a first sign, and rather hears that there is none than waits for long.

        Raises:
            StorageUnavailable: no connection, or it was lost.
            Gone: what a row belongs to was deleted meanwhile.
        """
        claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
        async with self._transaction() as conn:
            if snapshot:
                await conn.execute(_SNAPSHOT)
            await conn.execute(
                "select set_config('role', 'frontdesk_app', true), set_config('request.jwt.claims', %(claims)s, true),"
                " set_config('statement_timeout', %(limit)s, true)",
                {"claims": claims, "limit": _milliseconds(self._haste if hasty else PATIENCE)},
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

    @asynccontextmanager
    async def as_analyst(self) -> AsyncGenerator[Connection]:
        """One transaction that reads everyone's numbers as they are at the first look, and of no one whose they are.

        Raises:
            StorageUnavailable: no connection, or it was lost.
        """
        async with self._as("frontdesk_analyst", snapshot=True) as conn:
            yield conn

    @asynccontextmanager
    async def as_jobs(self) -> AsyncGenerator[Connection]:
        """One transaction on the jobs and nothing else.

        Raises:
            StorageUnavailable: no connection, or it was lost.
        """
        async with self._as("frontdesk_jobs") as conn:
            yield conn

    def use(self) -> Use:
        """How it stands just now."""
        return use_of(self._connections)

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
    async def _as(self, role: str, *, snapshot: bool = False) -> AsyncGenerator[Connection]:
        async with self._transaction() as conn:
            if snapshot:
                await conn.execute(_SNAPSHOT)
            await conn.execute(
                "select set_config('role', %(role)s, true), set_config('statement_timeout', %(limit)s, true)",
                {"role": role, "limit": _milliseconds(PATIENCE)},
            )
            yield conn

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        try:
            async with self._connections.connection() as conn, conn.transaction():
                yield conn
        except LOST as error:
            raise StorageUnavailable from error
        except psycopg.errors.ForeignKeyViolation as error:  # every foreign key of ours leads to an owner
            raise Gone from error


_SNAPSHOT: LiteralString = "set transaction isolation level repeatable read, read only"


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


async def _know_vectors(conn: Connection) -> None:
    await register_vector_async(conn)
