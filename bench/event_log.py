"""Cost of the event log: rows and bytes of a 200-token answer, and CPU with and without it.

The scripted model sends 100 tokens a second to 20 turns at once. Rounds with and without the log alternate in one
process, which runs the pipeline and nothing else. Prints that process's CPU per answer, as medians in milliseconds.

    .venv/bin/python -m bench.event_log [ROUNDS]
"""

import time
from dataclasses import replace
from uuid import uuid4

from bench.environment import QUESTION, TOKENS, Measured, environment, measure, print_medians, run
from graph.turns.request import Ask, Books
from graph.turns.turn import Turn
from storage.event_log import Told
from tests.support.app import Frontdesk
from tests.support.database import row

TURNS = 20
PACE = 0.01
"""Seconds between two tokens."""


async def main(rounds: int) -> None:
    """Measure and print."""
    async with environment(PACE) as env:
        frontdesk = await env.serve(rate_limit=0)
        logged = frontdesk.service.runner.books
        unlogged = replace(logged, write=_discard, written=_nothing_to_wait_for)
        ways = {"without": lambda: _cpu(frontdesk, unlogged), "with": lambda: _cpu(frontdesk, logged)}
        medians = await measure(ways, rounds, warm_up=1)
        frontdesk.service.runner.books = logged
        rows, stored, text = await row(
            env.database_url,
            "select count(*)::float8 / count(distinct turn_id), sum(pg_column_size(events))::float8 /"
            " count(distinct turn_id), sum(length(events::text))::float8 / count(distinct turn_id)"
            " from chat_turn_events",
        )
    print(f"{TOKENS} tokens in {TOKENS * PACE:.0f} s: {rows:.1f} rows, {stored:.0f} bytes stored, {text:.0f} as text")
    print_medians(("CPU per answer",), medians)


async def _cpu(frontdesk: Frontdesk, books: Books) -> Measured:
    frontdesk.service.runner.books = books
    start = time.process_time()
    for _ in range(TURNS):
        frontdesk.service.runner.begin(Ask(uuid4(), QUESTION, str(uuid4())), uuid4())
    await frontdesk.settled()
    return ((time.process_time() - start) / TURNS,)


def _discard(turn: Turn, number: int, told: Told) -> None:
    pass


async def _nothing_to_wait_for(turn: Turn) -> None:
    pass


if __name__ == "__main__":
    run(main, 8)
