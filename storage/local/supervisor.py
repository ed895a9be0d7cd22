"""The supervisor: a small process that runs one helper server for as long as any process uses it.

Each process that uses the server holds a shared lock on a file, and the supervisor waits for that lock exclusively.
The kernel drops a lock with its holder, however the holder ended, so the supervisor gets it exactly when the last user
is gone, also after kill -9; then it stops the server and exits. No process has to own the shared server.

A server that ends by itself ends its supervisor, and a killed supervisor ends its server: `storage.local.shared_server`
starts both again for the processes that still use it.

Locks in the server's folder: `users` (shared: held by each user), `start` (held while checking whether to start the
server), `keeper` (held by the supervisor while it lives; older versions that share the data expect this name).
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

STOP_TIMEOUT = 8.0
"""Seconds for a server to stop cleanly before it is killed."""


def is_supervised(folder: Path) -> bool:
    """Whether a supervisor is alive for the server of `folder`."""
    # With a shared lock: two concurrent callers must not take each other for the supervisor.
    with lock_file(folder, "keeper") as lock:
        return not try_lock(lock, fcntl.LOCK_SH)


def start_supervisor(folder: Path, command: list[str], stop: signal.Signals) -> int:
    """Start a supervisor that runs this command and ends it with the signal `stop`; returns the supervisor's pid.

    It is a child that may outlive this process; while it does not, this process has to reap it.
    """
    # The supervisor inherits its lock already taken, so that it is never running without it.
    with lock_file(folder, "keeper") as lock, open_private(folder / "log") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, "-m", "storage.local.supervisor", str(folder), str(int(stop)), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock.fileno()],
            start_new_session=True,  # Ctrl-C in the terminal is for the users, which shut down cleanly
            cwd=Path(__file__).resolve().parents[2],
        )
    process.returncode = 0  # Popen would warn about a child that it did not see end
    return process.pid


def lock_file(folder: Path, name: Literal["users", "start", "keeper"]) -> IO[bytes]:
    """Open one of the folder's lock files; closing it releases the lock."""
    return open_private(folder / f"{name}.lock")


def try_lock(file: IO[bytes], kind: int) -> bool:
    """Take the lock (fcntl.LOCK_SH or LOCK_EX) if it is free; a lock that was held on the file is released first."""
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
    """Be the supervisor: run the command until no process holds a lease on the folder."""
    folder, stop, command = Path(argv[0]), signal.Signals(int(argv[1])), argv[2:]
    supervisor = os.getpid()

    def end_with_supervisor() -> None:
        die_with_parent(stop)
        if os.getppid() != supervisor:  # it was killed before the kernel knew the signal
            os._exit(1)

    # No thread runs yet, which is what makes a preexec_fn safe.
    server = subprocess.Popen(command, preexec_fn=end_with_supervisor)  # noqa: PLW1509, S603
    threading.Thread(target=_exit_with, args=(server,), daemon=True).start()

    def stop_now(_signal: int, _frame: FrameType | None) -> None:
        os._exit(_stop(server, stop))

    signal.signal(signal.SIGTERM, stop_now)
    with lock_file(folder, "users") as users:
        fcntl.flock(users, fcntl.LOCK_EX)  # granted when the last user is gone
        return _stop(server, stop)


def _exit_with(server: subprocess.Popen[bytes]) -> None:
    """Exit when the server ended by itself: the processes that use it start both again."""
    server.wait()
    os._exit(1)


def _stop(server: subprocess.Popen[bytes], stop: signal.Signals) -> int:
    server.send_signal(stop)
    try:
        return server.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
