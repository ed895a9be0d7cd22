"""Waiting at a place in a conversation, across processes and in order of arrival; `Admission` gives places."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from typing import Any, LiteralString, TypedDict
from uuid import UUID

from storage.errors import LeaseLost, StorageUnavailable
from storage.leases import TERMS
from storage.notifications import Notifications
from storage.pool import Pool

LOOK_AGAIN = 5.0
"""Seconds between two looks besides notifications: one may be lost, and a process ahead may have died."""
POLL_SECONDS = 1.0
"""The same without notifications (in LangGraph's own server)."""
FIRST_LOOK_AGAIN = 0.2
"""Seconds until the second look: an answer whose commit had begun when the place was taken sends no notification."""


GIVE_UP_PLACE: LiteralString = (
    "with place as ("
    "  delete from chat_queue where user_id = %(user_id)s and turn_id = %(turn_id)s"
    "  and owner is not distinct from %(owner)s returning user_id, convo_id)"
    " select wake_next(user_id, convo_id) from place"
)
"""Gives up the place of a turn of this process; the next message there is notified."""


class Reached(TypedDict):
    """A message may be answered."""

    employee: str | None
    """The slug of who answered last in the conversation."""


class ConversationQueue:
    """The places of all conversations.

    Args:
        owner: the process that holds them; None where none of ours does: then looking is what renews a place.
        notifications: wake a message that may go on; without them it looks every second.
    """

    def __init__(self, pool: Pool, owner: UUID | None = None, notifications: Notifications | None = None) -> None:
        self._pool = pool
        self._owner = owner
        self._notifications = notifications

    async def wait(
        self, user_id: UUID, turn_id: UUID, seconds: float, withdrawn: asyncio.Event | None = None
    ) -> Reached | None:
        """Wait at a place until the message may be answered; None where that takes longer. Costs nothing meanwhile.

        Args:
            user_id: the user.
            turn_id: the message's turn.
            seconds: for how long.
            withdrawn: set where the message is not to be answered any more, which `withdraw` notifies of.

        Raises:
            LeaseLost: the place is gone.
        """
        deadline = time.monotonic() + seconds
        pauses = chain([FIRST_LOOK_AGAIN], repeat(LOOK_AGAIN if self._notifications else POLL_SECONDS))
        async with self._news_of(turn_id) as news:
            for pause in pauses:
                news.clear()  # before looking: what comes while looking is looked for again
                if withdrawn and withdrawn.is_set():  # also where the conversation has just become free
                    break
                # A look that failed is made again; whether the database is gone for good is not judged here.
                with suppress(StorageUnavailable):
                    if reached := await self._look(user_id, turn_id):
                        return reached
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), min(left, pause))
        return None

    async def leave(self, user_id: UUID, turn_id: UUID) -> None:
        """Give the place up, and tell who comes next."""
        async with self._pool.as_user(user_id, accepting=True) as conn:
            await conn.execute(GIVE_UP_PLACE, self._values(user_id, turn_id))

    async def interrupt(self, user_id: UUID, conversation_id: str) -> None:
        """Have the answer that is being written in the conversation end where it stands."""
        async with self._pool.as_user(user_id, accepting=True) as conn:
            await conn.execute(
                "with asked as ("
                "  update chat_turns set stop_asked_at = coalesce(stop_asked_at, now())"
                "  where user_id = %(user_id)s and convo_id = %(convo_id)s and status = 'streaming' returning turn_id)"
                " select pg_notify('frontdesk_stops', turn_id::text) from asked",
                {"user_id": user_id, "convo_id": conversation_id},
            )

    async def withdraw(self, user_id: UUID, conversation_id: str, turn_id: UUID | None = None) -> None:
        """Have what waits in the conversation be refused, or that message alone, whichever process it waits in."""
        async with self._pool.as_user(user_id, accepting=True) as conn:
            await conn.execute(
                "select pg_notify('frontdesk_stops', turn_id::text) from chat_queue where user_id = %(user_id)s"
                " and convo_id = %(convo_id)s and (%(turn_id)s::uuid is null or turn_id = %(turn_id)s)",
                {"user_id": user_id, "convo_id": conversation_id, "turn_id": turn_id},
            )

    async def _look(self, user_id: UUID, turn_id: UUID) -> Reached | None:
        async with self._pool.as_user(user_id, accepting=True) as conn:
            cursor = await conn.execute(
                "update chat_queue q set lease_until = now() + make_interval(secs => %(lease)s)"
                " where q.user_id = %(user_id)s and q.turn_id = %(turn_id)s and q.owner is not distinct from %(owner)s"
                " returning is_first_in_conversation(q.user_id, q.convo_id, q.turn_id, q.arrived,"
                "  %(lease)s, %(quiet)s, %(settling)s, %(elsewhere)s) as first,"
                " (select c.employee_slug from chat_conversations c"
                "  where c.user_id = q.user_id and c.convo_id = q.convo_id) as employee",
                self._values(user_id, turn_id),
            )
            row = await cursor.fetchone()
        if row is None:
            raise LeaseLost
        return Reached(employee=row["employee"]) if row["first"] else None

    @asynccontextmanager
    async def _news_of(self, turn_id: UUID) -> AsyncGenerator[asyncio.Event]:
        if self._notifications is None:
            yield asyncio.Event()
        else:
            async with self._notifications.of(turn_id) as event:
                yield event

    def _values(self, user_id: UUID, turn_id: UUID) -> dict[str, Any]:
        return {**TERMS, "user_id": user_id, "turn_id": turn_id, "owner": self._owner}
