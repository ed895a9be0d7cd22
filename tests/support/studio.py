"""LangGraph's own server, the real `langgraph dev`, and a client that follows its runs."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import stamina
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

CHECKOUT = Path(__file__).parents[2]

Document = dict[str, Any]


@dataclass
class Heard:
    """A run as a client of the SDK follows it, by stream mode."""

    messages: list[tuple[Document, Document]] = field(default_factory=list[Any])
    """Each message or piece of one, with its metadata."""
    custom: list[Document] = field(default_factory=list[Any])
    updates: list[Document] = field(default_factory=list[Any])

    @property
    def text(self) -> str:
        """Whatever came as a message, from whichever node."""
        return "".join(message["content"] for message, _ in self.messages)


@dataclass
class Studio:
    """A running server: `client` talks to it, `log` is what it prints."""

    client: LangGraphClient
    log: Path

    async def schemas(self) -> Document:
        """The schemas of the graph."""
        [assistant] = await self.client.assistants.search(graph_id="frontdesk")
        return cast(Document, await self.client.assistants.get_schemas(assistant["assistant_id"]))

    async def thread(self) -> str:
        """A new thread's id."""
        return (await self.client.threads.create())["thread_id"]

    async def ask(self, thread: str, message: str, user: UUID | None = None, conversation: str | None = None) -> Heard:
        """Send nothing but a message, and where it belongs if that is given, and read the run to its end."""
        heard, named = Heard(), {"conversation_id": conversation} if conversation else {}
        async for part in self.client.runs.stream(
            thread,
            "frontdesk",
            input={"messages": cast(Any, [{"role": "user", "content": message}]), **named},
            context={"user_id": str(user)} if user else None,
            stream_mode=["messages-tuple", "custom", "updates"],
        ):
            assert part.event in ("metadata", "messages", "custom", "updates"), part
            if part.event != "metadata":
                getattr(heard, part.event).append(cast(Any, part).data)
        return heard

    async def state(self, thread: str) -> Document:
        """The thread's state after its last run."""
        return cast(Document, (await self.client.threads.get_state(thread))["values"])


@asynccontextmanager
async def studio_running(folder: Path, environment: dict[str, str]) -> AsyncGenerator[Studio]:
    """The server with the checkout's configuration and no settings but these, at work in a folder of its own.

    At the end it is interrupted as by Ctrl-C, with whatever it started.
    """
    port, log = _free_port(), folder / "log"
    command = [str(Path(sys.executable).with_name("langgraph")), "dev", "--no-browser", "--no-reload"]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, "--port", str(port), "--config", str(CHECKOUT / "langgraph.json"),
            cwd=folder, stdout=output, stderr=output, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANGGRAPH_CLI_NO_ANALYTICS": "1", **environment},
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        await _until_it_answers(f"{url}/ok", process, log)
        async with get_client(url=url) as client:
            yield Studio(client, log)
    finally:
        await _end(process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


async def _until_it_answers(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    attempts = stamina.retry_context(
        on=httpx.HTTPError, attempts=None, timeout=120, wait_initial=0.1, wait_max=0.2, wait_jitter=0
    )
    async with httpx.AsyncClient() as http:
        async for attempt in attempts:
            with attempt:
                assert process.returncode is None, await asyncio.to_thread(log.read_text)
                (await http.get(url)).raise_for_status()


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), 15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
