"""Health probe of the database: the thread that queries it all the time, and its last result."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from socket import socketpair
from typing import Any, Literal, LiteralString

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from structlog.stdlib import get_logger

from storage.connections import SHOW_READ_ONLY, WRITE_TEMPORARY_FILE, connection_parameters
from storage.migrate import SELECT_APPLIED, migrations

log = get_logger(__name__)

PROBE_INTERVAL = 0.2
"""Seconds between two queries while a request waits for the database."""
IDLE_INTERVAL = 1.0
"""The same otherwise. A server that ends is noticed at once, by its connection; this is for one that stands still."""
ANSWER_TIMEOUT = 0.6
"""Seconds to wait for an answer before the database counts as unreachable."""
WAITS = 3
"""The timeout is waited in this many parts: after this process was suspended the first one elapses at once and proves
nothing."""
DISK_WAITS = 8 * WAITS
"""For the disk check: a disk that is slow for a moment is no reason to refuse everyone."""
DETAILS_INTERVAL = 10.0
"""Seconds between two checks of migrations and disk."""

Problem = Literal["unreachable", "read-only"]
_READ_ONLY = re.compile("read-only|hot standby")  # libpq has no codes for why it refused a server


@dataclass
class ProbeResult:
    """The last result; written by the probe's thread and read by any other."""

    problem: Problem | None
    """Why the database cannot be used."""
    migrations: Literal["ok", "pending", "unknown"] = "unknown"
    disk_full: bool = False


class Stop(threading.Event):
    """Set once, to end the probe; as a file it is readable from then on, which ends a wait on it and others."""

    def __init__(self) -> None:
        super().__init__()
        self._mine, self._theirs = socketpair()

    def set(self) -> None:
        """Set it."""
        super().set()
        self._mine.close()

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._theirs.fileno()

    def close(self) -> None:
        """Give the descriptor back; for the thread that waits on it."""
        self._theirs.close()


class HealthProbe:
    """`show transaction_read_only` again and again on a connection of its own; `run()` is for a thread.

    It waits on the socket and not by the clock: a process that was suspended finds the answer there when it resumes.
    It waits with selectors, because select() cannot handle descriptors above 1,023.
    It also waits on `stop`, so that it ends at once and no shutdown waits for its next query.

    Args:
        url: where Postgres is.
        result: updated in place.
        stop: ends the probe.
        is_awaited: whether a request waits for the database.
        on_result: called after each query.
    """

    def __init__(
        self,
        url: str,
        result: ProbeResult,
        stop: Stop,
        is_awaited: Callable[[], bool],
        on_result: Callable[[], None],
    ) -> None:
        self._url = url
        self._result = result
        self._stop = stop
        self._is_awaited = is_awaited
        self._on_result = on_result
        self._required = {migration.version for migration in migrations()}

    def run(self) -> None:
        """Query until `stop` is set."""
        while not self._stop.is_set():
            try:
                conn = psycopg.connect(self._url, **connection_parameters(self._url, connect_timeout=2))
            except psycopg.Error as error:
                self._report("read-only" if _READ_ONLY.search(str(error)) else "unreachable")
            else:
                # A lost connection proves nothing yet: the next one may succeed.
                with closing(conn), DefaultSelector() as selector, suppress(psycopg.Error):
                    selector.register(conn.fileno(), EVENT_READ)
                    selector.register(self._stop, EVENT_READ)
                    self._probe(conn, selector)
            self._stop.wait(PROBE_INTERVAL)

    def _probe(self, conn: psycopg.Connection[Any], selector: DefaultSelector) -> None:
        """Query until the connection is lost or read-only."""
        details_at = 0.0
        while not self._stop.is_set():
            if self._query(conn, selector, SHOW_READ_ONLY).get_value(0, 0) == b"on":
                self._report("read-only")
                return
            if time.monotonic() >= details_at:
                self._check_details(conn, selector)
                details_at = time.monotonic() + DETAILS_INTERVAL
            self._report(None)
            if selector.select(PROBE_INTERVAL if self._is_awaited() else IDLE_INTERVAL):  # the connection is closed, or
                conn.pgconn.consume_input()  # the probe is to stop

    def _check_details(self, conn: psycopg.Connection[Any], selector: DefaultSelector) -> None:
        """Check migrations and disk."""
        try:
            rows = self._query(conn, selector, SELECT_APPLIED)
            applied = {int(rows.get_value(row, 0) or 0) for row in range(rows.ntuples)}
            self._result.migrations = "ok" if applied >= self._required else "pending"
        except psycopg.errors.UndefinedTable:
            self._result.migrations = "pending"
        try:
            self._query(conn, selector, WRITE_TEMPORARY_FILE, waits=DISK_WAITS)
            self._result.disk_full = False
        except psycopg.errors.DiskFull:
            self._result.disk_full = True

    def _query(
        self, conn: psycopg.Connection[Any], selector: DefaultSelector, statement: LiteralString, waits: int = WAITS
    ) -> PGresult:
        """The last result. While there is none after so many waits, the database counts as unreachable.

        Raises:
            psycopg.Error: the server refused, or the connection was lost, or the probe is to stop.
        """
        conn.pgconn.send_query(statement.encode())
        conn.pgconn.flush()
        while conn.pgconn.is_busy():
            ready = selector.select(ANSWER_TIMEOUT / WAITS)
            if self._stop.is_set():
                raise psycopg.OperationalError("the probe was stopped")
            if ready:
                conn.pgconn.consume_input()
            else:
                waits -= 1
                if waits <= 0:
                    self._report("unreachable")
        results = list(iter(conn.pgconn.get_result, None))
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(result)
        return results[-1]

    def _report(self, problem: Problem | None) -> None:
        if problem and self._result.problem != problem:
            log.warning("the database cannot be used", why=problem)
        elif self._result.problem and not problem:
            log.info("the database can be used again")
        self._result.problem = problem
        self._on_result()
