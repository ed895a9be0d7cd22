"""Cost of the event log: rows and bytes of a 200-token answer, and CPU with and without it.

The scripted model sends 100 tokens a second to 20 turns at once. Rounds with and without the log alternate in one
process, which runs the pipeline and nothing else. Prints that process's CPU per answer, as medians in milliseconds.

    .venv/bin/python -m bench.event_log [ROUNDS]
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from bench.environment import QUESTION, TOKENS, Measured, environment, measure, print_medians, run
from graph.turns.manager import SendRequest
from storage.event_log import LoggedEvent
from tests.support.app import Frontdesk
from tests.support.database import row

TURNS = 20
PACE = 0.01
"""Seconds between two tokens."""


async def main(rounds: int) -> None:
    """Measure and print."""
    async with environment(PACE) as env:
        frontdesk = await env.serve(rate_limit=0)
        add = frontdesk.service.event_log_writer.add
        ways = {"without": lambda: _cpu(frontdesk, _discard), "with": lambda: _cpu(frontdesk, add)}
        medians = await measure(ways, rounds, warm_up=1)
        rows, stored, text = await row(
            env.database_url,
            "select count(*)::float8 / count(distinct turn_id), sum(pg_column_size(events))::float8 /"
            " count(distinct turn_id), sum(length(events::text))::float8 / count(distinct turn_id)"
            " from chat_turn_events",
        )
    print(f"{TOKENS} tokens in {TOKENS * PACE:.0f} s: {rows:.1f} rows, {stored:.0f} bytes stored, {text:.0f} as text")
    print_medians(("CPU per answer",), medians)


async def _cpu(frontdesk: Frontdesk, add: Callable[[UUID, UUID, LoggedEvent], None]) -> Measured:
    writer: Any = frontdesk.service.event_log_writer
    writer.add = add
    start = time.process_time()
    await asyncio.gather(*(frontdesk.service.turns.send(SendRequest(uuid4(), QUESTION)).begun() for _ in range(TURNS)))
    await frontdesk.settled()
    return ((time.process_time() - start) / TURNS,)


def _discard(user_id: UUID, turn_id: UUID, event: LoggedEvent) -> None:
    """Log nothing."""


if __name__ == "__main__":
    run(main, 8)
