"""Deletion of conversations that nobody used for long, with all that hangs on them."""

from typing import LiteralString, NamedTuple
from uuid import UUID

from storage.conversations import delete_conversation
from storage.pool import Pool
from storage.user_facts import lock_facts

CONVERSATIONS = 20
"""Conversations in a batch."""
TURNS = 200
"""Turns in a transaction: few enough that a user who writes in the conversation just then waits for a moment only."""

FIND_OLD: LiteralString = (
    "select user_id, convo_id from chat_conversations where updated_at < now() - make_interval(secs => %(seconds)s)"
    " order by updated_at limit %(conversations)s"
)
FIND_OLD_TEMPORARY: LiteralString = (
    "select user_id, convo_id from chat_conversations where temporary"
    " and updated_at < now() - make_interval(secs => %(seconds)s) order by updated_at limit %(conversations)s"
)
# One in which a message is just being stored is locked, and not old any more.
LOCK_IF_OLD: LiteralString = (
    "select from chat_conversations where user_id = %(user_id)s and convo_id = %(convo_id)s"
    " and updated_at < now() - make_interval(secs => %(seconds)s) for update skip locked"
)
DELETE_TURNS: LiteralString = (
    "delete from chat_turns where user_id = %(user_id)s and turn_id = any(array("
    " select turn_id from chat_turns where user_id = %(user_id)s and convo_id = %(convo_id)s"
    " order by created_at limit %(turns)s))"
)


class OldConversation(NamedTuple):
    """A conversation of a user."""

    user_id: UUID
    convo_id: str


class OldConversations:
    """Conversations of all users whose last message is so many days old.

    Args:
        temporary: only temporary ones.
    """

    def __init__(self, pool: Pool, days: float, *, temporary: bool = False) -> None:
        self._pool = pool
        self._find: LiteralString = FIND_OLD_TEMPORARY if temporary else FIND_OLD
        self._seconds = days * 86_400

    async def delete_batch(self) -> int:
        """Delete the oldest ones, or part of them; returns how many turns and conversations were deleted.

        Each is deleted for its user, so the facts that were said only there go along, as where the user deletes it.
        """
        async with self._pool.as_maintenance() as conn:
            cursor = await conn.execute(self._find, {"seconds": self._seconds, "conversations": CONVERSATIONS})
            found = [OldConversation(**row) for row in await cursor.fetchall()]
        return sum([await self._delete_part(conversation) for conversation in found])

    async def _delete_part(self, old: OldConversation) -> int:
        """Delete the conversation with its last turns, or the oldest of more turns than one transaction takes."""
        values = {**old._asdict(), "seconds": self._seconds, "turns": TURNS}
        async with self._pool.as_user(old.user_id) as conn:
            await lock_facts(conn, old.user_id)
            if not (await conn.execute(LOCK_IF_OLD, values)).rowcount:
                return 0
            turns = (await conn.execute(DELETE_TURNS, values)).rowcount
            if turns < TURNS:
                return turns + await delete_conversation(conn, old.user_id, old.convo_id)
            return turns
