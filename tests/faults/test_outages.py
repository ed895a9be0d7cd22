"""A database that goes and comes back."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from graph.models.factory import LocalModels
from nodes import generate
from tests.support.app import Frontdesk, Serve, read_events, ready, serving
from tests.support.database import disconnect, owner, rows
from tests.support.listening import listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.postgres import Postgres, lock, waits_for_a_lock


@pytest.fixture
async def serve(postgres: Postgres, model: ModelServer, local: LocalModels, tmp_path: Path) -> AsyncIterator[Serve]:
    """The application on that server."""
    async with serving(postgres.url(), model.url, local, tmp_path) as start:
        yield start


async def is_away(frontdesk: Frontdesk, user: UUID) -> None:
    """New requests are turned away as they should be while the database is away, and operators are told."""
    async with frontdesk.client(user) as client:
        response = await client.post("/chat", json={"message": "And me?"})
        other = await client.get("/conversations")
        ready = await client.get("/health/ready")
        live = await client.get("/health/live")
    assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["ratelimit-policy"].startswith('"chat";q=')
    assert "ratelimit" not in response.headers, "what is left nobody knows now"
    assert (other.status_code, other.json()["code"]) == (503, "storage_unavailable")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "unreachable")
    assert live.status_code == 200


async def kept(frontdesk: Frontdesk, turn: str) -> list[tuple[object, ...]]:
    """What is written down of the turn."""
    await frontdesk.settled()
    return await rows(
        frontdesk.service.url,
        "select t.status, m.content, t.finish_reason from chat_turns t join chat_messages m using (user_id, turn_id)"
        " where turn_id = %(turn)s and m.role = 'assistant'",
        turn=UUID(turn),
    )


async def test_a_database_that_stops_in_the_middle_of_a_stream_costs_nothing(
    frontdesk: Frontdesk, model: ModelServer, postgres: Postgres, ada: UUID, bob: UUID
) -> None:
    """The stream goes on, and its answer is kept once the database is back; meanwhile new messages are refused."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        start, *_ = await until(events, "token")
        await postgres.stop()
        gate.set()
        assert (await anext(events)).data["text"] == "it depends."
        for _ in range(3):
            await is_away(frontdesk, bob)
        await postgres.start()
        assert (await until(events, "done"))[-1].data["finish_reason"] == "stop"
    async with frontdesk.client(None) as client:
        await ready(client)
    assert await kept(frontdesk, start.data["turn_id"]) == [("done", "Well, it depends.", "stop")]
    assert (await frontdesk.chat(bob, "And me?")).text == "Hello from the scripted model."


async def test_an_answer_that_could_not_be_kept_is_given_later(
    frontdesk: Frontdesk, model: ModelServer, postgres: Postgres, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who listened was told that it failed; who comes back when there is a database hears an answer, and one end."""
    monkeypatch.setattr(generate, "COMMIT_SECONDS", 0.1)
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        start, *_ = await until(events, "token")
        await postgres.stop()
        gate.set()
        assert (await until(events, "error"))[-1].data["code"] == "storage_unavailable"
    await postgres.start()
    turn = start.data["turn_id"]
    async with frontdesk.client(ada) as client:
        await ready(client)
        while await rows(frontdesk.service.url, "select from chat_turns where status <> 'done'"):
            # Again and again: a renewal may have been on its way, or a run may have met a connection that was lost.
            await owner(frontdesk.service.url, "update chat_turns set lease_until = now() - interval '1 second'")
            await frontdesk.service.leases.adopt()
            await frontdesk.settled()
        async with client.stream("GET", f"/turns/{turn}/events") as response:
            heard = [event async for event in read_events(response)]
    assert [event.name for event in heard if event.name in ("done", "error")] == ["done"]
    assert await kept(frontdesk, turn) == [("done", "Hello from the scripted model.", "stop")]


async def test_a_database_that_drops_all_connections_is_not_noticed(
    frontdesk: Frontdesk, model: ModelServer, postgres: Postgres, ada: UUID, bob: UUID
) -> None:
    """Neither by the stream that is on its way nor by those who come next, all at once."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        start, *_ = await until(events, "token")
        await asyncio.gather(*(frontdesk.service.dependencies.turns.known(bob, UUID(int=n)) for n in range(20)))
        assert await disconnect(postgres, frontdesk.service.url) > 5
        gate.set()
        assert (await until(events, "done"))[-1].data["finish_reason"] == "stop"
    assert await kept(frontdesk, start.data["turn_id"]) == [("done", "Well, it depends.", "stop")]
    assert await disconnect(postgres, frontdesk.service.url) > 0
    answers = await asyncio.gather(*(frontdesk.chat(bob, "And me?") for _ in range(4)))
    assert [answer.text for answer in answers] == ["Hello from the scripted model."] * 4
    assert [answer.named("notice") for answer in answers] == [[]] * 4


async def test_a_database_that_stands_still_keeps_nobody_waiting(
    frontdesk: Frontdesk, model: ModelServer, postgres: Postgres, ada: UUID, bob: UUID
) -> None:
    """It takes connections and answers nothing; new messages are refused, and the stream is finished afterwards."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        start, *_ = await until(events, "token")
        postgres.pause()
        gate.set()
        await is_away(frontdesk, bob)
        postgres.go_on()
        await until(events, "done")
    assert await kept(frontdesk, start.data["turn_id"]) == [("done", "Well, it depends.", "stop")]


async def test_a_table_that_somebody_holds_delays_an_answer_and_refuses_a_message(
    frontdesk: Frontdesk, serve: Serve, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """What has begun waits for it; who comes new is told to come again."""
    brief = await serve(accept_timeout=0.1)
    gate, held, release = asyncio.Event(), asyncio.Event(), asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        start, *_ = await until(events, "token")
        holding = asyncio.create_task(lock(frontdesk.service.url, "chat_messages", held, release))
        await held.wait()
        gate.set()
        await waits_for_a_lock(frontdesk.service.url)
        async with brief.client(bob) as client:
            response = await client.post("/chat", json={"message": "And me?"})
        assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable")
        release.set()
        await holding
        await until(events, "done")
    assert await kept(frontdesk, start.data["turn_id"]) == [("done", "Well, it depends.", "stop")]
    # Nobody answers what its sender was told to send again.
    url = frontdesk.service.url
    assert await rows(url, "select role, content from chat_messages order by role") == [
        ("assistant", "Well, it depends."), ("user", "Hello"),
    ]  # fmt: skip
    assert await rows(url, "select outcome from xai_chat_metrics") == [("done",)]
    assert sum(map(streaming, model.requests)) == 1


@pytest.mark.own_app
async def test_a_full_disk_refuses_messages_and_loses_none(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """PostgreSQL's own refusal, raised where it would be: an answer waits for room, and a message is turned away."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    url = frontdesk.service.url
    async with listening(frontdesk, ada, "Hello") as events:
        start, *_ = await until(events, "token")
        await owner(url, FULL)
        gate.set()
        async with frontdesk.client(bob) as client:
            response = await client.post("/chat", json={"message": "And me?"})
        assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable")
        await owner(url, "drop trigger no_room on chat_messages")
        await until(events, "done")
    assert await kept(frontdesk, start.data["turn_id"]) == [("done", "Well, it depends.", "stop")]


@pytest.mark.skipif(not Postgres.can_mount(), reason="needs the right to mount a file system, as root has it")
async def test_a_disk_that_is_really_full(
    frontdesk: Frontdesk, model: ModelServer, postgres: Postgres, tmp_path: Path, ada: UUID, bob: UUID
) -> None:
    """The same on a file system of two megabytes, for texts that need room of their own."""
    gate, url = asyncio.Event(), frontdesk.service.url
    long = secrets.token_hex(3000)
    model.queue(Gate(["Well, ", long], gate), streaming)
    await postgres.stop()
    await is_away(frontdesk, bob)
    await postgres.start(mount=tmp_path / "small")
    async with frontdesk.client(None) as client:
        await ready(client)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute(f"create tablespace small location '{tmp_path / 'small' / 'space'}'".encode())
        await conn.execute("alter table chat_messages set tablespace small")
        await conn.execute("create table ballast (line text storage plain) tablespace small")
        async with listening(frontdesk, ada, "Hello") as events:
            start, *_ = await until(events, "token")
            with pytest.raises(psycopg.errors.DiskFull):
                await conn.execute("insert into ballast select repeat('x', 7000) from generate_series(1, 1000)")
            await conn.execute(FILL)
            gate.set()
            async with frontdesk.client(bob) as client:
                response = await client.post("/chat", json={"message": secrets.token_hex(3000)})
            assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable")
            await conn.execute("drop table ballast")
            await until(events, "done")
    assert await kept(frontdesk, start.data["turn_id"]) == [("done", f"Well, {long}", "stop")]


FILL = """
do $$ begin
    loop insert into ballast values (repeat('x', 7000)); commit; end loop;
exception when disk_full then null;
end $$
"""
FULL = """
create function no_room() returns trigger language plpgsql as $$
begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
create trigger no_room before insert on chat_messages execute function no_room()
"""
