"""Cleaning up what a Postgres that was killed, or whose supervisor was, leaves behind in its data directory."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from storage.local.supervisor import STOP_TIMEOUT

UNUSED_PID = 4_194_305
"""Above the highest pid there is."""


def end_stale_server(data: Path) -> None:
    """End what is left of the previous server, so that the next one can start. Only while it has no supervisor.

    A server whose supervisor was killed is stopping, or is stopped now. A server that was itself killed may have left
    processes that hold its shared memory until their query ends; they can store nothing any more.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = _read_pid(pid_file)
    if pid is not None:
        _stop(data, pid)
    for process in psutil.process_iter():
        if _is_of_server(data, process):
            with suppress(psutil.Error):
                process.kill()
    _wait_while(lambda: any(_is_of_server(data, process) for process in psutil.process_iter()), 2)
    _fix_pid_file(pid_file)


def _stop(data: Path, pid: int) -> None:
    with suppress(psutil.Error):
        server = psutil.Process(pid)
        if _is_of_server(data, server):
            server.send_signal(signal.SIGINT)  # without effect on a server that is stopping already
            _wait_while(lambda: _is_of_server(data, server), STOP_TIMEOUT)


def _fix_pid_file(pid_file: Path) -> None:
    """Fix a pid file for which Postgres would refuse to start for ever.

    Its pid may belong to another program by now, or a power cut left none in it. Only the pid is replaced, because the
    rest tells Postgres which shared memory must not be in use any more.
    """
    with suppress(FileNotFoundError):
        pid = _read_pid(pid_file)
        if pid is None:
            pid_file.unlink()
        elif psutil.pid_exists(pid):
            _, *rest = pid_file.read_text().splitlines()
            pid_file.write_text("\n".join([str(UNUSED_PID), *rest]) + "\n")


def _read_pid(pid_file: Path) -> int | None:
    """The server's pid; None where the file has none, or was removed by its server."""
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _is_of_server(data: Path, process: psutil.Process) -> bool:
    """Whether this is a process of this data directory's server, and not a shell in that directory."""
    with suppress(psutil.Error, OSError):
        return process.name() == "postgres" and Path(process.cwd()) == data
    return False


def _wait_while(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while condition() and time.monotonic() < deadline:
        time.sleep(0.03)
