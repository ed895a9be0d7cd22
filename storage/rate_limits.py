"""Rate limits: one sliding window per user and kind of request; and the admission of messages.

A message is counted and takes its place in its conversation in one statement.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypedDict
from uuid import UUID

from storage.errors import LeaseLost
from storage.leases import TERMS
from storage.pool import Pool

Bucket = Literal["chat", "memory", "search", "export", "upload", "refusals"]
"""What is counted together: messages, corrected facts, searches, exports, documents, refused messages."""


class Policy(NamedTuple):
    """So many requests (`limit`) in any `window` of seconds."""

    limit: int
    window: int


POLICIES: Mapping[Bucket, Policy] = {
    "memory": Policy(20, 60),  # each corrected fact is embedded, which may cost money
    "search": Policy(60, 60),  # reads everything the user wrote; the page searches once per pause in typing
    "export": Policy(6, 3600),  # reads everything stored about the user, and holds a connection meanwhile
    "upload": Policy(120, 3600),  # each is read in a process of its own, which takes up to two minutes
    "refusals": Policy(60, 60),  # each begins a turn and records it
}
"""All limits but that of messages, which is a setting; 0 there switches these off, too."""
CHAT_WINDOW = 60
MAX_CACHED = 10_000
"""Cached counts before expired ones are removed."""


Place = Literal["first", "waiting", "conversation_full", "user_full"]
"""Of a message in its conversation: it may be answered, it waits, or too many wait, so that it has none."""

MOST_IN_CONVERSATION = 8
"""Messages that may wait in one conversation: at a usual answer's ten to fifteen seconds, the last of them is answered
before its time to wait is over. More would only be refused later."""
MOST_OF_USER = 16
"""Messages of one user that may wait: in two conversations to the full. Each keeps a request open, and a person does
not write more."""


class Allowance(TypedDict):
    """State of a limit for a user; times in seconds."""

    limit: int
    window: int
    remaining: int
    reset_after: float
    """Until one more request is allowed."""
    retry_after: float | None
    """Until a refused request would pass; None when this one passed."""


class _CachedCount(NamedTuple):
    """Requests to count without asking the database, until a time by this process's clock."""

    used: int
    until: float


NO_REQUESTS = _CachedCount(0, 0.0)


class RateLimits:
    """Rate limits of all users, exact over any window and across processes.

    An exhausted limit is cached in this process until it allows a request again, so that a client that goes on
    sending costs the database nothing.

    Args:
        chat: messages a user may send in `CHAT_WINDOW` seconds; 0 switches all limits off.
        clock: seconds that only go forward.
    """

    def __init__(self, pool: Pool, chat: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self.policies: Mapping[Bucket, Policy] = {"chat": Policy(chat, CHAT_WINDOW), **POLICIES} if chat else {}
        """The limits in force."""
        self._cached: dict[tuple[UUID, Bucket], _CachedCount] = {}

    async def take(self, user_id: UUID, bucket: Bucket = "chat") -> Allowance | None:
        """Count this request and return what is left; None without a limit.

        One statement, so that two concurrent requests cannot both be the last allowed one.
        """
        if refused := self.used_up(user_id, bucket):
            return refused
        policy = self.policy_in_sql(user_id, bucket)
        if policy is None:
            return None
        async with self._pool.as_user(user_id, accepting=True) as conn:
            # A count lost in a crash costs little; waiting for the disk on every request would cost more.
            await conn.execute("set local synchronous_commit = off")
            cursor = await conn.execute(
                "select remaining, reset_after, retry_after"
                " from take_rate_limit(%(user_id)s, %(limit)s, %(window)s, %(bucket)s)",
                {"user_id": user_id, "bucket": bucket, "limit": policy.limit, "window": policy.window},
            )
            row = await cursor.fetchone()
        assert row is not None
        return self.allowance(user_id, bucket, row)

    async def peek(self, user_id: UUID, bucket: Bucket = "chat") -> Allowance | None:
        """What is left, without counting a request; None without a limit."""
        policy = self.policies.get(bucket)
        if policy is None:
            return None
        async with self._pool.as_user(user_id, accepting=True) as conn:
            cursor = await conn.execute(
                "select count(*) as used, extract(epoch from min(t) - clock_timestamp())::float8 + %(window)s as reset"
                " from chat_rate_limits l, unnest(l.admitted_at) t"
                " where l.user_id = %(user_id)s and l.bucket = %(bucket)s"
                " and t > clock_timestamp() - make_interval(secs => %(window)s) and t <= clock_timestamp()",
                {"user_id": user_id, "bucket": bucket, "window": policy.window},
            )
            row = await cursor.fetchone()
        assert row is not None
        used = row["used"] + self._cached_count(user_id, bucket).used
        return _allowance(policy, max(0, policy.limit - used), row["reset"] or 0.0, None)

    def used_up(self, user_id: UUID, bucket: Bucket) -> Allowance | None:
        """The refusal where the cache knows that the limit is exhausted; None where the database has to be asked."""
        policy, cached = self.policies.get(bucket), self._cached_count(user_id, bucket)
        if policy is None or cached.used < policy.limit:
            return None
        left = cached.until - self._clock()
        return _allowance(policy, 0, left, left)

    def policy_in_sql(self, user_id: UUID, bucket: Bucket) -> Policy | None:
        """The limit for the database to apply: less what is counted in this process only. None without a limit."""
        policy = self.policies.get(bucket)
        return policy and policy._replace(limit=policy.limit - self._cached_count(user_id, bucket).used)

    def allowance(self, user_id: UUID, bucket: Bucket, row: Mapping[str, Any]) -> Allowance:
        """What `take_rate_limit` in SQL said; an exhausted limit is cached."""
        policy = self.policies[bucket]
        if row["remaining"] == 0:
            self._cache(user_id, bucket, policy.limit, row["reset_after"])
        return _allowance(policy, row["remaining"], row["reset_after"], row["retry_after"])

    async def carry_over(self, user_id: UUID) -> None:
        """Cache what the user has used of every limit, before the account and its counts are erased.

        Otherwise erasing the account would reset its limits. It counts for another window, and in this process only,
        because nothing is stored about an erased user.
        """
        for bucket, policy in self.policies.items():
            left = await self.peek(user_id, bucket)
            if left and left["remaining"] < policy.limit:
                self._cache(user_id, bucket, policy.limit - left["remaining"], policy.window)

    def _cached_count(self, user_id: UUID, bucket: Bucket) -> _CachedCount:
        cached = self._cached.get((user_id, bucket), NO_REQUESTS)
        return cached if cached.until > self._clock() else NO_REQUESTS

    def _cache(self, user_id: UUID, bucket: Bucket, used: int, seconds: float) -> None:
        now = self._clock()
        if len(self._cached) >= MAX_CACHED:
            self._cached = {key: cached for key, cached in self._cached.items() if cached.until > now}
        until = max(now + seconds, self._cached_count(user_id, bucket).until)
        self._cached[user_id, bucket] = _CachedCount(used, until)


def _allowance(policy: Policy, remaining: int, reset_after: float, retry_after: float | None) -> Allowance:
    return Allowance(
        limit=policy.limit,
        window=policy.window,
        remaining=remaining,
        reset_after=reset_after,
        retry_after=retry_after,
    )


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
    """Admits the messages of all users. Of two of a user at once only one can be the last that passes, or the first.

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

        Args:
            turn_id: the turn that will answer it.
            has_key: whether an idempotency key was claimed for the turn: a place is only given while that claim holds.
            counted, take_place: False where it could not be counted and goes on; where it is not to be answered.

        Raises:
            LeaseLost: the key was claimed anew for another turn.
        """
        if counted and (refused := self._limits.used_up(user_id, "chat")):
            return Admitted(allowance=refused, place=None, employee=None)
        policy = self._limits.policy_in_sql(user_id, "chat") if counted else None
        values = {
            **TERMS, "user_id": user_id, "conversation_id": conversation_id, "turn_id": turn_id, "owner": self._owner,
            "has_key": has_key, "take_place": take_place,
            "limit": policy and policy.limit, "window": policy and policy.window,
            "most_in_conversation": MOST_IN_CONVERSATION, "most_of_user": MOST_OF_USER,
        }  # fmt: skip
        (row,) = await self._pool.call(
            "select * from admit_message(%(user_id)s, %(conversation_id)s, %(turn_id)s, %(owner)s, %(has_key)s,"
            " %(limit)s, %(window)s, %(take_place)s, %(most_in_conversation)s, %(most_of_user)s,"
            " %(lease)s, %(quiet)s, %(settling)s, %(elsewhere)s)",
            values,
            accepting=True,
        )
        if (place := row["place"]) == "lost":
            raise LeaseLost
        left = self._limits.allowance(user_id, "chat", row) if policy else None
        return Admitted(allowance=left, place=place, employee=row["employee"])
