"""Health of the database, as the health probe sees it."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from socket import create_server

import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from storage import health, health_probe
from storage.errors import StorageUnavailable
from storage.health import DatabaseHealth
from storage.migrate import migrations
from tests.storage.rows import Owner
from tests.support.resources import file_limit

OK = {"database": "ok", "migrations": "ok"}
UNREACHABLE = {"database": "unreachable", "migrations": "unknown"}
TIMEOUT = 30.0
"""Seconds after which a wait fails the test."""


async def prepare() -> None:
    """Nothing to prepare."""


@asynccontextmanager
async def probing(url: str, *, prepared: bool = True) -> AsyncGenerator[DatabaseHealth]:
    """The probe, running for the length of the block."""
    health = DatabaseHealth(url, prepare, prepared=prepared)
    task = asyncio.create_task(health.run(lambda: None))
    try:
        yield health
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def wait_for_status(health: DatabaseHealth, status: dict[str, str]) -> None:
    """Return once the database has this status."""
    async with asyncio.timeout(TIMEOUT):
        while await health.status(TIMEOUT) != status:  # noqa: ASYNC110 - the probe is a thread
            await asyncio.sleep(0.01)


def read_only(owner: Owner, *, on: bool) -> None:
    """Make the database read-only for new connections, or writable again, and end the existing ones."""
    setting = "set default_transaction_read_only = on" if on else "reset default_transaction_read_only"
    owner.execute(SQL("alter database {} " + setting).format(Identifier(owner.info.dbname)))
    owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )


async def test_a_migrated_database_is_usable(database_url: str) -> None:
    """Its status is ok."""
    async with probing(database_url) as health:
        assert await health.status(TIMEOUT) == OK
        health.require_usable()


async def test_the_first_status_waits_for_the_first_probe() -> None:
    """A database that has gone away since its preparation is reported as unreachable."""
    with create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://nobody@127.0.0.1:{server.getsockname()[1]}/frontdesk"
    async with probing(url) as health:
        assert await health.status(TIMEOUT) == UNREACHABLE
        with pytest.raises(StorageUnavailable):
            health.require_usable()


async def test_a_read_only_database_is_unusable_until_it_takes_writes(database_url: str, owner: Owner) -> None:
    """The probe notices both changes."""
    async with probing(database_url) as health:
        assert await health.status(TIMEOUT) == OK
        read_only(owner, on=True)
        await wait_for_status(health, {"database": "read-only", "migrations": "unknown"})
        assert not health.is_usable()
        read_only(owner, on=False)
        await wait_for_status(health, OK)
        assert health.is_usable()


async def test_a_read_only_server_is_unusable_even_where_the_url_allows_it(database_url: str) -> None:
    """Where libpq does not refuse it, the probe's query finds out."""
    url = make_conninfo(database_url, target_session_attrs="any", options="-c default_transaction_read_only=on")
    async with probing(url) as health:
        assert await health.status(TIMEOUT) == {"database": "read-only", "migrations": "unknown"}


async def test_missing_migrations_are_reported(
    database_url: str, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there are none at all, and no longer once they are applied."""
    monkeypatch.setattr(health_probe, "DETAILS_INTERVAL", 0.05)
    monkeypatch.setattr(health_probe, "IDLE_INTERVAL", 0.05)
    pending = {"database": "ok", "migrations": "pending"}
    async with probing(database_url) as health:
        assert await health.status(TIMEOUT) == OK
        owner.execute("alter table frontdesk_migrations rename to elsewhere")
        await wait_for_status(health, pending)
        owner.execute("alter table elsewhere rename to frontdesk_migrations")
        await wait_for_status(health, OK)
        latest = max(migrations())
        owner.execute("delete from frontdesk_migrations where version = %(latest)s", {"latest": latest.version})
        await wait_for_status(health, pending)


async def test_a_full_disk_that_a_statement_found_is_reported_for_a_while(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database stays usable: reading works."""
    monkeypatch.setattr("storage.health.FULL_DISK_SECONDS", 1)
    async with probing(database_url) as health:
        assert await health.status(TIMEOUT) == OK
        health.report_full_disk()
        assert await health.status(TIMEOUT) == {"database": "disk full", "migrations": "ok"}
        assert health.is_usable()
        await wait_for_status(health, OK)


async def test_waiting_for_a_usable_database_ends_once_it_is(database_url: str, owner: Owner) -> None:
    """And not before."""
    read_only(owner, on=True)
    async with probing(database_url, prepared=False) as health:
        waiting = asyncio.create_task(health.wait_until_usable())
        await wait_for_status(health, {"database": "read-only", "migrations": "unknown"})
        assert not waiting.done()
        read_only(owner, on=False)
        async with asyncio.timeout(TIMEOUT):
            await waiting
        assert health.is_usable()


async def test_the_probe_ends_without_another_query(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ending a server does not wait for the next one."""
    monkeypatch.setattr(health_probe, "IDLE_INTERVAL", 3600)
    monkeypatch.setattr(health, "ANSWER_TIMEOUT", TIMEOUT)
    before = set(threading.enumerate())
    async with probing(database_url) as probed:
        await wait_for_status(probed, OK)
        (thread,) = [one for one in set(threading.enumerate()) - before if one.name == "health probe"]
    assert not thread.is_alive()


async def test_the_probe_works_with_more_than_1024_open_files(database_url: str) -> None:
    """select() would not."""
    many = 1100
    with file_limit(2 * many), ExitStack() as stack:
        for _ in range(many):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        async with probing(database_url) as health:
            assert await health.status(TIMEOUT) == OK


async def test_an_error_in_the_probes_thread_is_raised_by_run(database_url: str) -> None:
    """After that the probe can be started again."""
    health = DatabaseHealth(database_url, prepare, prepared=True)

    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await health.run(broken)
    probed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tick() -> None:
        loop.call_soon_threadsafe(probed.set)

    task = asyncio.create_task(health.run(tick))
    async with asyncio.timeout(TIMEOUT):
        await probed.wait()
    assert await health.status(TIMEOUT) == OK
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
