"""A server that is there for as long as anyone uses it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import psutil
import pytest

from storage.local.shared_server import Lease, NotStarted, Server, keep
from storage.local.supervisor import is_kept
from tests.storage.processes import User, user, wait_until_gone

SERVER = """
import os, signal, sys
from pathlib import Path
fresh = Path(sys.argv[1]) / "pid.new"
fresh.write_text(str(os.getpid()))
fresh.rename(fresh.with_name("pid"))
signal.pause()
"""


def lease_on(folder: Path, server: str = SERVER) -> Lease:
    """A lease on a server that writes its pid down and then does nothing."""
    pid = folder / "pid"

    def prepare(*, alone: bool) -> list[str]:
        pid.unlink(missing_ok=True)
        return [sys.executable, "-c", server, str(folder)]

    return keep(Server(folder, prepare, pid.exists, signal.SIGTERM))


def another(folder: Path) -> AbstractContextManager[User]:
    """A process of its own that takes such a lease."""
    return user(f"from {__name__} import lease_on\nlease = lease_on(folder)", folder)


def server_of(folder: Path) -> psutil.Process:
    """The server that runs now."""
    return psutil.Process(int((folder / "pid").read_text()))


def keeper_of(folder: Path) -> psutil.Process:
    """Its keeper."""
    parent = server_of(folder).parent()
    assert parent is not None
    return parent


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A server's folder, with a space in its path; what a failed test leaves running there is ended."""
    place = tmp_path / "a folder with spaces"
    yield place
    with suppress(OSError, psutil.NoSuchProcess):
        server_of(place).kill()


def test_a_server_ends_with_its_only_user(folder: Path) -> None:
    """Giving the lease back returns once the server has stopped."""
    lease = lease_on(folder)
    server = server_of(folder)
    assert is_kept(folder)
    lease.release()
    assert not is_kept(folder)
    wait_until_gone(server)


def test_a_lease_can_be_given_back_twice(folder: Path) -> None:
    """The second time changes nothing, also for whoever uses the server by then."""
    lease = lease_on(folder)
    lease.release()
    next_lease = lease_on(folder)
    lease.release()
    assert is_kept(folder)
    next_lease.release()


def test_two_processes_share_one_server(folder: Path) -> None:
    """The second joins the first, and the server ends with the last and not with the first."""
    with another(folder) as first, another(folder) as second:
        first.wait_until_leased()
        second.wait_until_leased()
        server = server_of(folder)
        first.release()
        assert is_kept(folder)
        assert server == server_of(folder)
        assert server.is_running()
        second.release()
        assert not is_kept(folder)
        wait_until_gone(server)


def test_many_who_come_at_once_start_one_server(folder: Path) -> None:
    """Whoever is first starts it, the others wait until it is ready."""
    folder.mkdir()
    started = "from pathlib import Path; import sys; (Path(sys.argv[1]) / 'starts').open('a').write('x')\n"
    with ThreadPoolExecutor(8) as threads:
        leases = [threads.submit(lease_on, folder, started + SERVER) for _ in range(8)]
    for lease in leases:
        lease.result().release()
    assert (folder / "starts").read_text() == "x"
    assert not is_kept(folder)


def test_a_killed_user_leaves_no_server(folder: Path) -> None:
    """Nobody told the keeper; the kernel dropped the lock."""
    with another(folder) as doomed:
        doomed.wait_until_leased()
        server, keeper = server_of(folder), keeper_of(folder)
        doomed.kill()
        wait_until_gone(server)
        wait_until_gone(keeper)
    assert not is_kept(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_a_killed_keeper_takes_its_server_along(folder: Path) -> None:
    """No server is left that nobody keeps, and the next lease starts a new one."""
    lease = lease_on(folder)
    server = server_of(folder)
    keeper_of(folder).kill()
    wait_until_gone(server)
    next_lease = lease_on(folder)
    assert server_of(folder) != server
    lease.release()
    assert is_kept(folder)
    next_lease.release()
    assert not is_kept(folder)


def test_a_keeper_that_is_told_to_end_stops_its_server_first(folder: Path) -> None:
    """A system that shuts down sends SIGTERM to everyone."""
    lease = lease_on(folder)
    server, keeper = server_of(folder), keeper_of(folder)
    keeper.terminate()
    wait_until_gone(server)
    wait_until_gone(keeper)
    lease.release()


def test_a_server_that_ended_is_started_by_the_next(folder: Path) -> None:
    """A crash is not kept."""
    lease = lease_on(folder)
    server, keeper = server_of(folder), keeper_of(folder)
    server.kill()
    wait_until_gone(keeper)
    next_lease = lease_on(folder)
    assert server_of(folder).is_running()
    lease.release()
    next_lease.release()


def test_a_server_that_does_not_start_is_an_error(folder: Path) -> None:
    """The message names the log, where the reason stands, and nothing is kept."""
    with pytest.raises(NotStarted, match="its log is") as caught:
        lease_on(folder, "raise SystemExit('no such thing')")
    log = folder / "log"
    assert str(log) in str(caught.value)
    assert "no such thing" in log.read_text()
    assert not is_kept(folder)


def test_two_who_ask_at_once_do_not_take_each_other_for_the_keeper(folder: Path) -> None:
    """Asking takes the lock for a moment, which must not look like a keeper to the other."""
    folder.mkdir()
    asking = "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_SH); print(flush=True); input()"
    command = [sys.executable, "-c", asking, str(folder / "keeper.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert not is_kept(folder)
        other.kill()
