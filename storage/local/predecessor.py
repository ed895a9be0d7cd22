"""What a Postgres that was killed, or whose keeper was, leaves behind in its data directory."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from storage.local.supervisor import STOP_WITHIN

NOBODY = 4_194_305
"""Above the highest pid there is."""


def clear(data: Path) -> None:
    """End what is left of the server before, so that the next one can start. Only for who knows that nobody keeps it.

    A server whose keeper was killed is stopping, or is stopped now. A server that was itself killed may have left
    processes that hold its shared memory for as long as their query takes; they can store nothing any more.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = _pid(pid_file)
    if pid is not None:
        _stop(data, pid)
    for process in psutil.process_iter():
        if _works_in(data, process):
            with suppress(psutil.Error):
                process.kill()
    _wait(lambda: any(_works_in(data, process) for process in psutil.process_iter()), 2)
    _forget(pid_file)


def _stop(data: Path, pid: int) -> None:
    with suppress(psutil.Error):
        server = psutil.Process(pid)
        if _works_in(data, server):
            server.send_signal(signal.SIGINT)  # once more changes nothing for one that is stopping
            _wait(lambda: _works_in(data, server), STOP_WITHIN)


def _forget(pid_file: Path) -> None:
    """Deal with a pid file for which Postgres would refuse to start for ever.

    Its number may by now be some other program's, or a power cut left none in it. Where there is one only the number
    is replaced: the rest tells Postgres which shared memory must not be in use any more.
    """
    with suppress(FileNotFoundError):
        pid = _pid(pid_file)
        if pid is None:
            pid_file.unlink()
        elif psutil.pid_exists(pid):
            _, *rest = pid_file.read_text().splitlines()
            pid_file.write_text("\n".join([str(NOBODY), *rest]) + "\n")


def _pid(pid_file: Path) -> int | None:
    """The server's; None where the file has none, or went with its server."""
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _works_in(data: Path, process: psutil.Process) -> bool:
    """Whether this is a process of this data directory's server, and not a shell that looks into it."""
    with suppress(psutil.Error, OSError):
        return process.name() == "postgres" and Path(process.cwd()) == data
    return False


def _wait(still: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while still() and time.monotonic() < deadline:
        time.sleep(0.03)
