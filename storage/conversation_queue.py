"""Places of messages in their conversation, across processes and in order of arrival."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from typing import Any, Literal, LiteralString
from uuid import UUID

from storage.errors import LeaseLost, StorageUnavailable
from storage.leases import terms
from storage.notifications import Notifications
from storage.pool import Connection, Pool
from storage.users import ensure_user

Place = Literal["first", "waiting", "conversation_full", "user_full"]

MOST_IN_CONVERSATION = 8
"""Messages that may wait in one conversation: at a usual answer's ten to fifteen seconds, the last of them is answered
before its time to wait is over. More would only be refused later."""
MOST_OF_USER = 16
"""Messages of one user that may wait: in two conversations to the full. Each keeps a request open, and a person does
not write more."""
LOOK_AGAIN = 5.0
"""Seconds between two looks besides notifications: one may be lost, and a process ahead may have died."""
POLL_SECONDS = 1.0
"""The same without notifications (in LangGraph's own server)."""
FIRST_LOOK_AGAIN = 0.2
"""Seconds until the second look: an answer whose commit had begun when the place was taken sends no notification."""
ELSEWHERE_SECONDS = 60
"""How long a turn that is on no lease (one of LangGraph's own server) keeps others waiting."""

ANSWERED: LiteralString = (
    "select from chat_turns t where t.user_id = %(user_id)s and t.convo_id = %(conversation_id)s"
    " and t.status = 'streaming' and t.turn_id <> %(turn_id)s"
    " and (t.lease_until is not null or t.created_at > now() - make_interval(secs => %(elsewhere)s))"
)
"""The turns of the conversation that are being answered, besides this one."""


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

    async def take(self, user_id: UUID, conversation_id: str, turn_id: UUID, *, claimed: bool) -> Place:
        """Take a place; says whether it is the first and none is being answered. Where too many wait none is taken.

        Args:
            user_id: whose message it is.
            conversation_id: where it belongs.
            turn_id: the turn that is to answer it.
            claimed: whether a key was claimed for the turn, so that the place is only given while that claim holds.

        Raises:
            LeaseLost: the key was claimed anew for another turn.
        """
        values = self._values(user_id, turn_id, conversation_id=conversation_id)
        async with self._pool.as_user(user_id, accepting=True) as conn:
            # A user's messages that arrive at once get their places, and are counted, one after the other.
            await conn.execute("select pg_advisory_xact_lock(hashtextextended(%(user_id)s::text, 9))", values)
            if not claimed:  # the claim has met them
                await ensure_user(conn, user_id)
            cursor = await conn.execute(
                "insert into chat_queue (user_id, turn_id, convo_id, owner, lease_until)"
                " values (%(user_id)s, %(turn_id)s, %(conversation_id)s, %(owner)s,"
                "  now() + make_interval(secs => %(lease)s))"
                " on conflict (user_id, turn_id) do update set lease_until = excluded.lease_until returning arrived",
                values,
            )
            row = await cursor.fetchone()
            assert row is not None
            if claimed:
                await _held(conn, values)
            if await _free(conn, values | row):
                return "first"
            if full := await _full(conn, values):
                await conn.execute(_LEAVE, values)
                return full
            await conn.execute(
                "update chat_queue set waiting = true where user_id = %(user_id)s and turn_id = %(turn_id)s", values
            )
            return "waiting"

    async def wait(self, user_id: UUID, turn_id: UUID, seconds: float) -> bool:
        """Wait at a place until it is the turn's turn, which it says, but no longer than that. Costs nothing meanwhile.

        Raises:
            LeaseLost: the place is gone.
        """
        deadline = time.monotonic() + seconds
        pauses = chain([FIRST_LOOK_AGAIN], repeat(LOOK_AGAIN if self._notifications else POLL_SECONDS))
        async with self._news_of(turn_id) as news:
            for pause in pauses:
                news.clear()  # before looking: what comes while looking is looked for again
                # A look that failed is made again; whether the database is gone for good is not judged here.
                with suppress(StorageUnavailable):
                    if await self._look(user_id, turn_id):
                        return True
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), min(left, pause))
        return False

    async def leave(self, user_id: UUID, turn_id: UUID) -> None:
        """Give the place up, and tell who comes next."""
        async with self._pool.as_user(user_id, accepting=True) as conn:
            await conn.execute(_LEAVE, self._values(user_id, turn_id))

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

    async def _look(self, user_id: UUID, turn_id: UUID) -> bool:
        values = self._values(user_id, turn_id)
        async with self._pool.as_user(user_id, accepting=True) as conn:
            cursor = await conn.execute(
                "update chat_queue set lease_until = now() + make_interval(secs => %(lease)s)"
                " where user_id = %(user_id)s and turn_id = %(turn_id)s and owner is not distinct from %(owner)s"
                " returning convo_id as conversation_id, arrived",
                values,
            )
            row = await cursor.fetchone()
            if row is None:
                raise LeaseLost
            return await _free(conn, values | row)

    @asynccontextmanager
    async def _news_of(self, turn_id: UUID) -> AsyncGenerator[asyncio.Event]:
        if self._notifications is None:
            yield asyncio.Event()
        else:
            async with self._notifications.of(turn_id) as event:
                yield event

    def _values(self, user_id: UUID, turn_id: UUID, **more: object) -> dict[str, Any]:
        known = {"user_id": user_id, "turn_id": turn_id, "owner": self._owner, "elsewhere": ELSEWHERE_SECONDS}
        return {**known, **terms(), **more}


async def _held(conn: Connection, values: dict[str, Any]) -> None:
    """Make sure that the turn's key is claimed for it, and stays so until the end of the transaction.

    Raises:
        LeaseLost: it is another turn's.
    """
    cursor = await conn.execute(
        "select from chat_idempotency where user_id = %(user_id)s and turn_id = %(turn_id)s and owner = %(owner)s"
        " for share",
        values,
    )
    if cursor.rowcount == 0:
        raise LeaseLost


async def _free(conn: Connection, values: dict[str, Any]) -> bool:
    """Whether no message is being answered, and none of a living process came before."""
    cursor = await conn.execute(
        f"{ANSWERED} union all select from chat_queue before"
        " where before.user_id = %(user_id)s and before.convo_id = %(conversation_id)s"
        " and before.arrived < %(arrived)s"
        " and not lease_lapsed(before.lease_until, before.owner, %(lease)s, %(quiet)s, %(settling)s) limit 1",
        values,
    )
    return cursor.rowcount == 0


async def _full(conn: Connection, values: dict[str, Any]) -> Place | None:
    """What has no room for one more that waits, if anything."""
    cursor = await conn.execute(
        "select count(*) as everywhere, count(*) filter (where convo_id = %(conversation_id)s) as here from chat_queue"
        " where user_id = %(user_id)s and turn_id <> %(turn_id)s and waiting"
        " and not lease_lapsed(lease_until, owner, %(lease)s, %(quiet)s, %(settling)s)",
        values,
    )
    row = await cursor.fetchone()
    assert row is not None
    if row["here"] >= MOST_IN_CONVERSATION:
        return "conversation_full"
    return "user_full" if row["everywhere"] >= MOST_OF_USER else None


_LEAVE: LiteralString = (
    "with place as ("
    "  delete from chat_queue where user_id = %(user_id)s and turn_id = %(turn_id)s"
    "  and owner is not distinct from %(owner)s returning user_id, convo_id)"
    " select wake_next(user_id, convo_id) from place"
)
