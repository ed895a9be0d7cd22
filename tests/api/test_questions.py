"""Questions about a user's own rows, answered without a model: by the tools, with their events and references."""

from typing import Any
from uuid import UUID

import pytest

from tests.support.app import Answer, Frontdesk, Serve
from tests.support.database import rows
from tests.support.desk import fill
from tests.support.model_script import Text, streaming
from tests.support.model_server import ModelServer

PAYMENTS = (
    ("2026-02-03", "-380.00", "Corner Market"), ("2026-03-03", "-412.50", "Corner Market"),
    ("2026-03-09", "-37.50", "Cinema"), ("2026-03-28", "2500.00", "Employer"),
)  # fmt: skip


@pytest.fixture
async def keyless(serve: Serve) -> Frontdesk:
    """An application without a key."""
    return await serve(openai_api_key=None, openai_base_url=None)


async def ask(frontdesk: Frontdesk, user: UUID, message: str, **more: Any) -> Answer:
    """The answer of Crystal."""
    return await frontdesk.chat(user, message, **{"employee": "crystal", "conversation_id": "questions", **more})


async def test_a_question_is_answered_by_a_tool(keyless: Frontdesk, ada: UUID) -> None:
    """With the events that a model's answer has, labelled as computed without one; what is told again is the same."""
    await fill(keyless.service.url, ada, *PAYMENTS)
    answer = await ask(keyless, ada, "How much did I spend in March 2026?")
    names = [event.name for event in answer.events if event.name != "token"]
    assert names == ["start", "notice", "tool_call", "tool_result", "done"]
    assert answer.text.startswith("You spent **EUR 450.00** (2 transactions).\n\nCounted here: Spending, 1 to 31 March")
    (notice,), (result,), (done,) = answer.named("notice"), answer.named("tool_result"), answer.named("done")
    assert (notice["code"], "without one" in notice["message"]) == ("fallback", True)
    assert (done["model"], done["fallback"], done["generated_by"]) == ("computed", True, "template")
    assert (done["references"], done["unverified"]) == ([result["reference_id"]], [])
    [kept] = await rows(keyless.service.url, "select reference_id, tool from finance_references")
    assert kept == (UUID(result["reference_id"]), "totals")
    async with keyless.client(ada) as client:
        _, reply = (await client.get("/conversations/questions/messages")).json()["items"]
    assert (reply["content"], reply["model"]) == (answer.text, "computed")


async def test_a_question_may_follow_the_one_before(keyless: Frontdesk, ada: UUID) -> None:
    """Also where something was said in between; in another conversation it follows nothing."""
    await fill(keyless.service.url, ada, *PAYMENTS)
    await ask(keyless, ada, "How much did I spend at Corner Market in March 2026?")
    await ask(keyless, ada, "Thank you")
    then = await ask(keyless, ada, "And in February 2026?")
    assert then.text.startswith("You spent **EUR 380.00** (1 transaction).")
    other = await ask(keyless, ada, "And in February 2026?", conversation_id="other")
    assert other.named("tool_call") == []


async def test_a_colleague_who_has_the_tool_is_named(keyless: Frontdesk, ada: UUID) -> None:
    """Who answers stays the same, and says so."""
    await fill(keyless.service.url, ada, *PAYMENTS)
    answer = await ask(keyless, ada, "What were my largest payments in 2026?", employee="tag")
    assert answer.text.startswith("Crystal (Analytics) looked this up.\n\nThe largest is **Corner Market**")
    assert answer.named("done")[0]["employee"] == "tag"


async def test_what_is_not_understood_is_said(keyless: Frontdesk, ada: UUID) -> None:
    """With questions that can be answered on the user's own rows; a question for advice has its prepared answer."""
    await fill(keyless.service.url, ada, *PAYMENTS)
    answer = await ask(keyless, ada, "How much did I spend in March 2026 except at the cinema?")
    assert "guess no figures" in answer.text
    assert "What were my largest payments in March 2026?" in answer.text
    assert (answer.named("tool_call"), answer.named("done")[0]["model"]) == ([], "fallback")
    advice = await ask(keyless, ada, "How do I spot unusual spending?")
    assert advice.named("done")[0]["model"] == "prepared"


async def test_what_is_asked_in_german_is_said_to_need_english(keyless: Frontdesk, ada: UUID) -> None:
    """With questions that are understood: the grammar is that of English."""
    await fill(keyless.service.url, ada, *PAYMENTS)
    answer = await ask(keyless, ada, "Welche Abbuchungen waren im März ungewöhnlich?")
    assert "nur auf Englisch" in answer.text
    assert "What were my largest payments in March 2026?" in answer.text


async def test_what_a_tool_cannot_compute_is_said(keyless: Frontdesk, ada: UUID) -> None:
    """In words for the user."""
    await fill(keyless.service.url, ada, *PAYMENTS)
    answer = await ask(keyless, ada, "How is my budget?", employee="goalie")
    assert answer.text == "You have set no budget yet. Set one for a category, and ask again."
    assert answer.named("done")[0]["references"] == []


async def test_with_a_model_questions_are_left_to_it(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """It calls the tools itself."""
    await fill(frontdesk.service.url, ada, *PAYMENTS)
    model.queue(Text("Let me think."), streaming)
    answer = await ask(frontdesk, ada, "How much did I spend in March 2026?")
    assert (answer.text, answer.named("tool_call")) == ("Let me think.", [])
