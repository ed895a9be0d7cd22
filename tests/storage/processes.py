"""Separate processes that hold a lease on a helper server, to be killed by tests."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]

TIMEOUT = 30
"""Seconds after which a wait fails the test."""


class LeaseHolder:
    """A process that holds a lease until it releases it or is killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def wait_until_leased(self) -> None:
        """Return once it holds the lease."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "leased\n"

    def release(self) -> None:
        """Make it release its lease and exit."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(TIMEOUT) == 0

    def kill(self) -> None:
        """Kill it with SIGKILL, so that it releases nothing itself."""
        self._process.kill()
        self._process.wait(TIMEOUT)


@contextmanager
def lease_holder(lease: str, folder: Path) -> Generator[LeaseHolder]:
    """A process that takes a lease with these lines of Python, which may use `folder` and `sys`."""
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
            yield LeaseHolder(process)
        finally:
            process.kill()


def postmaster(folder: Path) -> psutil.Process:
    """The embedded Postgres that runs in this folder."""
    return psutil.Process(int((folder / "data/postmaster.pid").read_text().splitlines()[0]))


def wait_until_ended(process: psutil.Process) -> None:
    """Return once the process has ended; fail where it does not."""
    process.wait(TIMEOUT)
