"""What row level security and a transaction for each user cost per turn.

The statements of one turn (limit, acceptance, history, search, answer, summary, metrics) run as the program
runs them, and again as the tables' owner over a plain pool, whom no policy binds. Both in turn, many times.
Prints medians in milliseconds and the ratio.

    .venv/bin/python -m bench.transactions [ROUNDS]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

from storage.history import Histories
from storage.local.postgres import EmbeddedPostgres
from storage.metrics import Metrics
from storage.migrate import migrate
from storage.pool import Connection, Pool
from storage.rate_limits import RateLimits
from storage.turns import Turns
from storage.user_facts import UserFacts
from tests.storage.rows import MODEL, accepted, answered, turn_metrics

Transaction = AsyncGenerator[Connection]


class Unbound(Pool):
    """The same pool, acting as the owner in every transaction."""

    @asynccontextmanager
    async def as_user(self, user_id: UUID, *, snapshot: bool = False, accepting: bool = False) -> Transaction:  # noqa: ARG002
        """A transaction that no policy binds."""
        async with self._transaction() as conn:
            yield conn


async def turn(pool: Pool, user: UUID) -> None:
    """What one turn asks of the database."""
    turn_id = uuid4()
    await RateLimits(pool, 1_000_000).take(user)
    await Messages(pool).current_employee(user, "c-1")
    await Turns(pool).accept(user, turn_id, accepted())
    await Histories(pool).read(user, "c-1", before_turn=turn_id)
    await UserFacts(pool, MODEL).latest(user, limit=6)
    await Turns(pool).answer(user, turn_id, answered())
    await Histories(pool).save_summary(user, "c-1", "They met.", turn_id=turn_id, seen=0)
    await Metrics(pool).record(user, turn_id, turn_metrics())
    await Turns(pool).finish(user, turn_id)


async def main(rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder) / "postgres").running() as url:
            await migrate(url)
            async with Pool.open(url) as bound, Unbound.open(url) as unbound:
                seen: dict[str, list[float]] = {"as each user": [], "as the owner": []}
                for number in range(rounds + 5):
                    for (_, times), pool in zip(seen.items(), (bound, unbound), strict=True):
                        user = uuid4()
                        begun = time.perf_counter()
                        await turn(pool, user)
                        if number >= 5:  # the first rounds warm connections and plans
                            times.append((time.perf_counter() - begun) * 1000)
    medians = {name: statistics.median(times) for name, times in seen.items()}
    for name, median in medians.items():
        print(f"{name:16}{median:8.2f} ms a turn")
    print(f"{'ratio':16}{medians['as each user'] / medians['as the owner']:8.2f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
