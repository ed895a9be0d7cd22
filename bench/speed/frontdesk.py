"""Frontdesk as an operator runs it: Postgres, `frontdesk migrate`, `frontdesk serve`, users with bearer tokens."""

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import jwt
import psutil
import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from bench.speed.processes import Started, cpu_seconds, started
from storage.local.postgres import EmbeddedPostgres

COMMAND = str(Path(sys.executable).with_name("frontdesk"))
SECRET = secrets.token_hex(32)
POLL_SECONDS = 0.05
SETTLE_SECONDS = 0.3
"""For what a turn does after it is marked as done."""


@dataclass
class Database:
    """A Postgres server; `conn` is the owner's."""

    url: str
    conn: psycopg.AsyncConnection[TupleRow]
    postmaster: int
    version: str

    def cpu_seconds(self) -> float:
        """CPU time of all its processes."""
        return cpu_seconds(self.postmaster)

    async def settled(self) -> None:
        """Return once no turn is unfinished: summaries, facts and metrics are stored."""
        query = "select exists (select from chat_turns where status in ('streaming', 'answered'))"
        while (await (await self.conn.execute(query)).fetchone()) == (True,):  # noqa: ASYNC110 - a table has no events
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.sleep(SETTLE_SECONDS)

    async def count(self, table: str) -> int:
        """The number of its rows."""
        cursor = await self.conn.execute(SQL("select count(*) from {}").format(Identifier(table)))
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


@asynccontextmanager
async def database(folder: Path) -> AsyncGenerator[Database]:
    """An empty, migrated database on a Postgres of its own."""
    async with EmbeddedPostgres(folder / "postgres").running() as url:
        await run("migrate", env=environment(folder, url, "http://127.0.0.1:1/v1"), folder=folder)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            backend = psutil.Process(conn.info.backend_pid)
            version = f"{conn.info.server_version // 10_000}.{conn.info.server_version % 10_000}"
            yield Database(url, conn, backend.ppid(), version)


@asynccontextmanager
async def serving(folder: Path, database_url: str, model_url: str, workers: int = 1) -> AsyncGenerator[Started]:
    """`frontdesk serve`, ready."""
    env = environment(folder, database_url, model_url)
    command = (COMMAND, "serve", "--port", "0", "--workers", str(workers))
    async with started(*command, log=folder / f"frontdesk-{workers}.log", cwd=folder, env=env) as server:
        yield server


async def run(*arguments: str, env: dict[str, str], folder: Path) -> None:
    """Run a `frontdesk` command to its end."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, *arguments, cwd=folder, env=env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"frontdesk {arguments[0]}: {errors.decode()}")


def environment(folder: Path, database_url: str, model_url: str) -> dict[str, str]:
    """Settings of an operator with a key, verified users and local embeddings; all else is the default.

    The rate limit is on and too high to be met; answers get more time because a busy machine is slow with 200 of them.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith(("FRONTDESK_", "OTEL_"))}
    return others | {
        "DATABASE_URL": database_url,
        "OPENAI_BASE_URL": f"{model_url}/v1",
        "OPENAI_API_KEY": "sk-bench",
        "FRONTDESK_EMBEDDINGS": "local",
        "FRONTDESK_JWT_SECRET": SECRET,
        "FRONTDESK_DATA_DIR": str(folder / "frontdesk"),
        "FRONTDESK_RATE_LIMIT": "100000",
        "FRONTDESK_TURN_TIMEOUT": "300",
    }


@dataclass
class Conversation:
    """Whose it is, and its id."""

    user: UUID
    id: str

    @classmethod
    def new(cls, user: UUID | None = None) -> "Conversation":
        """A conversation without messages, of a new user by default."""
        return cls(user or uuid4(), uuid4().hex)


_questions = count(1)


def request(conversation: Conversation, and_then: str = "") -> str:
    """A POST /chat in this conversation, as HTTP/1.1; each asks something else, so that no cache knows it.

    Args:
        and_then: what the message ends with.
    """
    week = next(_questions)
    message = f"How much did I spend on coffee in week {week}, and was that more than in the week before?{and_then}"
    body = json.dumps({"message": message, "conversation_id": conversation.id})
    token = jwt.encode({"sub": str(conversation.user), "exp": int(time.time()) + 7200}, SECRET)
    return (
        "POST /chat HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    )
