"""Memory that cannot be had: the answer comes without it, and says so."""

import asyncio
from uuid import UUID

from tests.support.app import Event, Serve
from tests.support.listening import listening, text_of, until
from tests.support.model_script import Hang, Status, embedding
from tests.support.model_server import ModelServer
from tests.support.postgres import lock


def is_without_memory(events: list[Event]) -> None:
    """The whole answer came, with this notice and no other."""
    assert text_of(events) == "Hello from the scripted model."
    assert [event.data["code"] for event in events if event.name == "notice"] == ["memory_unavailable"]


async def test_memory_that_takes_too_long_is_not_waited_for(serve: Serve, ada: UUID) -> None:
    """Somebody holds the table for longer than the setting says, and lets go of it after the answer."""
    frontdesk = await serve(memory_timeout=0.2)
    held, release = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(lock(frontdesk.service.url, "memory_embeddings", held, release))
    await held.wait()
    async with listening(frontdesk, ada, "Hello") as events:
        is_without_memory(await until(events, "done"))
    release.set()
    await holding
    await frontdesk.settled()


async def test_an_embedding_model_that_hangs_is_not_waited_for(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """It takes no more time than memory may."""
    model.queue(Hang(), embedding)
    frontdesk = await serve(embeddings="openai", memory_timeout=0.2)
    async with listening(frontdesk, ada, "Hello") as events:
        is_without_memory(await until(events, "done"))


async def test_an_embedding_model_that_refuses_costs_only_memory(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """Nothing can be searched for without a vector."""
    model.always(Status(400), embedding)
    frontdesk = await serve(embeddings="openai")
    is_without_memory((await frontdesk.chat(ada, "Hello")).events)
