"""Misroutes: turns whose message the user then sent to another employee."""

from uuid import UUID

from storage.errors import Gone
from storage.pool import Pool


class Misroutes:
    """Misroutes of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, user_id: UUID, conversation_id: str, turn_id: UUID, wanted: str) -> str | None:
        """Record that the user wanted another employee for this turn, once per turn; nothing if that one answered it.

        Returns:
            The employee that answered the turn; None where the user has no such turn in that conversation.
        """
        try:
            return await self._record(user_id, conversation_id, turn_id, wanted)
        except Gone:
            return None  # deleted at this moment

    async def _record(self, user_id: UUID, conversation_id: str, turn_id: UUID, wanted: str) -> str | None:
        async with self._pool.as_user(user_id, accepting=True) as conn:
            cursor = await conn.execute(
                "with turn as (select user_id, turn_id, employee_slug from chat_turns"
                "  where user_id = %(user_id)s and turn_id = %(turn_id)s and convo_id = %(convo_id)s"
                "), written as ("
                "  insert into chat_misroutes (user_id, turn_id, chosen_employee, wanted_employee)"
                "  select user_id, turn_id, employee_slug, %(wanted)s from turn where employee_slug <> %(wanted)s"
                "  on conflict (user_id, turn_id) do update"
                "  set wanted_employee = excluded.wanted_employee, from_feedback = false)"
                " select employee_slug from turn",
                {"user_id": user_id, "turn_id": turn_id, "convo_id": conversation_id, "wanted": wanted},
            )
            row = await cursor.fetchone()
        return row["employee_slug"] if row else None
