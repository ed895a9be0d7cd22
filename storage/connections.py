"""Parameters of connections to Postgres."""

from typing import Any, LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, scalar_row

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


async def is_pooled(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Whether a pooler stands between: what answers is another process than the one that was connected to.

    Such a connection must not prepare statements. Transactions of it may run on any of the pooler's connections, and
    only PgBouncer 1.21 and later has the statement there, too.
    """
    return await server_process(conn) != conn.info.backend_pid


async def server_process(conn: psycopg.AsyncConnection[Any]) -> int:
    """Process id of the server that runs the connection's next transaction, for poolers of transactions."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("select pg_backend_pid()")
        return int(await cursor.fetchone() or 0)


def milliseconds(seconds: float) -> str:
    """The value of a Postgres setting for a timeout."""
    return f"{round(seconds * 1000)}ms"
