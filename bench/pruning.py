"""How long it takes to prune the checkpoints of turns that are too old, and how long others wait meanwhile.

A turn leaves two checkpoints and fourteen values. Others are a transaction of one user's every 20 ms.

    .venv/bin/python -m bench.pruning [THREADS]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg

from storage.local.postgres import EmbeddedPostgres
from storage.migrate import migrate
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
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder) / "postgres").running() as url:
            await migrate(url)
            async with await psycopg.AsyncConnection.connect(url) as conn:
                for statement in FILL.split(";\n")[:-1]:
                    await conn.execute((statement % {"threads": threads}).encode())
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
                await conn.execute("vacuum analyze")
            async with Pool.open(url) as pool:
                await _prune(pool, threads)


async def _prune(pool: Pool, threads: int) -> None:
    waits: list[float] = []
    others = asyncio.create_task(_others(pool, waits))
    begun = time.perf_counter()
    try:
        print(await Retention(pool, 24).prune())
    finally:
        print(f"{threads} threads: {time.perf_counter() - begun:.1f} s")
        others.cancel()
        with suppress(asyncio.CancelledError):
            await others
        slowest = max(waits) * 1000
        print(f"others waited {statistics.median(waits) * 1000:.1f} ms, {slowest:.0f} ms at most", flush=True)


async def _others(pool: Pool, waits: list[float]) -> None:
    while True:
        begun = time.perf_counter()
        async with pool.as_user(uuid4()) as conn:
            await conn.execute("select count(*) from chat_turns")
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000))
