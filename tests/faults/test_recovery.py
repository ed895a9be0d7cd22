"""A database that cannot be used for a while: afterwards everything goes on by itself, and meanwhile it is told."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from graph import jobs
from graph.models.factory import LocalModels
from storage import health_probe, notifications
from storage.connections import Connection
from storage.local.postgres import EmbeddedPostgres
from storage.migrate import has_disk_space
from storage.pool import ConnectionPool
from tests.faults import unusable_database
from tests.support.app import Frontdesk, Serve, read_events, serving
from tests.support.database import appear, disconnect, owner
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Json, streaming, structured
from tests.support.model_server import ModelServer
from tests.support.postgres import Postgres

FACT = Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]})
WITHIN = 60.0
"""Seconds that anything may take."""
MISSED = 2.5
"""Seconds without a round after which a background task that comes round every second has met the outage."""
Outage = Callable[[Postgres], AbstractAsyncContextManager[None]]

needs_mount = pytest.mark.skipif(not Postgres.can_mount(), reason="needs the right to mount a file system")


@pytest.fixture
async def serve(
    postgres: Postgres, model: ModelServer, local: LocalModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Serve]:
    """The application on that server; tasks that come round every fifth or tenth second do so every second."""
    monkeypatch.setattr(health_probe, "DETAILS_INTERVAL", 1.0)
    monkeypatch.setattr(notifications, "PROBE_SECONDS", 1.0)
    monkeypatch.setattr(jobs, "POLL_SECONDS", 1.0)
    model.always(FACT, structured)
    async with serving(await unusable_database.for_servers(postgres), model.url, local, tmp_path) as start:
        yield start


async def says(frontdesk: Frontdesk, database: str) -> dict[str, str]:
    """Return once readiness says so of the database; the checks. It is 200 for `ok`, and 503 for anything else."""
    async with asyncio.timeout(WITHIN), frontdesk.client(None) as client:
        while True:
            response = await client.get("/health/ready")
            checks: dict[str, str] = response.json()["checks"]
            well = {name: state for name, state in checks.items() if name != "model"}
            assert (response.status_code == 200) == (set(well.values()) == {"ok"})
            if checks["database"] == database and (response.status_code == 200 or database != "ok"):
                return checks
            await asyncio.sleep(0.02)


async def misses_rounds(frontdesk: Frontdesk) -> None:
    """Return once lease renewal and journal have missed rounds, or failed."""
    tasks = {task.name: task for task in frontdesk.service.supervisor.tasks}
    async with asyncio.timeout(WITHIN):
        for task in (tasks["lease_renewal"], tasks["journal_writer"]):
            while not task.trouble and task.silent_for < MISSED:  # noqa: ASYNC110 - nothing happens is no event
                await asyncio.sleep(0.01)


async def all_come_round(frontdesk: Frontdesk) -> None:
    """Return once each background task whose rounds are seconds apart has completed one from now on."""
    since = time.monotonic()
    async with asyncio.timeout(WITHIN):
        for task in [task for task in frontdesk.service.supervisor.tasks if task.name != "re_embedding"]:
            while time.monotonic() - task.silent_for < since:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def is_whole(postgres: Postgres, other: Frontdesk, user: UUID, turn: str) -> None:
    """Return once the user's only turn is done, with all that follows an answer; and another process tells of it."""
    await appear(
        postgres.url(),
        "select from chat_turns where turn_id = %(turn)s and status = 'done'"
        " and (select count(*) from chat_convo_summaries where user_id = %(user)s) = 1"
        " and (select count(*) from user_memory_facts where user_id = %(user)s) = 1"
        " and (select count(*) from xai_chat_metrics where id = %(turn)s) = 1",
        turn=UUID(turn),
        user=user,
    )
    async with asyncio.timeout(WITHIN):
        async with other.client(user) as client, client.stream("GET", f"/turns/{turn}/events") as response:
            assert response.status_code == 200
            events = [event.name async for event in read_events(response)]
    assert (events[0], events[-1]) == ("start", "done")


async def goes_on(frontdesk: Frontdesk, other: Frontdesk, postgres: Postgres, user: UUID) -> None:
    """A new message is answered, and what follows it is done."""
    await all_come_round(frontdesk)
    answer = await frontdesk.chat(user, "I sell biscuits")
    assert (answer.status, answer.named("notice")) == (200, [])
    await is_whole(postgres, other, user, answer.headers["x-turn-id"])
    assert (await says(frontdesk, "ok"))["server"] == "ok"


@pytest.mark.parametrize(
    ("outage", "told"),
    [
        (unusable_database.read_only, "read-only"),
        (unusable_database.paused, "unreachable"),
        (unusable_database.stopped, "unreachable"),
        (unusable_database.without_connections, "unreachable"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_after_a_database_that_could_not_be_used_everything_goes_on(
    frontdesk: Frontdesk, serve: Serve, model: ModelServer, postgres: Postgres, ada: UUID, bob: UUID, outage: Outage,
    told: str,
) -> None:  # fmt: skip
    """The answer that was on its way is kept, with all that follows it; new ones, too; and readiness told of it."""
    other = await serve()
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "I sell biscuits") as events:
        start, *_ = await until(events, "token")
        async with outage(postgres):
            gate.set()
            await says(frontdesk, told)
            await misses_rounds(frontdesk)
        await until(events, "done")
    await says(frontdesk, "ok")
    await is_whole(postgres, other, ada, start.data["turn_id"])
    await goes_on(frontdesk, other, postgres, bob)


async def test_after_all_connections_were_ended_everything_goes_on(
    frontdesk: Frontdesk, serve: Serve, model: ModelServer, postgres: Postgres, ada: UUID, bob: UUID
) -> None:
    """The database was never away, but background tasks were: readiness names them until they are back."""
    other = await serve()
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "I sell biscuits") as events, frontdesk.client(None) as client:
        start, *_ = await until(events, "token")
        async with asyncio.timeout(WITHIN):
            while (response := await client.get("/health/ready")).json()["checks"].get("notifications") != "failed":
                await disconnect(postgres, postgres.url())
        assert response.status_code == 503
        gate.set()
        await until(events, "done")
    await is_whole(postgres, other, ada, start.data["turn_id"])
    await goes_on(frontdesk, other, postgres, bob)


@needs_mount
async def test_after_a_full_disk_everything_goes_on(
    frontdesk: Frontdesk, serve: Serve, model: ModelServer, postgres: Postgres, tmp_path: Path, ada: UUID, bob: UUID
) -> None:
    """An answer that found no room makes readiness say so, and is kept when there is some."""
    await postgres.stop()
    await postgres.start(mount=tmp_path / "small")
    await says(frontdesk, "ok")
    other = await serve()
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", secrets.token_hex(3000)], gate), streaming)
    async with listening(frontdesk, ada, "I sell biscuits") as events:
        start, *_ = await until(events, "token")
        async with unusable_database.disk_full(postgres, tmp_path / "small"):
            gate.set()
            await says(frontdesk, "disk full")
        await until(events, "done")
    await is_whole(postgres, other, ada, start.data["turn_id"])
    await says(frontdesk, "ok")
    await goes_on(frontdesk, other, postgres, bob)


@needs_mount
async def test_a_full_disk_is_told_before_anybody_meets_it(
    frontdesk: Frontdesk, postgres: Postgres, tmp_path: Path
) -> None:
    """The health probe looks by itself, and so does `frontdesk doctor`."""
    url = postgres.url()
    await postgres.stop()
    await postgres.start(mount=tmp_path / "small")
    await says(frontdesk, "ok")
    async with unusable_database.disk_full(postgres, tmp_path / "small"):
        # Where the probe writes its few bytes.
        await owner(url, "grant create on tablespace small to servers")
        await owner(url, "alter system set temp_tablespaces = small", "select pg_reload_conf()")
        await says(frontdesk, "disk full")
        assert not await has_disk_space(url)
        async with frontdesk.client(UUID(int=1)) as client:
            assert (await client.get("/conversations")).status_code == 200  # there is still much to read
    await says(frontdesk, "ok")
    assert await has_disk_space(url)


async def test_another_server_takes_over(postgres: Postgres, cluster: EmbeddedPostgres) -> None:
    """Where the address names both, no statement and no transaction is lost: each goes to the one that takes writes."""
    first, second = conninfo_to_dict(postgres.url()), conninfo_to_dict(cluster.url())
    both = make_conninfo(
        cluster.url(), host="127.0.0.1,127.0.0.1", port=f"{first['port']},{second['port']}", user="either", password="e"
    )
    write: LiteralString = "insert into written default values returning inet_server_port()::text as port"

    for server in (postgres, cluster):
        await owner(server.url(), "create role either login superuser password 'e'", "create table written ()")
    try:
        pools = [ConnectionPool(both, size=2, timeout=20, configure=_nothing) for _ in range(2)]
        async with pools[0] as one, pools[1] as other:

            async def ports() -> list[str]:
                statement = await one.call(write, {}, 20)
                async with other.live_connection() as conn, conn.transaction():
                    return [row["port"] for row in statement + await (await conn.execute(write)).fetchall()]

            assert await ports() == [first["port"]] * 2
            async with unusable_database.read_only(postgres):
                assert await ports() == [second["port"]] * 2
    finally:
        await owner(cluster.url(), "drop table written", "drop role either")


async def _nothing(_conn: Connection) -> None:
    """A new connection is ready as it is."""
