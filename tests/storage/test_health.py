"""The health probe of the database."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from socket import create_server

import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from storage import health_probe
from storage.errors import StorageUnavailable
from storage.health import Pulse
from storage.migrate import migrations
from tests.storage.rows import Owner
from tests.support.resources import file_limit

WELL = {"database": "ok", "migrations": "ok"}
AWAY = {"database": "unreachable", "migrations": "unknown"}
WITHIN = 30.0
"""Seconds that anything may take."""


async def prepared() -> None:
    """There is nothing to prepare."""


@asynccontextmanager
async def probing(url: str, *, fit: bool = True) -> AsyncGenerator[Pulse]:
    """The probe, at work."""
    pulse = Pulse(url, prepared, fit=fit)
    task = asyncio.create_task(pulse.run(lambda: None))
    try:
        yield pulse
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def becomes(pulse: Pulse, state: dict[str, str]) -> None:
    """Return once the probe says so."""
    async with asyncio.timeout(WITHIN):
        while await pulse.state(WITHIN) != state:  # noqa: ASYNC110 - the probe is a thread
            await asyncio.sleep(0.01)


def read_only(owner: Owner, *, on: bool) -> None:
    """From now on connections to the database write nothing, or do again; those that there are end."""
    setting = "set default_transaction_read_only = on" if on else "reset default_transaction_read_only"
    owner.execute(SQL("alter database {} " + setting).format(Identifier(owner.info.dbname)))
    owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )


async def test_a_database_that_can_be_used_is_said_to_be(database_url: str) -> None:
    """With all its migrations."""
    async with probing(database_url) as pulse:
        assert await pulse.state(WITHIN) == WELL
        pulse.require()


async def test_the_first_who_asks_is_told_the_truth() -> None:
    """Also where the database was there a moment ago: they wait for the first look."""
    with create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://nobody@127.0.0.1:{server.getsockname()[1]}/frontdesk"
    async with probing(url) as pulse:
        assert await pulse.state(WITHIN) == AWAY
        with pytest.raises(StorageUnavailable):
            pulse.require()


async def test_a_database_that_takes_no_writes_cannot_be_used(database_url: str, owner: Owner) -> None:
    """Until it does again."""
    async with probing(database_url) as pulse:
        assert await pulse.state(WITHIN) == WELL
        read_only(owner, on=True)
        await becomes(pulse, {"database": "read-only", "migrations": "unknown"})
        assert not pulse.answers()
        read_only(owner, on=False)
        await becomes(pulse, WELL)
        assert pulse.answers()


async def test_a_server_that_was_asked_for_although_it_takes_no_writes_cannot_be_used(database_url: str) -> None:
    """Where the address takes any server, the probe asks it."""
    url = make_conninfo(database_url, target_session_attrs="any", options="-c default_transaction_read_only=on")
    async with probing(url) as pulse:
        assert await pulse.state(WITHIN) == {"database": "read-only", "migrations": "unknown"}


async def test_migrations_that_are_missing_are_told(
    database_url: str, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there were none at all; and that they were applied meanwhile."""
    monkeypatch.setattr(health_probe, "EXAMINED", 0.05)
    pending = {"database": "ok", "migrations": "pending"}
    async with probing(database_url) as pulse:
        assert await pulse.state(WITHIN) == WELL
        owner.execute("alter table frontdesk_migrations rename to elsewhere")
        await becomes(pulse, pending)
        owner.execute("alter table elsewhere rename to frontdesk_migrations")
        await becomes(pulse, WELL)
        latest = max(migrations())
        owner.execute("delete from frontdesk_migrations where version = %(latest)s", {"latest": latest.version})
        await becomes(pulse, pending)


async def test_a_disk_that_a_statement_found_full_is_told_for_a_while(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is still much to read."""
    monkeypatch.setattr("storage.health.FULL_SECONDS", 1)
    async with probing(database_url) as pulse:
        assert await pulse.state(WITHIN) == WELL
        pulse.found_full_disk()
        assert await pulse.state(WITHIN) == {"database": "disk full", "migrations": "ok"}
        assert pulse.answers()
        await becomes(pulse, WELL)


async def test_who_waits_for_a_database_goes_on_when_it_can_be_used(database_url: str, owner: Owner) -> None:
    """And not before."""
    read_only(owner, on=True)
    async with probing(database_url, fit=False) as pulse:
        waiting = asyncio.create_task(pulse.fit())
        await becomes(pulse, {"database": "read-only", "migrations": "unknown"})
        assert not waiting.done()
        read_only(owner, on=False)
        async with asyncio.timeout(WITHIN):
            await waiting
        assert pulse.answers()


async def test_it_works_with_thousands_of_open_files(database_url: str) -> None:
    """Beyond the 1,024 that select() knows."""
    many = 1100
    with file_limit(2 * many), ExitStack() as stack:
        for _ in range(many):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        async with probing(database_url) as pulse:
            assert await pulse.state(WITHIN) == WELL


async def test_what_breaks_its_thread_is_raised_where_it_was_started(database_url: str) -> None:
    """So that it can be started again; then it goes on."""
    pulse = Pulse(database_url, prepared, fit=True)

    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await pulse.run(broken)
    looked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look() -> None:
        loop.call_soon_threadsafe(looked.set)

    task = asyncio.create_task(pulse.run(look))
    async with asyncio.timeout(WITHIN):
        await looked.wait()
    assert await pulse.state(WITHIN) == WELL
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
