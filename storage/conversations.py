"""Conversations as their user sees them: listed, searched, read, renamed, deleted."""

from datetime import datetime
from typing import Literal, LiteralString, NamedTuple, TypedDict
from uuid import UUID

from storage.facts import LearnedFact
from storage.pool import Connection, Pool
from storage.turn_records import FACTS_LEARNED, FACTS_USED
from storage.user_facts import forget


class Conversation(TypedDict):
    """A conversation in a list."""

    conversation_id: str
    title: str
    updated_at: datetime
    message_count: int
    last_employee: str | None
    """The slug of whoever answered last."""


class ConversationDetails(Conversation):
    """A conversation on its own."""

    created_at: datetime
    summary: str
    """Rolled on after each turn; empty at first."""


class Why(TypedDict):
    """Why this employee was chosen."""

    reason: str
    confidence: float
    """0 to 1."""
    runner_up: str | None
    """The slug of whoever came next."""


class Noticed(TypedDict):
    """Something the person was told about a message or its answer."""

    code: str
    message: str


class SaidMessage(TypedDict):
    """One message. What is known of an answer besides its words is null, false or empty on what the user said."""

    message_id: UUID
    turn_id: UUID
    role: Literal["user", "assistant"]
    employee: str
    content: str
    created_at: datetime
    route: Why | None
    """None also where it is not known, as of an import."""
    model: str | None
    finish_reason: str | None
    fallback: bool
    """Whether it is a prepared reply, because no model answered."""
    notices: list[Noticed]
    """Of the whole turn: those on what was asked are here, too."""
    facts_used: list[LearnedFact]
    facts_learned: list[LearnedFact]


class Latest(NamedTuple):
    """A place in the list of conversations: the last one seen."""

    updated_at: datetime
    conversation_id: str


class Conversations:
    """The conversations of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def latest(
        self, user_id: UUID, *, limit: int, after: Latest | None = None, q: str | None = None
    ) -> list[Conversation]:
        """Conversations, the last one used first.

        Args:
            user_id: whose.
            limit: how many at most.
            after: go on from here. What is added or used meanwhile comes before it, so nothing is listed twice.
            q: words that the title, or one of the messages, must hold.
        """
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select c.convo_id as conversation_id, c.title, c.updated_at, c.employee_slug as last_employee,"
                " (select count(*) from chat_messages m where m.user_id = c.user_id and m.convo_id = c.convo_id)"
                " as message_count from chat_conversations c where c.user_id = %(user_id)s"
                " and (%(at)s::timestamptz is null or (c.updated_at, c.convo_id) < (%(at)s, %(id)s::text))"
                " and (%(q)s::text is null"
                "  or to_tsvector('simple', chat_search_words(c.title)) @@ chat_search_query(%(q)s)"
                "  or exists (select from chat_messages m where m.user_id = c.user_id and m.convo_id = c.convo_id"
                "             and m.search @@ chat_search_query(%(q)s)))"
                " order by c.updated_at desc, c.convo_id desc limit %(limit)s",
                {
                    "user_id": user_id,
                    "at": after.updated_at if after else None,
                    "id": after.conversation_id if after else None,
                    "q": q,
                    "limit": limit,
                },
            )
            return [Conversation(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]

    async def find(self, user_id: UUID, conversation_id: str) -> ConversationDetails | None:
        """One conversation with its summary; None where the user has none of that id."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select c.convo_id as conversation_id, c.title, c.created_at, c.updated_at,"
                " c.employee_slug as last_employee, coalesce(s.summary, '') as summary,"
                " (select count(*) from chat_messages m where m.user_id = c.user_id and m.convo_id = c.convo_id)"
                " as message_count from chat_conversations c left join chat_convo_summaries s using (user_id, convo_id)"
                " where c.user_id = %(user_id)s and c.convo_id = %(convo_id)s",
                {"user_id": user_id, "convo_id": conversation_id},
            )
            row = await cursor.fetchone()
        return ConversationDetails(**row) if row else None  # type: ignore[typeddict-item]

    async def messages(
        self, user_id: UUID, conversation_id: str, *, limit: int, after: UUID | None = None, newest_first: bool = False
    ) -> list[SaidMessage]:
        """Messages in order, or from the newest back.

        Args:
            user_id: whose.
            conversation_id: of which conversation; one that is not there has none.
            limit: how many at most.
            after: go on from behind this message, in the same direction.
            newest_first: the last one first.
        """
        values = {"user_id": user_id, "convo_id": conversation_id, "after": after, "limit": limit}
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(_BACK if newest_first else _FORTH, values)
            return [SaidMessage(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]

    async def rename(self, user_id: UUID, conversation_id: str, title: str) -> bool:
        """Give it another title; says whether it is there. Its place in the list stays."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "update chat_conversations set title = %(title)s"
                " where user_id = %(user_id)s and convo_id = %(convo_id)s",
                {"user_id": user_id, "convo_id": conversation_id, "title": title},
            )
            return cursor.rowcount == 1

    async def delete(self, user_id: UUID, conversation_id: str) -> bool:
        """Take it away with all that belongs to it, and the facts learned only there; says whether it was there."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "delete from chat_conversations where user_id = %(user_id)s and convo_id = %(convo_id)s",
                {"user_id": user_id, "convo_id": conversation_id},
            )
            # Looked for after the deletion, which waits for whoever is just learning a fact there.
            await forget(conn, user_id, await _without_source(conn, user_id))
            return cursor.rowcount == 1


_COLUMNS: LiteralString = (
    "select m.id as message_id, m.turn_id, m.role, m.employee_key as employee, m.content, m.created_at,"  # noqa: S608 (of literals)
    " case when t.route is not null then json_build_object('reason', t.route->'reason',"
    "  'confidence', t.route->'confidence', 'runner_up', t.route->'runner_up') end as route,"
    " t.report->>'model' as model, t.finish_reason, coalesce((t.report->>'fallback')::boolean, false) as fallback,"
    " coalesce(t.report->'notices', '[]') as notices,"
    f" array({FACTS_USED}) as facts_used, array({FACTS_LEARNED}) as facts_learned"
    " from chat_messages m left join chat_turns t"
    " on t.user_id = m.user_id and t.turn_id = m.turn_id and m.role = 'assistant'"
    " where m.user_id = %(user_id)s and m.convo_id = %(convo_id)s"
    " and (%(after)s::uuid is null or m.seq"
)
_SEEN: LiteralString = "(select s.seq from chat_messages s where s.user_id = %(user_id)s and s.id = %(after)s))"
_FORTH: LiteralString = f"{_COLUMNS} > {_SEEN} order by m.seq limit %(limit)s"
_BACK: LiteralString = f"{_COLUMNS} < {_SEEN} order by m.seq desc limit %(limit)s"


async def _without_source(conn: Connection, user_id: UUID) -> list[UUID]:
    """Facts from a conversation that is not there any more; one that was said elsewhere too is kept."""
    await conn.execute(
        "update user_memory_facts f set source_message_id ="
        " (select s.message_id from user_fact_sources s where s.user_id = f.user_id and s.fact_id = f.id"
        "  order by s.created_at limit 1)"
        " where f.user_id = %(user_id)s and f.source = 'chat' and f.source_message_id is null",
        {"user_id": user_id},
    )
    cursor = await conn.execute(
        "select id from user_memory_facts"
        " where user_id = %(user_id)s and source = 'chat' and source_message_id is null",
        {"user_id": user_id},
    )
    return [row["id"] for row in await cursor.fetchall()]
