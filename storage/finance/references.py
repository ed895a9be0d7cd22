"""References: what employees computed for answers, so that each figure can be opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.pool import Pool


class Reference(TypedDict):
    """What a tool computed."""

    reference_id: UUID
    turn_id: UUID | None
    tool: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    created_at: datetime


class References:
    """References of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self,
        user_id: UUID,
        reference_id: UUID,
        turn_id: UUID | None,
        tool: str,
        arguments: Mapping[str, Any],
        result: Mapping[str, Any],
    ) -> None:
        """Keep what a tool computed; the same call of a turn again, by a process that took it over, replaces it."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "insert into finance_references (user_id, reference_id, turn_id, tool, arguments, result)"
                " values (%(user_id)s, %(reference_id)s, %(turn_id)s, %(tool)s, %(arguments)s, %(result)s)"
                " on conflict (user_id, reference_id) do update"
                " set arguments = excluded.arguments, result = excluded.result, created_at = now()",
                {
                    "user_id": user_id, "reference_id": reference_id, "turn_id": turn_id, "tool": tool,
                    "arguments": Jsonb(arguments), "result": Jsonb(result),
                },
            )  # fmt: skip

    async def find(self, user_id: UUID, reference_id: UUID) -> Reference | None:
        """A reference; None where the user has no such one."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select reference_id, turn_id, tool, arguments, result, created_at from finance_references"
                " where user_id = %(user_id)s and reference_id = %(reference_id)s",
                {"user_id": user_id, "reference_id": reference_id},
            )
            return cast("Reference | None", await cursor.fetchone())

    async def latest(self, user_id: UUID, turn_ids: Sequence[UUID]) -> Reference | None:
        """What was computed last in these turns; None where nothing was."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select reference_id, turn_id, tool, arguments, result, created_at from finance_references"
                " where user_id = %(user_id)s and turn_id = any(%(turn_ids)s)"
                " order by created_at desc, reference_id limit 1",
                {"user_id": user_id, "turn_ids": list(turn_ids)},
            )
            return cast("Reference | None", await cursor.fetchone())
