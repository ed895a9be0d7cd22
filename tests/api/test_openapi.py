"""The OpenAPI document, and the page that shows it."""

import re
from typing import Any

import pytest
import schemathesis

from api.openapi_page import page
from api.schemas.chat import CONVERSATION_ID
from tests.support.app import Frontdesk


@pytest.fixture
async def document(frontdesk: Frontdesk) -> dict[str, Any]:
    async with frontdesk.client(None) as client:
        response = await client.get("/schema/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


async def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """By the OpenAPI specification's own schema."""
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()


async def test_it_knows_every_address(document: dict[str, Any]) -> None:
    """Nothing is served that it does not tell of."""
    assert {
        "/chat", "/turns/{turn_id}", "/turns/{turn_id}/events", "/turns/{turn_id}/stop",
        "/conversations", "/conversations/{conversation_id}",
        "/conversations/{conversation_id}/messages", "/memory", "/memory/{fact_id}", "/export", "/account",
        "/metrics-summary", "/insights", "/metrics", "/employees", "/health/live", "/health/ready",
    } == set(document["paths"])  # fmt: skip


async def test_it_describes_the_message(document: dict[str, Any]) -> None:
    """What must be there, what may, what must match, and that nothing else is taken."""
    body = document["paths"]["/chat"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert body["required"] is True
    assert schema["required"] == ["message"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["conversation_id"]["anyOf"][0] == {
        "type": "string", "minLength": 1, "maxLength": 128, "pattern": CONVERSATION_ID
    }  # fmt: skip
    assert {"ledger", "ledger-tax", "ledger-ai"} <= set(schema["properties"]["employee"]["anyOf"][0]["enum"])


async def test_it_describes_both_forms_of_the_answer(document: dict[str, Any]) -> None:
    """The stream and the document, with the headers they share."""
    answer = document["paths"]["/chat"]["post"]["responses"]["200"]
    assert set(answer["content"]) == {"text/event-stream", "application/json"}
    assert {"X-Turn-Id", "X-Conversation-Id", "X-Employee", "X-Route-Confidence", "RateLimit"} <= set(answer["headers"])


async def test_it_describes_every_refusal(document: dict[str, Any]) -> None:
    """Each status with the problem document that comes with it, and the closed list of codes."""
    operation = document["paths"]["/chat"]["post"]
    refusals = {status: answer for status, answer in operation["responses"].items() if status != "200"}
    assert set(refusals) == {"400", "401", "404", "409", "413", "415", "429", "500", "503"}
    for refusal in refusals.values():
        (media,) = refusal["content"].items()
        assert media == ("application/problem+json", {"schema": {"$ref": "#/components/schemas/ProblemDocument"}})
    assert "rate_limited" in document["components"]["schemas"]["ProblemDocument"]["properties"]["code"]["enum"]
    assert operation["security"] == [{"bearer": []}]


async def test_it_describes_every_limit(document: dict[str, Any]) -> None:
    """Whatever may be asked too often says so, and that a stream may have nothing more to tell."""
    limited = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "429" in operation["responses"]
    }
    assert limited == {
        ("POST", "/chat"), ("GET", "/conversations"), ("GET", "/memory"), ("PATCH", "/memory/{fact_id}"),
        ("GET", "/export"), ("GET", "/turns/{turn_id}/events"), ("POST", "/turns/{turn_id}/stop"),
    }  # fmt: skip
    events = document["paths"]["/turns/{turn_id}/events"]["get"]["responses"]
    assert {"200", "204"} <= set(events)
    assert "content" not in events["204"]


async def test_there_is_a_page_to_browse(frontdesk: Frontdesk) -> None:
    """For people: everything is on it, and it needs nothing from elsewhere, no script and no style of its own."""
    async with frontdesk.client(None) as client:
        page = await client.get("/schema", follow_redirects=True)
        style = await client.get("/schema/page.css")
    assert page.status_code == style.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


async def test_the_page_needs_nothing_but_its_style_sheet(frontdesk: Frontdesk, document: dict[str, Any]) -> None:
    """No address of elsewhere, no script and no style inline; it shows every operation."""
    async with frontdesk.client(None) as client:
        shown = (await client.get("/schema")).text
        style = await client.get("/schema/page.css")
    assert set(re.findall(r"(?:src|href|action)=(\S+?)>", shown)) == {'"/schema/page.css"', '"/schema/openapi.json"'}
    assert "://" not in shown
    assert not re.search(r"<script|<style|\sstyle\s*=|\son\w+\s*=|javascript:", shown)
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert not re.search(r"https?:|//|@import", style.text)
    operations = [(method.upper(), path) for path, item in document["paths"].items() for method in item]
    for method, path in operations:
        assert f"<b>{method}</b> <code>{path}</code>" in shown
    assert shown.count("<summary><b>") == len(operations)


def test_whatever_the_document_says_is_escaped() -> None:
    """A description is text, never markup."""
    evil = "<script>alert('\"&')</script>"
    operation = {
        "summary": evil,
        "description": evil,
        "parameters": [{"name": evil, "in": evil, "description": evil, "schema": {"pattern": evil}}],
        "requestBody": {"content": {evil: {"schema": {"title": evil}}}},
        "responses": {evil: {"description": evil, "content": {evil: {}}}},
    }
    shown = page({
        "info": {"title": evil, "version": evil},
        "paths": {evil: {"get": operation}},
        "components": {"schemas": {evil: {"title": evil}}},
    })  # fmt: skip
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
