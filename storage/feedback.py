"""Feedback: what users say of answers, with a reason, and who should have answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple, TypedDict
from uuid import UUID

from storage.connections import Connection
from storage.errors import Gone
from storage.metrics_window import TimeWindow, TurnFilter, parameters
from storage.pool import Pool

Rating = Literal["up", "down"]
FeedbackReason = Literal["wrong", "not_asked", "wrong_employee", "unsafe", "other"]
"""Why an answer was bad: untrue, not what was asked, by the wrong employee, harmful, anything else."""
FEEDBACK: LiteralString = (
    "(select json_build_object('rating', b.rating, 'reason', b.reason, 'comment', b.comment,"
    " 'employee', b.wanted_employee)"
    " from chat_feedback b where b.user_id = t.user_id and b.turn_id = t.turn_id)"
)
"""The feedback on a turn `t`, with the fields of `Feedback`; null where there is none."""


class Feedback(TypedDict):
    """Feedback on an answer."""

    rating: Rating
    reason: FeedbackReason | None
    """Of a bad answer."""
    comment: str | None
    """Cleaned and masked."""
    employee: str | None
    """The slug of who should have answered, where the reason is `wrong_employee`."""


class Rated(NamedTuple):
    """An answer that was rated."""

    employee: str
    """The slug of who answered."""
    is_new: bool
    """Whether it had no rating before."""


class EmployeeFeedback(TypedDict):
    """Number of ratings of an employee's answers, and of reasons of the bad ones."""

    employee_slug: str
    up: int
    down: int
    reasons: dict[str, int]


class BadAnswer(TypedDict):
    """An answer that its user called bad."""

    turn_id: UUID
    conversation_id: str | None
    """None for administrators."""
    employee_slug: str
    """Who answered."""
    reason: FeedbackReason | None
    comment: str | None
    """None for administrators."""
    wanted_employee: str | None
    created_at: datetime


class FeedbackCursor(NamedTuple):
    """Position in the list of bad answers: the last one on the page before."""

    created_at: datetime
    turn_id: UUID


class MarkedMessage(TypedDict):
    """A message whose user named who should have answered it."""

    message: str
    chosen: str
    """The slug of who answered."""
    wanted: str
    """The slug of who should have."""


class NotAnswered(Exception):
    """The turn has no answer that could be rated."""


class AnsweredByThem(Exception):
    """The employee that should have answered is the one who did."""


class FeedbackOnTurns:
    """Feedback of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, user_id: UUID, turn_id: UUID, feedback: Feedback) -> Rated | None:
        """Give or change the feedback on an answer; None where the user has no such turn.

        Raises:
            NotAnswered, AnsweredByThem: nothing is changed.
        """
        values = {**feedback, "user_id": user_id, "turn_id": turn_id}
        try:
            async with self._pool.as_user(user_id) as conn:
                return await _put(conn, values)
        except Gone:
            return None  # deleted at this moment

    async def delete(self, user_id: UUID, turn_id: UUID) -> bool:
        """Take the feedback back, with the misroute that is known from it alone; returns whether the turn exists."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "with taken_back as ("
                "  delete from chat_feedback where user_id = %(user_id)s and turn_id = %(turn_id)s"
                "  returning user_id, turn_id"
                "), known_from_it as ("
                "  delete from chat_misroutes m using taken_back"
                "  where m.user_id = taken_back.user_id and m.turn_id = taken_back.turn_id and m.from_feedback)"
                " select from chat_turns where user_id = %(user_id)s and turn_id = %(turn_id)s",
                {"user_id": user_id, "turn_id": turn_id},
            )
            return cursor.rowcount == 1

    async def rates(self, user_id: UUID | None, window: TimeWindow, only: TurnFilter) -> list[EmployeeFeedback]:
        """Ratings given in the window by employee, the most rated first; of all users where none is given."""
        rows = await self._read(user_id, _RATES, window, only, {})
        return [EmployeeFeedback(**row) for row in rows]  # type: ignore[typeddict-item]

    async def bad_answers(
        self,
        user_id: UUID | None,
        window: TimeWindow,
        only: TurnFilter,
        *,
        limit: int,
        after: FeedbackCursor | None = None,
    ) -> list[BadAnswer]:
        """Answers rated down in the window, the last one first; of all users, without words, where none is given.

        Temporary conversations are left out.
        """
        values = {
            "at": after.created_at if after else None,
            "turn_id": after.turn_id if after else None,
            "limit": limit,
        }
        rows = await self._read(user_id, _OWN_BAD if user_id else _ALL_BAD, window, only, values)
        return [BadAnswer(**row) for row in rows]  # type: ignore[typeddict-item]

    async def marked(self) -> list[MarkedMessage]:
        """Messages of all users that the wrong employee answered, read in the name of one user after the other.

        Left out is what its user wants forgotten, so also what was said in temporary conversations or without memory.
        """
        async with self._pool.as_maintenance() as conn:
            cursor = await conn.execute(
                "select distinct user_id from chat_feedback where wanted_employee is not null order by user_id"
            )
            users: list[UUID] = [row["user_id"] for row in await cursor.fetchall()]
        found: list[MarkedMessage] = []
        for user_id in users:
            async with self._pool.as_user(user_id) as conn:
                rows = await (await conn.execute(_MARKED, {"user_id": user_id})).fetchall()
            found += [MarkedMessage(**row) for row in rows]  # type: ignore[typeddict-item]
        return found

    async def _read(
        self,
        user_id: UUID | None,
        statement: LiteralString,
        window: TimeWindow,
        only: TurnFilter,
        values: Mapping[str, object],
    ) -> list[dict[str, Any]]:
        """Rows that the user sees, or the role for everyone's metrics: no statement here names a user."""
        async with self._pool.as_user(user_id) if user_id else self._pool.as_analyst() as conn:
            cursor = await conn.execute(statement, {**await parameters(conn, window, only), **values})
            return await cursor.fetchall()


async def _put(conn: Connection, values: Mapping[str, object]) -> Rated | None:
    cursor = await conn.execute(
        "select t.employee_slug, t.status in ('answered', 'done', 'stopped') as answered, c.temporary"
        " from chat_turns t join chat_conversations c using (user_id, convo_id)"
        " where user_id = %(user_id)s and turn_id = %(turn_id)s",
        values,
    )
    turn = await cursor.fetchone()
    if turn is None:
        return None
    if not turn["answered"]:
        raise NotAnswered
    if turn["employee_slug"] == values["employee"]:
        raise AnsweredByThem
    values = {**values, "answered_by": turn["employee_slug"], "temporary": turn["temporary"]}
    cursor = await conn.execute(_PUT, values)  # holds the row, so that two at once are one after the other
    row = await cursor.fetchone()
    assert row is not None
    await conn.execute(_MISROUTE if values["employee"] else _NO_MISROUTE, values)
    return Rated(turn["employee_slug"], row["is_new"])


_PUT: LiteralString = (
    "insert into chat_feedback (user_id, turn_id, employee_slug, rating, reason, comment, wanted_employee, temporary)"
    " values (%(user_id)s, %(turn_id)s, %(answered_by)s, %(rating)s, %(reason)s, %(comment)s, %(employee)s,"
    " %(temporary)s)"
    " on conflict (user_id, turn_id) do update set employee_slug = excluded.employee_slug, rating = excluded.rating,"
    " reason = excluded.reason, comment = excluded.comment, wanted_employee = excluded.wanted_employee,"
    " updated_at = now() returning xmax = 0 as is_new"
)
# A turn is one misroute, whether another employee was asked, or feedback names one, or both: then who was asked stays.
_MISROUTE: LiteralString = (
    "insert into chat_misroutes (user_id, turn_id, chosen_employee, wanted_employee, from_feedback)"
    " values (%(user_id)s, %(turn_id)s, %(answered_by)s, %(employee)s, true)"
    " on conflict (user_id, turn_id) do update set wanted_employee = excluded.wanted_employee"
    " where chat_misroutes.from_feedback"
)
_NO_MISROUTE: LiteralString = (
    "delete from chat_misroutes where user_id = %(user_id)s and turn_id = %(turn_id)s and from_feedback"
)
_MARKED: LiteralString = (
    "select m.content as message, b.employee_slug as chosen, b.wanted_employee as wanted"
    " from chat_feedback b join chat_turns t using (user_id, turn_id) join chat_messages m using (user_id, turn_id)"
    " where user_id = %(user_id)s and b.wanted_employee is not null and m.role = 'user'"
    " and not t.forgotten and not b.temporary"
    " order by b.created_at, turn_id"
)
_GIVEN: LiteralString = (
    "b.created_at >= %(since)s and b.created_at < %(until)s"
    " and (%(employee)s::text is null or b.employee_slug = %(employee)s)"
    " and (coalesce(%(model)s::text, %(outcome)s::text) is null or exists ("
    "  select from xai_chat_metrics m where m.id = b.turn_id"
    "  and (%(model)s::text is null or m.model = %(model)s)"
    "  and (%(outcome)s::text is null or m.outcome = %(outcome)s)))"
)
"""Condition on feedback `b`: given in the window, on turns that the filter matches."""
_RATES: LiteralString = (
    "select employee_slug, count(*) filter (where rating = 'up') as up,"  # noqa: S608 (of literals)
    " count(*) filter (where rating = 'down') as down,"
    " json_build_object('wrong', count(*) filter (where reason = 'wrong'),"
    "  'not_asked', count(*) filter (where reason = 'not_asked'),"
    "  'wrong_employee', count(*) filter (where reason = 'wrong_employee'),"
    "  'unsafe', count(*) filter (where reason = 'unsafe'),"
    "  'other', count(*) filter (where reason = 'other')) as reasons"
    f" from chat_feedback b where {_GIVEN} group by employee_slug order by count(*) desc, employee_slug"
)
_PAGE: LiteralString = (
    f" where {_GIVEN} and b.rating = 'down' and not b.temporary"
    " and (%(at)s::timestamptz is null or (b.created_at, b.turn_id) < (%(at)s, %(turn_id)s::uuid))"
    " order by b.created_at desc, b.turn_id desc limit %(limit)s"
)
_OWN_BAD: LiteralString = (
    "select b.turn_id, t.convo_id as conversation_id, b.employee_slug, b.reason, b.comment, b.wanted_employee,"  # noqa: S608 (of literals)
    f" b.created_at from chat_feedback b join chat_turns t using (user_id, turn_id){_PAGE}"
)
_ALL_BAD: LiteralString = (
    "select b.turn_id, null as conversation_id, b.employee_slug, b.reason, null as comment, b.wanted_employee,"  # noqa: S608 (of literals)
    f" b.created_at from chat_feedback b{_PAGE}"
)
