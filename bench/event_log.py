"""What the event log costs: rows, bytes and CPU for a 200-token answer, with and without it.

The scripted model server sends 100 tokens a second, from a process of its own, to so many turns at once. Rounds with
the event log and without it take turns in one process, which runs the pipeline and nothing else. Prints CPU seconds of
that process per answer, and their ratio.

    .venv/bin/python -m bench.event_log [ROUNDS]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from bench.first_token import QUESTION, TOKENS, scripted_model
from graph.models.factory import open_local_models
from graph.turns.request import SendRequest
from storage.event_log import LoggedEvent
from storage.local.postgres import Embedded
from storage.migrate import migrate
from tests.support.app import Frontdesk, serving

AT_ONCE = 20
PACE = 0.01
"""Seconds between two tokens."""


async def main(rounds: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model_url = await stack.enter_async_context(scripted_model(folder, PACE))
        url = await stack.enter_async_context(Embedded(folder / "postgres").running())
        await migrate(url)
        local = await stack.enter_async_context(open_local_models(lambda _: None))
        frontdesk = await (await stack.enter_async_context(serving(url, model_url, local, folder)))(rate_limit=0)
        writer: Any = frontdesk.service.event_log_writer
        ways: dict[str, Callable[[UUID, UUID, LoggedEvent], None]] = {"with": writer.add, "without": _unwritten}
        seen: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, add in ways.items():
                writer.add = add
                cost = await _cpu(frontdesk)
                if number:  # the first round warms caches and connections
                    seen[name].append(cost)
        with psycopg.connect(url) as conn:
            rows = conn.execute(
                "select count(*)::float8 / count(distinct turn_id), sum(pg_column_size(events))::float8 /"
                " count(distinct turn_id), sum(length(events::text))::float8 / count(distinct turn_id)"
                " from chat_turn_events"
            ).fetchone()
    assert rows is not None
    print(f"per answer of {TOKENS} tokens in {TOKENS * PACE:.0f} s: {rows[0]:.1f} rows,", end=" ")
    print(f"{rows[1]:.0f} bytes as stored, {rows[2]:.0f} as text")
    medians = {name: statistics.median(costs) * 1000 for name, costs in seen.items()}
    print(f"CPU per answer: {medians['with']:.1f} ms with, {medians['without']:.1f} ms without,", end=" ")
    print(f"ratio {medians['with'] / medians['without']:.2f}")


async def _cpu(frontdesk: Frontdesk) -> float:
    begun = time.process_time()
    requests = [SendRequest(uuid4(), QUESTION) for _ in range(AT_ONCE)]
    await asyncio.gather(*(frontdesk.service.turns.send(request) for request in requests))
    await frontdesk.settled()
    return (time.process_time() - begun) / AT_ONCE


def _unwritten(user_id: UUID, turn_id: UUID, event: LoggedEvent) -> None:
    """Write nothing."""


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8))
