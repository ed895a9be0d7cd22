"""Locks that a migration waits for: briefly and again and again, and it says for whom.

A statement that waits for a table keeps everybody waiting who comes after it, so one that does not get its lock at once
lets turns pass before it tries again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import LiteralString

import psycopg

from storage.connections import Connection, milliseconds
from storage.errors import SetupFailed, StorageError

LOCK_TIMEOUT = 0.4
"""Seconds that a statement waits for a lock: half of what a message has to be accepted."""
PAUSE = 1.0
"""Seconds in which turns pass before the next attempt."""
ATTEMPTS = 450
"""Attempts for each step, in about ten minutes."""
LOOK_EVERY = 0.2
"""Seconds between two looks for who holds what is waited for."""

HELD_BY: LiteralString = (
    "select coalesce((select l.relation::regclass::text from pg_locks l"
    "  where l.pid = %(pid)s and not l.granted and l.relation is not null limit 1), 'transactions to end') as what,"
    " string_agg(concat_ws(' ', 'process', a.pid, 'of', a.usename, '(' || nullif(a.application_name, '') || ')',"
    "  'in a transaction since', to_char(a.xact_start, 'HH24:MI:SS')), ', ' order by a.pid) as who"
    " from pg_stat_activity a where a.pid = any(pg_blocking_pids(%(pid)s))"
)
"""What the process waits for, and who holds it; `who` is null where it does not wait."""

Say = Callable[[str], None]


class LockWaits:
    """Runs the steps of a migration on a connection, and says what they wait for.

    Args:
        conn: what the steps run on, in autocommit.
        connect: opens another connection to the same database.
        say: is told what is waited for, once for each holder.
    """

    def __init__(
        self, conn: Connection, connect: Callable[[], AbstractAsyncContextManager[Connection]], say: Say
    ) -> None:
        self._conn = conn
        self._connect = connect
        self._say = say
        self._last = "a lock"

    async def run(self, step: Callable[[], Awaitable[None]]) -> None:
        """Run a step, which changes nothing where it fails or goes on where it stopped, until it has its locks.

        Raises:
            SetupFailed: it did not get them.
        """
        async with self._reporting():
            for _ in range(ATTEMPTS):
                await self._conn.execute(
                    "select set_config('lock_timeout', %(limit)s, false)", {"limit": milliseconds(LOCK_TIMEOUT)}
                )
                try:
                    await step()
                except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                    await asyncio.sleep(PAUSE)
                else:
                    return
        raise SetupFailed(f"Gave up waiting for {self._last}; end what holds it and run `frontdesk migrate` again.")

    @asynccontextmanager
    async def _reporting(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self._report())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _report(self) -> None:
        await asyncio.sleep(LOOK_EVERY)  # most steps are over by then
        with suppress(StorageError, psycopg.Error):  # the migration goes on without
            async with self._connect() as looking:
                while True:
                    cursor = await looking.execute(HELD_BY, {"pid": self._conn.info.backend_pid})
                    row = await cursor.fetchone()
                    if row and row["who"] and self._last != (found := f"{row['what']}, held by {row['who']}"):
                        self._last = found
                        self._say(f"waiting for {found}")
                    await asyncio.sleep(LOOK_EVERY)
