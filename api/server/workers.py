"""Worker processes behind one port: replaced when they die, with Prometheus metrics summed over all of them."""

import asyncio
import fcntl
import os
import shutil
import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from tempfile import mkdtemp
from typing import Any

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from nodes.errors import ModelProblem

HEALTHCHECK_TIMEOUT = 30
"""Seconds without a sign of life after which a worker is replaced. With uvicorn's own five, workers on a busy machine
were replaced over and over while they started."""
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which prometheus_client shares metrics between processes; it reads this when it is imported."""


@dataclass(frozen=True)
class WorkerApp:
    """Makes the application of a worker process; sent to each, and so without what takes seconds to import."""

    refusal: ModelProblem | None
    """Why the model refuses every request, as the supervisor found when it asked."""

    def __call__(self) -> Any:
        """The application."""
        from api.server.serve import worker_app

        return worker_app(self.refusal)


class Workers(Multiprocess):
    """Uvicorn's supervisor, which also removes the gauges of a dead worker from the metrics; its counters stay.

    It is made within an event loop, and `run()` is for a thread.

    Args:
        config: of each worker.
        listening: the sockets they share.
        metrics_folder: the folder of their metrics.
    """

    def __init__(self, config: uvicorn.Config, listening: list[socket], metrics_folder: Path) -> None:
        super().__init__(config, sockets=listening)
        self.ready = asyncio.Event()
        """Set once a worker serves."""
        self._loop = asyncio.get_running_loop()
        self._metrics_folder = metrics_folder
        self._known = set[int]()
        self._interrupted = False

    def run(self) -> None:
        """Run the workers until SIGINT or SIGTERM."""
        # Workers inherit it, and unblock it once they can end in good order.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        super().run()

    def keep_subprocess_alive(self) -> None:
        """Replace dead workers, however they died, and remove their gauges."""
        for process in self.processes:
            process.child_conn.close()  # else the pipe stays open when the worker is dead, and nobody answers on it
        self._known |= self._pids()
        super().keep_subprocess_alive()
        for gone in self._known - self._pids():
            mark_process_dead(gone, str(self._metrics_folder))  # type: ignore[no-untyped-call]
        self._known = self._pids()
        if not self.ready.is_set() and any(process.is_ready(HEALTHCHECK_TIMEOUT) for process in self.processes):
            self._loop.call_soon_threadsafe(self.ready.set)

    def handle_int(self) -> None:
        """End, in the way of Ctrl-C."""
        self._interrupted = True
        super().handle_int()

    def terminate_all(self) -> None:
        """Have all workers end: after Ctrl-C soon, else once their turns are done."""
        if self._interrupted:
            for pid in self._pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)  # a terminal has sent it already, another program may not
        super().terminate_all()

    def _pids(self) -> set[int]:
        return {process.pid for process in self.processes if process.pid is not None}


@contextmanager
def shared_metrics(data_dir: Path) -> Generator[Path]:
    """A folder in which the processes started in the block share metrics; it is deleted after the block.

    Folders of killed supervisors are deleted, too; a live one holds a lock on its folder.
    """
    parent = data_dir.absolute() / "prometheus"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _locked(parent, fcntl.LOCK_EX):
            for left in parent.iterdir():
                _remove_unless_locked(left)
            folder = Path(mkdtemp(dir=parent))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.enter_context(_locked(folder, fcntl.LOCK_EX))
        os.environ[METRICS_VARIABLE] = str(folder)
        stack.callback(os.environ.pop, METRICS_VARIABLE, None)
        yield folder


def _remove_unless_locked(folder: Path) -> None:
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return  # of a live supervisor


@contextmanager
def _locked(folder: Path, kind: int) -> Generator[None]:
    """Hold a lock that the kernel releases when the process is killed and that child processes do not inherit."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, kind)
        yield
    finally:
        os.close(opened)
