"""How every connection to Postgres is made, and the pool that hands connections out.

A connection to a server that takes no writes is of no use to anybody here. It is refused when it is made
(`target_session_attrs`), looked at whenever it is handed out, and thrown away where a statement finds it out, so that
the pool dials anew and finds the server that took over.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from storage.errors import StorageUnavailable, is_unavailable

Connection = psycopg.AsyncConnection[DictRow]

PATIENCE = 5.0
"""Seconds to wait for a free connection, and after which a statement is given up."""

TAKES_NO_WRITES: LiteralString = "show transaction_read_only"
"""Asks a server; `on` also where it is recovering or a standby."""

TINY_WRITE: LiteralString = (
    "select set_config('work_mem', '64kB', true);"
    " select count(*) from generate_series(1, 5000)"  # does not fit, and so goes to a file of some 100 kB
)
"""Raises DiskFull where the disk of the database is full. It leaves nothing behind, neither rows nor log."""


def connecting(url: str, *, seconds: int = 5) -> dict[str, Any]:
    """Parameters of a connection to `url` that gets so many seconds to be made, for libpq.

    Servers that take no writes are passed over, unless the URL says otherwise (`target_session_attrs`).
    """
    parameters = {
        "application_name": "frontdesk",
        "connect_timeout": seconds,
        # A server that was cut off, and says nothing of it, is noticed.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 20_000,
    }
    if "target_session_attrs" in conninfo_to_dict(url):
        return parameters
    return {**parameters, "target_session_attrs": "read-write"}


def is_read_only(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server has said that it takes no writes. It says so beside its answers, so nothing is asked here."""
    said = (conn.pgconn.parameter_status(name) for name in (b"default_transaction_read_only", b"in_hot_standby"))
    return b"on" in said


class Use(NamedTuple):
    """Connections of a pool: open ones, those that somebody holds, and how many wait for one."""

    size: int
    used: int
    waiting: int


class Connections(AsyncConnectionPool[Connection]):
    """Pool of connections that says in our words that the database cannot be used. It has to be opened.

    Args:
        url: where Postgres is.
        size: connections at most.
        wait: seconds to wait for a free one.
        configure: makes a new connection ready.
        on_full_disk: called when a statement found the server's disk full.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int,
        wait: float,
        configure: Callable[[Connection], Awaitable[None]],
        on_full_disk: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            url,
            min_size=1,
            max_size=size,
            timeout=wait,
            # Attempts that are given up leave the next caller to try anew, without the pool's growing pauses.
            reconnect_timeout=wait,
            open=False,
            connection_class=Connection,
            configure=configure,
            check=self._fit,
            kwargs={**connecting(url), "autocommit": True, "row_factory": dict_row},
        )
        self._on_full_disk = on_full_disk

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[Connection]:  # noqa: ASYNC109 - as it was
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

    def use(self) -> Use:
        """How the pool stands just now."""
        stats = self.get_stats()
        size = stats["pool_size"]
        return Use(size, size - stats["pool_available"], stats.get("requests_waiting", 0))

    async def _fit(self, conn: Connection) -> None:
        # A server that was restarted or takes no writes, or a pooler that closed idle connections, costs nobody a
        # message: where one connection is of no use the others are not, and trying each in its turn would take seconds.
        try:
            await self.check_connection(conn)
            if is_read_only(conn):
                raise psycopg.OperationalError("the server takes no writes")
        except psycopg.Error:
            await self.drain()
            raise
