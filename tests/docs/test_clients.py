"""The examples in docs/clients.md do what is said there."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest

from tests.docs.markdown import blocks, section
from tests.support.app import Frontdesk
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.tcp_proxy import tcp_proxy

DOCUMENT = (Path(__file__).parents[2] / "docs/clients.md").read_text(encoding="utf-8")
SEND, REJOIN, STOP = blocks(section(DOCUMENT, "## curl"), "sh")
PYTHON, PYTHON_SEND, PYTHON_STOP = blocks(section(DOCUMENT, "## Python"), "python")
JS, JS_SEND, JS_STOP = blocks(section(DOCUMENT, "## JavaScript"), "js")
NODE = shutil.which("node")
languages = pytest.mark.parametrize(
    ("command", "client", "send", "stop"),
    [
        pytest.param([sys.executable, "-c"], PYTHON, PYTHON_SEND, PYTHON_STOP, id="python"),
        pytest.param(
            [NODE or "", "--input-type=module", "-e"], JS, JS_SEND, JS_STOP, id="javascript",
            marks=pytest.mark.skipif(NODE is None, reason="needs Node"),
        ),
    ],
)  # fmt: skip


@languages
async def test_an_answer_is_read_whole_over_a_connection_that_breaks(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, command: list[str], client: str, send: str, stop: str
) -> None:
    """No word is lost, none comes twice, and the model is asked once."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with tcp_proxy(frontdesk.url) as proxy:
        process = await run([*command, client + send], proxy.url, frontdesk, ada)
        assert process.stdout
        first = await process.stdout.readexactly(len("Well, "))
        proxy.cut()
        gate.set()
        proxy.restore()
        rest, _ = await process.communicate()
    assert (process.returncode, first + rest) == (0, b"Well, it depends.")
    assert stop
    # Turns of a test before, in the same application, may ask for answers, too.
    asked = [one for one in model.requests if streaming(one) and "write off" in one.body["messages"][-1]["content"]]
    assert len(asked) == 1


@languages
async def test_an_answer_is_stopped(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, command: list[str], client: str, send: str, stop: str
) -> None:
    """It ends at once, and says that it was stopped."""
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    process = await run([*command, client + stop], frontdesk.url, frontdesk, ada)
    printed, _ = await process.communicate()
    assert (process.returncode, printed.decode().strip()) == (0, "stopped")
    assert send


async def test_curl_rejoins_and_stops(frontdesk: Frontdesk, model: ModelServer, ada: UUID, tmp_path: Path) -> None:
    """After a cut the file has the other events, and only those."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with tcp_proxy(frontdesk.url) as proxy:
        process = await run(["sh", "-c", SEND], proxy.url, frontdesk, ada, tmp_path)
        assert process.stdout
        await process.stdout.readuntil(b'"Well, "}\n\n')
        proxy.cut()
        await process.wait()
    rejoining = await run(["sh", "-c", REJOIN], frontdesk.url, frontdesk, ada, tmp_path)
    stopping = await run(["sh", "-c", STOP], frontdesk.url, frontdesk, ada, tmp_path)
    stopped, _ = await stopping.communicate()
    await rejoining.communicate()
    assert b'"status":"stopped"' in stopped
    kept = (tmp_path / "answer").read_text(encoding="utf-8")
    assert [line for line in kept.splitlines() if line.startswith("event")] == [
        "event: start", "event: token", "event: done",
    ]  # fmt: skip


async def run(command: list[str], url: str, server: Frontdesk, user: UUID, folder: Path | None = None) -> Process:
    """The program, with server and token in its environment."""
    environment: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "FRONTDESK": url,
        "TOKEN": server.client(user).headers["Authorization"].removeprefix("Bearer "),
    }
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, cwd=folder)
