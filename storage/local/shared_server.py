"""A helper server that several processes share: the lease that each holds, and the watch that starts it again.

A server that ended, or whose keeper was killed, is started again by whichever process with a lease notices
first. It comes back at the same port, so that every address handed out before stays right.
"""

import asyncio
import fcntl
import os
import random
import signal
import socket
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
from storage.local.supervisor import STOP_WITHIN, is_kept, launch, lock_file, try_lock

log = get_logger(__name__)

LOOK = 0.3
"""Seconds between two looks whether the server is still kept."""
LONGEST_PAUSE = 5.0
"""Seconds between two attempts to start a server that does not stay up."""
FIRST_PAUSES = (0.2, 1.0)
"""Seconds between the attempts of a first start, for which somebody waits."""
PORTS = range(20_000, 32_768)
"""Where servers listen: below the ports that a system gives to outgoing connections, so that no such connection sits
on a server's port when the server wants it back."""


class NotStarted(Exception):
    """The server could not be started; the message says why."""


class Prepare(Protocol):
    """Makes a server ready to be started."""

    def __call__(self, *, alone: bool) -> list[str]:
        """The command that runs it, at a new port only where `alone`: nobody else has its address then.

        Raises:
            NotStarted: it cannot be started just now.
        """
        ...


@dataclass(frozen=True)
class Server:
    """A server to share.

    Args:
        folder: absolute; keeps its locks, its log and what it needs itself.
        prepare: gives the command that runs it.
        ready: whether it answers by now.
        stop: the signal that ends it.
        group: whose members may pass through the folder, if any.
    """

    folder: Path
    prepare: Prepare
    ready: Callable[[], bool]
    stop: signal.Signals
    group: int | None = None


class Lease:
    """The right to use a shared server; it ends with `release()` or with the process."""

    def __init__(self, server: Server, users: IO[bytes]) -> None:
        self.server = server
        self._users = users
        self._released = threading.Event()
        self._busy = threading.Lock()  # a release waits for a start that is under way, which then gives up
        self._keeper: int | None = None

    def is_running(self) -> bool:
        """Say whether the server is kept; one whose keeper is gone has ended, or will at once."""
        self._reap(os.WNOHANG)
        return is_kept(self.server.folder)

    def start(self, *, first: bool = False) -> None:
        """Start the server where nobody keeps it, and return once it answers.

        A server found running may be on its way out; it is started again once it is gone.

        Args:
            first: this lease has not used it yet.

        Raises:
            NotStarted: it ended before it answered (the message names its log), or the lease was released.
        """
        with self._busy, lock_file(self.server.folder, "start") as starting:
            while not try_lock(starting, fcntl.LOCK_EX):
                self._wait()
            launched = False
            while True:
                if not self.is_running():
                    if launched:
                        raise NotStarted(f"it ended while starting; its log is {self.server.folder / 'log'}")
                    self._launch(first)
                    launched = True
                if self.server.ready():
                    return
                self._wait()

    def _launch(self, first: bool) -> None:
        command = self.server.prepare(alone=first and self._is_alone())
        self._wait(0)
        self._reap(0)  # it has no lock any more, so it is about to be gone
        self._keeper = launch(self.server.folder, command, self.server.stop)

    def release(self) -> None:
        """Give the server up; where nobody else uses it, return only once it has stopped."""
        self._released.set()
        with self._busy:
            if self._users.closed:
                return
            # Trying gives up the shared lock, and the keeper may be the quicker one to take the exclusive one.
            last = try_lock(self._users, fcntl.LOCK_EX) or not try_lock(self._users, fcntl.LOCK_SH)
            self._users.close()
            if last and _wait_until_free(self.server.folder, STOP_WITHIN + 1):
                self._reap(0)

    def _is_alone(self) -> bool:
        """Whether no other lease is held. Only while no keeper lives, who would take the lock that is tried here."""
        alone = try_lock(self._users, fcntl.LOCK_EX)
        fcntl.flock(self._users, fcntl.LOCK_SH)
        return alone

    def _wait(self, seconds: float = 0.03) -> None:
        if self._released.wait(seconds):
            raise NotStarted("its lease was given up")

    def _reap(self, options: int) -> None:
        """Let a keeper that was started here, and has ended, go from the process table."""
        if self._keeper is not None:
            try:
                gone, _ = os.waitpid(self._keeper, options)
            except ChildProcessError:
                gone = self._keeper
            if gone:
                self._keeper = None


def keep(server: Server) -> Lease:
    """Take a lease on the server, starting it first where nobody runs it.

    Blocks (call it from a thread): a first start takes as long as the server needs.

    Raises:
        NotStarted: it was tried several times, and did not answer.
    """
    make_private(server.folder, server.group)
    users = lock_file(server.folder, "users")
    fcntl.flock(users, fcntl.LOCK_SH)
    lease = Lease(server, users)
    try:
        for pause in FIRST_PAUSES:
            with suppress(NotStarted):
                lease.start(first=True)
                return lease
            time.sleep(pause)
        lease.start(first=True)
    except BaseException:  # also a Ctrl-C while it starts: the lease must not outlive the wait
        users.close()
        raise
    return lease


@asynccontextmanager
async def leased(take: Callable[[], Lease]) -> AsyncGenerator[None]:
    """Hold a lease for the length of the block, and start the server again whenever it ends meanwhile."""
    lease = await asyncio.to_thread(take)
    watching = asyncio.create_task(watch(lease), name="watch")
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await asyncio.to_thread(lease.release)


async def watch(lease: Lease) -> None:
    """Start the server again whenever it is gone, until cancelled. It never gives up: nobody else would start it.

    The pause grows with each attempt and shrinks while the server stays up.
    """
    pause, said = LOOK, ""
    while True:
        await asyncio.sleep(pause)
        try:
            if await asyncio.to_thread(lease.is_running):
                pause = max(pause / 2, LOOK)
                continue
            pause = min(pause * 2, LONGEST_PAUSE)
            await asyncio.to_thread(lease.start)
            log.warning("a helper server had ended and was started again", folder=str(lease.server.folder))
            said = ""
        except (NotStarted, StorageError) as error:
            if said != str(error):  # once, however often it is tried
                said = str(error)
                log.warning("a helper server has ended and cannot be started yet", why=said)
        except Exception:  # whatever it was, the next attempt may succeed
            log.exception("a helper server has ended and cannot be started yet")


def free_port() -> int:
    """A port that nobody listens at; one of `PORTS` where those are not given to outgoing connections here."""
    for port in [*random.sample(PORTS, 50), 0] if PORTS.stop <= _first_outgoing() else [0]:
        with suppress(OSError):
            return _bound(port)
    raise NotStarted("no port is free")


def require_free(port: int) -> None:
    """Go on only if a server can listen at the port.

    Raises:
        NotStarted: somebody else does.
    """
    try:
        _bound(port)
    except OSError:
        raise NotStarted(f"port {port}, at which its users expect it, is taken by another program") from None


def _bound(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what a server before left closing is no obstacle
        probe.bind(("127.0.0.1", port))
        return int(probe.getsockname()[1])


def _first_outgoing() -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return PORTS.stop  # as other systems have it, or higher


def _wait_until_free(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_kept(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
