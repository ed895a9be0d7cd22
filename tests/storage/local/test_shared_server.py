"""A shared server that ended is started again by those who use it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from storage.local.private_files import make_private, open_private
from storage.local.shared_server import NotStarted, free_port, leased, require_free
from storage.local.supervisor import is_kept
from tests.storage.local.test_supervisor import SERVER, keeper_of, lease_on, server_of
from tests.storage.processes import PATIENCE, wait_until_gone


def failing(*starts: int) -> str:
    """A server that ends at these starts before it is ready, counted from 1."""
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


IS_READY_ONCE = f"""
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
    """A server's folder; what a failed test leaves running there is ended."""
    yield tmp_path / "server"
    with suppress(OSError, psutil.NoSuchProcess):
        server_of(tmp_path / "server").kill()


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds; fail where it never does."""
    deadline = time.monotonic() + 2 * PATIENCE

    def look() -> None:
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    await asyncio.to_thread(look)


def runs_anew(folder: Path, old: psutil.Process) -> bool:
    """Whether another server than the old one runs now."""
    with suppress(OSError, psutil.NoSuchProcess):
        return bool(server_of(folder) != old and server_of(folder).is_running() and is_kept(folder))
    return False


@pytest.mark.parametrize(
    "killed",
    [
        "server",
        pytest.param(
            "keeper", marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends it with its keeper")
        ),
        "both",
    ],
)
async def test_what_was_killed_is_started_again(folder: Path, killed: str) -> None:
    """Each time, and it still ends with the lease."""
    async with leased(partial(lease_on, folder)):
        for _ in range(3):
            server, keeper = server_of(folder), keeper_of(folder)
            if killed != "server":
                keeper.kill()
            if killed != "keeper":
                server.kill()
            await until(partial(runs_anew, folder, server))
        server = server_of(folder)
    wait_until_gone(server)
    assert not is_kept(folder)


async def test_a_keeper_that_ended_leaves_no_entry_in_the_process_table(folder: Path) -> None:
    """A server that is killed every night must not fill it."""
    before = len(psutil.Process().children())
    async with leased(partial(lease_on, folder)):
        for _ in range(2):
            server = server_of(folder)
            server.kill()
            await until(partial(runs_anew, folder, server))
        assert len(psutil.Process().children()) == before + 1


async def test_a_crash_during_the_start_is_followed_by_another_start(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Until one succeeds; the log says once that it does not, however often it was tried."""
    async with leased(partial(lease_on, folder, failing(2, 3))):
        old = server_of(folder)
        old.kill()
        await until(partial(runs_anew, folder, old))
        await until(lambda: "was started again" in caplog.text)
    assert (folder / "starts").read_text() == "xxxx"
    assert caplog.text.count("cannot be started yet") == 1
    assert not is_kept(folder)


def test_a_first_start_that_crashes_is_tried_again(folder: Path) -> None:
    """For whoever waits for it."""
    folder.mkdir()
    lease_on(folder, failing(1)).release()
    assert (folder / "starts").read_text() == "xx"


async def test_a_lease_ends_also_in_the_middle_of_a_start(folder: Path) -> None:
    """Nobody waits for a server that does not get ready, and it is not left behind."""
    async with leased(partial(lease_on, folder, IS_READY_ONCE)):
        server_of(folder).kill()
        await until(lambda: (folder / "starts").read_text() == "xx")
    assert not is_kept(folder)


def test_a_port_of_a_server_is_none_of_outgoing_connections() -> None:
    """Else one of them could sit on it when the server wants it back."""
    ranges = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not ranges.exists() or int(ranges.read_text().split()[0]) < 32_768:
        pytest.skip("outgoing connections get such ports here")
    assert free_port() < int(ranges.read_text().split()[0])


def test_a_port_that_somebody_listens_at_is_not_free() -> None:
    """The error names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotStarted, match=f"port {port}"):
            require_free(port)
    require_free(port)


def test_nobody_else_opens_or_locks_its_files(folder: Path) -> None:
    """Not in a new folder, nor in one that an older version left open to all."""
    folder.mkdir(mode=0o755)
    for name in ("users.lock", "start.lock", "keeper.lock", "log"):
        (folder / name).touch(mode=0o644)
    lease = lease_on(folder)
    lease.release()
    assert folder.stat().st_mode & 0o777 == 0o700
    files = [path for path in folder.iterdir() if path.name not in ("pid", "pid.new")]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another account")
def test_an_account_that_has_to_pass_through_opens_nothing_else() -> None:
    """The one that runs Postgres for root gets to its data, and cannot hold up anybody by a lock."""
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
    """Whether this can be done under an account with a group of its number."""
    done = subprocess.run(command, check=False, capture_output=True, user=account, group=account, extra_groups=[])
    return done.returncode == 0
