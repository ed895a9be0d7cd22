"""A server whose embedding model is another one than before."""

from uuid import UUID

from tests.api.test_memory import BISCUITS, extracted, prompted, teach
from tests.support.app import Serve
from tests.support.database import appear, rows
from tests.support.model_script import Status, embedding
from tests.support.model_server import ModelServer
from tests.support.prometheus import scraped

MODELS = "select model from memory_embeddings order by model"
LOCAL, REMOTE = "minilm-l6-int8", "text-embedding-3-small"


async def test_facts_learned_with_another_model_are_recalled_again(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """Once the server has embedded them anew; it does so by itself."""
    before = await serve(embeddings="openai")
    await teach(before, model, ada, extracted(BISCUITS))
    assert await rows(before.service.url, MODELS) == [(REMOTE,)]
    after = await serve(embeddings="local")
    await appear(after.service.url, MODELS + " offset 1")
    assert await rows(after.service.url, MODELS) == [(LOCAL,), (REMOTE,)]
    assert BISCUITS in await prompted(after, model, ada, "Which biscuits do I sell?")


async def test_a_server_whose_embedding_model_is_away_is_ready_and_goes_on(
    serve: Serve, model: ModelServer, ada: UUID
) -> None:
    """Its facts wait for the next round, or for the next start."""
    before = await serve(embeddings="local")
    await teach(before, model, ada, extracted(BISCUITS))
    model.always(Status(500), embedding)
    without = await serve(embeddings="openai", attempts=1)
    await model.received(embedding)
    async with without.client(ada) as client:
        assert (await client.get("/health/ready")).status_code == 200
    assert (await scraped(without, ada))["frontdesk_background_task_restarts_total", "re_embedding"] == 0
    await model.reset()
    after = await serve(embeddings="openai")
    await appear(after.service.url, MODELS + " offset 1")
    assert BISCUITS in await prompted(after, model, ada, "Which biscuits do I sell?")
