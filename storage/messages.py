"""What a new turn reads of its conversation: summary, messages and the employee that answered last."""

from typing import Literal, TypedDict
from uuid import UUID

from storage.pool import Connection, Pool

RECENT_MESSAGES = 40
"""Messages loaded even when the summary covers them; more than fits most models' context window."""


class Message(TypedDict):
    """One message of a conversation."""

    id: str
    seq: int
    """Position in the conversation: grows, never repeats."""
    role: Literal["user", "assistant"]
    employee: str
    content: str


class History(TypedDict):
    """A conversation so far: its rolling summary, and its messages in order."""

    summary: str
    covers: int
    """The summary's watermark: it covers every message with a `seq` up to this one."""
    messages: list[Message]


class Messages:
    """The messages of all conversations."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def current_employee(self, user_id: UUID, conversation_id: str) -> str | None:
        """The slug of the employee that answered last in this conversation; None in a new one."""
        async with self._pool.as_user(user_id, accepting=True) as conn:
            cursor = await conn.execute(
                "select employee_slug from chat_conversations where user_id = %(user_id)s and convo_id = %(convo_id)s",
                {"user_id": user_id, "convo_id": conversation_id},
            )
            row = await cursor.fetchone()
        return row["employee_slug"] if row else None

    async def history(self, user_id: UUID, conversation_id: str, *, before_turn: UUID) -> History:
        """The summary, every message it does not cover, and the latest ones even if it does.

        Messages of `before_turn` are left out.
        """
        async with self._pool.as_user(user_id) as conn:
            summary, covers = await _summary(conn, user_id, conversation_id)
            cursor = await conn.execute(
                "select id::text, seq, role, employee_key as employee, content from chat_messages"
                " where user_id = %(user_id)s and convo_id = %(convo_id)s and turn_id <> %(turn_id)s"
                " and content <> ''"  # an answer that was stopped before its first token
                " and seq > least(%(covers)s, (select coalesce(min(seq), 0) - 1 from ("
                "   select seq from chat_messages"
                "   where user_id = %(user_id)s and convo_id = %(convo_id)s and turn_id <> %(turn_id)s"
                "   order by seq desc limit %(recent)s) latest))"
                " order by seq",
                {
                    "user_id": user_id,
                    "convo_id": conversation_id,
                    "turn_id": before_turn,
                    "covers": covers,
                    "recent": RECENT_MESSAGES,
                },
            )
            messages = [Message(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]
        return History(summary=summary, covers=covers, messages=messages)


async def _summary(conn: Connection, user_id: UUID, conversation_id: str) -> tuple[str, int]:
    cursor = await conn.execute(
        "select summary, covers_seq from chat_convo_summaries where user_id = %(user_id)s and convo_id = %(convo_id)s",
        {"user_id": user_id, "convo_id": conversation_id},
    )
    row = await cursor.fetchone()
    return (row["summary"], row["covers_seq"]) if row else ("", 0)
