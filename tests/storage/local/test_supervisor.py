"""The supervisor runs a server for exactly as long as a process holds a lease on it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import psutil
import pytest

from storage.local.shared_server import ServerLease, SharedServer, StartFailed, acquire_lease
from storage.local.supervisor import is_supervised
from tests.storage.processes import LeaseHolder, lease_holder, wait_until_ended

SERVER = """
import os, signal, sys
from pathlib import Path
fresh = Path(sys.argv[1]) / "pid.new"
fresh.write_text(str(os.getpid()))
fresh.rename(fresh.with_name("pid"))
signal.pause()
"""


def lease_on(folder: Path, server: str = SERVER) -> ServerLease:
    """A lease on a server that writes its pid to a file and then does nothing."""
    pid = folder / "pid"

    def prepare(*, new_port: bool) -> list[str]:
        pid.unlink(missing_ok=True)
        return [sys.executable, "-c", server, str(folder)]

    return acquire_lease(SharedServer(folder, prepare, pid.exists, signal.SIGTERM))


def other_process(folder: Path) -> AbstractContextManager[LeaseHolder]:
    """Another process that takes such a lease."""
    return lease_holder(f"from {__name__} import lease_on\nlease = lease_on(folder)", folder)


def server_of(folder: Path) -> psutil.Process:
    """The running server."""
    return psutil.Process(int((folder / "pid").read_text()))


def supervisor_of(folder: Path) -> psutil.Process:
    """The supervisor of the running server."""
    parent = server_of(folder).parent()
    assert parent is not None
    return parent


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A server's folder, with a space in its path; a server that a failed test leaves running is killed."""
    place = tmp_path / "a folder with spaces"
    yield place
    with suppress(OSError, psutil.NoSuchProcess):
        server_of(place).kill()


def test_releasing_the_only_lease_stops_the_server(folder: Path) -> None:
    """`release()` returns once the server has stopped."""
    lease = lease_on(folder)
    server = server_of(folder)
    assert is_supervised(folder)
    lease.release()
    assert not is_supervised(folder)
    wait_until_ended(server)


def test_releasing_a_lease_twice_has_no_effect(folder: Path) -> None:
    """The second release leaves a lease alone that was taken since."""
    lease = lease_on(folder)
    lease.release()
    next_lease = lease_on(folder)
    lease.release()
    assert is_supervised(folder)
    next_lease.release()


def test_two_processes_share_one_server(folder: Path) -> None:
    """The second process uses the server of the first, and it ends when the last one releases its lease."""
    with other_process(folder) as first, other_process(folder) as second:
        first.wait_until_leased()
        second.wait_until_leased()
        server = server_of(folder)
        first.release()
        assert is_supervised(folder)
        assert server == server_of(folder)
        assert server.is_running()
        second.release()
        assert not is_supervised(folder)
        wait_until_ended(server)


def test_concurrent_leases_start_one_server(folder: Path) -> None:
    """The first starts it, the others wait until it is ready."""
    folder.mkdir()
    started = "from pathlib import Path; import sys; (Path(sys.argv[1]) / 'starts').open('a').write('x')\n"
    with ThreadPoolExecutor(8) as threads:
        leases = [threads.submit(lease_on, folder, started + SERVER) for _ in range(8)]
    for lease in leases:
        lease.result().release()
    assert (folder / "starts").read_text() == "x"
    assert not is_supervised(folder)


def test_killing_the_only_lease_holder_stops_the_server(folder: Path) -> None:
    """The supervisor gets the lock that the kernel released."""
    with other_process(folder) as doomed:
        doomed.wait_until_leased()
        server, supervisor = server_of(folder), supervisor_of(folder)
        doomed.kill()
        wait_until_ended(server)
        wait_until_ended(supervisor)
    assert not is_supervised(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_killing_the_supervisor_ends_its_server(folder: Path) -> None:
    """No server is left without a supervisor, and the next lease starts a new one."""
    lease = lease_on(folder)
    server = server_of(folder)
    supervisor_of(folder).kill()
    wait_until_ended(server)
    next_lease = lease_on(folder)
    assert server_of(folder) != server
    lease.release()
    assert is_supervised(folder)
    next_lease.release()
    assert not is_supervised(folder)


def test_a_supervisor_stops_its_server_on_sigterm(folder: Path) -> None:
    """A system that shuts down sends SIGTERM to every process."""
    lease = lease_on(folder)
    server, supervisor = server_of(folder), supervisor_of(folder)
    supervisor.terminate()
    wait_until_ended(server)
    wait_until_ended(supervisor)
    lease.release()


def test_the_next_lease_starts_a_server_that_crashed(folder: Path) -> None:
    """Its supervisor ends with it, so the next lease finds none."""
    lease = lease_on(folder)
    server, supervisor = server_of(folder), supervisor_of(folder)
    server.kill()
    wait_until_ended(supervisor)
    next_lease = lease_on(folder)
    assert server_of(folder).is_running()
    lease.release()
    next_lease.release()


def test_a_server_that_does_not_start_is_an_error(folder: Path) -> None:
    """The message names the log, which has the reason, and no supervisor is left."""
    with pytest.raises(StartFailed, match="its log is") as caught:
        lease_on(folder, "raise SystemExit('no such thing')")
    log = folder / "log"
    assert str(log) in str(caught.value)
    assert "no such thing" in log.read_text()
    assert not is_supervised(folder)


def test_concurrent_checks_do_not_take_each_other_for_the_supervisor(folder: Path) -> None:
    """A check holds the lock for a moment, which must not look like a supervisor to another check."""
    folder.mkdir()
    check = "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_SH); print(flush=True); input()"
    command = [sys.executable, "-c", check, str(folder / "keeper.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert not is_supervised(folder)
        other.kill()
