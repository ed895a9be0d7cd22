"""The database's functions act for the transaction's user, whichever user id they are given."""

from uuid import UUID

import psycopg
import pytest

from storage.pool import Pool
from tests.storage.isolation.ada_rows import AdaRows
from tests.storage.rows import Owner


@pytest.mark.parametrize(
    "call",
    [
        "select * from match_memory(%(ada)s, '[1, 0]')",
        "select * from metrics_summary(100000)",
    ],
)
async def test_a_reading_function_reads_only_the_callers_rows(
    pool: Pool, ada_rows: AdaRows, bob: UUID, call: str
) -> None:
    """Bob passes Ada's id and gets nothing; Ada gets her row."""
    for user, found in ((bob, 0), (ada_rows.user, 1)):
        async with pool.as_user(user) as conn:
            assert (await conn.execute(call.encode(), {"ada": ada_rows.user})).rowcount == found


@pytest.mark.parametrize(
    "call", ["select take_rate_limit(%(ada)s, 8, 60)", "select increment_rate_limit(%(ada)s, current_minute())"]
)
async def test_a_counting_function_counts_only_for_the_caller(
    pool: Pool, ada_rows: AdaRows, bob: UUID, call: str
) -> None:
    """No user can exhaust another user's limit."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with pool.as_user(bob) as conn:
            await conn.execute(call.encode(), {"ada": ada_rows.user})


async def test_a_user_cannot_delete_another_users_checkpoints(
    pool: Pool, owner: Owner, ada_rows: AdaRows, bob: UUID
) -> None:
    """Bob names Ada's thread and nothing happens; Ada does and it is deleted."""
    owner.execute(
        "insert into langgraph.checkpoints (thread_id, checkpoint_id, checkpoint, metadata)"
        " values (%(turn)s::text, '1', '{}', jsonb_build_object('user_id', %(ada)s::text))",
        {"turn": ada_rows.turn, "ada": ada_rows.user},
    )
    for user, left in ((bob, 1), (ada_rows.user, 0)):
        async with pool.as_user(user) as conn:
            await conn.execute("select forget_my_checkpoints(array[%(turn)s::text])", {"turn": ada_rows.turn})
        assert owner.execute("select count(*) from langgraph.checkpoints").fetchone() == (left,)
