"""A fork server: runs the `frontdesk` command in forks of a process with modules, models and application loaded.

So a server takes a tenth of a second of CPU instead of five. The fork server has neither a thread nor an event loop, so
what it forks begins as a program does. Forks end with it.
"""

import asyncio
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from litestar import Litestar

from api.app import create_app
from api.server import serve
from graph.observability.tracing import Tracing
from graph.settings import Settings
from storage.local.shared_server import SharedServer, acquire_lease
from storage.local.supervisor import die_with_parent
from tests.support.applications import Applications, OpenService, unopened

PRELOADED = (
    "api.cli.main", "tokenizers", "langgraph.checkpoint.postgres.aio",
    # What a server imports only as it starts.
    "anyio._backends._asyncio", "h11", "httpcore2", "litestar.plugins.opentelemetry", "litestar.plugins.pydantic",
    "openai.resources.chat.chat", "procrastinate.builtin_tasks", "truststore", "uvicorn.lifespan.on",
    "uvicorn.protocols.websockets.auto", "uvloop",
)  # fmt: skip
LARGEST = 1 << 17
"""Bytes of a request, most of which is the environment."""


class Fork:
    """A forked process, used like one of `asyncio.subprocess`."""

    def __init__(self, server: "ForkServer", pid: int, stdout: asyncio.StreamReader) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._server = server
        self._ended = asyncio.Event()
        self._waiting = asyncio.Lock()
        self._handle = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._handle, self._has_ended)

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Return its exit code once it has ended; negative: the signal that ended it."""
        await self._ended.wait()
        async with self._waiting:
            if self.returncode is None:
                self.returncode = int(await self._server.ask({"wait": self.pid}))
        return self.returncode

    def _has_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        self._ended.set()


class ForkServer:
    """Forks processes. Open it with `fork_server()`."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._asking = asyncio.Lock()

    async def fork(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        stderr: int = -1,
        halt_at: str | None = None,
    ) -> Fork:
        """Run the command.

        Args:
            arguments: of the command.
            environment: all of its environment.
            folder: where it works.
            stderr: where it writes errors and its log; by default nowhere.
            halt_at: a function, as `module:name`; where it is called the process stands still and says "halted".
        """
        loop = asyncio.get_running_loop()
        readable, writable = os.pipe()
        nowhere = os.open(os.devnull, os.O_RDWR)
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
            "halt_at": halt_at,
        }
        try:
            pid = await self.ask(request, nowhere, writable, nowhere if stderr < 0 else stderr)
        finally:
            os.close(writable)
            os.close(nowhere)
        stdout = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(readable))
        return Fork(self, int(pid), stdout)

    async def ask(self, request: dict[str, Any], *descriptors: int) -> str:
        """Have something done; returns the answer."""
        async with self._asking:
            socket.send_fds(self._requests, [json.dumps(request).encode()], descriptors)
            return (await asyncio.get_running_loop().sock_recv(self._requests, LARGEST)).decode()


@asynccontextmanager
async def fork_server(folder: Path) -> AsyncGenerator[ForkServer]:
    """The fork server of this folder, which all processes share that name it; with the last of them it has ended."""
    address = folder / "requests"

    def command(*, new_port: bool) -> list[str]:
        return [sys.executable, "-m", "tests.support.fork_server", str(address)]

    server = SharedServer(folder, command, address.is_socket, signal.SIGKILL)
    lease = await asyncio.to_thread(acquire_lease, server)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as requests:
            requests.connect(str(address))
            requests.setblocking(False)
            yield ForkServer(requests)
    finally:
        await asyncio.to_thread(lease.release)


def main(address: str) -> None:
    """Be the fork server, for ever; in a fork, be the command."""
    gc.set_threshold(50_000)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as requests:
        requests.bind(f"{address}.new")
        requests.listen()
        Path(f"{address}.new").rename(address)  # where it is found, requests can wait
        for module in PRELOADED:
            importlib.import_module(module)
        _load_models()
        _make_application()
        assert len(list(Path("/proc/self/task").iterdir())) == 1, "no thread may run"
        gc.freeze()  # what all forks share is not looked through by each
        request, descriptors = _forked(requests)
    _run(request, descriptors)


def _forked(requests: socket.socket) -> tuple[dict[str, Any], Sequence[int]]:
    """Answer requests; where one asks for a fork, return in the fork with what it is to run."""
    connections = [requests]
    while True:
        for connection in select.select(connections, (), ())[0]:
            if connection is requests:
                connections.append(requests.accept()[0])
                continue
            message, descriptors, _, _ = socket.recv_fds(connection, LARGEST, 3)
            if not message:
                connections.remove(connection)
                connection.close()
                continue
            request = json.loads(message)
            if "wait" in request:
                answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
            elif not (answer := os.fork()):
                for one in connections:
                    one.close()
                return request, descriptors
            for descriptor in descriptors:
                os.close(descriptor)
            connection.send(str(answer).encode())


def _load_models() -> None:
    """Load the local models, which each fork then has as a copy instead of loading them for 0.4 s of CPU."""
    from graph.models import factory

    loaded = factory.load_local_models()
    factory.load_local_models = lambda: loaded


def _make_application() -> None:
    """Make the application, which each fork then has as a copy, unless its settings make another."""
    applications = Applications()
    settings = Settings(jwt_secret="a secret that any server may have", _env_file=None)  # type: ignore[arg-type, call-arg]
    applications.give_back(applications.take(settings, unopened))

    def create(settings: Settings, open_service: OpenService, tracing: Tracing | None = None) -> Litestar:
        return create_app(settings, open_service, tracing) if tracing else applications.take(settings, open_service).app

    serve.create_app = create  # type: ignore[attr-defined] # pyright: ignore[reportPrivateImportUsage]


def _run(request: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Be what the `frontdesk` program is, from its first line on."""
    die_with_parent(signal.SIGKILL)
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    importlib.import_module("openai._utils._logs").setup_logging()  # it read the environment when it was imported
    if request["halt_at"]:
        _halt_at(_code(request["halt_at"]))
    sys.modules["__main__"] = program = importlib.import_module("api.cli.main")  # which workers load before all else
    program.main(request["arguments"], prog_name="frontdesk")


def _code(name: str) -> CodeType:
    module, _, function = name.partition(":")
    code: CodeType = attrgetter(function)(importlib.import_module(module)).__code__
    return code


def _halt_at(code: CodeType) -> None:
    """Let the process stand still for ever where this is called, as a debugger does."""

    def look(frame: FrameType, event: str, _given: object) -> None:
        if event == "call" and frame.f_code is code:
            print("halted", flush=True)  # noqa: T201 - whoever waits for it reads this
            threading.Event().wait()

    sys.setprofile(look)


if __name__ == "__main__":
    main(sys.argv[1])
