"""Admission of a message: it is counted, and takes its place in its conversation, in one statement."""

from typing import Literal, TypedDict
from uuid import UUID

from storage.errors import LeaseLost
from storage.leases import TERMS
from storage.pool import Pool
from storage.rate_limits import Allowance, RateLimits

Place = Literal["first", "waiting", "conversation_full", "user_full"]
"""Of a message in its conversation: it may be answered, it waits, or too many wait, so that it has none."""

MOST_IN_CONVERSATION = 8
"""Messages that may wait in one conversation: at a usual answer's ten to fifteen seconds, the last of them is answered
before its time to wait is over. More would only be refused later."""
MOST_OF_USER = 16
"""Messages of one user that may wait: in two conversations to the full. Each keeps a request open, and a person does
not write more."""


class Admitted(TypedDict):
    """What the limit leaves, and the message's place."""

    allowance: Allowance | None
    """None without a limit."""
    place: Place | None
    """None where the limit refuses the message, or no place was asked for."""
    employee: str | None
    """The slug of who answered last in the conversation; None in a new one."""


NOT_ADMITTED = Admitted(allowance=None, place=None, employee=None)
"""What is known of a message where the database could not be asked."""


class Admission:
    """Admits the messages of all users.

    Args:
        limits: which messages pass.
        owner: the process that holds the places; None where none of ours does.
    """

    def __init__(self, pool: Pool, limits: RateLimits, owner: UUID | None = None) -> None:
        self._pool = pool
        self._limits = limits
        self._owner = owner

    def is_used_up(self, user_id: UUID) -> bool:
        """Whether it is known without the database that the limit refuses the user's next message."""
        return self._limits.used_up(user_id, "chat") is not None

    async def admit(
        self,
        user_id: UUID,
        conversation_id: str,
        turn_id: UUID,
        *,
        has_key: bool,
        counted: bool = True,
        take_place: bool = True,
    ) -> Admitted:
        """Count a message, and if it passes, take its place in its conversation.

        Of two messages of a user that come at once only one can be the last that passes, or the first in a
        conversation.

        Args:
            user_id: whose message it is.
            conversation_id: where it belongs.
            turn_id: the turn that is to answer it.
            has_key: whether an idempotency key was claimed for the turn, so that a place is only given while that claim
                holds.
            counted: False where it could not be counted and goes on.
            take_place: False where it is not going to be answered.

        Raises:
            LeaseLost: the key was claimed anew for another turn.
        """
        if counted and (refused := self._limits.used_up(user_id, "chat")):
            return Admitted(allowance=refused, place=None, employee=None)
        policy = self._limits.left_to_ask(user_id, "chat") if counted else None
        (row,) = await self._pool.call(
            "select * from admit_message(%(user_id)s, %(conversation_id)s, %(turn_id)s, %(owner)s, %(has_key)s,"
            " %(limit)s, %(window)s, %(take_place)s, %(most_in_conversation)s, %(most_of_user)s,"
            " %(lease)s, %(quiet)s, %(settling)s, %(elsewhere)s)",
            {
                **TERMS,
                "user_id": user_id,
                "conversation_id": conversation_id,
                "turn_id": turn_id,
                "owner": self._owner,
                "has_key": has_key,
                "limit": policy.limit if policy else None,
                "window": policy.window if policy else None,
                "take_place": take_place,
                "most_in_conversation": MOST_IN_CONVERSATION,
                "most_of_user": MOST_OF_USER,
            },
            accepting=True,
        )
        if row["place"] == "lost":
            raise LeaseLost
        allowance = self._limits.allowance(user_id, "chat", row) if policy else None
        return Admitted(allowance=allowance, place=row["place"], employee=row["employee"])
