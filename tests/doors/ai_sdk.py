"""A chat of the AI SDK, in a Node of its own."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest

from tests.doors.clients import token_of
from tests.support.app import Frontdesk
from tests.support.process import Process

SDK = Literal["ai", "ai-v6"]
ROOT = Path(__file__).parents[2]
needs_ai_sdk = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "ai").is_dir(),
    reason="needs Node and what `make check` installs for it",
)


@dataclass
class Seen:
    """A chat as its page would show it."""

    status: Literal["submitted", "streaming", "ready", "error"]
    messages: list[dict[str, Any]]
    data: list[dict[str, Any]]
    """What `onData` was given by the last command."""
    error: str | None = None
    finish: dict[str, Any] | None = None
    result: Any = None

    @property
    def texts(self) -> list[list[str]]:
        """The text parts of each message."""
        return [[part["text"] for part in one["parts"] if part["type"] == "text"] for one in self.messages]

    @property
    def metadata(self) -> dict[str, Any]:
        """Of the last message."""
        found: dict[str, Any] = self.messages[-1]["metadata"]
        return found


class Chat:
    """The chat, which does what it is told."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def send(self, text: str, *, begin: bool = False, message_id: str | None = None, **body: Any) -> Seen:
        """Send a message, or change the one of that id, and read its whole answer; with `begin` its first words."""
        message = {"text": text, **({"messageId": message_id} if message_id else {})}
        return await self.act("send", begin=begin, message=message, options={"body": body})

    async def act(self, act: str, **rest: Any) -> Seen:
        """What the script can do."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"act": act, **rest}).encode() + b"\n")
        line = await self._process.stdout.readline()
        assert line, "the script failed"
        return Seen(**json.loads(line))


@asynccontextmanager
async def ai_chat(
    server: Frontdesk | Process, user: UUID, sdk: SDK = "ai", id_: str = "c-1", headers: Mapping[str, str] | None = None
) -> AsyncGenerator[Chat]:
    """A chat of this version of the SDK, which says so where it is 7."""
    told = {**({"X-AI-SDK": "7"} if sdk == "ai" else {}), **(headers or {})}
    process = await asyncio.create_subprocess_exec(
        "node", str(Path(__file__).with_name("ai_sdk_client.mjs")), sdk, server.url, token_of(server, user), id_,
        json.dumps(told), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
    )  # fmt: skip
    try:
        yield Chat(process)
    finally:
        assert process.stdin
        process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
