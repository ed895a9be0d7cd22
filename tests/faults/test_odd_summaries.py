"""What a model's server sends instead of a summary or facts: the answer is out, and what is kept is sound."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from graph.models.openai_client import MAX_ANSWER_CHARS
from tests.faults.stored_turn import outcome_in_metrics
from tests.support.app import Frontdesk
from tests.support.database import rows
from tests.support.model_bytes import Raw, whole
from tests.support.model_script import plain, structured
from tests.support.model_server import ModelServer

GIST = "User: Hello.\nPrime: Hello from the scripted model."
TOOL = [{"id": "call-1", "type": "function", "function": {"name": "rm", "arguments": "{}"}}]

SUMMARIES: dict[str, tuple[Sequence[bytes], str]] = {
    "a NUL and half an emoji": (whole("\ufeffThey\0 spoke \ud83d."), "They spoke \ufffd."),
    "a list of parts": (whole([{"type": "text", "text": "They "}, {"type": "text", "text": "spoke."}]), "They spoke."),
    "a refusal": (whole(None, refusal="I can't."), "I can't."),
    "counts that are none": (
        whole("They spoke.", usage={"prompt_tokens": "9", "completion_tokens": -1}),
        "They spoke.",
    ),
    "a tool call": (whole(None, tool_calls=TOOL), GIST),
    "a page": ([b"<html><body>Welcome</body></html>"], GIST),
    "an object that is no reply": ([b'{"text": "They spoke."}'], GIST),
    "no choices": ([b'{"choices": null}'], GIST),
    "JSON nested without end": ([b"[" * 100_000], GIST),
    "nothing": ([b""], GIST),
    "more than anyone reads": ([b" " * 65_536] * 300, GIST),
}


@pytest.mark.parametrize(("pieces", "summary"), SUMMARIES.values(), ids=SUMMARIES.keys())
async def test_an_odd_summary_is_mended_or_replaced(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, pieces: Sequence[bytes], summary: str
) -> None:
    """By the gist of what was said; nothing else of the turn fails."""
    model.always(Raw(pieces, "application/json"), plain)
    answer = await frontdesk.chat(ada, "Hello", conversation_id="c-1")
    assert answer.text == "Hello from the scripted model."
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)
    async with frontdesk.client(ada) as client:
        assert (await client.get("/conversations/c-1")).json()["summary"] == summary


async def test_a_summary_of_ten_megabytes_is_cut(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Far above the words that it may have, and before anything long is done with it."""
    model.always(Raw(whole("They spoke. " * 800_000)), plain)
    answer = await frontdesk.chat(ada, "Hello")
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)
    ((summary,),) = await rows(frontdesk.service.url, "select summary from chat_convo_summaries")
    assert summary.startswith("They spoke. They spoke.")
    assert len(summary) < MAX_ANSWER_CHARS


def facts(*found: Any) -> Sequence[bytes]:
    """A reply with these facts: JSON in JSON."""
    return whole(json.dumps({"facts": [{"fact": fact, "confidence": 0.9, "replaces": []} for fact in found]}))


FACTS: dict[str, tuple[Sequence[bytes], list[str], str | None]] = {
    "a NUL and half an emoji": (
        facts("The user lives in R\0ome \ud83d.", "\ufeffThe user has a \ud83d\ude00."),
        ["The user has a 😀.", "The user lives in Rome \ufffd."],
        None,
    ),
    "a refusal": (whole(None, refusal="I can't."), [], "facts_failed"),
    "a fact that is no text": (facts(["The user lives in Rome."]), [], "facts_failed"),
    "a page": ([b"<html></html>"], [], "facts_failed"),
    "JSON nested without end": (whole("[" * 20_000), [], "facts_failed"),
    "a fact of ten megabytes": (facts("The user lives in Rome. " * 400_000), [], "facts_failed"),
}


@pytest.mark.parametrize(("pieces", "kept", "code"), FACTS.values(), ids=FACTS.keys())
async def test_odd_facts_are_mended_or_not_kept(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, pieces: Sequence[bytes], kept: list[str], code: str | None
) -> None:
    """The answer is out all the same."""
    model.always(Raw(pieces, "application/json"), structured)
    answer = await frontdesk.chat(ada, "I live in Rome.")
    assert await outcome_in_metrics(frontdesk, answer) == ("done", code, True)
    found = await rows(frontdesk.service.url, "select fact from user_memory_facts order by fact")
    assert [fact for (fact,) in found] == kept


async def test_a_page_in_place_of_models_is_an_answer(frontdesk: Frontdesk, model: ModelServer) -> None:
    """Somebody is there: that is all that readiness asks."""
    model.always(Raw([b"<html></html>"], "text/html"), lambda request: request.path == "/v1/models")
    async with frontdesk.client(None) as client:
        response = await client.get("/health/ready")
    assert response.status_code == 200
