"""So many messages a minute, and no more."""

from uuid import UUID

from tests.support.app import Frontdesk, Serve
from tests.support.database import rows
from tests.support.model_script import streaming
from tests.support.model_server import ModelServer


async def test_the_ninth_message_in_a_minute_is_refused(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Eight are answered, each told what is left; the ninth is told when to come back, and no model hears of it."""
    left = [(await frontdesk.chat(ada, "Hello")).headers["ratelimit"] for _ in range(8)]
    assert [limit.partition(";t=")[0] for limit in left] == [f'"chat";r={count}' for count in range(7, -1, -1)]
    async with frontdesk.client(ada) as client:
        refused = await client.post("/chat", json={"message": "Hello"})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (429, "rate_limited")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= problem["retry_after"] <= 60
    assert refused.headers["retry-after"] == str(problem["retry_after"])
    assert refused.headers["ratelimit-policy"] == '"chat";q=8;w=60'
    assert refused.headers["ratelimit"].startswith('"chat";r=0;t=')
    await frontdesk.settled()
    assert len([request for request in model.requests if streaming(request)]) == 8


async def test_a_refused_message_is_counted_in_the_metrics_and_kept_nowhere(serve: Serve, ada: UUID) -> None:
    """Its row says `limited`; the message itself is gone."""
    frontdesk = await serve(rate_limit=1)
    first = await frontdesk.chat(ada, "Hello")
    assert (await frontdesk.chat(ada, "A second message")).status == 429
    outcomes = await rows(
        frontdesk.service.url,
        "select outcome, error_code, success, employee_slug from xai_chat_metrics where user_id = %(ada)s"
        " order by created_at",
        ada=ada,
    )
    assert outcomes == [("done", None, True, "prime"), ("limited", "rate_limited", False, "prime")]
    url = frontdesk.service.url
    assert await rows(url, "select turn_id::text from chat_turns") == [(first.headers["x-turn-id"],)]
    assert await rows(url, "select distinct thread_id from langgraph.checkpoints") == [(first.headers["x-turn-id"],)]


async def test_one_users_limit_is_no_other_users(serve: Serve, ada: UUID, bob: UUID) -> None:
    """Bob is answered while Ada has to wait."""
    frontdesk = await serve(rate_limit=1)
    assert [(await frontdesk.chat(ada, "Hello")).status for _ in range(2)] == [200, 429]
    assert (await frontdesk.chat(bob, "Hello")).status == 200


async def test_a_limit_of_zero_is_none(serve: Serve, ada: UUID) -> None:
    """Nothing is refused and no limit is announced."""
    frontdesk = await serve(rate_limit=0)
    answers = [await frontdesk.chat(ada, "Hello") for _ in range(10)]
    assert {answer.status for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers
    assert "ratelimit-policy" not in answers[0].headers


async def test_a_message_that_was_refused_for_its_form_is_not_counted(serve: Serve, ada: UUID) -> None:
    """A mistake costs nothing."""
    frontdesk = await serve(rate_limit=1)
    async with frontdesk.client(ada) as client:
        assert (await client.post("/chat", json={"message": 5})).status_code == 400
    assert (await frontdesk.chat(ada, "Hello")).status == 200
