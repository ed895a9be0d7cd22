"""The database's functions work for who asks, whomever they are told of."""

from uuid import UUID

import psycopg
import pytest

from storage.pool import Pool
from tests.storage.isolation.adas import Adas
from tests.storage.rows import Owner


@pytest.mark.parametrize(
    "call",
    [
        "select * from match_memory(%(ada)s, array_fill(1, array[1536])::vector)",
        "select * from metrics_summary(100000)",
    ],
)
async def test_a_function_that_reads_does_not_read_for_someone_else(
    pool: Pool, adas: Adas, bob: UUID, call: str
) -> None:
    """Bob passes Ada's id and gets nothing; Ada gets her row."""
    for user, found in ((bob, 0), (adas.user, 1)):
        async with pool.as_user(user) as conn:
            assert (await conn.execute(call.encode(), {"ada": adas.user})).rowcount == found


@pytest.mark.parametrize(
    "call", ["select take_rate_limit(%(ada)s, 8, 60)", "select increment_rate_limit(%(ada)s, current_minute())"]
)
async def test_a_function_that_counts_does_not_count_for_someone_else(
    pool: Pool, adas: Adas, bob: UUID, call: str
) -> None:
    """Nobody uses up another user's limit."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with pool.as_user(bob) as conn:
            await conn.execute(call.encode(), {"ada": adas.user})


async def test_nobody_takes_anothers_checkpoints_away(pool: Pool, owner: Owner, adas: Adas, bob: UUID) -> None:
    """Bob names Ada's thread and nothing happens; Ada does and it is gone."""
    owner.execute(
        "insert into langgraph.checkpoints (thread_id, checkpoint_id, checkpoint, metadata)"
        " values (%(turn)s::text, '1', '{}', jsonb_build_object('user_id', %(ada)s::text))",
        {"turn": adas.turn, "ada": adas.user},
    )
    for user, left in ((bob, 1), (adas.user, 0)):
        async with pool.as_user(user) as conn:
            await conn.execute("select forget_my_checkpoints(array[%(turn)s::text])", {"turn": adas.turn})
        assert owner.execute("select count(*) from langgraph.checkpoints").fetchone() == (left,)
