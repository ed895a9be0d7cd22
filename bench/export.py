"""Speed and memory of an export, for 1,000 and for 100,000 messages.

Prints lines a second and the most by which the application's process grew while a client read the stream.

    .venv/bin/python -m bench.export [MESSAGES]
"""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import psycopg

from bench.environment import database, run
from graph.models.embeddings import NoEmbeddings
from graph.models.factory import LocalModels
from nodes.answer.prepared import nothing_prepared
from nodes.injection.detect import no_classifier
from nodes.questions.frames import Frames
from nodes.route import no_router
from tests.support.app import Frontdesk, serving


async def main(messages: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(database())
        local = LocalModels(NoEmbeddings(), no_router, nothing_prepared, str, no_classifier, Frames.load())
        serve = await stack.enter_async_context(serving(url, "http://127.0.0.1:9/v1", local, folder))
        frontdesk = await serve(rate_limit=0)
        for count in (1_000, 1_000, messages):
            user = uuid4()
            await asyncio.to_thread(_fill, url, user, count)
            lines, seconds, growth = await _export(frontdesk, user)
            print(f"{count:8} messages: {lines:8} lines, {lines / seconds:8.0f} a second, +{growth / 2**20:.1f} MiB")


def _fill(url: str, user: UUID, messages: int) -> None:
    """Insert so many messages of some 300 characters, two a turn and a hundred a conversation."""
    with psycopg.connect(url) as conn:
        conn.execute("insert into chat_users values (%s)", [user])
        values = {"user": user, "turns": messages // 2}
        conn.execute(
            "insert into chat_conversations (user_id, convo_id, title) select %(user)s, 'c-' || n, 'A talk'"
            " from generate_series(0, %(turns)s / 50) n",
            values,
        )
        conn.execute(
            "insert into chat_turns (user_id, turn_id, convo_id, status, employee_slug)"
            " select %(user)s, md5(%(user)s || n::text)::uuid, 'c-' || n / 50, 'done', 'prime'"
            " from generate_series(0, %(turns)s - 1) n",
            values,
        )
        conn.execute(
            "insert into chat_messages (user_id, convo_id, turn_id, employee_key, role, content)"
            " select user_id, convo_id, turn_id, 'prime', role, repeat('what I spent on coffee ', 13)"
            " from chat_turns, unnest(array['user', 'assistant']) role where user_id = %(user)s",
            values,
        )


async def _export(frontdesk: Frontdesk, user: UUID) -> tuple[int, float, int]:
    """Lines, seconds, and the most bytes of memory that were added."""
    process, lines, growth = psutil.Process(), 0, 0
    before = process.memory_info().rss
    start = time.perf_counter()
    async with frontdesk.client(user) as client, client.stream("GET", "/export") as response:
        async for piece in response.aiter_bytes():
            lines += piece.count(b"\n")
            growth = max(growth, process.memory_info().rss - before)
    return lines, time.perf_counter() - start, growth


if __name__ == "__main__":
    run(main, 100_000)
