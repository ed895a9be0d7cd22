"""The thread of the health probe: what it asks the database, and what it found last."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Literal, LiteralString

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from structlog.stdlib import get_logger

from storage.connections import TAKES_NO_WRITES, TINY_WRITE, connecting
from storage.migrate import APPLIED, migrations

log = get_logger(__name__)

BEAT = 0.2
"""Seconds between two questions."""
SILENCE = 0.6
"""Seconds for which one answer is waited for before the database is taken to be away."""
LOOKS = 3
"""In which that time is waited: after a stall of our own the first look is over at once, and says nothing."""
DISK_LOOKS = 8
"""Times as long, for the tiny write: a disk that is slow for a moment is no reason to turn everybody away."""
EXAMINED = 5.0
"""Seconds between two looks at migrations and disk."""

Trouble = Literal["unreachable", "read-only"]
_READ_ONLY = re.compile("read-only|hot standby")  # libpq has no codes for what it finds when it connects


@dataclass
class Findings:
    """What the probe found last; written by its thread and read by anyone."""

    trouble: Trouble | None
    """Why the database cannot be used."""
    migrations: Literal["ok", "pending", "unknown"] = "unknown"
    disk_full: bool = False


class Probe:
    """Asks the database five times a second over a connection of its own.

    It waits for the connection and not by the clock, because a process that stood still itself finds the answer there
    when it goes on. Waiting is the selectors' business: select() knows no descriptor above 1,023.

    Args:
        url: where Postgres is.
        found: is kept up to date.
        ended: set when it is to end.
        looked: called after each look.
    """

    def __init__(self, url: str, found: Findings, ended: threading.Event, looked: Callable[[], None]) -> None:
        self._url = url
        self._found = found
        self._ended = ended
        self._looked = looked
        self._needed = {migration.version for migration in migrations()}

    def run(self) -> None:
        """Ask until `ended`."""
        while not self._ended.is_set():
            try:
                conn = psycopg.connect(self._url, **connecting(self._url, seconds=2))
            except psycopg.Error as error:
                self._miss("read-only" if _READ_ONLY.search(str(error)) else "unreachable")
            else:
                # A connection that is lost says nothing yet: the next one may be had.
                with closing(conn), DefaultSelector() as selector, suppress(psycopg.Error):
                    selector.register(conn.fileno(), EVENT_READ)
                    self._watch(conn, selector)
            self._ended.wait(BEAT)

    def _watch(self, conn: psycopg.Connection[Any], selector: DefaultSelector) -> None:
        """Ask until the connection is lost or of no use."""
        examine_at = 0.0
        while not self._ended.is_set():
            if self._ask(conn, selector, TAKES_NO_WRITES).get_value(0, 0) == b"on":
                self._miss("read-only")
                return
            if time.monotonic() >= examine_at:
                self._examine(conn, selector)
                examine_at = time.monotonic() + EXAMINED
            if self._found.trouble:
                log.info("the database can be used again")
            self._found.trouble = None
            self._looked()
            if selector.select(BEAT):  # it says goodbye
                conn.pgconn.consume_input()

    def _examine(self, conn: psycopg.Connection[Any], selector: DefaultSelector) -> None:
        """Look at migrations and disk."""
        try:
            rows = self._ask(conn, selector, APPLIED)
            applied = {int(rows.get_value(row, 0) or 0) for row in range(rows.ntuples)}
            self._found.migrations = "ok" if applied >= self._needed else "pending"
        except psycopg.errors.UndefinedTable:
            self._found.migrations = "pending"
        try:
            self._ask(conn, selector, TINY_WRITE, looks=LOOKS * DISK_LOOKS)
            self._found.disk_full = False
        except psycopg.errors.DiskFull:
            self._found.disk_full = True

    def _ask(
        self, conn: psycopg.Connection[Any], selector: DefaultSelector, question: LiteralString, looks: int = LOOKS
    ) -> PGresult:
        """The last result. As long as there is none after so many looks, the database is away.

        Raises:
            psycopg.Error: the server refused, or the connection was lost, or the probe is to end.
        """
        conn.pgconn.send_query(question.encode())
        conn.pgconn.flush()
        while conn.pgconn.is_busy():
            if selector.select(SILENCE / LOOKS):
                conn.pgconn.consume_input()
            elif self._ended.is_set():
                raise psycopg.OperationalError("nobody asks any more")
            else:
                looks -= 1
                if looks <= 0:
                    self._miss("unreachable")
        results = list(iter(conn.pgconn.get_result, None))
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(result)
        return results[-1]

    def _miss(self, why: Trouble) -> None:
        if self._found.trouble != why:
            log.warning("the database cannot be used", why=why)
        self._found.trouble = why
        self._looked()
