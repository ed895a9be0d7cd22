"""A shared server that ended is started again by the processes that use it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from storage.local.ports import free_port, require_free
from storage.local.private_files import make_private, open_private
from storage.local.shared_server import StartFailed, hold_lease
from storage.local.supervisor import is_supervised
from tests.storage.local.test_supervisor import SERVER, lease_on, server_of, supervisor_of
from tests.storage.processes import TIMEOUT, wait_until_ended


def failing(*starts: int) -> str:
    """A server that exits before it is ready at these starts, counted from 1."""
    return f"""
import sys
from pathlib import Path
starts = Path(sys.argv[1]) / "starts"
with starts.open("a") as file:
    file.write("x")
if starts.stat().st_size in {starts}:
    sys.exit("not yet")
{SERVER}
"""


READY_ONCE = f"""
import sys, time
from pathlib import Path
starts = Path(sys.argv[1]) / "starts"
with starts.open("a") as file:
    file.write("x")
while starts.stat().st_size > 1:
    time.sleep(1)
{SERVER}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A server's folder; a server that a failed test leaves running is killed."""
    yield tmp_path / "server"
    with suppress(OSError, psutil.NoSuchProcess):
        server_of(tmp_path / "server").kill()


async def wait_until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail where it never does."""
    async with asyncio.timeout(2 * TIMEOUT):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - files and processes have no events
            await asyncio.sleep(0.02)


def was_restarted(folder: Path, old: psutil.Process) -> bool:
    """Whether another server than the old one runs."""
    with suppress(OSError, psutil.NoSuchProcess):
        return bool(server_of(folder) != old and server_of(folder).is_running() and is_supervised(folder))
    return False


@pytest.mark.parametrize(
    "killed",
    [
        "server",
        pytest.param(
            "supervisor",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends it with its supervisor"),
        ),
        "both",
    ],
)
async def test_a_killed_server_is_started_again(folder: Path, killed: str) -> None:
    """Each time, and it still stops when the lease is released."""
    async with hold_lease(partial(lease_on, folder)):
        for _ in range(3):
            server, supervisor = server_of(folder), supervisor_of(folder)
            if killed != "server":
                supervisor.kill()
            if killed != "supervisor":
                server.kill()
            await wait_until(partial(was_restarted, folder, server))
        server = server_of(folder)
    wait_until_ended(server)
    assert not is_supervised(folder)


async def test_a_supervisor_that_ended_is_reaped(folder: Path) -> None:
    """A server that is killed again and again must not fill the process table."""
    before = len(psutil.Process().children())
    async with hold_lease(partial(lease_on, folder)):
        for _ in range(2):
            server = server_of(folder)
            server.kill()
            await wait_until(partial(was_restarted, folder, server))
        assert len(psutil.Process().children()) == before + 1


async def test_a_start_that_crashes_is_repeated_until_it_succeeds(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged once, however often it happens."""
    async with hold_lease(partial(lease_on, folder, failing(2, 3))):
        old = server_of(folder)
        old.kill()
        await wait_until(partial(was_restarted, folder, old))
        await wait_until(lambda: "was started again" in caplog.text)
    assert (folder / "starts").read_text() == "xxxx"
    assert caplog.text.count("cannot be started yet") == 1
    assert not is_supervised(folder)


def test_a_first_start_that_crashes_is_repeated(folder: Path) -> None:
    """The caller still gets its lease."""
    folder.mkdir()
    lease_on(folder, failing(1)).release()
    assert (folder / "starts").read_text() == "xx"


async def test_releasing_a_lease_aborts_a_running_start(folder: Path) -> None:
    """It does not wait for a server that never gets ready, and leaves none behind."""
    async with hold_lease(partial(lease_on, folder, READY_ONCE)):
        server_of(folder).kill()
        await wait_until(lambda: (folder / "starts").read_text() == "xx")
    assert not is_supervised(folder)


def test_a_server_gets_no_port_of_outgoing_connections() -> None:
    """An outgoing connection could occupy it while the server restarts."""
    ranges = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not ranges.exists() or int(ranges.read_text().split()[0]) < 32_768:
        pytest.skip("outgoing connections use these ports here")
    assert free_port() < int(ranges.read_text().split()[0])


def test_a_port_in_use_is_not_free() -> None:
    """The error names the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"port {port}"):
            require_free(port)
    require_free(port)


def test_no_other_account_can_open_or_lock_its_files(folder: Path) -> None:
    """Neither in a new folder nor in one that an older version left open to all."""
    folder.mkdir(mode=0o755)
    for name in ("users.lock", "start.lock", "keeper.lock", "log"):
        (folder / name).touch(mode=0o644)
    lease = lease_on(folder)
    lease.release()
    assert folder.stat().st_mode & 0o777 == 0o700
    files = [path for path in folder.iterdir() if path.name not in ("pid", "pid.new")]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another account")
def test_the_postgres_account_reaches_its_data_and_nothing_else() -> None:
    """It passes through the folder and cannot open, and so not lock, the files in it."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o711)
        folder = Path(place) / "server"
        make_private(folder, group=65_534)
        (folder / "data").mkdir()
        (folder / "data").chmod(0o755)
        open_private(folder / "users.lock").close()
        assert succeeds_as(65_534, "ls", folder / "data")
        assert not succeeds_as(65_534, "cat", folder / "users.lock")
        assert not succeeds_as(65_533, "ls", folder / "data")


def succeeds_as(account: int, *command: str | Path) -> bool:
    """Whether the command succeeds under this account, with the group of the same number."""
    done = subprocess.run(command, check=False, capture_output=True, user=account, group=account, extra_groups=[])
    return done.returncode == 0
