"""An agent of AG-UI's client, in a Node of its own, and a check of events by the protocol's own models."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from asyncio.subprocess import Process as NodeProcess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from ag_ui.core import Event
from pydantic import BaseModel, TypeAdapter

from tests.docs.markdown import blocks, section
from tests.doors.clients import token_of
from tests.support.app import Frontdesk
from tests.support.process import Process

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/doors.md").read_text(encoding="utf-8")
CLASS = next(block for block in blocks(section(DOCUMENT, "## AG-UI"), "js") if "class FrontdeskAgent" in block)
DRIVER = Path(__file__).with_name("ag_ui_client.mjs").read_text(encoding="utf-8")
needs_ag_ui = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "@ag-ui").is_dir(),
    reason="needs Node and what `make check` installs for it",
)
_models: TypeAdapter[BaseModel] = TypeAdapter(Event)


@dataclass
class Seen:
    """An agent as its page would show it."""

    messages: list[dict[str, Any]]
    state: dict[str, Any]
    events: list[dict[str, Any]]
    """Since the last command that ran something."""
    warnings: list[str]
    """What of our events the client did not know, and left out."""
    result: Any = None

    @property
    def texts(self) -> list[str]:
        """What was said."""
        return [message["content"] for message in self.messages]

    @property
    def types(self) -> list[str]:
        """The events, each kind once where it comes repeatedly."""
        types = [event.get("name", event["type"]) for event in self.events if event["type"] != "TEXT_MESSAGE_START"]
        return [kind for at, kind in enumerate(types) if at == 0 or kind != types[at - 1]]

    def custom(self, name: str) -> list[Any]:
        """The values of our own events of this name."""
        return [event["value"] for event in self.events if event.get("name") == f"frontdesk.{name}"]

    @property
    def error(self) -> dict[str, Any]:
        """Why the run was refused."""
        found: dict[str, Any] = self.result["error"]
        return found


class Agent:
    """The agent, which does what it is told."""

    def __init__(self, process: NodeProcess) -> None:
        self._process = process

    async def say(self, text: str, *, begin: bool = False, **parameters: Any) -> Seen:
        """Send a message, and read its whole answer; with `begin` its first words."""
        return await self.act("run", say=text, begin=begin, **parameters)

    async def act(self, act: str, **rest: Any) -> Seen:
        """What the script can do."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"act": act, **rest}).encode() + b"\n")
        line = await self._process.stdout.readline()
        assert line, "the script failed"
        seen = Seen(**json.loads(line))
        assert not seen.warnings
        return seen


@asynccontextmanager
async def ag_ui_agent(
    server: Frontdesk | Process,
    user: UUID,
    kind: Literal["HttpAgent", "FrontdeskAgent"] = "HttpAgent",
    thread: str = "t-1",
    path: str = "/ag-ui",
    url: str | None = None,
) -> AsyncGenerator[Agent]:
    """The client's own agent, or the one of docs/doors.md; `url` is where it finds the server, if not there itself."""
    process = await asyncio.create_subprocess_exec(
        "node", "--input-type=module", "-e", CLASS + DRIVER, kind, f"{url or server.url}{path}", token_of(server, user),
        thread, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=1 << 24,
    )  # fmt: skip
    try:
        yield Agent(process)
    finally:
        assert process.stdin
        process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


def events_of(stream: str) -> list[dict[str, Any]]:
    """The events of a stream, each checked by the protocol's models: no field is wrong, unknown or null."""
    events = [json.loads(line.removeprefix("data: ")) for line in stream.split("\n") if line.startswith("data: ")]
    for event in events:
        model = _models.validate_python(event)
        assert not model.model_extra
        assert model.model_dump(mode="json", by_alias=True) == event
    return events
