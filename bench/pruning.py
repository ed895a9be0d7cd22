"""Time to prune the checkpoints of old turns, and latency of other transactions meanwhile.

Each turn has two checkpoints and fourteen values. The other transactions are one user's, every 20 ms.

    .venv/bin/python -m bench.pruning [THREADS]
"""

import asyncio
import statistics
import time
from contextlib import suppress
from uuid import uuid4

import psycopg

from bench.environment import database, run
from storage.pool import Pool
from storage.retention import Retention

FILL = """
create temporary table old as select gen_random_uuid()::text as thread, lpad(to_hex(n), 8, '0') as number
  from generate_series(1, %(threads)s) n;
insert into langgraph.checkpoints (thread_id, checkpoint_id, checkpoint, metadata)
  select thread, '1ef00000-' || left(number, 4) || '-6' || right(number, 3) || '-800' || step || '-0123456789ab',
    jsonb_build_object('ts', '2024-04-21T00:00:00+00:00', 'values', repeat(md5(thread), 40)), '{}'
  from old, generate_series(6, 8, 2) step;
insert into langgraph.checkpoint_blobs (thread_id, channel, version, type, blob)
  select thread, 'channel_' || channel, '1', 'msgpack', decode(repeat(md5(thread), 18), 'hex')
  from old, generate_series(1, 14) channel;
"""


async def main(threads: int) -> None:
    """Measure and print."""
    async with database() as url:
        async with await psycopg.AsyncConnection.connect(url) as conn:
            for statement in FILL.split(";\n")[:-1]:
                await conn.execute((statement % {"threads": threads}).encode())
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            await conn.execute("vacuum analyze")
        async with Pool.open(url) as pool:
            await _prune(pool, threads)


async def _prune(pool: Pool, threads: int) -> None:
    latencies: list[float] = []
    others = asyncio.create_task(_other_transactions(pool, latencies))
    start = time.perf_counter()
    try:
        print(await Retention(pool, 24).prune())
    finally:
        print(f"{threads} threads: {time.perf_counter() - start:.1f} s")
        others.cancel()
        with suppress(asyncio.CancelledError):
            await others
        median, slowest = statistics.median(latencies) * 1000, max(latencies) * 1000
        print(f"other transactions took {median:.1f} ms, {slowest:.0f} ms at most")


async def _other_transactions(pool: Pool, latencies: list[float]) -> None:
    while True:
        start = time.perf_counter()
        async with pool.as_user(uuid4()) as conn:
            await conn.execute("select count(*) from chat_turns")
        latencies.append(time.perf_counter() - start)
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    run(main, 60_000)
