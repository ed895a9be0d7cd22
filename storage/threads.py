"""Threads, as LangGraph's clients call conversations: with metadata, and before their first message."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString, TypedDict, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.pool import Pool
from storage.users import ensure_user

MOST_EMPTY = 1000
"""Threads of a user without a message; such a thread is kept for a day, and deleted when its user makes another."""
MAX_METADATA_BYTES = 16 * 1024
"""Of a thread's metadata, as Postgres writes it."""

ThreadStatus = Literal["idle", "busy", "error"]
SortBy = Literal["thread_id", "status", "created_at", "updated_at"]
SortOrder = Literal["asc", "desc"]


class TooManyThreads(Exception):
    """The user has as many threads without a message as they may."""


class MetadataTooLarge(Exception):
    """The metadata would have more than `MAX_METADATA_BYTES`."""


class FirstMessage(TypedDict):
    """The question that a thread begins with."""

    id: str
    content: str


class ThreadRecord(TypedDict):
    """A thread."""

    thread_id: str
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, Any]
    """What clients gave, and what is known: `title`, where they gave none, and `employee`, who answered last."""
    status: ThreadStatus
    first: FirstMessage | None


class Threads:
    """The threads of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, user_id: UUID, thread_id: str, metadata: Mapping[str, Any]) -> bool:
        """Add a thread; returns whether it is new, which a conversation of that id is not.

        Raises:
            TooManyThreads: too many of the user's have no message.
            MetadataTooLarge: it is.
        """
        values = {
            "user_id": user_id, "thread_id": thread_id, "metadata": _sized(metadata), "most": MOST_EMPTY,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            await ensure_user(conn, user_id)
            await conn.execute(
                "delete from chat_threads t where t.user_id = %(user_id)s and t.created_at < now() - interval '1 day'"
                " and not exists (select from chat_conversations c"
                "  where c.user_id = t.user_id and c.convo_id = t.convo_id)",
                values,
            )
            cursor = await conn.execute(
                "with there as (select (select count(*) from chat_threads t where t.user_id = %(user_id)s"
                "   and not exists (select from chat_conversations c"
                "    where c.user_id = t.user_id and c.convo_id = t.convo_id)) as empty,"
                "  exists (select from chat_conversations"
                "   where user_id = %(user_id)s and convo_id = %(thread_id)s) or exists (select from chat_threads"
                "   where user_id = %(user_id)s and convo_id = %(thread_id)s) as known),"
                " new as (insert into chat_threads (user_id, convo_id, metadata)"
                "  select %(user_id)s, %(thread_id)s, %(metadata)s from there where empty < %(most)s and not known"
                "  on conflict (user_id, convo_id) do nothing returning 1)"
                " select exists (select from new) as is_new, not known and empty >= %(most)s as too_many from there",
                values,
            )
            row = await cursor.fetchone()
        assert row
        if row["too_many"]:
            raise TooManyThreads
        return bool(row["is_new"])

    async def merge(self, user_id: UUID, thread_id: str, metadata: Mapping[str, Any]) -> bool:
        """Add to a thread's metadata, each key in the place of the one before; returns whether there is such a thread.

        Raises:
            MetadataTooLarge: it would be.
        """
        values = {
            "user_id": user_id, "thread_id": thread_id, "metadata": _sized(metadata), "max": MAX_METADATA_BYTES,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "insert into chat_threads (user_id, convo_id, metadata, created_at)"
                " select user_id, convo_id, '{}', created_at from chat_conversations"
                " where user_id = %(user_id)s and convo_id = %(thread_id)s on conflict (user_id, convo_id) do nothing",
                values,
            )
            cursor = await conn.execute(
                "update chat_threads set updated_at = now(), metadata = case"
                "  when octet_length((metadata || %(metadata)s)::text) <= %(max)s then metadata || %(metadata)s"
                "  else metadata end"
                " where user_id = %(user_id)s and convo_id = %(thread_id)s"
                " returning metadata @> %(metadata)s as merged",
                values,
            )
            row = await cursor.fetchone()
        if row and not row["merged"]:
            raise MetadataTooLarge
        return row is not None

    async def forget(self, user_id: UUID, thread_id: str) -> bool:
        """Delete what is kept of a thread without a message; with one it goes with its conversation."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "delete from chat_threads where user_id = %(user_id)s and convo_id = %(thread_id)s",
                {"user_id": user_id, "thread_id": thread_id},
            )
            return cursor.rowcount == 1

    async def find(self, user_id: UUID, thread_id: str) -> ThreadRecord | None:
        """One thread; None where the user has none of that id."""
        found = await self.search(user_id, ids=[thread_id], limit=1)
        return found[0] if found else None

    async def search(
        self,
        user_id: UUID,
        *,
        ids: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        status: ThreadStatus | None = None,
        limit: int,
        offset: int = 0,
        sort_by: SortBy = "updated_at",
        sort_order: SortOrder = "desc",
    ) -> list[ThreadRecord]:
        """Threads, without those of temporary conversations unless `ids` names them.

        Args:
            metadata: what their metadata must contain.
        """
        values = {
            "user_id": user_id, "ids": None if ids is None else list(ids), "metadata": Jsonb(dict(metadata or {})),
            "status": status, "limit": limit, "offset": offset,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(_SEARCH + _ORDERS[sort_by] + _DIRECTIONS[sort_order] + _PAGE, values)
            return cast("list[ThreadRecord]", await cursor.fetchall())


def _sized(metadata: Mapping[str, Any]) -> Jsonb:
    if len(json.dumps(metadata).encode()) > MAX_METADATA_BYTES:
        raise MetadataTooLarge
    return Jsonb(dict(metadata))


_THREADS: LiteralString = (
    "select coalesce(c.convo_id, t.convo_id) as thread_id, c.temporary,"
    " least(c.created_at, t.created_at) as created_at, greatest(c.updated_at, t.updated_at) as updated_at,"
    " jsonb_strip_nulls(jsonb_build_object('title', c.title)) || coalesce(t.metadata, '{}')"
    "  || jsonb_strip_nulls(jsonb_build_object('employee', c.employee_slug)) as metadata,"
    " case when exists (select from chat_turns r where r.user_id = c.user_id and r.convo_id = c.convo_id"
    "  and r.status = 'streaming') or exists (select from chat_queue q where q.user_id = c.user_id"
    "  and q.convo_id = c.convo_id and q.lease_until > now()) then 'busy'"
    " when (select r.status from chat_turns r join chat_messages m on m.user_id = r.user_id and m.id = r.turn_id"
    "  where r.user_id = c.user_id and r.convo_id = c.convo_id and not m.superseded"
    "  order by m.seq desc limit 1) = 'failed' then 'error' else 'idle' end as status"
    " from (select * from chat_conversations where user_id = %(user_id)s) c"
    " full join (select * from chat_threads where user_id = %(user_id)s) t on t.convo_id = c.convo_id"
    " where %(ids)s::text[] is null or coalesce(c.convo_id, t.convo_id) = any(%(ids)s)"
)
_SEARCH: LiteralString = (
    "select found.thread_id, found.created_at, found.updated_at, found.metadata, found.status,"  # noqa: S608 (of literals)
    " (select json_build_object('id', m.id, 'content', m.content) from chat_messages m"
    "  where m.user_id = %(user_id)s and m.convo_id = found.thread_id and m.role = 'user' and not m.superseded"
    "  order by m.seq limit 1) as first"
    f" from ({_THREADS}) found where (%(ids)s::text[] is not null or found.temporary is not true)"
    " and found.metadata @> %(metadata)s and (%(status)s::text is null or found.status = %(status)s)"
)
_ORDERS: Mapping[SortBy, LiteralString] = {
    "thread_id": " order by found.thread_id",
    "status": " order by found.status",
    "created_at": " order by found.created_at",
    "updated_at": " order by found.updated_at",
}
_DIRECTIONS: Mapping[SortOrder, LiteralString] = {"asc": " asc", "desc": " desc"}
_PAGE: LiteralString = ", found.thread_id limit %(limit)s offset %(offset)s"
