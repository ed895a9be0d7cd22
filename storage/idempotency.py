"""Idempotency keys: which turn a client's key names."""

from typing import Any, NamedTuple, TypedDict
from uuid import UUID

from storage.connections import Connection
from storage.conversation_queue import GIVE_UP_PLACE
from storage.leases import TERMS
from storage.pool import Pool
from storage.users import ensure_user

KEPT_HOURS = 24
"""How long a key means the same turn."""


class Claim(TypedDict):
    """A key, and what it stands for."""

    turn_id: UUID
    body_hash: str
    mine: bool
    """Whether this very request has claimed it, and is to run the turn."""


class _Known(NamedTuple):
    """A key that was claimed before."""

    turn_id: UUID
    body_hash: str
    free: bool
    """Whether it may be claimed anew."""
    owner: UUID | None
    lease_until: Any


class IdempotencyKeys:
    """The keys of all users.

    A claim is pending until its turn is accepted: held by a process, on a lease that it renews. Accepting the turn ends
    the lease, and the key stands for that turn from then on. Both that and claiming anew change this one row, so only
    one of them happens, whichever process is slow.

    Args:
        owner: the process that claims, and is to run the turns.
    """

    def __init__(self, pool: Pool, owner: UUID | None = None) -> None:
        self._pool = pool
        self._owner = owner

    async def claim(self, user_id: UUID, key: str, body_hash: str, turn_id: UUID) -> Claim:
        """Take the key for a new turn, unless it names one already; of many at once, one takes it.

        A key is taken anew where its day is over, its turn was deleted, or its process died before the turn was
        accepted; whatever that process still holds for the turn goes with it.
        """
        values = {
            "user_id": user_id,
            "key": key,
            "body_hash": body_hash,
            "turn_id": turn_id,
            "hours": KEPT_HOURS,
            "owner": self._owner,
            **TERMS,
        }
        async with self._pool.as_user(user_id, accepting=True) as conn:
            await ensure_user(conn, user_id)
            cursor = await conn.execute(
                "insert into chat_idempotency (user_id, key, body_hash, turn_id, owner, lease_until)"
                " values (%(user_id)s, %(key)s, %(body_hash)s, %(turn_id)s, %(owner)s,"
                "  now() + make_interval(secs => %(lease)s)) on conflict (user_id, key) do nothing",
                values,
            )
            if cursor.rowcount == 1:
                return Claim(turn_id=turn_id, body_hash=body_hash, mine=True)
            known = await _known(conn, values)
            if known and not known.free:
                return Claim(turn_id=known.turn_id, body_hash=known.body_hash, mine=False)
            if known and await _take_over(conn, values, known):
                return Claim(turn_id=turn_id, body_hash=body_hash, mine=True)
        # It was given up, or claimed by another request, between two statements.
        return await self.claim(user_id, key, body_hash, turn_id)

    async def give_up(self, user_id: UUID, turn_id: UUID) -> None:
        """Free the key of a turn of this process that is not going to be stored, or failed; it may be sent again.

        Its place in its conversation goes with the key. The next message there is notified, and who waits for the turn.
        """
        values = {"user_id": user_id, "turn_id": turn_id, "owner": self._owner}
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "with claim as ("
                "  delete from chat_idempotency k where k.user_id = %(user_id)s and k.turn_id = %(turn_id)s"
                "  and k.owner is not distinct from %(owner)s and (k.lease_until is not null or exists ("
                "   select from chat_turns t where t.user_id = k.user_id and t.turn_id = k.turn_id"
                "   and t.status = 'failed')) returning k.turn_id)"
                " select pg_notify('frontdesk_turns', turn_id::text) from claim",
                values,
            )
            await conn.execute(GIVE_UP_PLACE, values)


async def _known(conn: Connection, values: dict[str, Any]) -> _Known | None:
    """What the key stands for; None where it was given up just now.

    In one statement, so that a claim without a lease is seen together with the turn that was accepted with it.
    """
    cursor = await conn.execute(
        "select k.turn_id, k.body_hash, k.owner, k.lease_until, case"
        "  when t.turn_id is not null then k.created_at < now() - make_interval(hours => %(hours)s)"
        "  when k.lease_until is null then true"  # it was accepted, and then deleted
        "  else lease_lapsed(k.lease_until, k.owner, %(lease)s, %(quiet)s, %(settling)s) end as free"
        " from chat_idempotency k left join chat_turns t on t.user_id = k.user_id and t.turn_id = k.turn_id"
        " where k.user_id = %(user_id)s and k.key = %(key)s",
        values,
    )
    row = await cursor.fetchone()
    return _Known(**row) if row else None


async def _take_over(conn: Connection, values: dict[str, Any], known: _Known) -> bool:
    """Claim a key that is free, if it is still as it was seen."""
    before = {"before": known.turn_id, "before_owner": known.owner, "before_lease": known.lease_until}
    cursor = await conn.execute(
        "update chat_idempotency set body_hash = %(body_hash)s, turn_id = %(turn_id)s, owner = %(owner)s,"
        " lease_until = now() + make_interval(secs => %(lease)s), created_at = now()"
        " where user_id = %(user_id)s and key = %(key)s and turn_id = %(before)s"
        " and owner is not distinct from %(before_owner)s and lease_until is not distinct from %(before_lease)s",
        values | before,
    )
    # Without a place no turn is accepted, so this ends the turn that had the key before, if it still runs somewhere.
    await conn.execute(
        "delete from chat_queue where user_id = %(user_id)s and turn_id = %(before)s and %(taken)s",
        {**values, **before, "taken": cursor.rowcount == 1},
    )
    return cursor.rowcount == 1
