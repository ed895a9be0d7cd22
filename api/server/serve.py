"""Run the HTTP server, in one process or in several that share a port, or a process for jobs only."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from functools import partial
from multiprocessing import parent_process
from socket import socket
from types import FrameType
from typing import Any, cast

import uvicorn
from litestar import Litestar
from uvicorn.loops.auto import auto_loop_factory

from api.app import create_app
from api.logging.setup import configure_logging, report_progress
from api.server.ending import end_on_signals
from api.server.http_limits import LimitedProtocol
from api.server.start_line import ask, start_line
from api.server.workers import HEALTHCHECK_TIMEOUT, WorkerApp, Workers, shared_metrics
from graph.container import open_service
from graph.database import database_for_serving, wait_until_fit
from graph.models.factory import open_models
from graph.observability.tracing import Tracing, tracing
from graph.service import Service
from graph.settings import Settings
from nodes.errors import ModelProblem
from nodes.prompts import prompt_texts
from storage.local.supervisor import die_with_parent

TICK_SECONDS = 1.0
"""Seconds after which the `Date` header is set anew."""
RESPONSES_END_WITHIN = 2
"""Seconds that open responses get at shutdown."""


def serve(settings: Settings, listening: list[socket], host: str, workers: int) -> None:
    """Serve at these sockets, as `host`, until SIGINT or SIGTERM.

    Raises:
        StorageError: no database, or an unfit one; the message is one line.
        PromptTextError: a prompt's file is missing or broken; the message is one line.
    """
    prompt_texts()  # before anything is started, and before there are workers to fail one by one
    if workers == 1:
        _run(_serve_in_process(settings, listening, host))
    else:
        asyncio.run(_serve_with_workers(settings, listening, host, workers))


def run_jobs(settings: Settings) -> None:
    """Run jobs until SIGINT or SIGTERM."""
    _run(_run_jobs(settings))


def _run(main: Coroutine[Any, Any, None]) -> None:
    """Run on the event loop that uvicorn chooses, as its workers do: uvloop where that is installed."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(main)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: another Ctrl-C would only break off the exit


def tune_garbage_collector() -> None:
    """Leave what was loaded so far out of garbage collection, and collect less often; call it once all is started.

    Otherwise each full collection looks through 270,000 objects that stay anyway, and for 0.2 s nothing else runs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _run_jobs(settings: Settings) -> None:
    ended = asyncio.Event()
    async with open_service(settings, partial(report_progress, settings), tracing=tracing(settings)) as service:
        tune_garbage_collector()
        end_on_signals(service, settings.turn_timeout, ended.set)
        announcing = asyncio.create_task(_announce_jobs(service))
        await ended.wait()
        announcing.cancel()


async def _announce_jobs(service: Service) -> None:
    await service.health.wait_until_usable()
    print("Frontdesk does jobs", flush=True)


def worker_app(refusal: ModelProblem | None) -> Litestar:
    """The application of one of several worker processes; `refusal` is why the model refuses every request."""
    if supervisor := parent_process():
        die_with_parent(signal.SIGTERM)
        if os.getppid() != supervisor.pid:  # the supervisor was killed before the line above
            os._exit(1)
    settings = Settings.read()
    configure_logging(settings)
    traced = tracing(settings)
    return create_app(settings, lambda: _worker_service(settings, traced, refusal), traced)


@asynccontextmanager
async def _worker_service(
    settings: Settings, traced: Tracing | None, refusal: ModelProblem | None
) -> AsyncGenerator[Service]:
    uvicorn_handler = cast("Callable[[int, None], None]", signal.getsignal(signal.SIGTERM))
    async with open_service(settings, lambda _: None, tracing=traced) as service:
        service.dependencies.model.refusal = refusal
        tune_garbage_collector()
        end_on_signals(service, settings.turn_timeout, partial(uvicorn_handler, signal.SIGTERM, None))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        yield service


async def _serve_in_process(settings: Settings, listening: list[socket], host: str) -> None:
    traced = tracing(settings)
    async with open_service(settings, partial(report_progress, settings), tracing=traced) as service:
        app = create_app(settings, lambda: nullcontext(service), traced)

        async def announce() -> None:
            await service.health.wait_until_usable()
            models = service.dependencies
            print(start_line(host, listening, models.model.label, *await ask(models.model, models.second)), flush=True)

        port = listening[0].getsockname()[1]
        server = _Server(configure(app, settings, host, port), announce)
        tune_garbage_collector()
        end_on_signals(service, settings.turn_timeout, partial(server.handle_exit, signal.SIGTERM, None))
        await server.serve(listening)


async def _serve_with_workers(settings: Settings, listening: list[socket], host: str, workers: int) -> None:
    say = partial(report_progress, settings)
    # Database and models are opened here first, so that an error is reported once and workers find both running.
    async with database_for_serving(settings, say) as found, AsyncExitStack() as stack:
        models = await open_models(settings, stack, say)
        problems = await ask(models.model, models.second)
        metrics_folder = stack.enter_context(shared_metrics(settings.data_dir))
        config = configure(
            WorkerApp(models.model.refusal), settings, host, listening[0].getsockname()[1], workers=workers
        )
        supervisor = Workers(config, listening, metrics_folder)

        async def announce() -> None:
            await supervisor.ready.wait()
            await wait_until_fit(found)
            print(start_line(host, listening, models.model.label, *problems), flush=True)

        announcing = asyncio.create_task(announce())
        await asyncio.to_thread(supervisor.run)
        announcing.cancel()


def configure(
    app: Litestar | WorkerApp,
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
        factory=isinstance(app, WorkerApp),
        log_config=None,
        log_level="error" if settings.log_level == "error" else "warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # limits are by verified user and never by an address, which a client can claim
        timeout_graceful_shutdown=RESPONSES_END_WITHIN,
        timeout_worker_healthcheck=HEALTHCHECK_TIMEOUT,
        lifespan="on",
    )


class _Server(uvicorn.Server):
    """Uvicorn's server that announces itself, leaves signal handlers alone, and wakes once a second.

    Uvicorn would wake ten times a second to see whether it is to end; and it would raise the signal again at its end,
    which asyncio turns into a cancellation in the middle of closing the database.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[], Coroutine[Any, Any, None]]) -> None:
        super().__init__(config)
        self._announce = announce
        self._exit = asyncio.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to accept connections; from then on it is announced in the background."""
        await super().startup(sockets)
        self._announcing = asyncio.create_task(self._announce(), name="announce")

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End."""
        self._announcing.cancel()
        await super().shutdown(sockets)

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
