"""Other clients of OpenAI's protocol: LangChain's, and OpenAI's for JavaScript."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.doors.clients import token_of
from tests.support.app import Frontdesk
from tests.support.model_script import Text, streaming
from tests.support.model_server import ModelServer

ROOT = Path(__file__).parents[2]
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "openai").is_dir(),
    reason="needs Node and what `make check` installs for it",
)


@pytest.mark.parametrize("responses", [False, True], ids=["chat completions", "responses"])
async def test_langchain_is_answered(frontdesk: Frontdesk, model: ModelServer, ada: UUID, *, responses: bool) -> None:
    """Whole and streamed, by either of the two protocols, with tokens counted."""
    model.queue(Text(["You ", "can."]), streaming)
    model.queue(Text(["You ", "can."]), streaming)
    chat = ChatOpenAI(
        model="ledger",
        base_url=f"{frontdesk.url}/v1",
        api_key=SecretStr(token_of(frontdesk, ada)),
        use_responses_api=responses,
        stream_usage=True,
    )
    asked = [SystemMessage("Be brief."), HumanMessage("What can I write off?")]
    whole = await chat.ainvoke(asked)
    pieces = [piece async for piece in chat.astream(asked)]
    streamed = sum(pieces[1:], pieces[0])
    assert whole.text == streamed.text == "You can."
    assert whole.usage_metadata == streamed.usage_metadata
    assert whole.usage_metadata
    assert whole.usage_metadata["total_tokens"] > 0


@needs_node
@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("chat", {"text": "Hi there."}),
        ("stream", {"text": "Hi there."}),
        ("response", {"text": "Hi there.", "status": "completed"}),
        ("rejoin", {"text": "Hi there."}),
        ("refused", {"name": "NotFoundError", "code": "not_found", "type": "not_found_error"}),
    ],
)
async def test_the_javascript_client_is_answered(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, what: str, expected: dict[str, Any]
) -> None:
    """Whole, streamed, as a response, cut in the middle, and refused."""
    model.queue(Text(["Hi ", "there."]), streaming)
    script = Path(__file__).with_name("openai_client.mjs")
    process = await asyncio.create_subprocess_exec(
        "node", str(script), what, f"{frontdesk.url}/v1", token_of(frontdesk, ada), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(printed).items() >= expected.items()
    await frontdesk.settled()
