"""How often a user may do what costs something: one sliding window for each kind of request."""

import time
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypedDict
from uuid import UUID

from storage.pool import Pool

Bucket = Literal["chat", "memory", "search", "export", "refusals"]
"""What is counted together: messages, corrected facts, searches, exports, messages that were turned away."""


class Policy(NamedTuple):
    """So many requests in any window of so many seconds."""

    limit: int
    window: int


POLICIES: Mapping[Bucket, Policy] = {
    "memory": Policy(20, 60),  # each corrected fact is embedded, which may be paid for
    "search": Policy(60, 60),  # reads all words of a user; the page asks once for each pause in typing
    "export": Policy(6, 3600),  # reads everything there is, and holds a connection meanwhile
    "refusals": Policy(60, 60),  # each is a turn that is begun, recorded and forgotten
}
"""What a user may do besides sending messages, whose limit is a setting; 0 there switches these off, too."""
CHAT_WINDOW = 60
REMEMBERED = 10_000
"""Limits that a process remembers before it looks which of them are free again."""


class Allowance(TypedDict):
    """What a limit leaves a user; times in seconds."""

    limit: int
    window: int
    remaining: int
    reset_after: float
    """Until one more request becomes free."""
    retry_after: float | None
    """Until a refused request would pass; None when this one did."""


class _Known(NamedTuple):
    """Requests that this process counts until a time by its clock, without asking the database."""

    used: int
    until: float


NONE = _Known(0, 0.0)


class Limits:
    """The limits of all users, exact over any window, whichever process counts.

    A limit that is used up is remembered in this process until it leaves room again: nothing can pass before, so
    that whoever goes on asking costs the database nothing.

    Args:
        chat: messages a user may send in `CHAT_WINDOW` seconds; 0 switches all limits off.
        clock: seconds that only go forward.
    """

    def __init__(self, pool: Pool, chat: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self.policies: Mapping[Bucket, Policy] = {"chat": Policy(chat, CHAT_WINDOW), **POLICIES} if chat else {}
        """Those that hold."""
        self._known: dict[tuple[UUID, Bucket], _Known] = {}

    async def take(self, user_id: UUID, bucket: Bucket = "chat") -> Allowance | None:
        """Count this request and say what is left, in one statement, so that two at once cannot both be the last.

        None when there is no limit.
        """
        policy = self.policies.get(bucket)
        if policy is None:
            return None
        if refused := self.used_up(user_id, bucket):
            return refused
        limit = policy.limit - self._known_of(user_id, bucket).used
        async with self._pool.as_user(user_id, hasty=True) as conn:
            # A count lost in a crash costs nothing; waiting for the disk on every request would.
            await conn.execute("set local synchronous_commit = off")
            cursor = await conn.execute(
                "select remaining, reset_after, retry_after"
                " from take_rate_limit(%(user_id)s, %(limit)s, %(window)s, %(bucket)s)",
                {"user_id": user_id, "bucket": bucket, "limit": limit, "window": policy.window},
            )
            row = await cursor.fetchone()
        assert row is not None
        if row["remaining"] == 0:
            self._remember(user_id, bucket, policy.limit, row["reset_after"])
        return _allowance(policy, row["remaining"], row["reset_after"], row["retry_after"])

    async def peek(self, user_id: UUID, bucket: Bucket = "chat") -> Allowance | None:
        """What is left, without counting anything; None when there is no limit."""
        policy = self.policies.get(bucket)
        if policy is None:
            return None
        async with self._pool.as_user(user_id, hasty=True) as conn:
            cursor = await conn.execute(
                "select count(*) as used, extract(epoch from min(t) - clock_timestamp())::float8 + %(window)s as reset"
                " from chat_rate_limits l, unnest(l.admitted_at) t"
                " where l.user_id = %(user_id)s and l.bucket = %(bucket)s"
                " and t > clock_timestamp() - make_interval(secs => %(window)s) and t <= clock_timestamp()",
                {"user_id": user_id, "bucket": bucket, "window": policy.window},
            )
            row = await cursor.fetchone()
        assert row is not None
        used = row["used"] + self._known_of(user_id, bucket).used
        return _allowance(policy, max(0, policy.limit - used), row["reset"] or 0.0, None)

    def used_up(self, user_id: UUID, bucket: Bucket) -> Allowance | None:
        """The refusal that is known without asking the database; None where the database has to be asked."""
        policy, known = self.policies.get(bucket), self._known_of(user_id, bucket)
        if policy is None or known.used < policy.limit:
            return None
        left = known.until - self._clock()
        return _allowance(policy, 0, left, left)

    async def carry_over(self, user_id: UUID) -> None:
        """Keep in mind what the user has used of every limit, before the account is erased and the database forgets.

        Otherwise erasing it again and again would be a way around the limits. It counts for a whole window more, and
        in this process only, because nothing of an erased user is written down.
        """
        for bucket, policy in self.policies.items():
            left = await self.peek(user_id, bucket)
            if left and left["remaining"] < policy.limit:
                self._remember(user_id, bucket, policy.limit - left["remaining"], policy.window)

    def _known_of(self, user_id: UUID, bucket: Bucket) -> _Known:
        known = self._known.get((user_id, bucket), NONE)
        return known if known.until > self._clock() else NONE

    def _remember(self, user_id: UUID, bucket: Bucket, used: int, seconds: float) -> None:
        now = self._clock()
        if len(self._known) >= REMEMBERED:
            self._known = {key: known for key, known in self._known.items() if known.until > now}
        until = max(now + seconds, self._known_of(user_id, bucket).until)
        self._known[user_id, bucket] = _Known(used, until)


def _allowance(policy: Policy, remaining: int, reset_after: float, retry_after: float | None) -> Allowance:
    return Allowance(
        limit=policy.limit,
        window=policy.window,
        remaining=remaining,
        reset_after=reset_after,
        retry_after=retry_after,
    )
