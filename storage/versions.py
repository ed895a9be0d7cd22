"""Versions of turns: what one is made of, and which of them is active."""

from typing import Any, Literal, LiteralString, TypedDict, cast
from uuid import UUID

from storage.leases import TERMS
from storage.pool import Pool

VERSIONS: LiteralString = "versions_of(t.user_id, t.turn_id, t.convo_id, t.parent)"
"""The ids of all versions of a turn `t`, in order."""


NO_TURN = UUID(int=0)
"""The parent of a first turn that has other versions."""


class Original(TypedDict):
    """A turn that another version is made of."""

    conversation_id: str
    message: str
    employee: str
    asked_employee: str | None
    route: dict[str, Any] | None
    answer: str | None
    finish_reason: str | None
    last_employee: str | None
    """The slug of who answered last before it."""


class Versions:
    """The versions of all users' turns."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def original(self, user_id: UUID, turn_id: UUID) -> Original | None:
        """The turn; None where the user has none of that id. Its question, and what was before it, never change."""
        async with self._pool.as_user(user_id, accepting=True) as conn:
            cursor = await conn.execute(
                "select t.convo_id as conversation_id, q.content as message, t.employee_slug as employee,"
                " t.asked_employee, t.route, a.content as answer, t.finish_reason, ("
                "  select b.employee_key from chat_messages b"
                "  where b.user_id = t.user_id and b.convo_id = t.convo_id and b.role = 'assistant' and b.seq < q.seq"
                "  and case when t.parent is null then not b.superseded else b.turn_id = t.parent end"
                "  order by b.seq desc limit 1) as last_employee"
                " from chat_turns t join chat_messages q"
                " on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'"
                " left join chat_messages a on a.user_id = t.user_id and a.turn_id = t.turn_id and a.role = 'assistant'"
                " where t.user_id = %(user_id)s and t.turn_id = %(turn_id)s",
                {"user_id": user_id, "turn_id": turn_id},
            )
            row = await cursor.fetchone()
        return Original(**row) if row else None  # type: ignore[typeddict-item]

    async def switch(self, user_id: UUID, conversation_id: str, turn_id: UUID) -> Literal["active", "busy", "missing"]:
        """Make the path through a turn, on to the last turn that was accepted on it, the active one.

        Returns:
            `active`, also where the turn was active before; `busy` and nothing is changed while a message of the
            conversation is being answered or waits; `missing` where the conversation has no such turn.
        """
        (row,) = await self._pool.call(
            "select switch_version(%(user_id)s, %(convo_id)s, %(turn_id)s, %(lease)s, %(quiet)s, %(settling)s,"
            " %(elsewhere)s) as said",
            {**TERMS, "user_id": user_id, "convo_id": conversation_id, "turn_id": turn_id},
        )
        return cast(Literal["active", "busy", "missing"], row["said"])
