"""Cost of row level security and of a transaction for each user, per turn.

Two ways: the statements of one turn (limit, acceptance, history, search, answer, summary, metrics) as the application
runs them, and as the tables' owner, whom no policy restricts. Prints medians in milliseconds.

    .venv/bin/python -m bench.transactions [ROUNDS]
"""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from bench.environment import Measured, database, measure, print_medians, run
from storage.messages import Messages
from storage.metrics import Metrics
from storage.pool import Connection, Pool
from storage.rate_limits import RateLimits
from storage.summaries import Summaries
from storage.turns import Turns
from storage.user_facts import Memory
from tests.storage.rows import MODEL, accepted, answered, measured

Transaction = AsyncGenerator[Connection]


class OwnerPool(Pool):
    """A pool that acts as the owner in every transaction."""

    @asynccontextmanager
    async def as_user(self, user_id: UUID, *, snapshot: bool = False, accepting: bool = False) -> Transaction:  # noqa: ARG002
        """A transaction without policies."""
        async with self._transaction() as conn:
            yield conn


async def main(rounds: int) -> None:
    """Measure and print."""
    async with database() as url, Pool.open(url) as users, OwnerPool.open(url) as owner:
        ways = {"as the owner": lambda: _turn(owner), "as each user": lambda: _turn(users)}
        print_medians(("a turn",), await measure(ways, rounds, warm_up=5))


async def _turn(pool: Pool) -> Measured:
    """The statements of one turn."""
    user, turn_id, start = uuid4(), uuid4(), time.perf_counter()
    await RateLimits(pool, 1_000_000).take(user)
    await Messages(pool).current_employee(user, "c-1")
    await Turns(pool).accept(user, turn_id, accepted())
    await Messages(pool).history(user, "c-1", before_turn=turn_id)
    await Memory(pool, MODEL).latest(user, limit=6)
    await Turns(pool).answer(user, turn_id, answered())
    await Summaries(pool).save(user, "c-1", "They met.", turn_id=turn_id, seen=0)
    await Metrics(pool).record(user, turn_id, measured())
    await Turns(pool).finish(user, turn_id)
    return (time.perf_counter() - start,)


if __name__ == "__main__":
    run(main, 200)
