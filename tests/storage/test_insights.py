"""Insights: a user's activity over the last seven days."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from storage.facts import Facts
from storage.insights import InsightsQueries
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner, answered, new_fact, save_answered


async def save_answered_at(
    pool: Pool, owner: Owner, user: UUID, days_ago: int, *, conversation: str, employee: str
) -> UUID:
    """Store a turn at the end of that UTC day; returns its id."""
    turn = await save_answered(pool, user, answered(conversation=conversation, employee=employee))
    owner.execute(
        "update chat_messages set created_at = date_trunc('day', now(), 'UTC') - make_interval(days => %s)"
        " + interval '86399 seconds' where turn_id = %s",
        [days_ago, turn],
    )
    return turn


async def test_insights_cover_the_last_seven_utc_days(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Today and the six days before; days without a message are not active."""
    for days_ago, conversation, employee in (
        (0, "c-1", "tag"), (0, "c-1", "tag"), (2, "c-2", "ledger"), (6, "c-1", "goalie"), (6, "c-1", "byte"),
        (6, "c-1", "byte"), (7, "c-old", "prime"),
    ):  # fmt: skip
        turn = await save_answered_at(pool, owner, ada, days_ago, conversation=conversation, employee=employee)
    await Facts(pool, MODEL).remember(ada, [new_fact("Sells oats"), new_fact("Sells tubas", 0.0, 1.0)], source=turn)
    owner.execute("update user_memory_facts set created_at = now() - interval '8 days' where fact = 'Sells tubas'")
    today = datetime.now(UTC).date()
    assert await InsightsQueries(pool).for_user(ada) == {
        "days": 7,
        "since": today - timedelta(days=6),
        "messages": 6,
        "active_days": 3,
        "active_dates": [today - timedelta(days=days) for days in (6, 2, 0)],
        "facts_learned": 1,
        "conversations": 2,
        "top_employees": [
            {"employee_slug": "byte", "answers": 2},
            {"employee_slug": "tag", "answers": 2},
            {"employee_slug": "goalie", "answers": 1},
        ],
    }


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_the_days_do_not_depend_on_the_servers_time_zone(
    pool: Pool, owner: Owner, database_url: str, ada: UUID, zone: str
) -> None:
    """A message at the start of the first UTC day counts also where the server has another date."""
    turn = await save_answered(pool, ada, answered())
    owner.execute(
        "update chat_messages set created_at = date_trunc('day', now(), 'UTC') - interval '6 days' where turn_id = %s",
        [turn],
    )
    async with Pool.open(f"{database_url}&options=-c%20timezone%3D{zone}", size=1) as other_pool:
        found = await InsightsQueries(other_pool).for_user(ada)
    assert (found["messages"], found["active_dates"]) == (1, [found["since"]])
