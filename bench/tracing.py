"""Cost of traces: CPU and time of a turn with a 200-token answer, and of ten requests with one span each.

Three ways: an application without tracing, one with, and one whose spans have content. The scripted model and the
collector run in processes of their own. Prints medians in milliseconds, for a turn with everything after its answer.

    .venv/bin/python -m bench.tracing [ROUNDS]
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import uuid4

from bench.environment import QUESTION, Measured, environment, measure, module_process, print_medians, run
from tests.support.app import Frontdesk

Work = Callable[[Frontdesk], Awaitable[None]]


async def main(rounds: int) -> None:
    """Measure and print."""
    async with module_process("tests.support.collector") as collector_url, environment() as env:
        applications = {
            "not traced": await env.serve(rate_limit=0),
            "traced": await env.serve(rate_limit=0, otlp_endpoint=collector_url),
            "with content": await env.serve(rate_limit=0, otlp_endpoint=collector_url, otel_content=True),
        }
        works: dict[str, Work] = {"a turn": _turn, "ten requests": _requests}
        for name, work in works.items():
            ways = {label: partial(_cost, work, frontdesk) for label, frontdesk in applications.items()}
            print(name)
            print_medians(("CPU", "time"), await measure(ways, rounds))


async def _cost(work: Work, frontdesk: Frontdesk) -> Measured:
    cpu, wall = time.process_time(), time.perf_counter()
    await work(frontdesk)
    return time.process_time() - cpu, time.perf_counter() - wall


async def _turn(frontdesk: Frontdesk) -> None:
    await frontdesk.chat(uuid4(), QUESTION)


async def _requests(frontdesk: Frontdesk) -> None:
    async with frontdesk.client(uuid4()) as client:
        for _ in range(10):
            await client.get("/employees")


if __name__ == "__main__":
    run(main, 30)
