"""Insights: a user's activity over the last seven days."""

from datetime import date
from typing import TypedDict, cast
from uuid import UUID

from storage.pool import Pool

DAYS = 7
"""UTC days, today included."""
TOP = 3


class EmployeeAnswers(TypedDict):
    """How often an employee answered."""

    employee_slug: str
    answers: int


class Insights(TypedDict):
    """Activity of a user, without what they deleted."""

    days: int
    since: date
    """The first day."""
    messages: int
    """Messages sent."""
    active_days: int
    active_dates: list[date]
    """UTC days on which messages were sent."""
    facts_learned: int
    conversations: int
    """Conversations in which messages were sent."""
    top_employees: list[EmployeeAnswers]
    """Those with most answers, in descending order."""


class InsightsQueries:
    """Insights of each user, from messages and facts: unlike metrics, these go when the user deletes them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def for_user(self, user_id: UUID) -> Insights:
        """Activity of the user over the last `DAYS` days."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "with period as (select (now() at time zone 'UTC')::date - %(days)s + 1 as since), recent as ("
                "  select m.convo_id, m.role, m.employee_key, (m.created_at at time zone 'UTC')::date as day"
                "  from chat_messages m, period where m.user_id = %(user_id)s and not m.superseded"
                "  and m.created_at >= period.since::timestamp at time zone 'UTC'"
                "), sent as (select * from recent where role = 'user')"
                " select %(days)s::int as days, since,"
                " (select count(*) from sent) as messages,"
                " (select count(distinct day) from sent) as active_days,"
                " array(select distinct day from sent order by day) as active_dates,"
                " (select count(*) from user_memory_facts f where f.user_id = %(user_id)s"
                "  and f.withdrawn_at is null"
                "  and f.created_at >= since::timestamp at time zone 'UTC') as facts_learned,"
                " (select count(distinct convo_id) from sent) as conversations,"
                " array(select json_build_object('employee_slug', employee_key, 'answers', count(*))"
                "  from recent where role = 'assistant' group by employee_key"
                "  order by count(*) desc, employee_key limit %(top)s) as top_employees from period",
                {"user_id": user_id, "days": DAYS, "top": TOP},
            )
            row = await cursor.fetchone()
        assert row
        return cast(Insights, row)
