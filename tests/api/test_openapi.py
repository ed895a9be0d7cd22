"""The OpenAPI document, and the page that shows it."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from litestar import Router

from api.doors.all import DOORS
from api.openapi_page import page
from api.parameters import CONVERSATION_ID
from tests.support.app import Frontdesk
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer


@pytest.fixture
async def document(frontdesk: Frontdesk) -> dict[str, Any]:
    async with frontdesk.client(None) as client:
        response = await client.get("/schema/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


async def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """By the OpenAPI specification's own schema, and every reference leads somewhere."""
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()
    named = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= named


async def test_the_document_has_every_route(document: dict[str, Any]) -> None:
    """All routes of the API but those of the doors; pages and their files are not part of it."""
    assert {
        "/chat", "/turns/{turn_id}", "/turns/{turn_id}/events", "/turns/{turn_id}/stop", "/turns/{turn_id}/feedback",
        "/conversations", "/conversations/{conversation_id}",
        "/conversations/{conversation_id}/messages", "/conversations/{conversation_id}/active",
        "/memory", "/memory/{fact_id}", "/keys", "/keys/{key_id}",
        "/export", "/account", "/sign-in", "/me", "/settings", "/metrics-summary",
        "/turns", "/turns/{turn_id}/metrics", "/turns/{turn_id}/content", "/costs", "/tables/{table}",
        "/insights", "/metrics", "/audit", "/feedback", "/employees",
        "/documents", "/documents/search", "/documents/{document_id}", "/documents/{document_id}/content",
        "/documents/{document_id}/read", "/documents/{document_id}/undo", "/transactions", "/transactions/totals",
        "/transactions/csv", "/transactions/categorise", "/transactions/{transaction_id}",
        "/transactions/changes/{change_id}/undo", "/accounts", "/accounts/{account_id}", "/categories",
        "/categories/{category}", "/rules", "/rules/preview", "/rules/{rule_id}", "/budgets",
        "/budgets/{category}/{currency}", "/goals", "/goals/{goal_id}", "/debts", "/debts/{debt_id}",
        "/references/{reference_id}", "/references/{reference_id}/csv", "/proposals", "/proposals/{proposal_id}",
        "/proposals/{proposal_id}/accept", "/proposals/{proposal_id}/refuse", "/proposals/{proposal_id}/undo",
        "/health/live", "/health/ready",
    } == {path for path, item in document["paths"].items() if not of_door(item)}  # fmt: skip


def of_door(item: dict[str, Any]) -> bool:
    """Whether a path is one of a door's."""
    tags = {tag for router in DOORS if isinstance(router, Router) for tag in router.tags}
    return all(tags.intersection(operation.get("tags", [])) for operation in item.values())


async def test_the_document_describes_the_message(document: dict[str, Any]) -> None:
    """Required and optional fields, patterns and limits, and that other fields are refused."""
    body = document["paths"]["/chat"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert body["required"] is True
    assert schema["anyOf"] == [{"required": ["message"]}, {"required": ["regenerate"]}, {"required": ["continue"]}]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["conversation_id"]["anyOf"][0] == {
        "type": "string", "minLength": 1, "maxLength": 128, "pattern": CONVERSATION_ID
    }  # fmt: skip
    assert {"ledger", "ledger-tax", "ledger-ai"} <= set(schema["properties"]["employee"]["anyOf"][0]["enum"])


async def test_the_document_describes_both_forms_of_the_answer(document: dict[str, Any]) -> None:
    """The event stream and the JSON document, with the headers of both."""
    answer = document["paths"]["/chat"]["post"]["responses"]["200"]
    assert set(answer["content"]) == {"text/event-stream", "application/json"}
    assert {"X-Turn-Id", "X-Conversation-Id", "X-Employee", "X-Route-Confidence", "RateLimit"} <= set(answer["headers"])


async def test_the_document_describes_every_event(document: dict[str, Any]) -> None:
    """Both streams have the same seven events, each with its name and the schema of its data."""
    chat = document["paths"]["/chat"]["post"]["responses"]["200"]["content"]["text/event-stream"]
    again = document["paths"]["/turns/{turn_id}/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    assert chat == again
    events = [event["properties"] for event in chat["schema"]["oneOf"]]
    assert [event["event"]["const"] for event in events] == [
        "start", "notice", "token", "tool_call", "tool_result", "done", "error",
    ]  # fmt: skip
    data = [set(references(event["data"]["contentSchema"])) for event in events]
    assert [len(named) for named in data] == [1, 1, 1, 1, 1, 1, 2], "an error is that of a turn or a late refusal"
    names = [name.rpartition("/")[2] for named in data for name in named]
    assert all(document["components"]["schemas"][name]["properties"] for name in names)


async def test_events_are_as_the_document_describes_them(
    document: dict[str, Any], frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """All five: of an answer with a notice, read in every form, and of one whose conversation is deleted meanwhile."""
    described = schemathesis.openapi.from_dict(document)
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    sent = {"message": "Is 4111 1111 1111 1111 a card?", "conversation_id": "c-1"}
    async with frontdesk.client(ada) as client:
        deleted = asyncio.create_task(client.post("/chat", json=sent))
        await model.received(streaming)
        assert (await client.delete("/conversations/c-1")).status_code == 204
        answered = await client.post("/chat", json=sent)
        again = await client.get(f"/turns/{answered.headers['x-turn-id']}/events")
        as_json = await client.post("/chat", json=sent, headers={"accept": "application/json"})
    await frontdesk.settled()
    streams = [await deleted, answered, again]
    assert set(re.findall("^event: (.+)$", "".join(stream.text for stream in streams), re.MULTILINE)) == {
        "start", "notice", "token", "done", "error",
    }  # fmt: skip
    for response in (*streams[:2], as_json):
        described["/chat"]["POST"].validate_response(response)
    described["/turns/{turn_id}/events"]["GET"].validate_response(again)


async def test_the_document_describes_every_error_response(document: dict[str, Any]) -> None:
    """Each status with its problem document, and the closed list of codes."""
    operation = document["paths"]["/chat"]["post"]
    refusals = {status: answer for status, answer in operation["responses"].items() if status != "200"}
    assert set(refusals) == {"400", "401", "404", "409", "413", "415", "429", "500", "503"}
    for refusal in refusals.values():
        (media,) = refusal["content"].items()
        assert media == ("application/problem+json", {"schema": {"$ref": "#/components/schemas/ProblemDocument"}})
    assert "rate_limited" in document["components"]["schemas"]["ProblemDocument"]["properties"]["code"]["enum"]
    assert operation["security"] == [{"bearer": []}]


async def test_the_document_describes_every_limit(document: dict[str, Any]) -> None:
    """Every limited operation has a 429, and the events of a turn a 204."""
    limited = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "429" in operation["responses"] and not of_door(item)
    }
    assert limited == {
        ("POST", "/chat"), ("GET", "/conversations"), ("GET", "/memory"), ("PATCH", "/memory/{fact_id}"),
        ("GET", "/export"), ("GET", "/turns/{turn_id}/events"), ("POST", "/turns/{turn_id}/stop"),
        ("POST", "/documents"), ("POST", "/documents/{document_id}/read"), ("GET", "/documents/search"),
        ("GET", "/transactions/csv"),
    }  # fmt: skip
    events = document["paths"]["/turns/{turn_id}/events"]["get"]["responses"]
    assert {"200", "204"} <= set(events)
    assert "content" not in events["204"]


async def test_there_is_an_html_page_with_a_style_sheet(frontdesk: Frontdesk) -> None:
    """At /schema and /schema/page.css."""
    async with frontdesk.client(None) as client:
        page = await client.get("/schema", follow_redirects=True)
        style = await client.get("/schema/page.css")
    assert page.status_code == style.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


async def test_the_page_shows_every_operation_and_loads_nothing_else(
    frontdesk: Frontdesk, document: dict[str, Any]
) -> None:
    """It refers to no other host and has neither script nor inline style."""
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


def test_the_page_escapes_all_text_of_the_document() -> None:
    """Text that looks like markup is shown as text."""
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


def references(part: Any) -> Iterator[str]:
    """All `$ref` in this part of the document."""
    match part:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in part.values():
                yield from references(value)
        case list():
            for value in part:
                yield from references(value)
        case _:
            pass
