"""The PostgreSQL that the tests share, and the databases that are cloned in it."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from storage.local.postgres import USER, EmbeddedPostgres

FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "256MB",
    "max_connections": "400",
}
"""Settings of a server whose data nobody will miss."""


class Cluster(EmbeddedPostgres):
    """A running server. Open it with `cluster()`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, FAST)
        self._unused: list[str] = []

    @contextmanager
    def opened(self) -> Generator["Cluster"]:
        """Have the server run for the length of the block."""
        lease = self.lease()
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as self._conn:
                self._hash_password_quickly()
                yield self
        finally:
            lease.release()

    def create(self, name: str, template: str = "template1") -> str:
        """Create an empty database, or a clone of another that nobody is connected to; returns its URL."""
        while self._unused:
            self._execute("drop database if exists {} with (force)", self._unused.pop())
        # Files are copied at half the cost of the default, which writes every page to the log.
        self._execute("create database {} template {} strategy file_copy", name, template)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop the database when the next one is created: its connections have ended by then, which takes a moment."""
        self._unused.append(name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        self._conn.execute(SQL(statement).format(*map(Identifier, names)))

    def _hash_password_quickly(self) -> None:
        """Store the same password with one round of hashing instead of 4096, which each connection repeats."""
        password = Literal(str(conninfo_to_dict(self.url())["password"]))
        with self._conn.transaction():
            self._conn.execute("select pg_advisory_xact_lock(1)")  # all test processes do this at once
            self._conn.execute("set local scram_iterations = 1")
            self._conn.execute(SQL("alter role {} password {}").format(Identifier(USER), password))
