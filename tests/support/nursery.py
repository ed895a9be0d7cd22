"""Servers as processes of their own, a second after they are asked for: forked from one that has imported everything.

The nursery itself has no thread and no event loop, so its children begin as a program does. They end with it.
"""

import asyncio
import gc
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from storage.local.supervisor import die_with_parent

ROOT = Path(__file__).parents[2]
WITHIN = 30.0
"""Seconds that a child gets to be born, to come to a halt or to be gone."""


@dataclass(frozen=True)
class Child:
    """A server that can be killed."""

    url: str
    pid: int
    nursery: "Nursery"

    async def halted(self) -> None:
        """Return once it stands still where it was told to."""
        assert await self.nursery.hears() == "halted"

    async def kill(self) -> None:
        """End it as a power cut does."""
        os.kill(self.pid, signal.SIGKILL)
        assert await self.nursery.asks({"bury": self.pid}) == str(-signal.SIGKILL)


class Nursery:
    """Bears servers, one at a time. Open it with `nursery()`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def bear(self, environment: Mapping[str, str], halt: str | None = None) -> Child:
        """A server that is ready.

        Args:
            environment: all of its environment.
            halt: a function, as `module:name`; where it is called the process stands still.
        """
        pid = await self.asks({"environment": dict(environment), "halt": halt})
        line = await self.hears()
        assert line.startswith("Frontdesk is at "), f"it did not start: {line!r}"
        return Child(line.split()[3], int(pid), self)

    async def asks(self, request: dict[str, Any]) -> str:
        """Have something done; returns the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        return await self.hears()

    async def hears(self) -> str:
        """The next line, of the nursery or of a child."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WITHIN):
            return (await self._process.stdout.readline()).decode().rstrip()


@asynccontextmanager
async def nursery() -> AsyncGenerator[Nursery]:
    """A nursery for the length of the block; nothing of it is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.nursery",
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # numpy starts a thread a core as it is imported
    )  # fmt: skip
    try:
        yield Nursery(process)
    finally:
        process.kill()
        await process.wait()


def main(requests: Sequence[str] | Any) -> None:
    """Be the nursery, until there are no more requests."""
    # onnxruntime is not among them: it starts a thread as it is imported, and threads are not forked.
    for module in ("api.cli.main", "api.server.serve", "tokenizers", "langgraph.checkpoint.postgres.aio"):
        importlib.import_module(module)
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "no thread may run"
    gc.freeze()  # what all children share is not looked through by each
    for line in requests:
        request = json.loads(line)
        if "bury" in request:
            _say(os.waitstatus_to_exitcode(os.waitpid(request["bury"], 0)[1]))
        elif os.fork() == 0:
            _live(request["environment"], request["halt"])


def _live(environment: Mapping[str, str], halt: str | None) -> None:
    """Be a child: what `frontdesk serve` is, from its first line on."""
    die_with_parent(signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(environment["FRONTDESK_DATA_DIR"])
    _say(os.getpid())
    try:
        if halt:
            _halt_at(_code(halt))
        importlib.import_module("api.cli.main").main(["serve", "--port", "0"])
    finally:
        os._exit(1)


def _code(name: str) -> CodeType:
    module, _, function = name.partition(":")
    code: CodeType = attrgetter(function)(importlib.import_module(module)).__code__
    return code


def _halt_at(code: CodeType) -> None:
    """Let the process stand still for ever where this is called, as a debugger does."""

    def look(frame: FrameType, event: str, _given: object) -> None:
        if event == "call" and frame.f_code is code:
            _say("halted")
            threading.Event().wait()

    sys.setprofile(look)


def _say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.stdin)
