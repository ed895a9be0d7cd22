"""The OpenAPI document, and the page that shows it."""

import re
from typing import Any

import pytest
import schemathesis

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
        "/chat", "/turns/{turn_id}", "/conversations", "/conversations/{conversation_id}",
        "/conversations/{conversation_id}/messages", "/memory", "/memory/{fact_id}", "/export", "/account",
        "/employees", "/health/live", "/health/ready",
    } == set(document["paths"])  # fmt: skip


async def test_it_describes_the_message(document: dict[str, Any]) -> None:
    """What must be there, what may, what must match, and that nothing else is taken."""
    body = document["paths"]["/chat"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert body["required"] is True
    assert schema["required"] == ["message"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["conversation_id"]["anyOf"][0] == {
        "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9_.:-]+$"
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
    assert set(refusals) == {"400", "401", "413", "415", "429", "500", "503"}
    for refusal in refusals.values():
        (media,) = refusal["content"].items()
        assert media == ("application/problem+json", {"schema": {"$ref": "#/components/schemas/ProblemDocument"}})
    assert "rate_limited" in document["components"]["schemas"]["ProblemDocument"]["properties"]["code"]["enum"]
    assert operation["security"] == [{"bearer": []}]


async def test_there_is_a_page_to_browse(frontdesk: Frontdesk) -> None:
    """For people: everything is on it, and it needs nothing from elsewhere, no script and no style of its own."""
    async with frontdesk.client(None) as client:
        page = await client.get("/schema", follow_redirects=True)
        style = await client.get("/schema/page.css")
    assert page.status_code == style.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert style.headers["content-type"].startswith("text/css")
    for address in ("/chat", "/conversations/{conversation_id}", "/memory/{fact_id}", "/export", "ProblemDocument"):
        assert address in page.text
    assert not re.search(r"<script|style=|\son\w+=|https?://", page.text)
