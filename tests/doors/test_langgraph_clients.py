"""LangGraph's client for JavaScript."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.doors.clients import token_of
from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Cut, Gate, Reply, Text, streaming
from tests.support.model_server import ModelServer

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "@langchain" / "langgraph-sdk").is_dir(),
    reason="needs Node and what `make check` installs for it",
)


async def acted(server: Frontdesk, user: UUID, what: str) -> Any:
    """What the script prints."""
    script = Path(__file__).with_name("langgraph_client.mjs")
    process = await asyncio.create_subprocess_exec(
        "node", str(script), what, f"{server.url}/langgraph", token_of(server, user), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    await server.settled()
    return json.loads(printed)


@pytest.mark.parametrize(
    ("what", "answers", "expected"),
    [
        ("stream", [Text(["Hi ", "there."])], {
            "chunks": "Hi there.", "texts": ["Hello", "Hi there."], "same": True, "found": True, "states": 3,
            "status": "success", "ends": ["metadata", "end"],
        }),
        ("background", [Text(["Hi ", "there."])], {
            "texts": ["Hello", "Hi there."],
            "rejoined": ["metadata", "values", "messages", "messages", "values", "end"],
        }),
        ("refused", [], {
            "command": {"status": 422, "code": "invalid_request"}, "assistant": {"status": 404, "code": "not_found"},
        }),
        ("busy", [Gate(["One, ", "two."], asyncio.Event()), Gate(["Three, ", "four."], asyncio.Event())], {
            "rejected": {"status": 409, "code": "conversation_busy"}, "statuses": ["interrupted", "interrupted"],
            "texts": ["First", "One, ", "Second", "Three, "],
        }),
        ("rejoin", [Text([f"{number} " for number in range(20)])], {
            "chunks": "".join(f"{number} " for number in range(20)), "once": True, "methods": ["POST", "GET"],
        }),
        ("restarted", [Cut(["Half an "]), Text("Whole.")], {"mixed": [], "last": "Hello|Whole."}),
        ("thread", [Text(["Hi ", "there."]), Text("Yes.")], {
            "said": ["Hi there.", "Yes."], "texts": ["First", "Hi there.", "Second", "Yes."],
            "refused": {"name": "ProtocolError", "code": "invalid_argument"},
        }),
        ("threadRejoin", [Text([f"{number} " for number in range(20)], delay_between=0.01)], {
            "last": "Count|" + "".join(f"{number} " for number in range(20)), "isLoading": False, "cut": True,
        }),
        ("threadRestarted", [Cut(["Half an "]), Text("Whole.")], {
            "mixed": [], "last": "Hello|Whole.", "isLoading": False,
        }),
    ],
)  # fmt: skip
async def test_the_javascript_client_is_answered(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, what: str, answers: list[Reply], expected: dict[str, Any]
) -> None:
    """Streamed, in the background, refused, while the thread is busy, cut, and with half an answer taken back."""
    for answer in answers:
        model.queue(answer, streaming)
    printed = await acted(frontdesk, ada, what)
    assert printed.items() >= expected.items()


async def test_the_javascript_client_is_limited(serve: Serve, ada: UUID) -> None:
    """With a status that says so."""
    assert await acted(await serve(rate_limit=1), ada, "limit") == {"status": 429, "code": "rate_limited"}
