"""Turns as they are stored: for their user, and for the process that takes one over."""

from datetime import datetime
from typing import Any, Literal, LiteralString, TypedDict
from uuid import UUID

from storage.facts import LearnedFact
from storage.feedback import FEEDBACK, Feedback
from storage.pool import Pool
from storage.recall import RecalledReference
from storage.turn_status import TurnStatus
from storage.versions import VERSIONS

FACTS_USED: LiteralString = (
    "select json_build_object('fact_id', f.id, 'fact', f.fact) from chat_turn_facts u"
    " join user_memory_facts f on f.user_id = u.user_id and f.id = u.fact_id"
    " where u.user_id = t.user_id and u.turn_id = t.turn_id order by f.created_at, f.id"
)
"""The facts that went into the answer of a turn `t`, as far as they have not been forgotten since."""
FACTS_LEARNED: LiteralString = (
    "select json_build_object('fact_id', f.id, 'fact', f.fact) from user_fact_sources s"
    " join user_memory_facts f on f.user_id = s.user_id and f.id = s.fact_id"
    " where s.user_id = t.user_id and s.message_id = t.turn_id order by f.created_at, f.id"
)
"""The facts learned from the message of a turn `t`."""
TURNS_RECALLED: LiteralString = (
    "select r from json_array_elements(t.report->'turns_recalled') r"
    " join chat_turns e on e.user_id = t.user_id and e.turn_id = (r->>'turn_id')::uuid"
)
"""The earlier turns quoted in the prompt of a turn `t`, as far as they have not been deleted since."""


GENERATED_BY: LiteralString = "case when (t.report->>'fallback')::boolean then 'template' else 'ai' end"
"""Who wrote the answer of a turn `t`; what is not known to be a prepared reply counts as a model's."""


class TurnRecord(TypedDict):
    """A turn as it is kept."""

    turn_id: UUID
    conversation_id: str
    status: TurnStatus
    text: str
    """The answer; empty while there is none."""
    employee: str
    finish_reason: str | None
    error_code: str | None
    generated_by: Literal["ai", "template"] | None
    """Whether a model wrote the answer, or people in advance; None while there is none."""
    prompt_version: str | None
    """Which text the employee was given; None while there is no answer, and where it was not kept."""
    created_at: datetime
    message: str
    """The question."""
    superseded: bool
    """Whether another version took its place, or that of a turn before it."""
    versions: list[UUID]
    """All versions of it, in order, by their turns' ids."""
    facts_used: list[LearnedFact]
    """What was remembered of the user and went into the answer, as far as it has not been forgotten since."""
    facts_learned: list[LearnedFact]
    """Facts learned from the message."""
    turns_recalled: list[RecalledReference]
    """Earlier turns that were quoted in the prompt, as far as they have not been deleted since."""
    feedback: Feedback | None
    """What the user said of the answer."""


class RecoveryRecord(TypedDict):
    """What is stored of a turn, for the process that takes it over."""

    message: str
    asked_employee: str | None
    superseded: bool
    continues: str | None
    """The answer that it continues."""
    cut: str | None
    """How that one ended."""
    route: dict[str, Any]
    age: float
    """Seconds since it was stored, by the database's clock; 0 where that was set back since."""
    message_id: UUID | None
    answer: str | None
    finish_reason: str | None
    error_code: str | None
    report: dict[str, Any] | None
    facts_used: list[str]
    summarised: bool
    """Whether the summary with this turn is stored."""
    facts_known: bool
    """Whether its facts are stored, or there were none."""
    may_remember: bool
    """Whether facts may be recalled and learned in it."""


class TurnRecords:
    """The records of all turns."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def recovery_record(self, user_id: UUID, turn_id: UUID) -> RecoveryRecord | None:
        """What the process that takes the turn over must know; None where it was deleted."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select q.content as message, t.asked_employee, q.superseded, c.content as continues,"
                " o.finish_reason as cut, t.route, t.finish_reason, t.error_code, t.report,"
                " t.summarised_at is not null as summarised, t.facts_at is not null as facts_known,"
                " may_remember(t.user_id, t.convo_id),"
                " greatest(0, extract(epoch from now() - t.created_at))::float8 as age,"
                " a.id as message_id, a.content as answer,"
                " array(select u.fact_id::text from chat_turn_facts u"
                "  where u.user_id = t.user_id and u.turn_id = t.turn_id) as facts_used"
                " from chat_turns t join chat_messages q"
                " on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'"
                " left join chat_messages a"
                " on a.user_id = t.user_id and a.turn_id = t.turn_id and a.role = 'assistant'"
                " left join chat_turns o"
                " on o.user_id = t.user_id and o.turn_id = t.replaces and t.version = 'continue'"
                " left join chat_messages c"
                " on c.user_id = o.user_id and c.turn_id = o.turn_id and c.role = 'assistant'"
                " where t.user_id = %(user_id)s and t.turn_id = %(turn_id)s",
                {"user_id": user_id, "turn_id": turn_id},
            )
            row = await cursor.fetchone()
        return RecoveryRecord(**row) if row else None  # type: ignore[typeddict-item]

    async def find(self, user_id: UUID, turn_id: UUID) -> TurnRecord | None:
        """One turn with its answer and its facts; None where the user has none of that id."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select t.turn_id, t.convo_id as conversation_id, t.status, coalesce(m.content, '') as text,"  # noqa: S608 (of literals)
                " t.employee_slug as employee, t.finish_reason, t.error_code, t.created_at,"
                " coalesce(q.content, '') as message, coalesce(q.superseded, false) as superseded,"
                f" {VERSIONS} as versions,"
                f" case when m.id is not null then {GENERATED_BY} end as generated_by,"
                " t.report->>'prompt_version' as prompt_version,"
                f" array({FACTS_USED}) as facts_used, array({FACTS_LEARNED}) as facts_learned,"
                f" array({TURNS_RECALLED}) as turns_recalled, {FEEDBACK} as feedback"
                " from chat_turns t left join chat_messages m"
                " on m.user_id = t.user_id and m.turn_id = t.turn_id and m.role = 'assistant'"
                " left join chat_messages q on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'"
                " where t.user_id = %(user_id)s and t.turn_id = %(turn_id)s",
                {"user_id": user_id, "turn_id": turn_id},
            )
            row = await cursor.fetchone()
        return TurnRecord(**{**row, "status": TurnStatus(row["status"])}) if row else None  # type: ignore[typeddict-item]

    async def latest(self, user_id: UUID, conversation_id: str, *, running: bool) -> UUID | None:
        """The last turn of the conversation's active path; None where it has none.

        Args:
            user_id: the user.
            conversation_id: the conversation.
            running: only one whose answer is not out yet.
        """
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select t.turn_id from chat_turns t"
                " join chat_messages q on q.user_id = t.user_id and q.turn_id = t.turn_id and q.role = 'user'"
                " where t.user_id = %(user_id)s and t.convo_id = %(convo_id)s and not q.superseded"
                " and (not %(running)s or t.status = 'streaming') order by q.seq desc limit 1",
                {"user_id": user_id, "convo_id": conversation_id, "running": running},
            )
            row = await cursor.fetchone()
        return row["turn_id"] if row else None

    async def of_key(self, user_id: UUID, key: str) -> UUID | None:
        """The turn that an idempotency key names, which may not have begun; None where it names none."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select turn_id from chat_idempotency where user_id = %(user_id)s and key = %(key)s",
                {"user_id": user_id, "key": key},
            )
            row = await cursor.fetchone()
        return row["turn_id"] if row else None

    async def active_version(
        self, user_id: UUID, conversation_id: str, *, message_ids: list[UUID], key: str | None
    ) -> UUID | None:
        """The active version of a turn of the conversation, or the turn itself; None where there is no such turn.

        Args:
            user_id: the user.
            conversation_id: the conversation.
            message_ids: ids that its question or its answer may have.
            key: the idempotency key with which it may have been sent.
        """
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "with named as ("  # noqa: S608 (of literals)
                f" select t.turn_id, {VERSIONS} as versions from chat_turns t"
                "  where t.user_id = %(user_id)s and t.convo_id = %(convo_id)s and ("
                "   t.turn_id in (select m.turn_id from chat_messages m"
                "    where m.user_id = %(user_id)s and m.id = any(%(message_ids)s))"
                "   or t.turn_id in (select k.turn_id from chat_idempotency k"
                "    where k.user_id = %(user_id)s and k.key = %(key)s))"
                "  order by t.created_at desc limit 1)"
                " select coalesce((select q.turn_id from chat_messages q where q.user_id = %(user_id)s"
                "  and q.turn_id = any(n.versions) and q.role = 'user' and not q.superseded limit 1), n.turn_id)"
                " as turn_id from named n",
                {"user_id": user_id, "convo_id": conversation_id, "message_ids": message_ids, "key": key},
            )
            row = await cursor.fetchone()
        return row["turn_id"] if row else None
