"""The answer as one JSON document."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.app import Frontdesk
from tests.support.model_script import Cut, Hang, Text, streaming
from tests.support.model_server import ModelServer


async def ask(frontdesk: Frontdesk, user: UUID, accept: str = "application/json") -> httpx.Response:
    async with frontdesk.client(user) as client:
        response = await client.post("/chat", json={"message": "Hello"}, headers={"accept": accept})
    await frontdesk.settled()
    return response


async def test_a_client_that_accepts_json_gets_one_document(frontdesk: Frontdesk, ada: UUID) -> None:
    """The text, every field of `done`, and all events."""
    response = await ask(frontdesk, ada)
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    *_, done = answer["events"]
    assert answer["text"] == "Hello from the scripted model."
    assert done["event"] == "done"
    assert done["data"] == {name: value for name, value in answer.items() if name not in {"text", "events"}}
    assert answer["events"][0]["event"] == "start"


async def test_the_document_has_the_headers_of_the_stream(frontdesk: Frontdesk, ada: UUID) -> None:
    """Who answers, and what is left of the limit."""
    headers = (await ask(frontdesk, ada)).headers
    assert headers["x-employee"] == "prime"
    assert headers["ratelimit"] == '"chat";r=7;t=60'
    assert str(UUID(headers["x-turn-id"])) == headers["x-turn-id"]


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream", "text/event-stream, application/json", "text/html"])
async def test_who_does_not_prefer_json_gets_the_stream(frontdesk: Frontdesk, ada: UUID, accept: str) -> None:
    """The stream is what this address is for; a document is for those who ask for it."""
    response = await ask(frontdesk, ada, accept)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_a_restarted_answers_text_is_only_what_replaced_it(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """The half that broke off is among the events, and not in the text."""
    model.queue(Cut(["Half of "]), streaming)
    answer = (await ask(frontdesk, ada)).json()
    assert "Half of" in json.dumps(answer["events"])
    assert "Half of" not in answer["text"]
    assert answer["text"] == "Hello from the scripted model."


async def test_a_document_is_valid_where_another_process_goes_on_with_the_turn(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """What there is of the answer, and the fields of an `error` that says to try again."""
    model.queue(Hang(["Half of "]), streaming)
    asked = asyncio.create_task(ask(frontdesk, ada))
    await model.received(streaming)
    registry = frontdesk.service.registry
    (turn_id,) = registry.leased()
    events = await frontdesk.service.subscriptions.follow(ada, turn_id, after=0, heartbeat=60)
    assert events is not None
    async for event in events:
        if event and event.name == "token":
            break
    registry.hand_over_lost(set(), of=registry.leased())
    document = (await asked).json()
    assert (document["text"], document["code"], document["retryable"]) == ("Half of ", "shutting_down", True)
    assert [event["event"] for event in document["events"]] == ["start", "token"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_shows_a_person_everything(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """`curl --json` asks for JSON, and its reader still sees who answers and why, the tokens, and how it ended."""
    model.queue(Text("Grüß dich."), streaming)
    events = (await curl(frontdesk, ada, {"message": "Hello"}))["events"]
    assert [event["event"] for event in events] == ["start", *["token"] * (len(events) - 2), "done"]
    assert events[0]["data"]["route"]["reason"] == "a general or open question"
    assert "".join(event["data"]["text"] for event in events[1:-1]) == "Grüß dich."
    assert events[-1]["data"]["finish_reason"] == "stop"


async def curl(frontdesk: Frontdesk, user: UUID, body: dict[str, Any]) -> dict[str, Any]:
    async with frontdesk.client(user) as client:
        signed = f"Authorization: {client.headers['authorization']}"
    command = ["curl", "-sS", "--json", json.dumps(body), "-H", signed, f"{frontdesk.url}/chat"]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    shown, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    await frontdesk.settled()
    document: dict[str, Any] = json.loads(shown)
    return document
