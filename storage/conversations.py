"""Conversations as their user manages them: list, search, read, rename, delete."""

from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple, TypedDict, cast
from uuid import UUID

from storage.connections import Connection
from storage.conversation_search import Match, find_match, snippet
from storage.facts import LearnedFact
from storage.feedback import FEEDBACK, Feedback
from storage.pool import Pool
from storage.turn_records import FACTS_LEARNED, FACTS_USED, GENERATED_BY
from storage.user_facts import delete_facts, lock_facts, settle_facts


class Conversation(TypedDict):
    """A conversation."""

    conversation_id: str
    title: str
    updated_at: datetime
    message_count: int
    """On the active path, as everything here."""
    last_employee: str | None
    """The slug of the employee that answered last."""
    pinned: bool
    """Whether it stays at the top of the list."""


class ListedConversation(Conversation):
    """A conversation in a list, with words that it is recognised by."""

    snippet: str
    """The first words of its last message, without Markdown; empty where it has none."""
    match: Match | None
    """Where the words of the search are; None without one."""


class ConversationDetails(Conversation):
    """One conversation with its summary."""

    created_at: datetime
    summary: str
    """Updated after each turn; empty at first."""
    temporary: bool
    """Whether nothing is recalled or learned in it; it is in no list, and deleted a day after its last message."""


class RouteReason(TypedDict):
    """Why this employee was chosen."""

    reason: str
    confidence: float
    """0 to 1."""
    runner_up: str | None
    """The slug of the employee with the second highest confidence, where the first is unsure."""
    decided_by: str | None
    """`request`, `topic`, `conversation` or `rules`; None in turns of an earlier release."""
    reason_code: str | None
    """`reason` as a code, for pages in other languages; None in turns of an earlier release."""
    keyword: str | None
    """The one that was found, with the code `keyword`."""


class MessageNotice(TypedDict):
    """A notice that was sent with a message or its answer."""

    code: str
    message: str


class MessageFigure(TypedDict):
    """A figure that a tool computed."""

    name: str
    value: str
    currency: str | None
    unit: str | None


class MessageTool(TypedDict):
    """What a tool found for an answer, as the turn's event said it."""

    call_id: str
    tool: str
    words: str
    figures: list[MessageFigure]
    row_count: int
    reference_id: str | None
    proposal_id: str | None


class MessageDetails(TypedDict):
    """One message. On a user's message the fields about the answer are null, false or empty."""

    message_id: UUID
    turn_id: UUID
    role: Literal["user", "assistant"]
    employee: str
    content: str
    created_at: datetime
    versions: list[UUID]
    """The turns that are versions of this one, in order; the active one is `turn_id`."""
    questions: list[UUID]
    """Of each of them, the first turn with the same question: where two have the same, only the answer differs."""
    superseded: bool
    """Whether another version took its place; only a message that was asked for is."""
    route: RouteReason | None
    """None also where it is unknown, as after an import."""
    model: str | None
    finish_reason: str | None
    fallback: bool
    """Whether it is the canned reply, because no model answered."""
    generated_by: Literal["ai", "template"] | None
    """Whether a model wrote it, or people in advance; None on a user's message."""
    notices: list[MessageNotice]
    """Of the whole turn, so including those about the user's message."""
    tools: list[MessageTool]
    """What tools found for it, in order."""
    unverified: list[str]
    """Figures in it that no tool computed and the user did not say."""
    facts_used: list[LearnedFact]
    facts_learned: list[LearnedFact]
    feedback: Feedback | None
    """What the user said of the answer."""


class MessagesAround(NamedTuple):
    """Messages around one of them, oldest first."""

    items: list[MessageDetails]
    earlier: bool
    """Whether there are messages before them."""
    later: bool
    """Whether there are messages after them."""


class ConversationCursor(NamedTuple):
    """Position in the list of conversations: the last one on the page before."""

    updated_at: datetime
    conversation_id: str
    pinned: bool = False


class Conversations:
    """The conversations of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def latest(
        self, user_id: UUID, *, limit: int, after: ConversationCursor | None = None, q: str | None = None
    ) -> list[ListedConversation]:
        """Conversations, pinned ones first and the last one used first, without temporary ones.

        Args:
            user_id: the user.
            limit: maximum number.
            after: where to continue. What is added or used meanwhile comes before it, so nothing is listed twice.
            q: words that the title or a message must contain.
        """
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "with page as materialized ("  # noqa: S608 (of literals)
                " select c.* from chat_conversations c where c.user_id = %(user_id)s and not c.temporary"
                " and (%(at)s::timestamptz is null"
                "  or (c.pinned, c.updated_at, c.convo_id) < (%(pinned)s::boolean, %(at)s, %(id)s::text))"
                " and (%(q)s::text is null"
                "  or to_tsvector('simple', chat_search_words(c.title)) @@ chat_search_query(%(q)s)"
                "  or exists (select from chat_messages m where m.user_id = c.user_id and m.convo_id = c.convo_id"
                "             and not m.superseded and m.search @@ chat_search_query(%(q)s)))"
                " order by c.pinned desc, c.updated_at desc, c.convo_id desc limit %(limit)s)"
                " select c.convo_id as conversation_id, c.title, c.updated_at, c.employee_slug as last_employee,"
                f" c.pinned, {_COUNT},"
                " (select m.content from chat_messages m where m.user_id = c.user_id and m.convo_id = c.convo_id"
                "  and not m.superseded and m.content <> '' order by m.seq desc limit 1) as last_message,"
                " found.id as found_id, found.content as found_content"
                " from page c left join lateral (select m.id, m.content from chat_messages m"
                "  where m.user_id = c.user_id and m.convo_id = c.convo_id and not m.superseded"
                "  and m.search @@ chat_search_query(%(q)s) order by m.seq desc limit 1) found on true"
                " order by c.pinned desc, c.updated_at desc, c.convo_id desc",
                {
                    "user_id": user_id,
                    "at": after.updated_at if after else None,
                    "id": after.conversation_id if after else None,
                    "pinned": after.pinned if after else None,
                    "q": q,
                    "limit": limit,
                },
            )
            return [_listed(row, q) for row in await cursor.fetchall()]

    async def find(self, user_id: UUID, conversation_id: str) -> ConversationDetails | None:
        """One conversation with its summary; None where the user has none of that id."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select c.convo_id as conversation_id, c.title, c.created_at, c.updated_at,"  # noqa: S608 (of literals)
                " c.employee_slug as last_employee, c.pinned, c.temporary, coalesce(s.summary, '') as summary,"
                f" {_COUNT} from chat_conversations c left join chat_convo_summaries s using (user_id, convo_id)"
                " where c.user_id = %(user_id)s and c.convo_id = %(convo_id)s",
                {"user_id": user_id, "convo_id": conversation_id},
            )
            row = await cursor.fetchone()
        return ConversationDetails(**row) if row else None  # type: ignore[typeddict-item]

    async def messages(
        self, user_id: UUID, conversation_id: str, *, limit: int, after: UUID | None = None, newest_first: bool = False
    ) -> list[MessageDetails]:
        """Messages of a conversation's active path, oldest first.

        Args:
            user_id: the user.
            conversation_id: the conversation; an unknown one has no messages.
            limit: maximum number.
            after: continue behind this message, in the same direction.
            newest_first: newest first instead of oldest first.
        """
        values = {"user_id": user_id, "convo_id": conversation_id, "after": after, "limit": limit}
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(_NEWEST_FIRST if newest_first else _OLDEST_FIRST, values)
            return [MessageDetails(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]

    async def around(self, user_id: UUID, conversation_id: str, message_id: UUID, *, limit: int) -> MessagesAround:
        """A message of a conversation, and those around it on the active path; of a superseded one its turn only.

        Args:
            user_id: the user.
            conversation_id: the conversation.
            message_id: the message, or a turn: its question. There is nothing around an unknown one.
            limit: maximum number.
        """
        before, after = (limit + 1) // 2, limit // 2  # the message itself is one of those before
        values = {
            "user_id": user_id, "convo_id": conversation_id, "id": message_id, "before": before + 1, "after": after + 1,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(_AROUND, values)
            found = [MessageDetails(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]
        if not found or found[0]["superseded"]:
            return MessagesAround(found, earlier=False, later=False)
        place = next(index for index, one in enumerate(found) if message_id == one["message_id"]) + 1
        earlier, later = place > before, len(found) - place > after
        return MessagesAround(found[place - before if earlier else 0 : place + after], earlier, later)

    async def change(
        self, user_id: UUID, conversation_id: str, *, title: str | None = None, pinned: bool | None = None
    ) -> bool:
        """Change what is given; returns whether the conversation exists. A title of the user's is never overwritten."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "update chat_conversations set title = coalesce(%(title)s, title),"
                " titled_by = case when %(title)s::text is null then titled_by else 'user' end,"
                " pinned = coalesce(%(pinned)s, pinned)"
                " where user_id = %(user_id)s and convo_id = %(convo_id)s",
                {"user_id": user_id, "convo_id": conversation_id, "title": title, "pinned": pinned},
            )
            return cursor.rowcount == 1

    async def delete(self, user_id: UUID, conversation_id: str) -> bool:
        """Delete a conversation and the facts learned only there; returns whether it existed."""
        async with self._pool.as_user(user_id) as conn:
            return await delete_conversation(conn, user_id, conversation_id)


def _listed(row: dict[str, Any], q: str | None) -> ListedConversation:
    content, message_id, last = row.pop("found_content"), row.pop("found_id"), row.pop("last_message")
    match = None if q is None else find_match(q, row["title"] if content is None else content, message_id)
    return cast("ListedConversation", {**row, "snippet": snippet(last or ""), "match": match})


async def delete_conversation(conn: Connection, user_id: UUID, conversation_id: str) -> bool:
    """Delete a conversation and the facts learned only there; returns whether it existed."""
    await lock_facts(conn, user_id)
    cursor = await conn.execute(
        "delete from chat_conversations where user_id = %(user_id)s and convo_id = %(convo_id)s",
        {"user_id": user_id, "convo_id": conversation_id},
    )
    await conn.execute(
        "delete from chat_threads where user_id = %(user_id)s and convo_id = %(convo_id)s",
        {"user_id": user_id, "convo_id": conversation_id},
    )
    # After the deletion, which waits for any transaction that is storing a fact from there.
    await delete_facts(conn, user_id, await _facts_without_source(conn, user_id))
    await settle_facts(conn, user_id)  # what was said elsewhere may be superseded there
    return cursor.rowcount == 1


# Few are superseded, and an index has these; so the whole is counted in an index, too.
_COUNT: LiteralString = (
    "((select count(*) from chat_messages m where m.user_id = c.user_id and m.convo_id = c.convo_id)"
    " - (select count(*) from chat_messages m"
    "    where m.user_id = c.user_id and m.convo_id = c.convo_id and m.superseded)) as message_count"
)
# The first turn with the question of a version: back over those that only answered it again.
_QUESTIONS: LiteralString = (
    "case when cardinality(v.ids) > 1 then array(select coalesce(("
    " with recursive same as ("
    "  select s.turn_id, s.replaces, s.version from chat_turns s where s.user_id = m.user_id and s.turn_id = one.id"
    "  union"  # and not union all: an import may hold anything
    "  select s.turn_id, s.replaces, s.version from same join chat_turns s"
    "  on s.user_id = m.user_id and s.turn_id = same.replaces where same.version in ('regenerate', 'continue'))"
    " select turn_id from same where version is null or version = 'edit'), one.id)"
    " from unnest(v.ids) with ordinality as one (id, place) order by one.place) else v.ids end"
)
_COLUMNS: LiteralString = (
    "select m.id as message_id, m.turn_id, m.role, m.employee_key as employee, m.content, m.created_at,"
    f" v.ids as versions, {_QUESTIONS} as questions, m.superseded,"
    " case when t.route is not null then json_build_object('reason', t.route->'reason',"
    "  'confidence', t.route->'confidence', 'runner_up', t.route->'runner_up',"
    " 'decided_by', t.route->'decided_by', 'reason_code', t.route->'reason_code', 'keyword', t.route->'keyword')"
    " end as route,"
    " t.report->>'model' as model, t.finish_reason, coalesce((t.report->>'fallback')::boolean, false) as fallback,"
    f" case m.role when 'assistant' then {GENERATED_BY} end as generated_by,"
    " coalesce(t.report->'notices', '[]') as notices, coalesce(t.report->'tools', '[]') as tools,"
    " coalesce(t.report->'unverified', '[]') as unverified,"
    f" array({FACTS_USED}) as facts_used, array({FACTS_LEARNED}) as facts_learned, {FEEDBACK} as feedback"
)
_DETAILS: LiteralString = (
    " left join chat_turns t"
    " on t.user_id = m.user_id and t.turn_id = m.turn_id and m.role = 'assistant'"
    " left join lateral (select versions_of(w.user_id, w.turn_id, w.convo_id, w.parent) as ids from chat_turns w"
    "  where w.user_id = m.user_id and w.turn_id = m.turn_id) v on true"
)
_PAGE: LiteralString = (
    f"{_COLUMNS} from chat_messages m{_DETAILS}"
    " where m.user_id = %(user_id)s and m.convo_id = %(convo_id)s and not m.superseded"
    " and (%(after)s::uuid is null or m.seq"
)
_AFTER_SEQ: LiteralString = "(select s.seq from chat_messages s where s.user_id = %(user_id)s and s.id = %(after)s))"
_OLDEST_FIRST: LiteralString = f"{_PAGE} > {_AFTER_SEQ} order by m.seq limit %(limit)s"
_NEWEST_FIRST: LiteralString = f"{_PAGE} < {_AFTER_SEQ} order by m.seq desc limit %(limit)s"
_AROUND: LiteralString = (
    "with wanted as (select w.* from chat_messages w"  # noqa: S608 (of literals)
    " where w.user_id = %(user_id)s and w.convo_id = %(convo_id)s and w.id = %(id)s),"
    " path as (select c.*, w.seq as wanted from wanted w join chat_messages c"
    "  on c.user_id = w.user_id and c.convo_id = w.convo_id and not w.superseded and not c.superseded)"
    f"{_COLUMNS} from ("
    " (select p.id from path p where p.seq <= p.wanted order by p.seq desc limit %(before)s)"
    " union all (select p.id from path p where p.seq > p.wanted order by p.seq limit %(after)s)"
    " union all (select c.id from wanted w join chat_messages c"
    "  on c.user_id = w.user_id and c.turn_id = w.turn_id and w.superseded)"
    f") near join chat_messages m on m.user_id = %(user_id)s and m.id = near.id{_DETAILS} order by m.seq"
)


async def _facts_without_source(conn: Connection, user_id: UUID) -> list[UUID]:
    """Facts whose conversation was deleted; one that was said elsewhere too gets that as its source instead."""
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
