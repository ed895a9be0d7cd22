"""Several worker processes that are one server: replaced where they die, and counted together."""

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket
from tempfile import mkdtemp

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client is told, before it is imported, that its figures are added up with those of others."""


class Workers(Multiprocess):
    """Uvicorn's supervisor, which also forgets what a worker was just doing once it is gone; its counts stay.

    Args:
        config: of each worker.
        listening: the port they share.
        figures: the folder in which they are counted.
    """

    def __init__(self, config: uvicorn.Config, listening: socket, figures: Path) -> None:
        super().__init__(config, sockets=[listening])
        self._figures = figures
        self._known = set[int]()

    def keep_subprocess_alive(self) -> None:
        """Replace those that died. However one went, by a signal too, it is missed here at the next look."""
        self._known |= self._here()
        super().keep_subprocess_alive()
        for gone in self._known - self._here():
            mark_process_dead(gone, str(self._figures))  # type: ignore[no-untyped-call]
        self._known = self._here()

    def _here(self) -> set[int]:
        return {process.pid for process in self.processes if process.pid is not None}


@contextmanager
def counted_together(data_dir: Path) -> Generator[Path]:
    """A folder in which the processes that are started in the block count together; it goes with the block.

    What supervisors left that were killed goes, too: a live one holds a lock on its folder.
    """
    place = data_dir.absolute() / "figures"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        with _locked(place, fcntl.LOCK_EX):
            for left in place.iterdir():
                _remove_if_left(left)
            folder = Path(mkdtemp(dir=place))
            held.callback(shutil.rmtree, folder, ignore_errors=True)
            held.enter_context(_locked(folder, fcntl.LOCK_EX))
        os.environ[VARIABLE] = str(folder)
        held.callback(os.environ.pop, VARIABLE, None)
        yield folder


def _remove_if_left(folder: Path) -> None:
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return  # somebody's


@contextmanager
def _locked(folder: Path, kind: int) -> Generator[None]:
    """Holds a lock, which the kernel takes back from a process that is killed. Child processes do not get it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, kind)
        yield
    finally:
        os.close(opened)
