"""What a user did of late."""

from datetime import date
from typing import TypedDict, cast
from uuid import UUID

from storage.pool import Pool

DAYS = 7
"""By UTC, today included."""
TOP = 3


class Answers(TypedDict):
    """How often an employee answered."""

    employee_slug: str
    answers: int


class Insights(TypedDict):
    """The last days of a user, as far as nothing of them was deleted."""

    days: int
    since: date
    """The first of them."""
    messages: int
    """Sent."""
    active_days: int
    active_dates: list[date]
    """On which messages were sent, by UTC."""
    facts_learned: int
    conversations: int
    """In which messages were sent."""
    top_employees: list[Answers]
    """Who answered most, the first one first."""


class AllInsights:
    """Of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_user(self, user_id: UUID) -> Insights:
        """The user's last `DAYS` days."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "with begun as (select (now() at time zone 'UTC')::date - %(days)s + 1 as since), said as ("
                "  select m.convo_id, m.role, m.employee_key, (m.created_at at time zone 'UTC')::date as day"
                "  from chat_messages m, begun where m.user_id = %(user_id)s"
                "  and m.created_at >= begun.since::timestamp at time zone 'UTC'"
                "), asked as (select * from said where role = 'user')"
                " select %(days)s::int as days, since,"
                " (select count(*) from asked) as messages,"
                " (select count(distinct day) from asked) as active_days,"
                " array(select distinct day from asked order by day) as active_dates,"
                " (select count(*) from user_memory_facts f where f.user_id = %(user_id)s"
                "  and f.created_at >= since::timestamp at time zone 'UTC') as facts_learned,"
                " (select count(distinct convo_id) from asked) as conversations,"
                " array(select json_build_object('employee_slug', employee_key, 'answers', count(*))"
                "  from said where role = 'assistant' group by employee_key"
                "  order by count(*) desc, employee_key limit %(top)s) as top_employees from begun",
                {"user_id": user_id, "days": DAYS, "top": TOP},
            )
            row = await cursor.fetchone()
        assert row
        return cast(Insights, row)
