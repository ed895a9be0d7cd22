"""React's hooks, really rendered: `useChat` of the AI SDK and LangGraph's two named `useStream`."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import pytest

from tests.doors.ai_sdk import ROOT, needs_ai_sdk
from tests.doors.clients import token_of
from tests.support.app import Frontdesk
from tests.support.database import rows
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer

pytestmark = needs_ai_sdk


@pytest.mark.parametrize("hook", ["useChat", "useStream", "useStream of @langchain/react"])
async def test_a_page_talks_stops_and_is_opened_again(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, hook: str
) -> None:
    """While an answer is given: it shows all that was said, and the answer to its end, which can be given anew."""
    gate = asyncio.Event()
    model.queue(Text("One."), streaming)
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    model.queue(Gate(["So, ", "it does."], gate), streaming)
    model.queue(Text("Anew."), streaming)
    process = await asyncio.create_subprocess_exec(
        "node", str(Path(__file__).with_name("react_client.mjs")), hook, frontdesk.url, token_of(frontdesk, ada),
        stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout
    assert await process.stdout.readline() == b"again\n"
    gate.set()
    talked, again, anew = json.loads(await process.stdout.readline())
    assert await process.wait() == 0
    assert talked == ["First", "One."]
    assert again == [*talked, "Second", "Well, ", "Third", "So, it does."]
    assert anew == [*again[:-1], "Anew."]
    ends = await rows(frontdesk.service.url, "select finish_reason from chat_turns order by created_at")
    assert ends == [("stop",), ("stopped",), ("stop",), ("stop",)]
