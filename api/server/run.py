"""Run the HTTP server: one process, or several that share a port."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from multiprocessing import parent_process
from socket import SocketType
from typing import cast

import uvicorn
from litestar import Litestar

from api.app import create_app
from api.auth.local_mode import LOOPBACK
from api.logging.setup import keep_log, say
from api.server.http_limits import Edge
from api.server.workers import Workers, counted_together
from graph.container import open_service
from graph.database import database_for_serving
from graph.models.factory import open_models
from graph.observability.tracing import Tracing, tracing
from graph.service import Service
from graph.settings import Settings
from storage.local.supervisor import die_with_parent

STOP_WITHIN = 2
"""Seconds that open responses get when the server is asked to end."""


SILENT_WITHIN = 30
"""Seconds without a sign of life after which a worker is replaced. While it starts it gives none, and on a busy machine
uvicorn's own five were too few: it was ended, and began anew, again and again."""
LAST_RESORT = 10.0
"""Seconds after which a process that is to end is ended whatever it still does; others take its turns over."""


class NotLoopback(Exception):
    """Local mode lets everyone in, so it is for this machine only; the message says what to set."""


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until asked to stop (SIGINT or SIGTERM).

    Raises:
        NotLoopback: local mode on a host that others can reach.
        StorageError: no database, or none that is fit; one line says why.
    """
    if settings.local and host not in LOOPBACK:
        needed = "FRONTDESK_JWT_SECRET or FRONTDESK_JWKS_URL"
        raise NotLoopback(f"--host {host}: without {needed} only this machine may connect; set one first.")
    if workers == 1:
        asyncio.run(_serve_here(settings, host, port))
    else:
        asyncio.run(_serve_many(settings, host, port, workers))


def work(settings: Settings) -> None:
    """Do jobs until asked to stop (SIGINT or SIGTERM)."""
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with open_service(settings, partial(say, settings), tracing=tracing(settings)) as service:
        loop.add_signal_handler(signal.SIGINT, in_time(ended.set))
        with drained_first(service, settings.turn_timeout, ended.set):
            print("Frontdesk does jobs", flush=True)
            await ended.wait()


def worker_app() -> Litestar:
    """The application of one of several worker processes."""
    if supervisor := parent_process():
        die_with_parent(signal.SIGTERM)  # a killed supervisor must not leave workers behind
        if os.getppid() != supervisor.pid:  # nor one that was killed before
            os._exit(1)
    settings = Settings.read()
    keep_log(settings)
    traced = tracing(settings)
    return create_app(settings, lambda: _worker_service(settings, traced), traced)


@asynccontextmanager
async def _worker_service(settings: Settings, traced: Tracing | None) -> AsyncGenerator[Service]:
    asked_to_end = cast("Callable[[int, None], None]", signal.getsignal(signal.SIGTERM))  # as uvicorn has it
    async with open_service(settings, lambda _: None, tracing=traced) as service:
        with drained_first(service, settings.turn_timeout, partial(asked_to_end, signal.SIGTERM, None)):
            yield service


@contextmanager
def drained_first(service: Service, seconds: float, end: Callable[[], None]) -> Generator[None]:
    """On SIGTERM running turns get so many seconds, and then comes the end; a second SIGTERM does not wait."""
    loop = asyncio.get_running_loop()
    draining: list[asyncio.Task[None]] = []

    async def drain() -> None:
        await service.drain(seconds)
        in_time(end)()

    def asked() -> None:
        if draining:
            draining[0].cancel()
            in_time(end)()
        else:
            draining.append(asyncio.create_task(drain(), name="drain"))

    loop.add_signal_handler(signal.SIGTERM, asked)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        for task in draining:
            task.cancel()


async def _serve_here(settings: Settings, host: str, port: int) -> None:
    traced = tracing(settings)
    async with open_service(settings, partial(say, settings), tracing=traced) as service:
        app = create_app(settings, lambda: nullcontext(service), traced)
        server = _Server(configure(app, settings, host, port), service.dependencies.model.label)
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGINT, in_time(partial(server.handle_exit, signal.SIGINT, None))
        )
        with drained_first(service, settings.turn_timeout, partial(server.handle_exit, signal.SIGTERM, None)):
            await server.serve()


async def _serve_many(settings: Settings, host: str, port: int, workers: int) -> None:
    # Opened here first, so that what is wrong is said once, in one line, and the workers find it ready.
    async with database_for_serving(settings, partial(say, settings)), AsyncExitStack() as stack:
        models = await open_models(settings, stack, partial(say, settings))
        figures = stack.enter_context(counted_together(settings.data_dir))
        config = configure("api.server.run:worker_app", settings, host, port, workers=workers)
        listening = config.bind_socket()
        listening.listen(config.backlog)  # who comes before the workers are up waits, and is not turned away
        _announce(host, listening.getsockname()[1], models.model.label)
        await asyncio.to_thread(Workers(config, listening, figures).run)


def configure(
    app: Litestar | str, settings: Settings, host: str, port: int, workers: int = 1, http: type[Edge] = Edge
) -> uvicorn.Config:
    """How the server runs, here and in tests."""
    return uvicorn.Config(
        app,
        http=http,
        host=host,
        port=port,
        workers=workers,
        factory=isinstance(app, str),
        log_config=None,
        log_level="error" if settings.log_level == "error" else "warning",  # its news is not ours
        access_log=False,
        server_header=False,
        proxy_headers=False,  # a limit is by verified user and never by an address a client can claim
        timeout_graceful_shutdown=STOP_WITHIN,
        timeout_worker_healthcheck=SILENT_WITHIN,
        lifespan="on",
    )


def _announce(host: str, port: int, label: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    print(f"Frontdesk is at http://{shown}:{port} and {label} answers", flush=True)


def in_time(end: Callable[[], None]) -> Callable[[], None]:
    """The same end, but one that comes: a database that stands still would hold the process back for ever."""

    def ended() -> None:
        last = threading.Timer(LAST_RESORT, os._exit, [1])
        last.daemon = True
        last.start()
        end()

    return ended


class _Server(uvicorn.Server):
    """Uvicorn's server, which says in one line when it is ready, and leaves signals to us.

    Uvicorn would raise the signal again at its end, which asyncio turns into a cancellation in the
    middle of closing the database.
    """

    def __init__(self, config: uvicorn.Config, label: str) -> None:
        super().__init__(config)
        self._label = label

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    def _log_started_message(self, listeners: Sequence[SocketType]) -> None:
        _announce(self.config.host, listeners[0].getsockname()[1], self._label)
