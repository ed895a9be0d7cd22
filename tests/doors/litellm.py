"""litellm, in a process and an environment of its own."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.doors.clients import token_of
from tests.support.app import Frontdesk

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / ".clients" / "bin" / "python"
needs_litellm = pytest.mark.skipif(
    not PYTHON.exists() and not os.environ.get("CI"), reason="needs litellm, which `make test` installs"
)


class Failed(Exception):
    """A call failed.

    Args:
        error: its `type`, `status`, `code` and `message`.
    """

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.error = error


class Litellm:
    """litellm, which makes one call after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def call(self, server: Frontdesk, user: UUID | None, function: str, **arguments: Any) -> Any:
        """The result of a call as this user; without one as nobody whom the server knows.

        Raises:
            Failed: there is none.
        """
        async for line in self.lines(server.url, server, user, function, **arguments):
            if "error" in line:
                raise Failed(line["error"])
            if "result" in line:
                return line["result"]
        raise AssertionError("the script failed")

    async def pieces(self, server: Frontdesk, user: UUID, function: str, **arguments: Any) -> list[dict[str, Any]]:
        """What a call streams, to its end."""
        lines = [line async for line in self.lines(server.url, server, user, function, **arguments, stream=True)]
        assert "result" in lines[-1], lines[-1]
        return [line["piece"] for line in lines[:-1]]

    async def lines(
        self, url: str, server: Frontdesk, user: UUID | None, function: str, **arguments: Any
    ) -> AsyncGenerator[dict[str, Any]]:
        """Each line of a call to the server at this URL, as it comes; the last one has a `result` or an `error`."""
        assert self._process.stdin
        assert self._process.stdout
        key = token_of(server, user) if user else "nobody"
        asked = {"api_base": f"{url}/v1", "api_key": key, **arguments}
        self._process.stdin.write(json.dumps({"function": function, "arguments": asked}).encode() + b"\n")
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            yield said
            if "piece" not in said:
                return


@asynccontextmanager
async def litellm_running() -> AsyncGenerator[Litellm]:
    """litellm, started, without a table of prices from the network; `-P` because this file has its name."""
    process = await asyncio.create_subprocess_exec(
        PYTHON, "-P", str(Path(__file__).with_name("litellm_client.py")), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, limit=1 << 24, env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    )  # fmt: skip
    try:
        yield Litellm(process)
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()
