"""A reader that hangs, or dies with its process, while it reads a document."""

from uuid import UUID

import psutil

from tests.api.test_documents import MARCH, MORE, read, send
from tests.support.database import row
from tests.support.process import Process, Start

LEASE = "select status, attempts, lease_expires from finance_documents"


async def held_reader(server: Process, database_url: str) -> psutil.Process:
    """The process that reads a document for this server, stopped in the middle."""
    while True:
        for child in psutil.Process(server.process.pid).children(recursive=True):
            if "graph.documents.readers" in child.cmdline():
                child.suspend()
                assert (await row(database_url, LEASE))[0] == "reading"
                return child
        await row(database_url, LEASE)


async def test_a_document_is_read_by_another_process_once_its_own_has_died(
    start: Start, database_url: str, ada: UUID
) -> None:
    """Its lease is short, and renewed as long as the process lives; nothing else has to happen."""
    first = await start()
    async with first.client(ada) as client:
        document = (await send(client, MARCH)).json()["document_id"]
        reader = await held_reader(first, database_url)
        _, _, expires = await row(database_url, LEASE)
        while (found := await row(database_url, LEASE))[2] == expires:
            assert found[0] == "reading"
        assert found[:2] == ("reading", 1)
    await first.kill()
    reader.kill()
    second = await start()
    async with second.client(ada) as client:
        assert (await read(client, document))["rows_added"] == 3
    assert (await row(database_url, LEASE))[:2] == ("ready", 2)


async def test_a_document_that_takes_long_holds_up_nobody_else(
    start: Start, database_url: str, ada: UUID, bob: UUID
) -> None:
    """The documents of one user never have all readers, so that another user's is read meanwhile."""
    server = await start()
    async with server.client(ada) as client, server.client(bob) as others:
        slow = (await send(client, MARCH)).json()["document_id"]
        reader = await held_reader(server, database_url)
        next_one = (await send(client, MORE)).json()["document_id"]
        for content in (MARCH, MORE):
            other = (await send(others, content)).json()["document_id"]
            assert (await read(others, other))["status"] == "ready"
        waiting = [(await client.get(f"/documents/{one}")).json()["status"] for one in (slow, next_one)]
        assert waiting == ["reading", "waiting"]
        reader.resume()
        read_at_last = [await read(client, one) for one in (slow, next_one)]
    assert [(one["rows_added"], one["rows_known"]) for one in read_at_last] == [(3, 0), (1, 3)]
