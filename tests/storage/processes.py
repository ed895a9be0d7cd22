"""Processes of their own that use a kept server, and die in any way a test likes."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]

PATIENCE = 30
"""Seconds after which a test fails instead of waiting on."""


class User:
    """A process that holds a lease until it is told to let go, or killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def wait_until_leased(self) -> None:
        """Return once the server is there for it."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "leased\n"

    def release(self) -> None:
        """Let it give its lease back and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(PATIENCE) == 0

    def kill(self) -> None:
        """Kill it: it gets no chance to give anything back."""
        self._process.kill()
        self._process.wait(PATIENCE)


@contextmanager
def user(lease: str, folder: Path) -> Generator[User]:
    """A process that takes a lease by these lines of Python, in which `folder` and `sys` are known."""
    script = f"""
import sys
from pathlib import Path
folder = Path(sys.argv[1])
{lease}
print("leased", flush=True)
sys.stdin.read()
lease.release()
"""
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield User(process)
        finally:
            process.kill()


def postmaster(folder: Path) -> psutil.Process:
    """The embedded Postgres that runs now in this folder."""
    return psutil.Process(int((folder / "data/postmaster.pid").read_text().splitlines()[0]))


def wait_until_gone(process: psutil.Process) -> None:
    """Return once the process has ended; fail where it does not."""
    process.wait(PATIENCE)
