"""History of a conversation, as a turn reads it at its beginning and summarises it at its end."""

from typing import Literal, TypedDict
from uuid import UUID

from storage.pool import Pool

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


class Histories:
    """The histories of all conversations, with a watermark, so that no message is in neither summary nor window."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, user_id: UUID, conversation_id: str, *, before_turn: UUID) -> History:
        """The summary, every message it does not cover, and the latest ones even if it does.

        Messages of `before_turn` are left out.
        """
        (row,) = await self._pool.call(
            "select * from conversation_history(%(user_id)s, %(convo_id)s, %(turn_id)s, %(recent)s)",
            {"user_id": user_id, "convo_id": conversation_id, "turn_id": before_turn, "recent": RECENT_MESSAGES},
        )
        return History(summary=row["summary"] or "", covers=row["covers"], messages=row["messages"] or [])

    async def save_summary(
        self, user_id: UUID, conversation_id: str, summary: str, *, turn_id: UUID, seen: int
    ) -> bool:
        """Store the summary made at the end of `turn_id` from messages up to `seen`, and mark the turn as summarised.

        Its watermark is this turn's last message, or the message before the first one that another turn wrote
        meanwhile and that is therefore not in it. A summary with a lower watermark than the stored one is dropped: a
        turn that finishes late cannot undo a later one.

        Returns:
            Whether it was stored.
        """
        (row,) = await self._pool.call(
            "select save_summary(%(user_id)s, %(convo_id)s, %(turn_id)s, %(summary)s, %(seen)s) as saved",
            {"user_id": user_id, "convo_id": conversation_id, "summary": summary, "turn_id": turn_id, "seen": seen},
        )
        return bool(row["saved"])
