"""Run the HTTP server, in one process or in several that share a port, or a process for jobs only."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from functools import partial
from multiprocessing import parent_process
from socket import SocketType
from types import FrameType
from typing import Any, cast

import uvicorn
from litestar import Litestar
from uvicorn.loops.auto import auto_loop_factory

from api.app import create_app
from api.auth.local_mode import LOOPBACK
from api.logging.setup import configure_logging, report_progress
from api.server.http_limits import LimitedProtocol
from api.server.workers import Workers, shared_metrics
from graph.container import open_service
from graph.database import database_for_serving
from graph.models.factory import open_models
from graph.observability.tracing import Tracing, tracing
from graph.service import Service
from graph.settings import Settings
from storage.local.supervisor import die_with_parent

TICK_SECONDS = 1.0
"""Seconds after which the `Date` header is set anew."""
RESPONSES_END_WITHIN = 2
"""Seconds that open responses get at shutdown."""
HEALTHCHECK_TIMEOUT = 30
"""Seconds without a sign of life after which a worker is replaced. With uvicorn's own five, workers on a busy machine
were replaced over and over while they started."""
EXIT_DEADLINE = 10.0
"""Seconds after which a process that is shutting down is ended in any case; other processes take over its turns."""


class NotLoopback(Exception):
    """Local mode serves everyone who can connect, so it is for this machine only; the message says what to set."""


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        NotLoopback: local mode on a host that others can reach.
        StorageError: no database, or an unfit one; the message is one line.
    """
    if settings.local and host not in LOOPBACK:
        needed = "FRONTDESK_JWT_SECRET or FRONTDESK_JWKS_URL"
        raise NotLoopback(f"--host {host}: without {needed} only this machine may connect; set one first.")
    if workers == 1:
        _run(_serve_in_process(settings, host, port))
    else:
        asyncio.run(_serve_with_workers(settings, host, port, workers))


def run_jobs(settings: Settings) -> None:
    """Run jobs until SIGINT or SIGTERM."""
    _run(_run_jobs(settings))


def _run(main: Coroutine[Any, Any, None]) -> None:
    """Run on the event loop that uvicorn chooses, as its workers do: uvloop where that is installed."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(main)


def tune_garbage_collector() -> None:
    """Leave what was loaded so far out of garbage collection, and collect less often; call it once all is started.

    Otherwise each full collection looks through 270,000 objects that stay anyway, and for 0.2 s nothing else runs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _run_jobs(settings: Settings) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with open_service(settings, partial(report_progress, settings), tracing=tracing(settings)) as service:
        loop.add_signal_handler(signal.SIGINT, with_deadline(ended.set))
        tune_garbage_collector()
        with drain_on_sigterm(service, settings.turn_timeout, ended.set):
            print("Frontdesk does jobs", flush=True)
            await ended.wait()


def worker_app() -> Litestar:
    """The application of one of several worker processes."""
    if supervisor := parent_process():
        die_with_parent(signal.SIGTERM)
        if os.getppid() != supervisor.pid:  # the supervisor was killed before the line above
            os._exit(1)
    settings = Settings.read()
    configure_logging(settings)
    traced = tracing(settings)
    return create_app(settings, lambda: _worker_service(settings, traced), traced)


@asynccontextmanager
async def _worker_service(settings: Settings, traced: Tracing | None) -> AsyncGenerator[Service]:
    uvicorn_handler = cast("Callable[[int, None], None]", signal.getsignal(signal.SIGTERM))
    async with open_service(settings, lambda _: None, tracing=traced) as service:
        tune_garbage_collector()
        with drain_on_sigterm(service, settings.turn_timeout, partial(uvicorn_handler, signal.SIGTERM, None)):
            yield service


@contextmanager
def drain_on_sigterm(service: Service, seconds: float, end: Callable[[], None]) -> Generator[None]:
    """On SIGTERM, give running turns so many seconds, then call `end`; on a second SIGTERM call it at once."""
    loop = asyncio.get_running_loop()
    draining: list[asyncio.Task[None]] = []

    async def drain() -> None:
        await service.drain(seconds)
        with_deadline(end)()

    def on_sigterm() -> None:
        if draining:
            draining[0].cancel()
            with_deadline(end)()
        else:
            draining.append(asyncio.create_task(drain(), name="drain"))

    loop.add_signal_handler(signal.SIGTERM, on_sigterm)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        for task in draining:
            task.cancel()


async def _serve_in_process(settings: Settings, host: str, port: int) -> None:
    traced = tracing(settings)
    async with open_service(settings, partial(report_progress, settings), tracing=traced) as service:
        app = create_app(settings, lambda: nullcontext(service), traced)
        server = _Server(configure(app, settings, host, port), service.dependencies.model.label)
        tune_garbage_collector()
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGINT, with_deadline(partial(server.handle_exit, signal.SIGINT, None))
        )
        with drain_on_sigterm(service, settings.turn_timeout, partial(server.handle_exit, signal.SIGTERM, None)):
            await server.serve()


async def _serve_with_workers(settings: Settings, host: str, port: int, workers: int) -> None:
    say = partial(report_progress, settings)
    # Database and models are opened here first, so that an error is reported once and workers find both running.
    async with database_for_serving(settings, say), AsyncExitStack() as stack:
        models = await open_models(settings, stack, say)
        metrics_folder = stack.enter_context(shared_metrics(settings.data_dir))
        config = configure("api.server.serve:worker_app", settings, host, port, workers=workers)
        listening = config.bind_socket()
        listening.listen(config.backlog)  # so that connections made before the workers are up wait
        _announce(host, listening.getsockname()[1], models.model.label)
        await asyncio.to_thread(Workers(config, listening, metrics_folder).run)


def configure(
    app: Litestar | str,
    settings: Settings,
    host: str,
    port: int,
    workers: int = 1,
    http: type[LimitedProtocol] = LimitedProtocol,
) -> uvicorn.Config:
    """Uvicorn's configuration, here and in tests."""
    return uvicorn.Config(
        app,
        http=http,
        host=host,
        port=port,
        workers=workers,
        factory=isinstance(app, str),
        log_config=None,
        log_level="error" if settings.log_level == "error" else "warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # limits are by verified user and never by an address, which a client can claim
        timeout_graceful_shutdown=RESPONSES_END_WITHIN,
        timeout_worker_healthcheck=HEALTHCHECK_TIMEOUT,
        lifespan="on",
    )


def _announce(host: str, port: int, label: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    print(f"Frontdesk is at http://{shown}:{port} and {label} answers", flush=True)


def with_deadline(end: Callable[[], None]) -> Callable[[], None]:
    """`end`, after which the process exits within `EXIT_DEADLINE`, even if a hanging database holds up shutdown."""

    def end_in_time() -> None:
        timer = threading.Timer(EXIT_DEADLINE, os._exit, [1])
        timer.daemon = True
        timer.start()
        end()

    return end_in_time


class _Server(uvicorn.Server):
    """Uvicorn's server that prints one line when it is ready, leaves signal handlers alone, and wakes once a second.

    Uvicorn would wake ten times a second to see whether it is to end; and it would raise the signal again at its end,
    which asyncio turns into a cancellation in the middle of closing the database.
    """

    def __init__(self, config: uvicorn.Config, label: str) -> None:
        super().__init__(config)
        self._label = label
        self._exit = asyncio.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; within the event loop only."""
        super().handle_exit(sig, frame)
        self._exit.set()

    async def main_loop(self) -> None:
        """Wait for the end, and set the `Date` header of the responses meanwhile."""
        while not await self.on_tick(counter=0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._exit.wait(), TICK_SECONDS)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    def _log_started_message(self, listeners: Sequence[SocketType]) -> None:
        _announce(self.config.host, listeners[0].getsockname()[1], self._label)
