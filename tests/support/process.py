"""The server as a process of its own, which can be killed."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile, mkstemp
from typing import LiteralString
from uuid import UUID

import httpx

from api.auth.tokens import issue_token
from graph.settings import Settings
from tests.support.app import PATIENCE, SECRET, no_authorities
from tests.support.database import rows
from tests.support.fork_server import Fork, ForkServer

FRONTDESK = str(Path(sys.executable).with_name("frontdesk"))


@dataclass
class Process:
    """A running server."""

    url: str
    process: asyncio.subprocess.Process | Fork
    log: Path
    """What it, and its worker processes, write to standard error."""
    line: str = ""
    """What it printed once it served."""

    def client(self, user: UUID | None, *, admin: bool = False) -> httpx.AsyncClient:
        """An HTTP client signed in as this user (None: not signed in)."""
        settings = Settings(jwt_secret=SECRET, _env_file=None)  # type: ignore[arg-type, call-arg]
        headers: dict[str, str] = {}
        if user is not None:
            token = issue_token(settings, user, admin=admin, seconds=3600, now=int(time.time()))
            headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60, verify=no_authorities())

    async def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        await self.process.wait()

    def interrupt(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    async def pause(self, database_url: str) -> None:
        """Let it sleep in the middle of whatever it does but a transaction: for what that locked others would wait."""
        query: LiteralString = (
            "select from pg_stat_activity where datname = current_database() and state <> 'idle'"
            " and pid <> pg_backend_pid()"
        )
        self.process.send_signal(signal.SIGSTOP)
        while await rows(database_url, query):
            self.go_on()
            await asyncio.sleep(0.01)
            self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Wake it."""
        self.process.send_signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """Ask it to end, in its own time."""
        self.process.terminate()

    async def drains(self, user: UUID) -> None:
        """Return once it says that it is ending."""
        async with self.client(user) as client:
            while (await client.get("/health/ready")).json()["checks"]["server"] != "shutting down":  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def end(self) -> int:
        """Ask it to end, and wait."""
        self.ask_to_end()
        return await self.process.wait()


Start = Callable[..., Awaitable[Process]]
"""Starts `frontdesk serve`, or what else is given as arguments; settings as keyword arguments, others' in capitals.

`halt_at` is a function, as `module:name`, at whose call the process stands still (only where it is forked).
Without `announced` it is not waited for; the arguments then name its port."""


@asynccontextmanager
async def starting(
    database_url: str,
    model_url: str,
    folder: Path,
    forks: ForkServer | None = None,
    *,
    inherited: Sequence[int] = (),
) -> AsyncGenerator[Start]:
    """A way to start servers, all of which are gone at the block's end.

    Args:
        folder: their data directory.
        forks: forks them, which is quicker. Without, and where `PYTHONPATH` names other code, each is its own program.
        inherited: descriptors that each program has from its beginning.
    """
    known = environment(database_url, model_url, folder)
    async with AsyncExitStack() as stack:
        logs = stack.enter_context(TemporaryDirectory())

        async def start(
            *arguments: str, halt_at: str | None = None, announced: bool = True, **settings: str
        ) -> Process:
            ours = {f"FRONTDESK_{name.upper()}": value for name, value in settings.items() if not name.isupper()}
            others = {name: value for name, value in settings.items() if name.isupper()}
            stderr, log = mkstemp(dir=logs)
            given, chosen = arguments or ("serve", "--port", "0"), known | ours | others
            process: asyncio.subprocess.Process | Fork
            if forks and "PYTHONPATH" not in others:
                process = await forks.fork(given, chosen, folder, stderr, halt_at)
            else:
                process = await asyncio.create_subprocess_exec(
                    FRONTDESK, *given, cwd=folder, env=chosen, pass_fds=inherited,
                    stdout=asyncio.subprocess.PIPE, stderr=stderr,
                )  # fmt: skip
            os.close(stderr)
            stack.push_async_callback(_gone, process)
            if not announced:
                return Process(f"http://127.0.0.1:{given[given.index('--port') + 1]}", process, Path(log))
            line = await announcement(process)
            return Process(address_in(line), process, Path(log), line)

        yield start


async def run(
    forks: ForkServer, *arguments: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command of `frontdesk` to its end, in a fork."""
    with TemporaryFile("w+") as stderr:
        process = await forks.fork(arguments, environment, folder, stderr.fileno())
        stdout = (await process.stdout.read()).decode()
        code = await process.wait()
        stderr.seek(0)
        return subprocess.CompletedProcess(arguments, code, stdout, stderr.read())


async def announcement(process: asyncio.subprocess.Process | Fork) -> str:
    """The line that the process prints once it serves; without an address for one that only does jobs."""
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("Frontdesk"), f"it did not start: {line!r}"
    return line


def address_in(line: str) -> str:
    """The address in the last line of a start; empty where it has none."""
    found = re.search(r"http://[^\s,]+", line)
    return found[0] if found else ""


def environment(database_url: str, model_url: str, folder: Path) -> dict[str, str]:
    """The environment of a server with this database and model, and no setting of whoever runs the tests."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("FRONTDESK_", "OTEL_"))},
        "DATABASE_URL": database_url,
        "OPENAI_BASE_URL": model_url,
        "OPENAI_API_KEY": "sk-test",
        "FRONTDESK_EMBEDDINGS": "local",
        "FRONTDESK_JWT_SECRET": SECRET,
        "FRONTDESK_DATA_DIR": str(folder),
        **{f"FRONTDESK_{name.upper()}": str(seconds) for name, seconds in PATIENCE.items()},
    }


async def _gone(process: asyncio.subprocess.Process | Fork) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
