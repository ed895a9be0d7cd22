"""Connections to Postgres: their parameters, and a pool of them.

A server that takes no writes (a standby, or one that is being handed over) is of no use here. It is refused when
connecting (`target_session_attrs`), checked for before a connection is handed out, and dropped where a statement finds
it out, so that the pool connects to the server that took over.

A connection may have died while it was idle, or its server may have stopped taking writes. `call()` finds that out by
its statement, and runs it once more on another connection; `live_connection()` asks first, for a transaction of several
statements.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from storage.errors import StorageUnavailable, is_unavailable

Connection = psycopg.AsyncConnection[DictRow]

DEFAULT_TIMEOUT = 5.0
"""Seconds to wait for a free connection, and for a statement."""

SHOW_READ_ONLY: LiteralString = "show transaction_read_only"
"""`on` for a server that takes no writes, also while it recovers or is a standby."""

WRITE_TEMPORARY_FILE: LiteralString = (
    "select set_config('work_mem', '64kB', true);"
    " select count(*) from generate_series(1, 5000)"  # does not fit in work_mem, so it goes to a file of 100 kB
)
"""Raises DiskFull where the database's disk is full. Leaves neither rows nor log behind."""


def connection_parameters(url: str, *, connect_timeout: int = 5) -> dict[str, Any]:
    """Parameters for libpq to connect to `url`; seconds for `connect_timeout`.

    Servers that take no writes are skipped, unless the URL sets `target_session_attrs`.
    """
    parameters = {
        "application_name": "frontdesk",
        "connect_timeout": connect_timeout,
        # Notice a server that was cut off without closing its connections.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 20_000,
    }
    if "target_session_attrs" in conninfo_to_dict(url):
        return parameters
    return {**parameters, "target_session_attrs": "read-write"}


def is_read_only(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server last reported that it takes no writes. It reports that by itself, so no query is sent."""
    reported = (conn.pgconn.parameter_status(name) for name in (b"default_transaction_read_only", b"in_hot_standby"))
    return b"on" in reported


def milliseconds(seconds: float) -> str:
    """The value of a Postgres setting for a timeout."""
    return f"{round(seconds * 1000)}ms"


class PoolUsage(NamedTuple):
    """Connections of a pool: open, in use, and how many callers wait for one."""

    size: int
    used: int
    waiting: int


class ConnectionPool(AsyncConnectionPool[Connection]):
    """Pool that raises StorageUnavailable for whatever makes the database unusable. It has to be opened.

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
            if isinstance(error, psycopg.errors.DiskFull):
                self._on_full_disk()
            if is_unavailable(error):
                raise StorageUnavailable from error
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
        async with self.connection() as conn:
            try:
                async with asyncio.timeout(seconds):
                    return await (await conn.execute(statement, values)).fetchall()
            except TimeoutError as error:
                raise StorageUnavailable from error
            except psycopg.Error as error:
                if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                    await conn.close()
                if conn.closed:
                    raise _ConnectionLost from error
                raise

    def usage(self) -> PoolUsage:
        """Current usage."""
        stats = self.get_stats()
        size = stats["pool_size"]
        return PoolUsage(size, size - stats["pool_available"], stats.get("requests_waiting", 0))

    async def _check_writable(self, conn: Connection) -> None:
        if is_read_only(conn):
            await self.drain()  # the others lead there, too, and trying each in turn would take seconds
            raise psycopg.OperationalError("the server takes no writes")


class _ConnectionLost(StorageUnavailable):
    """The connection broke under a statement, or leads to a server that takes no writes."""
