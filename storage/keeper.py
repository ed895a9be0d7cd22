"""Run a helper server for as long as anyone uses it, and not a moment longer.

A *keeper* is a small process that owns one server (Postgres, the demo model). Whoever uses the server
holds a shared lock on a file; the keeper waits for that lock exclusively. The kernel drops a lock with
its holder, however the holder ended, so the keeper gets it exactly when the last user is gone, also
after kill -9, and then stops the server and ends. Many processes can share one server this way without
one of them owning it.

Locks in the server's folder: `users` (shared: I use it), `start` (one process at a time looks whether
it must be started), `keeper` (held by the keeper while it lives).
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

STOP_WITHIN = 8.0
"""Seconds a server gets to stop cleanly before it is killed."""


class Lease:
    """The right to use a kept server; it ends with `release()` or with the process."""

    def __init__(self, folder: Path, users: IO[bytes]) -> None:
        self._folder = folder
        self._users: IO[bytes] | None = users

    def release(self) -> None:
        """Give the server up; where nobody else uses it, return only once it has stopped."""
        if self._users is None:
            return
        # Trying gives up the shared lock, and the keeper may be the quicker one to take the exclusive one.
        last = _try_lock(self._users, fcntl.LOCK_EX) or not _try_lock(self._users, fcntl.LOCK_SH)
        self._users.close()
        self._users = None
        if last:
            with _lock_file(self._folder, "keeper") as keeper:
                _wait_until_free(keeper, STOP_WITHIN + 1)


def keep(folder: Path, *, start: Callable[[], list[str]], ready: Callable[[], bool], stop: signal.Signals) -> Lease:
    """Take a lease on the server of `folder`, starting it first where nobody runs it.

    `start` prepares the server and returns its command line; `ready` says whether it answers yet.
    Blocks (call it from a thread): a first start takes as long as the server needs.

    Raises:
        RuntimeError: the server ended before it was ready; the message names its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()  # the keeper runs in another directory
    users = _lock_file(folder, "users")
    fcntl.flock(users, fcntl.LOCK_SH)
    try:
        with _lock_file(folder, "start") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not is_kept(folder):
                _launch(folder, start(), stop)
            _wait_until_ready(folder, ready)
    except BaseException:  # also a Ctrl-C while it starts: the lease must not outlive the wait
        users.close()
        raise
    return Lease(folder, users)


def is_kept(folder: Path) -> bool:
    """Say whether a keeper is alive for the server of `folder`."""
    # Asked with a shared lock: two who ask at once must not take each other for the keeper.
    with _lock_file(folder, "keeper") as keeper:
        return not _try_lock(keeper, fcntl.LOCK_SH)


def die_with_parent(stop: signal.Signals) -> None:
    """Have the kernel send `stop` to this process when its parent ends, however it ends (Linux only)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, stop, 0, 0, 0)


def _launch(folder: Path, command: list[str], stop: signal.Signals) -> None:
    # The keeper inherits its own lock already taken, so that no moment exists in which it runs unseen.
    with _lock_file(folder, "keeper") as keeper, (folder / "log").open("ab") as log:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        keeper_process = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, "-m", "storage.keeper", str(folder), str(int(stop)), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[keeper.fileno()],
            start_new_session=True,  # Ctrl-C in the terminal is for the users, who stop in good order
            cwd=Path(__file__).resolve().parent.parent,
        )
    keeper_process.returncode = 0  # it may outlive us on purpose, and is not to be waited for


def _wait_until_ready(folder: Path, ready: Callable[[], bool]) -> None:
    while not ready():
        if not is_kept(folder):
            raise RuntimeError(f"it ended while starting; its log is {folder / 'log'}")
        time.sleep(0.03)


def _lock_file(folder: Path, name: str) -> IO[bytes]:
    return (folder / f"{name}.lock").open("ab")


def _try_lock(file: IO[bytes], kind: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, kind | fcntl.LOCK_NB)
        return True
    return False


def _wait_until_free(file: IO[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not _try_lock(file, fcntl.LOCK_SH) and time.monotonic() < deadline:
        time.sleep(0.02)


def main(argv: list[str]) -> int:
    """Be the keeper: run the command until nobody holds a lease on the folder."""
    folder, stop, command = Path(argv[0]), signal.Signals(int(argv[1])), argv[2:]
    # No thread runs yet, which is what makes a preexec_fn safe.
    server = subprocess.Popen(command, preexec_fn=lambda: die_with_parent(stop))  # noqa: PLW1509, S603
    threading.Thread(target=_end_with, args=(server,), daemon=True).start()

    def stop_now(_signal: int, _frame: FrameType | None) -> None:
        os._exit(_stop(server, stop))

    signal.signal(signal.SIGTERM, stop_now)
    with _lock_file(folder, "users") as users:
        fcntl.flock(users, fcntl.LOCK_EX)  # granted when the last user is gone
        return _stop(server, stop)


def _end_with(server: subprocess.Popen[bytes]) -> None:
    """A server that ended by itself has no use for a keeper: the next user starts it anew."""
    server.wait()
    os._exit(1)


def _stop(server: subprocess.Popen[bytes], stop: signal.Signals) -> int:
    server.send_signal(stop)
    try:
        return server.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
