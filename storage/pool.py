"""Statements and transactions in the name of one user, or of one of the program's other roles.

The program connects as the database's owner and acts as `frontdesk_app`, which row level security binds. Role and
user are set per transaction and not per session: a connection serves one user after the other, and a pooler in front
of Postgres may give each transaction another server connection.

A server that takes no writes (a standby, or one that is being handed over) is of no use here. It is refused when
connecting (`target_session_attrs`), checked for before a connection is handed out, and dropped where a statement finds
it out, so that the pool connects to the server that took over.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import msgspec
import psycopg
from pgvector.psycopg.halfvec import register_halfvec_info  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from psycopg.rows import DictRow, dict_row
from psycopg.types import TypeInfo
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from storage.connections import DEFAULT_TIMEOUT, Connection, connection_parameters, is_pooled, milliseconds
from storage.errors import Gone, LeaseLost, StorageUnavailable, is_unavailable

SET_USER: LiteralString = (
    "select set_config('role', 'frontdesk_app', true), set_config('request.jwt.claims', %(claims)s, true),"
    " set_config('statement_timeout', %(timeout)s, true)"
)
"""Makes the transaction a user's, with `user_parameters`."""
SET_ROLE: LiteralString = (
    "select set_config('role', %(role)s, true), set_config('statement_timeout', %(timeout)s, true),"
    " set_config('search_path', coalesce(%(schema)s, current_setting('search_path')), true)"
)
SNAPSHOT: LiteralString = "set transaction isolation level repeatable read, read only"
LEASE_LOST = "FD001"
"""SQLSTATE of an error that our functions raise."""


def is_read_only(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server last reported that it takes no writes. It reports that by itself, so no query is sent."""
    reported = (conn.pgconn.parameter_status(name) for name in (b"default_transaction_read_only", b"in_hot_standby"))
    return b"on" in reported


def user_parameters(user_id: UUID, timeout: float) -> dict[str, str]:
    """Parameters of `SET_USER`; the timeout of each statement in seconds."""
    claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
    return {"claims": claims, "timeout": milliseconds(timeout)}


class PoolUsage(NamedTuple):
    """Connections of a pool: open, in use, and how many callers wait for one."""

    size: int
    used: int
    waiting: int


class ConnectionPool(AsyncConnectionPool[Connection]):
    """Pool that raises StorageUnavailable for whatever makes the database unusable. It has to be opened.

    Of its free connections it gives out the one that was used last: its server process has its plans, and the
    processor has its memory. The base class uses all in turn.

    Args:
        url: where Postgres is.
        size: maximum number of connections.
        timeout: seconds to wait for a free connection.
        configure: prepares a new connection.
        on_full_disk: called when a statement found the server's disk full.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int,
        timeout: float,
        configure: Callable[[Connection], Awaitable[None]],
        on_full_disk: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            url,
            min_size=1,
            max_size=size,
            timeout=timeout,
            # After giving up, the next caller connects at once, without the pool's growing pauses.
            reconnect_timeout=timeout,
            open=False,
            connection_class=Connection,
            configure=configure,
            check=self._check_writable,
            kwargs={**connection_parameters(url), "autocommit": True, "row_factory": dict_row},
        )
        self._on_full_disk = on_full_disk
        self._pool = _LastFirst()  # takes from the left what is free

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[Connection]:  # noqa: ASYNC109 - as in the base class
        """A connection for the length of the block.

        Raises:
            StorageUnavailable: there is none, or it was lost, or the server takes no writes or has no room.
        """
        try:
            async with super().connection(timeout) as conn:
                try:
                    yield conn
                except psycopg.errors.ReadOnlySqlTransaction:
                    await conn.close()
                    raise
        except psycopg.Error as error:
            self._raise_if_unavailable(error)
            raise

    @asynccontextmanager
    async def live_connection(self) -> AsyncGenerator[Connection]:
        """A connection whose server has just answered and takes writes, for the length of the block.

        Raises:
            StorageUnavailable: as `connection()`.
        """
        async with AsyncExitStack() as stack:
            for last in (False, True):
                conn = await stack.enter_async_context(self.connection())
                try:
                    await self.check_connection(conn)
                    await self._check_writable(conn)  # with its answer the server reported what has changed
                    break
                except psycopg.OperationalError:
                    if last:
                        raise
                    await stack.aclose()
                    await self.drain()  # the others will have died, too
            yield conn

    async def call(self, statement: LiteralString, values: Mapping[str, Any], seconds: float) -> list[DictRow]:
        """Run one statement in a transaction of its own; returns its rows.

        It is run once more where the connection was lost or its server takes no writes, so it must do no harm the
        second time: the first may have been committed, and only the reply lost.

        Args:
            statement: with `%(name)s` for each value.
            values: the values.
            seconds: time after which the statement is cancelled.

        Raises:
            StorageUnavailable: there is no connection, or it was lost again, or the time is over.
        """
        try:
            return await self._call(statement, values, seconds)
        except _ConnectionLost:
            await self.drain()
            return await self._call(statement, values, seconds)

    async def _call(self, statement: LiteralString, values: Mapping[str, Any], seconds: float) -> list[DictRow]:
        conn: Connection | None = None
        try:
            # Not by `connection()`, whose context managers, each with a commit or a rollback, cost more than the call.
            conn = await self.getconn()
            async with asyncio.timeout(seconds):
                return await (await conn.execute(statement, values)).fetchall()
        except TimeoutError as error:
            raise StorageUnavailable from error
        except psycopg.Error as error:
            if conn and isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                await conn.close()
            if conn and conn.closed:
                raise _ConnectionLost from error
            self._raise_if_unavailable(error)
            raise
        finally:
            if conn:
                await self.putconn(conn)

    def usage(self) -> PoolUsage:
        """Current usage."""
        stats = self.get_stats()
        size = stats["pool_size"]
        return PoolUsage(size, size - stats["pool_available"], stats.get("requests_waiting", 0))

    def _raise_if_unavailable(self, error: psycopg.Error) -> None:
        if isinstance(error, psycopg.errors.DiskFull):
            self._on_full_disk()
        if is_unavailable(error):
            raise StorageUnavailable from error

    async def _check_writable(self, conn: Connection) -> None:
        if is_read_only(conn):
            await self.drain()  # the others lead there, too, and trying each in turn would take seconds
            raise psycopg.OperationalError("the server takes no writes")


class _LastFirst(deque[Connection]):
    """A deque that appends in front of the others."""

    def append(self, connection: Connection, /) -> None:
        self.appendleft(connection)


class _ConnectionLost(StorageUnavailable):
    """The connection broke under a statement, or leads to a server that takes no writes."""


class Pool:
    """The application's connections to Postgres. Open it with `Pool.open()`.

    Every transaction raises StorageUnavailable where there is no connection, or where it was lost.
    """

    def __init__(self, connections: ConnectionPool, accept_timeout: float, statement_timeout: float) -> None:
        self._connections = connections
        self._accept_timeout = accept_timeout
        self._statement_timeout = statement_timeout

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        size: int = 5,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - of each connection, not of this call
        accept_timeout: float = DEFAULT_TIMEOUT,
        statement_timeout: float = DEFAULT_TIMEOUT,
        on_full_disk: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator["Pool"]:
        """Open the pool for the length of the block.

        Args:
            url: where Postgres is.
            size: maximum number of connections.
            timeout: seconds to wait for a free connection before `StorageUnavailable`.
            accept_timeout: seconds for a statement that runs before a message is accepted.
            statement_timeout: seconds for any other statement.
            on_full_disk: called when a statement found the server's disk full.
        """
        connections = ConnectionPool(url, size=size, timeout=timeout, configure=_configure, on_full_disk=on_full_disk)
        async with connections:
            yield cls(connections, accept_timeout, statement_timeout)

    async def call(
        self, statement: LiteralString, values: Mapping[str, Any], *, accepting: bool = False
    ) -> list[dict[str, Any]]:
        """Call one of our functions in SQL, each of which takes on the role and the user that it acts for.

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
                statement, values, self._accept_timeout if accepting else self._statement_timeout
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
            timeout = self._accept_timeout if accepting else self._statement_timeout
            await conn.execute(SET_USER, user_parameters(user_id, timeout))
            yield conn

    def as_maintenance(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction that renews everyone's leases and deletes old rows, but reads nothing that users wrote."""
        return self._as_role("frontdesk_keeper")

    def as_analyst(self) -> AbstractAsyncContextManager[Connection]:
        """One snapshot of everyone's metrics, without user ids."""
        return self._as_role("frontdesk_analyst", snapshot=True)

    def as_jobs(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction on the job queue's tables, in whose schema names are looked up, and nothing else."""
        return self._as_role("frontdesk_jobs", schema="procrastinate")

    def as_graph(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction on LangGraph's tables, in whose schema names are looked up, and nothing else."""
        return self._as_role("frontdesk_graph", schema="langgraph")

    def usage(self) -> PoolUsage:
        """Current usage."""
        return self._connections.usage()

    @asynccontextmanager
    async def _as_role(
        self, role: str, *, schema: str | None = None, snapshot: bool = False
    ) -> AsyncGenerator[Connection]:
        async with self._transaction(snapshot=snapshot) as conn:
            parameters = {"role": role, "schema": schema, "timeout": milliseconds(self._statement_timeout)}
            await conn.execute(SET_ROLE, parameters)
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


async def _configure(conn: Connection) -> None:
    if await is_pooled(conn):
        conn.prepare_threshold = None
    # The only type of vectors that is sent; register_vector_async() asks for four, in a transaction each.
    if (info := await TypeInfo.fetch(conn, "halfvec")) is None:
        raise psycopg.ProgrammingError("pgvector is not installed")
    register_halfvec_info(conn, info)
    set_json_dumps(msgspec.json.encode, conn)  # ten times as fast as the standard library's
    set_json_loads(msgspec.json.decode, conn)
