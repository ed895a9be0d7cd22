"""A real PgBouncer in transaction mode in front of PostgreSQL."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from storage.local.ports import free_port
from storage.local.unprivileged import postgres_account

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


@asynccontextmanager
async def bouncing(folder: Path, url: str) -> AsyncGenerator[str]:
    """The address of the database behind PgBouncer, which runs for the length of the block."""
    assert PGBOUNCER is not None, "pgbouncer is not installed"
    real, port = urlsplit(url), free_port()
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"""[databases]
        * = host={real.hostname} port={real.port} user={real.username} password={real.password}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        """
    )
    account = postgres_account()  # it refuses to run as root, too
    user = ["-u", account.pw_name] if account else []
    with (folder / "pgbouncer.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(PGBOUNCER, "-q", *user, config, stdout=log, stderr=log)
    pooled = f"postgresql://{real.username}@127.0.0.1:{port}{real.path}"
    try:
        while not await _answers(pooled):
            assert process.returncode is None, (folder / "pgbouncer.log").read_text()
        yield pooled
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answers(url: str) -> bool:
    try:
        await (await psycopg.AsyncConnection.connect(url)).close()
    except psycopg.OperationalError:
        return False
    return True
