"""A server under load: how many connections to Postgres it opens, and how many turns it runs at once."""

import asyncio
from typing import LiteralString
from uuid import UUID, uuid4

import httpx
import psycopg

from storage.facts import Facts
from storage.pool import Pool
from tests.faults.test_tails import ORPHANS
from tests.storage.rows import accepted, new_fact, save_accepted
from tests.support.app import Serve
from tests.support.database import appear, row, rows
from tests.support.listening import listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer

MOST = 12
"""Connections of a process, so that those of eight fit Postgres' own default of 100."""
CONNECTIONS: LiteralString = (
    "select count(*), count(*) filter (where wait_event_type = 'Lock') from pg_stat_activity"
    " where datname = current_database() and backend_type = 'client backend' and application_name <> 'outside'"
)
TABLES: LiteralString = "lock table chat_users, chat_conversations, chat_turns in access exclusive mode"


class Watch:
    """Counts a database's connections from outside, all the time."""

    def __init__(self) -> None:
        self.most = self.waiting = 0
        """How many there were at most, and how many of those that there are wait for a lock."""

    async def run(self, url: str) -> None:
        """Count until cancelled."""
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, application_name="outside") as conn:
            while found := await (await conn.execute(CONNECTIONS)).fetchone():
                self.most, self.waiting = max(self.most, found[0]), found[1]

    async def until_waiting(self, count: int) -> None:
        """Return once so many connections wait for a lock."""
        while self.waiting < count:  # noqa: ASYNC110 - another server's table has no events
            await asyncio.sleep(0.01)


async def refused(client: httpx.AsyncClient, message: str, key: str) -> None:
    """The message is sent, and the server says that it is busy."""
    answer = await client.post("/chat", json={"message": message}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (503, "server_busy")
    assert answer.headers["retry-after"] == "5"


async def test_a_process_opens_twelve_connections_at_most(serve: Serve, database_url: str, ada: UUID) -> None:
    """Also while messages, readers, exports, jobs, leases, health probe, LISTEN and vectors have all that they take."""
    async with Pool.open(database_url) as pool:
        source = await save_accepted(pool, ada, accepted())
        await Facts(pool, "the model before").remember(ada, [new_fact("Sells biscuits")], source=source)
    watch = Watch()
    frontdesk = await serve(rate_limit=0, statement_timeout=60)
    await appear(database_url, "select from memory_embeddings where model <> 'the model before'")
    watching = asyncio.create_task(watch.run(database_url))
    async with (
        asyncio.timeout(60),
        await psycopg.AsyncConnection.connect(database_url, application_name="outside") as blocker,
        frontdesk.client(ada) as client,
    ):
        await blocker.execute(TABLES)
        asked = [client.get(path) for path in ("/export", "/conversations", "/memory") for _ in range(5)]
        reading = asyncio.gather(*asked)
        chatting = asyncio.gather(*(frontdesk.chat(uuid4(), "Hello") for _ in range(20)))
        sizes = frontdesk.settings.turn_connections + frontdesk.settings.record_connections
        await watch.until_waiting(sizes + 1)  # and one for leases
        await blocker.rollback()
        await reading
        answers = await chatting
    watching.cancel()
    assert any(answer.named("done") for answer in answers)
    assert watch.most == MOST


async def test_a_message_beyond_the_most_turns_is_refused(
    serve: Serve, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """Until one has ended; the message that is being answered is found, however often it is sent."""
    frontdesk, gate, key = await serve(max_turns=1), asyncio.Event(), {"Idempotency-Key": "hers"}
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with frontdesk.client(ada) as client, frontdesk.client(bob) as his:
        sending = asyncio.create_task(client.post("/chat", json={"message": "Hello"}, headers=key))
        await model.received(streaming)
        for _ in range(2):  # the key is given up with the message
            await refused(his, "Hello", "his")
        again = asyncio.create_task(client.post("/chat", json={"message": "Hello"}, headers=key))
        await appear(frontdesk.service.url, "select from chat_turns where status = 'streaming'")
        gate.set()
        first, second = await asyncio.gather(sending, again)
        assert first.text == second.text
        await frontdesk.settled()
        answer = await his.post("/chat", json={"message": "Hello"}, headers={"Idempotency-Key": "his"})
        assert answer.status_code == 200


async def test_turns_are_taken_over_beyond_the_most_turns(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """They were accepted; new messages wait for them."""
    frontdesk, gate = await serve(max_turns=1), asyncio.Event()
    url = frontdesk.service.url
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        await until(events, "token")
        await rows(url, ORPHANS, count=3)
        await appear(url, "select from chat_turns where attempt = 2 and status = 'done' having count(*) = 3")
        gate.set()
        await until(events, "done")
    await frontdesk.settled()
    assert await row(url, "select count(*) from chat_turns where status = 'done'") == (4,)
