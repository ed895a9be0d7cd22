"""The keeper: a small process that runs one helper server for as long as anyone uses it.

Whoever uses the server holds a shared lock on a file, and the keeper waits for that lock exclusively. The
kernel drops a lock with its holder, however the holder ended, so the keeper gets it exactly when the last
user is gone, also after kill -9, and then stops the server and ends. Many processes can share one server
this way without one of them owning it.

A server that ends by itself ends its keeper, and a killed keeper ends its server: `storage.local.shared_server`
starts both again for those who still use it.

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
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, Literal

from storage.local.private_files import open_private

STOP_WITHIN = 8.0
"""Seconds a server gets to stop cleanly before it is killed."""


def is_kept(folder: Path) -> bool:
    """Say whether a keeper is alive for the server of `folder`."""
    # Asked with a shared lock: two who ask at once must not take each other for the keeper.
    with lock_file(folder, "keeper") as keeper:
        return not try_lock(keeper, fcntl.LOCK_SH)


def launch(folder: Path, command: list[str], stop: signal.Signals) -> int:
    """Start a keeper that runs this command and ends it with the signal `stop`; returns the keeper's pid.

    The keeper is a child that may outlive this process; while it does not, somebody has to wait for it.
    """
    # The keeper inherits its own lock already taken, so that no moment exists in which it runs unseen.
    with lock_file(folder, "keeper") as keeper, open_private(folder / "log") as said:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, "-m", "storage.local.supervisor", str(folder), str(int(stop)), *command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=[keeper.fileno()],
            start_new_session=True,  # Ctrl-C in the terminal is for the users, who stop in good order
            cwd=Path(__file__).resolve().parents[2],
        )
    process.returncode = 0  # Popen would warn about a child that it did not see end
    return process.pid


def lock_file(folder: Path, name: Literal["users", "start", "keeper"]) -> IO[bytes]:
    """Open one of the folder's lock files; closing it gives the lock up."""
    return open_private(folder / f"{name}.lock")


def try_lock(file: IO[bytes], kind: int) -> bool:
    """Take the lock (fcntl.LOCK_SH or LOCK_EX) if it can be had at once; a lock held before is given up first."""
    with suppress(BlockingIOError):
        fcntl.flock(file, kind | fcntl.LOCK_NB)
        return True
    return False


def die_with_parent(stop: signal.Signals) -> None:
    """Have the kernel send `stop` to this process when its parent ends, however it ends (Linux only)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, stop, 0, 0, 0)


def main(argv: list[str]) -> int:
    """Be the keeper: run the command until nobody holds a lease on the folder."""
    folder, stop, command = Path(argv[0]), signal.Signals(int(argv[1])), argv[2:]
    keeper = os.getpid()

    def tie() -> None:
        die_with_parent(stop)
        if os.getppid() != keeper:  # killed before the kernel knew
            os._exit(1)

    # No thread runs yet, which is what makes a preexec_fn safe.
    server = subprocess.Popen(command, preexec_fn=tie)  # noqa: PLW1509, S603
    threading.Thread(target=_end_with, args=(server,), daemon=True).start()

    def stop_now(_signal: int, _frame: FrameType | None) -> None:
        os._exit(_stop(server, stop))

    signal.signal(signal.SIGTERM, stop_now)
    with lock_file(folder, "users") as users:
        fcntl.flock(users, fcntl.LOCK_EX)  # granted when the last user is gone
        return _stop(server, stop)


def _end_with(server: subprocess.Popen[bytes]) -> None:
    """A server that ended by itself has no use for a keeper: those who use it start both again."""
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
