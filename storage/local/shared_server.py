"""A helper server that several processes share: the lease of each process, and the task that restarts the server.

A server that ended, or whose supervisor was killed, is started again by the first process with a lease that notices.
It comes back at the same port, so that every address handed out before stays valid.
"""

import asyncio
import fcntl
import os
import signal
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from structlog.stdlib import get_logger

from storage.errors import StorageError
from storage.local.private_files import make_private
from storage.local.supervisor import STOP_TIMEOUT, is_supervised, lock_file, start_supervisor, try_lock

log = get_logger(__name__)

CHECK_INTERVAL = 0.3
"""Seconds between two checks whether the server runs."""
MAX_RESTART_INTERVAL = 5.0
"""Seconds between two attempts to start a server that does not stay up."""
FIRST_START_PAUSES = (0.2, 1.0)
"""Seconds between the attempts of a first start, which a caller waits for."""


class StartFailed(Exception):
    """The server could not be started; the message says why."""


class PrepareCommand(Protocol):
    """Prepares the server's start and returns the command that runs it."""

    def __call__(self, *, new_port: bool) -> list[str]:
        """Return the command, with another port only if `new_port`: no process knows the old one then.

        Raises:
            StartFailed: it cannot be started now.
        """
        ...


@dataclass(frozen=True)
class SharedServer:
    """A server to share.

    Args:
        folder: absolute; holds its locks, its log and its own files.
        prepare: returns the command that runs it.
        is_ready: whether it answers.
        stop: the signal that ends it.
        group: a group whose members may pass through the folder, if any.
    """

    folder: Path
    prepare: PrepareCommand
    is_ready: Callable[[], bool]
    stop: signal.Signals
    group: int | None = None


class ServerLease:
    """The right to use a shared server; it ends with `release()` or with the process."""

    def __init__(self, server: SharedServer, users: IO[bytes]) -> None:
        self.server = server
        self._users = users
        self._released = threading.Event()
        self._lock = threading.Lock()  # a release waits for a running start, which then gives up
        self._supervisor: int | None = None

    def is_running(self) -> bool:
        """Whether the server runs; one without a supervisor has ended, or is about to."""
        self._reap(os.WNOHANG)
        return is_supervised(self.server.folder)

    def start(self, *, first: bool = False) -> None:
        """Start the server where it does not run, and return once it answers.

        A server found running may be about to end; it is started again once it has ended.

        Args:
            first: this lease has not used it yet.

        Raises:
            StartFailed: it ended before it answered (the message names its log), or the lease was released.
        """
        with self._lock, lock_file(self.server.folder, "start") as starting:
            while not try_lock(starting, fcntl.LOCK_EX):
                self._wait()
            launched = False
            while True:
                if not self.is_running():
                    if launched:
                        raise StartFailed(f"it ended while starting; its log is {self.server.folder / 'log'}")
                    self._launch(first)
                    launched = True
                if self.server.is_ready():
                    return
                self._wait()

    def _launch(self, first: bool) -> None:
        command = self.server.prepare(new_port=first and self._is_only_user())
        self._wait(0)
        self._reap(0)  # a supervisor without its lock is about to exit
        self._supervisor = start_supervisor(self.server.folder, command, self.server.stop)

    def release(self) -> None:
        """Release the lease; the last one returns only once the server has stopped."""
        self._released.set()
        with self._lock:
            if self._users.closed:
                return
            # A failed attempt has released the shared lock, so the supervisor may have taken the exclusive one since.
            last = try_lock(self._users, fcntl.LOCK_EX) or not try_lock(self._users, fcntl.LOCK_SH)
            self._users.close()
            if last and _wait_until_ended(self.server.folder, STOP_TIMEOUT + 1):
                self._reap(0)

    def _is_only_user(self) -> bool:
        """Whether no other lease is held. Only while no supervisor lives: it would take the lock that is tried here."""
        only = try_lock(self._users, fcntl.LOCK_EX)
        fcntl.flock(self._users, fcntl.LOCK_SH)
        return only

    def _wait(self, seconds: float = 0.03) -> None:
        if self._released.wait(seconds):
            raise StartFailed("its lease was released")

    def _reap(self, options: int) -> None:
        """Reap a supervisor that was started here and has exited."""
        if self._supervisor is not None:
            try:
                reaped, _ = os.waitpid(self._supervisor, options)
            except ChildProcessError:
                reaped = self._supervisor
            if reaped:
                self._supervisor = None


def acquire_lease(server: SharedServer) -> ServerLease:
    """Take a lease on the server, starting it first where it does not run.

    Blocks (call it from a thread): a first start takes as long as the server needs.

    Raises:
        StartFailed: it did not answer after several attempts.
    """
    make_private(server.folder, server.group)
    users = lock_file(server.folder, "users")
    fcntl.flock(users, fcntl.LOCK_SH)
    lease = ServerLease(server, users)
    try:
        for pause in FIRST_START_PAUSES:
            with suppress(StartFailed):
                lease.start(first=True)
                return lease
            time.sleep(pause)
        lease.start(first=True)
    except BaseException:  # also Ctrl-C during the start: the lease must not outlive it
        users.close()
        raise
    return lease


@asynccontextmanager
async def hold_lease(acquire: Callable[[], ServerLease]) -> AsyncGenerator[None]:
    """Hold a lease for the length of the block, and restart the server whenever it ends meanwhile."""
    lease = await asyncio.to_thread(acquire)
    restarting = asyncio.create_task(restart_when_ended(lease), name="restart_when_ended")
    try:
        yield
    finally:
        restarting.cancel()
        await asyncio.gather(restarting, return_exceptions=True)
        await asyncio.to_thread(lease.release)


async def restart_when_ended(lease: ServerLease) -> None:
    """Start the server again whenever it ended, until cancelled; never gives up, as nothing else would start it.

    The pause grows with each attempt and shrinks while the server stays up.
    """
    pause, logged = CHECK_INTERVAL, ""
    while True:
        await asyncio.sleep(pause)
        try:
            if await asyncio.to_thread(lease.is_running):
                pause = max(pause / 2, CHECK_INTERVAL)
                continue
            pause = min(pause * 2, MAX_RESTART_INTERVAL)
            await asyncio.to_thread(lease.start)
            log.warning("a helper server had ended and was started again", folder=str(lease.server.folder))
            logged = ""
        except (StartFailed, StorageError) as error:
            if logged != str(error):  # once, however often it fails
                logged = str(error)
                log.warning("a helper server has ended and cannot be started yet", why=logged)
        except Exception:  # whatever it was, the next attempt may succeed
            log.exception("a helper server has ended and cannot be started yet")


def _wait_until_ended(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_supervised(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
