"""Connections, each transaction of which belongs to one user.

The program connects as the database's owner and acts as `frontdesk_app`, which row level security
binds. Role and user are set for the transaction and not for the session, because a connection serves
one user after the other, and because a pooler between us and Postgres may hand each transaction to
another server connection.
"""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import LiteralString
from uuid import UUID

import psycopg
from pgvector.psycopg import register_vector_async  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from storage.connections import PATIENCE, Connection, Connections, Use
from storage.errors import Gone, StorageUnavailable

__all__ = ["PATIENCE", "Connection", "Pool", "Use"]


class Pool:
    """The application's connections to Postgres. Open it with `Pool.open()`."""

    def __init__(self, connections: Connections, haste: float) -> None:
        self._connections = connections
        self._haste = haste

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        size: int = 10,
        wait: float = PATIENCE,
        haste: float = PATIENCE,
        on_full_disk: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator["Pool"]:
        """Open the pool for the length of the block.

        Args:
            url: where Postgres is.
            size: connections at most.
            wait: seconds to wait for a free connection before `StorageUnavailable`.
            haste: seconds for a statement that stands between a message and its first sign.
            on_full_disk: called when a statement found the server's disk full.
        """
        connections = Connections(url, size=size, wait=wait, configure=_know_vectors, on_full_disk=on_full_disk)
        async with connections:
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
        async with self._transaction(snapshot=snapshot) as conn:
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
        return self._connections.use()

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
        async with self._transaction(snapshot=snapshot) as conn:
            await conn.execute(
                "select set_config('role', %(role)s, true), set_config('statement_timeout', %(limit)s, true)",
                {"role": role, "limit": _milliseconds(PATIENCE)},
            )
            yield conn

    @asynccontextmanager
    async def _transaction(self, *, snapshot: bool = False) -> AsyncGenerator[Connection]:
        try:
            async with self._connections.connection() as conn, conn.transaction():
                if snapshot:
                    await conn.execute(_SNAPSHOT)
                yield conn
        except StorageUnavailable as error:
            if snapshot and isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction):
                raise error.__cause__ from None  # not the server but the snapshot takes no writes
            raise
        except psycopg.errors.ForeignKeyViolation as error:  # every foreign key of ours leads to an owner
            raise Gone from error


_SNAPSHOT: LiteralString = "set transaction isolation level repeatable read, read only"


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


async def _know_vectors(conn: Connection) -> None:
    await register_vector_async(conn)
