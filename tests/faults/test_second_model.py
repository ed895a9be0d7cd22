"""A model that is down, and one that takes over."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from graph.models.chat import FAILURE_THRESHOLD
from nodes.answer.languages import texts_in
from tests.faults.stored_turn import outcome_in_metrics
from tests.support.app import Serve
from tests.support.model_script import Cut, Refuse, Reply, Status, Text, streaming
from tests.support.model_server import ModelServer


@pytest.fixture
async def spare() -> AsyncIterator[ModelServer]:
    """Another model server."""
    async with ModelServer() as server:
        server.always(Text("Hello from the spare."), streaming)
        yield server


@pytest.mark.parametrize(
    ("reply", "notices"), [(Refuse(), []), (Status(500), []), (Status(401), []), (Cut(["Half "]), ["restarted"])]
)
async def test_a_second_model_answers_where_the_first_cannot(
    serve: Serve, model: ModelServer, spare: ModelServer, ada: UUID, reply: Reply, notices: list[str]
) -> None:
    """Before any prepared reply, with a key of its own, and counted under its own name."""
    frontdesk = await serve(second_model="spare", second_base_url=spare.url, second_api_key="sk-spare")
    model.always(reply, streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == "Hello from the spare."
    assert [notice["code"] for notice in answer.named("notice")] == notices
    done = answer.named("done")[0]
    assert (done["model"], done["fallback"]) == ("spare", False)
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)
    asked = await spare.received(streaming)
    assert (asked.body["model"], asked.headers["authorization"]) == ("spare", "Bearer sk-spare")


async def test_the_first_models_key_goes_to_no_other_server(
    serve: Serve, model: ModelServer, spare: ModelServer, ada: UUID
) -> None:
    """A second address without a key of its own is asked without one."""
    frontdesk = await serve(second_model="spare", second_base_url=spare.url)
    model.always(Refuse(), streaming)
    await frontdesk.chat(ada, "Go on")
    assert "sk-test" not in (await spare.received(streaming)).headers["authorization"]


async def test_where_both_models_fail_the_prepared_reply_comes(
    serve: Serve, model: ModelServer, spare: ModelServer, ada: UUID
) -> None:
    """The reason on record is the last one's."""
    frontdesk = await serve(second_model="spare", second_base_url=spare.url, attempts=1)
    model.always(Refuse(), streaming)
    spare.always(Status(400), streaming)
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == texts_in("en").replies["prime"].unreachable
    assert await outcome_in_metrics(frontdesk, answer) == ("fallback", "model_rejected", False)


async def test_a_model_that_is_down_is_left_alone(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """After a few failures nobody waits for it any more, and it is not asked."""
    frontdesk = await serve(attempts=1)
    model.always(Status(500), streaming)
    for _ in range(FAILURE_THRESHOLD):
        await frontdesk.chat(ada, "Go on")
    answer = await frontdesk.chat(ada, "Go on")
    assert answer.text == texts_in("en").replies["prime"].unreachable
    assert await outcome_in_metrics(frontdesk, answer) == ("fallback", "model_down", False)
    assert len(list(filter(streaming, model.requests))) == FAILURE_THRESHOLD
