"""A PostgreSQL of a test's own, that can be stopped, frozen and started again at the same address."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from storage.local.postgres import EmbeddedPostgres

MOUNTING = ("unshare", "--mount", "true")


class Postgres(EmbeddedPostgres):
    """The server of one data directory, run by hand instead of by a supervisor."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {"fsync": "off", "shared_buffers": "16MB"})
        folder.mkdir(parents=True, exist_ok=True)
        self._command = self._prepare(new_port=True)
        self._server: subprocess.Popen[bytes] | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncGenerator["Postgres"]:
        """The server, running, for the length of the block."""
        server = await asyncio.to_thread(cls, folder)
        await server.start()
        try:
            yield server
        finally:
            server.go_on()
            await server.stop()

    @staticmethod
    def can_mount() -> bool:
        """Whether a file system can be mounted here, for a server alone."""
        return subprocess.run(MOUNTING, capture_output=True, check=False).returncode == 0

    async def start(self, mount: Path | None = None) -> None:
        """Start it, and wait until it answers.

        `mount` is a folder that it alone sees as a file system of 2 MB, with a `space` of its own there.
        """
        command = self._command
        if mount:
            await asyncio.to_thread(mount.mkdir)
            owner = f'install --directory --owner "$(stat -c %u "{self._data}")" --mode 700 "{mount}/space"'
            script = f'mount -t tmpfs -o size=2m,mode=0755 small "{mount}" && {owner} && exec "$@"'
            command = [*MOUNTING[:-1], "sh", "-c", script, "sh", *command]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - ours, and quick
        while not await asyncio.to_thread(self._is_ready):
            assert self._server.poll() is None, "it ended by itself"
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Cut everybody off and end."""
        if self._server:
            self._server.send_signal(signal.SIGINT)
            await asyncio.to_thread(self._server.wait)
            self._server = None

    def pause(self) -> None:
        """Let it and all its processes stand still: connections stay, and nothing is answered."""
        for process in self._family():
            with suppress(psutil.NoSuchProcess):  # some come and go
                process.suspend()

    def go_on(self) -> None:
        """Let them go on as if nothing had happened."""
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _family(self) -> list[psutil.Process]:
        if self._server is None:
            return []
        found = psutil.Process(self._server.pid)
        return [found, *found.children(recursive=True)]


def copied(server: Path, place: Path) -> Path:
    """A copy in `place` of the folder of a server that does not run: it takes a moment, to make one a second or two."""
    subprocess.run(["cp", "--archive", server, place], check=True)  # noqa: S607 - with the owner of each file
    return place / server.name


async def lock(url: str, table: str, held: asyncio.Event, release: asyncio.Event) -> None:
    """Keep everybody else from a table, from when `held` is set until `release` is."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await conn.execute(f"lock table {table} in access exclusive mode".encode())
        held.set()
        await release.wait()


async def waits_for_a_lock(url: str, *, count: int = 1) -> None:
    """Return once so many connections wait for a lock in this database."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        while True:
            cursor = await conn.execute(
                "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            if cursor.rowcount >= count:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.01)
