"""The desk without a model: prepared answers, labelled, and facts and summaries by rules."""

from uuid import UUID, uuid4

import pytest

from nodes.answer.languages import LANGUAGES, texts_in
from tests.support.app import Frontdesk, Serve

SAYS = {question: one.says for language in LANGUAGES for one in texts_in(language).answers for question in one.asks}


@pytest.fixture
async def keyless(serve: Serve) -> Frontdesk:
    """An application without a key."""
    return await serve(openai_api_key=None, openai_base_url=None)


async def test_a_common_question_gets_a_prepared_answer(keyless: Frontdesk, ada: UUID) -> None:
    """From the employee of that field, word by word, labelled in `notice` and `done`, and counted as a success."""
    answer = await keyless.chat(ada, "which debt should I pay off first, please", conversation_id="debts")
    assert answer.text == SAYS["Which debt should I pay off first?"]
    assert [event.name for event in answer.events] == ["start", "notice", *["token"] * (len(answer.events) - 3), "done"]
    (start,), (notice,), (done,) = (answer.named(name) for name in ("start", "notice", "done"))
    assert (start["employee"]["slug"], start["model"]) == ("goalie", "none")
    assert (notice["code"], "This is a prepared answer" in notice["message"]) == ("fallback", True)
    assert (done["model"], done["fallback"], done["generated_by"]) == ("prepared", True, "template")
    async with keyless.client(ada) as client:
        _, reply = (await client.get("/conversations/debts/messages")).json()["items"]
        totals = (await client.get("/metrics-summary?range=24h")).json()["totals"]
    assert (reply["content"], reply["model"], reply["generated_by"]) == (answer.text, "prepared", "template")
    assert (totals["success_rate"], totals["total_tokens_est"], totals["outcomes"]["done"]) == (100, 0, 1)


async def test_any_other_question_gets_the_employees_reply(keyless: Frontdesk, ada: UUID) -> None:
    """Which names what is needed, and how to set a key."""
    answer = await keyless.chat(ada, "What is the standard VAT rate in Bolivia since 1994?", employee="ledger")
    assert answer.text == texts_in("en").replies["ledger"].without_model
    assert "OPENAI_API_KEY" in answer.text
    (notice,), (done,) = answer.named("notice"), answer.named("done")
    assert (notice["code"], "No model is set" in notice["message"]) == ("fallback", True)
    assert (done["model"], done["fallback"], done["generated_by"]) == ("fallback", True, "template")


async def test_a_german_question_is_answered_in_german(keyless: Frontdesk, ada: UUID) -> None:
    """By its own words; where they do not tell, the client's language counts."""
    german = texts_in("de")
    answer = await keyless.chat(ada, "welche schulden soll ich zuerst abbezahlen")
    assert answer.text == SAYS["Welche Schulden zahle ich zuerst ab?"]
    answer = await keyless.chat(ada, "Wie hoch ist der Steuersatz in Bolivien?", employee="ledger")
    assert answer.text == german.replies["ledger"].without_model
    async with keyless.client(ada) as client:
        sent = {"message": "Bolivien 1994", "employee": "tag"}
        headers = {"Accept": "application/json", "Accept-Language": "de-AT,de;q=0.9,en;q=0.8"}
        whole = (await client.post("/chat", json=sent, headers=headers)).json()
    assert whole["text"] == german.replies["tag"].without_model


async def test_the_chosen_employee_says_it(keyless: Frontdesk, ada: UUID) -> None:
    """Also what another one's field has prepared."""
    answer = await keyless.chat(ada, "how do the tax brackets work", employee="tag")
    assert answer.text == SAYS["How do tax brackets work?"]
    assert answer.named("done")[0]["employee"] == "tag"


async def test_what_users_state_is_remembered_and_can_be_deleted(keyless: Frontdesk, ada: UUID) -> None:
    """In their own words, found by meaning; a newer statement stands beside an older one."""
    await keyless.chat(ada, "I rent a flat in Lyon for 950 a month.")
    await keyless.chat(ada, "My rent is 990 now. What is a sinking fund?")
    async with keyless.client(ada) as client:
        facts = (await client.get("/memory")).json()["items"]
        assert [fact["fact"] for fact in facts] == [
            "You said: My rent is 990 now.",
            "You said: I rent a flat in Lyon for 950 a month.",
        ]
        assert [(fact["confidence"], fact["superseded_by"]) for fact in facts] == [(pytest.approx(0.7), None)] * 2
        assert (await client.delete(f"/memory/{facts[0]['fact_id']}")).status_code == 204
        assert len((await client.get("/memory")).json()["items"]) == 1


async def test_the_summary_keeps_what_the_user_said(keyless: Frontdesk, ada: UUID) -> None:
    """And nothing of prepared answers."""
    conversation = str(uuid4())
    for message in ("My salary is 2,900 a month.", "Which debt should I pay off first?"):
        await keyless.chat(ada, message, conversation_id=conversation)
    async with keyless.client(ada) as client:
        summary = (await client.get(f"/conversations/{conversation}")).json()["summary"]
    assert summary == "User: My salary is 2,900 a month. Which debt should I pay off first?"


async def test_it_is_ready_but_degraded(keyless: Frontdesk) -> None:
    """Health says what to set."""
    async with keyless.client(None) as client:
        response = await client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert "OPENAI_API_KEY" in response.json()["details"]["model"]
