"""An upgrade from each release, with turns under way and servers of both releases, loses nothing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from graph.models.factory import LocalModels
from storage.idempotency import IdempotencyKeys
from storage.migrate import migrate, pending
from storage.pool import Pool
from tests.support.app import serving
from tests.support.database import PATIENCE
from tests.support.fork_server import ForkServer
from tests.support.listening import listening, text_of, until
from tests.support.model_script import Gate, Request, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start, starting
from tests.upgrade import turn_0030
from tests.upgrade.releases import RELEASES, Release, code_of, create_schema, rows

USER = UUID("00000001-0000-4000-8000-000000000000")
ROWS = Path(__file__).with_name("rows.sql")
TURNS: LiteralString = (
    "select t.status, m.role, count(*)::int from chat_turns t join chat_messages m using (user_id, turn_id)"
    " group by 1, 2 order by 1, 2"
)
"""How many messages there are, by the status of their turn and by who said them."""

each_release = pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)


@each_release
async def test_rows_of_a_release_are_there_after_the_upgrade(
    empty_url: str, release: Release, model: ModelServer, local: LocalModels, tmp_path: Path
) -> None:
    """What was finished is read as before, what was under way is finished, and a key means its turn."""
    await create_schema(empty_url, release.migration)
    with psycopg.connect(empty_url) as conn:
        conn.execute(ROWS.read_bytes())
    await migrate(empty_url)
    assert await pending(empty_url) == []
    assert rows(empty_url, "select model, vector_dims(embedding) from memory_embeddings") == [("some-model", 384)]
    async with serving(empty_url, model.url, local, tmp_path) as start:
        server = await start()
        await server.ended()
        async with server.client(USER) as client:
            conversation = (await client.get("/conversations/c-1")).json()
            facts = (await client.get("/memory")).json()["items"]
            second = "00000001-0000-4000-8000-000000000002"
            await client.post("/chat", json={"edit": second, "message": "I sell cakes"})
            edited = (await client.get("/conversations/c-1")).json()["message_count"]
            back = await client.put("/conversations/c-1/active", json={"turn_id": second})
    assert (edited, back.json()["message_count"]) == (4, 6)
    assert (conversation["title"], conversation["message_count"]) == ("Biscuits", 6)
    assert "Sells biscuits." in [fact["fact"] for fact in facts]
    assert rows(empty_url, TURNS) == [("done", "assistant", 4), ("done", "user", 4)]
    async with Pool.open(empty_url) as pool:
        claim = await IdempotencyKeys(pool).claim(USER, "a key", "0" * 64, uuid4())
    assert (claim["mine"], str(claim["turn_id"])) == (False, "00000001-0000-4000-8000-000000000001")


async def test_statements_of_the_release_before_go_on_during_and_after_the_upgrade(empty_url: str) -> None:
    """Turns that its servers run meanwhile all end well, also on connections with statements prepared before."""
    await create_schema(empty_url, 30)
    upgraded, ran = asyncio.Event(), asyncio.Semaphore(0)

    async def turns() -> int:
        async with turn_0030.connected(empty_url) as conn:
            count, after = 0, 0
            while after < 8:  # one of them prepares its statements, the others use them
                after += upgraded.is_set()
                await turn_0030.run_turn(conn, USER)
                count += 1
                ran.release()
        return count

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        counts = [group.create_task(turns()) for _ in range(3)]
        for _ in range(24):
            await ran.acquire()
        await migrate(empty_url)
        upgraded.set()
    count = sum(task.result() for task in counts)
    assert rows(empty_url, TURNS) == [("done", "assistant", count), ("done", "user", count)]
    assert rows(empty_url, "select count(*)::int from user_memory_facts") == [(count,)]
    assert rows(empty_url, "select count(*)::int from langgraph.checkpoints") == [(count,)]


@pytest.fixture
async def start(empty_url: str, model: ModelServer, learned: Path, forks: ForkServer) -> AsyncIterator[Start]:
    """Starts servers as processes of their own on that database."""
    async with starting(empty_url, model.url, learned, forks) as begin:
        yield begin


class Load:
    """Users who send one message after the other, each to one of the servers, and read the answers to their ends."""

    def __init__(self, *servers: Process) -> None:
        self.servers = list(servers)
        self.answers: list[str] = []
        self._grew = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Send for the length of the block; what is under way at its end is read to its end."""
        stop = asyncio.Event()

        async def user() -> None:
            name, number = uuid4(), 0
            while not stop.is_set():
                server = self.servers[number % len(self.servers)]
                async with listening(server, name, f"Message {number}", conversation_id="c-1") as events:
                    self.answers.append(text_of(await until(events, "done")))
                number += 1
                self._grew.set()

        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(user())
            yield
            stop.set()

    async def goes_on(self, answers: int = 6) -> None:
        """Return once so many more answers have come."""
        wanted = len(self.answers) + answers
        while len(self.answers) < wanted:
            self._grew.clear()
            await self._grew.wait()


def about_the_gate(request: Request) -> bool:
    """The answer to the message that is under way."""
    return streaming(request) and "Wait for the gate" in str(request.body["messages"][-1])


@each_release
async def test_servers_of_both_releases_run_side_by_side(
    empty_url: str, release: Release, model: ModelServer, start: Start, tmp_path: Path, ada: UUID
) -> None:
    """The database is upgraded under load; no message is refused, and a killed old server's turn is taken over."""
    code = await asyncio.to_thread(code_of, release, tmp_path)
    await create_schema(empty_url, release.migration)
    old = await start("serve", "--port", "0", "--workers", "1", PYTHONPATH=str(code), rate_limit="0")
    model.always(Text("The answer."), streaming)
    for reply in (Gate("Never read.", asyncio.Event()), Text("Taken over.")):
        model.queue(reply, about_the_gate)
    load = Load(old)
    async with listening(old, ada, "Wait for the gate", conversation_id="c-1") as events:
        turn = (await until(events, "token"))[0].data["turn_id"]
        async with load.running():
            await load.goes_on()
            await migrate(empty_url)
            await load.goes_on()
            new = await start(rate_limit="0")
            load.servers.append(new)
            await load.goes_on()
        await old.kill()
    async with new.client(ada) as client, asyncio.timeout(PATIENCE):
        while (found := (await client.get(f"/turns/{turn}")).json())["status"] != "done":  # noqa: ASYNC110 - it is a server
            await asyncio.sleep(0.05)
    assert found["text"] == "Taken over."
    assert set(load.answers) == {"The answer."}
    count = len(load.answers) + 1
    async with asyncio.timeout(PATIENCE):
        while rows(empty_url, "select from chat_turns where status <> 'done'"):  # noqa: ASYNC110 - a table has no events
            await asyncio.sleep(0.05)
    assert rows(empty_url, TURNS) == [("done", "assistant", count), ("done", "user", count)]
    assert rows(empty_url, "select count(*)::int from xai_chat_metrics") == [(count,)]
