"""Whose turn it is in a conversation, across processes and in order of arrival."""

from uuid import UUID

from storage.pool import Pool
from storage.users import meet

LEASE_SECONDS = 5
"""How long a place is kept for who gives no sign of life."""
ELSEWHERE_SECONDS = 60
"""How long a turn that is on no lease (one of LangGraph's own server) keeps others waiting."""


class Queue:
    """The places of all conversations."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def wait(self, user_id: UUID, conversation_id: str, turn_id: UUID) -> bool:
        """Take a place, or keep the one taken before; says whether it is the first and nobody is being answered."""
        values = {
            "user_id": user_id,
            "convo_id": conversation_id,
            "turn_id": turn_id,
            "lease": LEASE_SECONDS,
            "elsewhere": ELSEWHERE_SECONDS,
        }
        async with self._pool.as_user(user_id, hasty=True) as conn:
            await meet(conn, user_id)
            # Two that arrive at once get their places one after the other.
            await conn.execute(
                "select pg_advisory_xact_lock(hashtextextended(%(user_id)s::text || %(convo_id)s, 9))", values
            )
            await conn.execute(
                "insert into chat_queue (user_id, turn_id, convo_id, lease_until)"
                " values (%(user_id)s, %(turn_id)s, %(convo_id)s, now() + make_interval(secs => %(lease)s))"
                " on conflict (user_id, turn_id) do update set lease_until = excluded.lease_until",
                values,
            )
            cursor = await conn.execute(
                "select from chat_turns t where t.user_id = %(user_id)s and t.convo_id = %(convo_id)s"
                " and t.status = 'accepted' and t.turn_id <> %(turn_id)s and (t.lease_until is not null"
                "  or t.created_at > now() - make_interval(secs => %(elsewhere)s))"
                " union all select from chat_queue before, chat_queue mine"
                " where mine.user_id = %(user_id)s and mine.turn_id = %(turn_id)s"
                " and before.user_id = %(user_id)s and before.convo_id = %(convo_id)s"
                " and before.arrived < mine.arrived and before.lease_until > now() limit 1",
                values,
            )
            return cursor.rowcount == 0

    async def leave(self, user_id: UUID, turn_id: UUID) -> None:
        """Give the place up."""
        async with self._pool.as_user(user_id, hasty=True) as conn:
            await conn.execute(
                "delete from chat_queue where user_id = %(user_id)s and turn_id = %(turn_id)s",
                {"user_id": user_id, "turn_id": turn_id},
            )

    async def interrupt(self, user_id: UUID, conversation_id: str) -> None:
        """Have the answer that is being written in the conversation end where it stands."""
        async with self._pool.as_user(user_id, hasty=True) as conn:
            await conn.execute(
                "with asked as ("
                "  update chat_turns set stop_asked_at = coalesce(stop_asked_at, now())"
                "  where user_id = %(user_id)s and convo_id = %(convo_id)s and status = 'accepted' returning turn_id)"
                " select pg_notify('frontdesk_stops', turn_id::text) from asked",
                {"user_id": user_id, "convo_id": conversation_id},
            )
