"""A migration of a database in use waits for locks only briefly, so that turns go on, and says for whom it waits."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from storage import lock_waits
from storage.errors import SetupFailed
from storage.migrate import Migration, migrate, migrations, pending
from tests.support.database import PATIENCE, appear
from tests.upgrade import turn_0030
from tests.upgrade.releases import RELEASES, create_schema


class Said:
    """What a migration says."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._grew = asyncio.Event()

    def __call__(self, line: str) -> None:
        """Take a line."""
        self.lines.append(line)
        self._grew.set()

    async def until(self, words: str) -> str:
        """The first line with these words, once it is said."""
        async with asyncio.timeout(PATIENCE):
            while not (found := [line for line in self.lines if words in line]):
                self._grew.clear()
                await self._grew.wait()
        return found[0]


@asynccontextmanager
async def in_a_transaction(url: str, *statements: LiteralString) -> AsyncGenerator[str]:
    """A transaction that has run these and is open for the length of the block; yields its process id."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        for statement in statements:
            await conn.execute(statement)
        yield str(conn.info.backend_pid)


BLOCKING: Mapping[str, tuple[str, tuple[LiteralString, ...]]] = {
    "a dump that reads a table": ("chat_conversations", ("lock table chat_conversations in access share mode",)),
    "an old snapshot": ("transactions to end", ("set transaction isolation level repeatable read", "select 1")),
}


@pytest.mark.parametrize("what", BLOCKING)
async def test_turns_are_accepted_while_a_migration_waits(empty_url: str, ada: UUID, what: str) -> None:
    """By servers of the release before. It says which process it waits for, and ends once that lets go."""
    await create_schema(empty_url, RELEASES[-1].migration)
    waits_for, statements = BLOCKING[what]
    said = Said()
    async with in_a_transaction(empty_url, *statements) as pid, turn_0030.connected(empty_url) as server:
        migration = asyncio.create_task(migrate(empty_url, say=said))
        line = await said.until(f"waiting for {waits_for}")
        assert f"held by process {pid} of frontdesk" in line
        for _ in range(3):
            await turn_0030.run_turn(server, ada)
        assert not migration.done()
    await migration
    assert await pending(empty_url) == []


async def test_a_migration_that_gets_no_lock_gives_up(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says who holds it; the next run goes on from there."""
    monkeypatch.setattr(lock_waits, "ATTEMPTS", 2)
    monkeypatch.setattr(lock_waits, "PAUSE", 0.0)
    await create_schema(empty_url, RELEASES[-1].migration)
    async with in_a_transaction(empty_url, "lock table chat_conversations in access share mode") as pid:
        with pytest.raises(SetupFailed, match=rf"^Gave up waiting for chat_conversations, held by process {pid}"):
            await migrate(empty_url)
    await migrate(empty_url)
    assert await pending(empty_url) == []


async def test_no_turn_fails_for_a_migration_that_needs_two_tables(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that holds the second and then wants the first, as turns do, gets it, however long the work takes.

    Were the first locked before the second, each would wait for the other when Postgres looks for that, after a second.
    """
    await migrate(empty_url)
    sql = (
        "alter table chat_turns add column one integer; select pg_sleep(0.8);"
        "alter table chat_messages add column one integer;"
    )
    monkeypatch.setattr("storage.migrate.migrations", lambda: [*migrations(), Migration(9999, "two_tables", sql)])
    async with await psycopg.AsyncConnection.connect(empty_url) as turn:
        await turn.execute("lock table chat_messages in row exclusive mode")
        migration = asyncio.create_task(migrate(empty_url))
        await appear(
            empty_url, "select from pg_locks where mode = 'AccessExclusiveLock' and relation::regclass::text ~ 'chat'"
        )
        await turn.execute("lock table chat_turns in row exclusive mode")
    await migration
    assert await pending(empty_url) == []


async def test_a_migration_waits_for_another_one(empty_url: str) -> None:
    """And says so."""
    said = Said()
    await asyncio.gather(migrate(empty_url, say=said), migrate(empty_url, say=said))
    assert said.lines.count("waiting for another process that migrates this database") == 1
