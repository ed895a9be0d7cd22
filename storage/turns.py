"""Turns: one message and its answer, from the moment it is accepted, and the conversation that it belongs to.

A conversation's summary has a watermark, so that no message is in neither the summary nor the window. What was replaced
by another version is in neither.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict
from uuid import UUID, uuid5

from psycopg.types.json import Json

from storage.errors import Gone
from storage.leases import ELSEWHERE_SECONDS, LEASE_SECONDS
from storage.pool import Pool

TITLE_LENGTH = 60
"""Characters of a title of ours: the beginning of the first message, then what the model calls the conversation."""
RECENT_MESSAGES = 40
"""Messages loaded even when the summary covers them; more than fits most models' context window."""


VersionKind = Literal["regenerate", "edit", "continue"]
"""Another answer to the same question, another question in its place, or the rest of an answer that was cut."""


class Accepted(TypedDict):
    """A message that is going to be answered."""

    conversation_id: str
    message: str
    """As cleaned and masked by the guard: nothing else is ever stored."""
    asked_employee: str | None
    employee: str
    route: Mapping[str, Any]
    """Why, as in the `start` event."""
    version: NotRequired[VersionKind]
    """How it replaces another turn, where it does."""
    replaces: NotRequired[str]
    """The id of that turn."""
    temporary: NotRequired[bool]
    """Whether the conversation is to be temporary, where this message begins it."""


class Answered(TypedDict):
    """The answer to an accepted message."""

    conversation_id: str
    employee: str
    answer: str
    finish_reason: str
    error_code: str | None
    report: Mapping[str, Any]
    """What is known of the answer besides its text."""
    used: Sequence[str]
    """Ids of the facts that the prompt held."""


class Message(TypedDict):
    """One message of a conversation."""

    id: str
    seq: int
    """Position in the conversation: grows, never repeats."""
    role: Literal["user", "assistant"]
    employee: str
    content: str


class History(TypedDict):
    """A conversation so far: its rolling summary, and its messages in order."""

    summary: str
    covers: int
    """The summary's watermark: it covers every message with a `seq` up to this one."""
    messages: list[Message]
    has_desk: NotRequired[bool]
    """Whether the user has documents, accounts or plans; left out where not."""


def answer_id(turn_id: UUID) -> UUID:
    """The id of a turn's answer: the same however often the turn is run. Its question has the turn's own id."""
    return uuid5(turn_id, "answer")


class Turns:
    """The turns of all users.

    Args:
        owner: the process that runs them on a lease; None where none of ours does.
    """

    def __init__(self, pool: Pool, owner: UUID | None = None) -> None:
        self._pool = pool
        self._owner = owner

    async def accept(self, user_id: UUID, turn_id: UUID, turn: Accepted) -> bool:
        """Write the turn down with its message, so that it is not lost whatever happens now.

        Its key stands for it from then on, and its place in line is given up.

        Where it is a version of another turn, it takes the place of that one, with all that followed.

        Returns:
            Whether facts may be recalled and learned in it: not where the user switched memory off, or the conversation
            is temporary.

        Raises:
            LeaseLost: its key or its place was given to another turn meanwhile, or another message of the conversation
                is being answered: this process slept past its lease. Only where an owner runs turns.
            Gone: the turn that it replaces was deleted.
        """
        (row,) = await self._pool.call(
            "select begin_turn(%(user_id)s, %(turn_id)s, %(conversation_id)s, %(title)s, %(message)s,"
            " %(asked_employee)s, %(employee)s, %(route)s, %(owner)s, %(lease)s, %(elsewhere)s, %(temporary)s,"
            " %(version)s, %(replaces)s::uuid)"
            " as may_remember",
            {
                "temporary": False,
                "version": None,
                "replaces": None,
                **turn,
                "user_id": user_id,
                "turn_id": turn_id,
                "title": short_title(turn["message"]),
                "route": Json(turn["route"]),
                "owner": self._owner,
                "lease": LEASE_SECONDS,
                "elsewhere": ELSEWHERE_SECONDS,
            },
            accepting=True,
        )
        return bool(row["may_remember"])

    async def history(self, user_id: UUID, conversation_id: str, *, before_turn: UUID) -> History:
        """The summary, every message it does not cover, and the latest ones even if it does; and `has_desk`.

        Messages of `before_turn` are left out.
        """
        (row,) = await self._pool.call(
            "select h.*, has_desk(%(user_id)s) as has_desk"
            " from conversation_history(%(user_id)s, %(convo_id)s, %(turn_id)s, %(recent)s) h",
            {"user_id": user_id, "convo_id": conversation_id, "turn_id": before_turn, "recent": RECENT_MESSAGES},
        )
        history = History(summary=row["summary"] or "", covers=row["covers"], messages=row["messages"] or [])
        return History({**history, "has_desk": True}) if row["has_desk"] else history

    async def answer(self, user_id: UUID, turn_id: UUID, turn: Answered) -> UUID:
        """Commit the answer of an accepted turn.

        Returns:
            The answer's message id.

        Raises:
            Gone: the conversation was deleted meanwhile, another process has taken the turn over, or it has failed.
        """
        message_id = answer_id(turn_id)
        rows = await self._pool.call(
            "select answer_turn(%(user_id)s, %(turn_id)s, %(conversation_id)s, %(message_id)s, %(employee)s,"
            " %(answer)s, %(finish_reason)s, %(error_code)s, %(report)s, %(used)s::uuid[], %(owner)s) as stored",
            {
                **turn,
                "user_id": user_id,
                "turn_id": turn_id,
                "message_id": message_id,
                "report": Json(turn["report"]),
                "owner": self._owner,
            },
        )
        if not rows[0]["stored"]:
            raise Gone
        return message_id

    async def save_summary(
        self, user_id: UUID, conversation_id: str, summary: str, *, turn_id: UUID, seen: int, title: str | None = None
    ) -> bool:
        """Store the summary made at the end of `turn_id` from messages up to `seen`, and mark the turn as summarised.

        The title replaces only that of the first message.

        Its watermark is this turn's last message, or the message before the first one that another turn wrote
        meanwhile and that is therefore not in it. A summary with a lower watermark than the stored one is dropped: a
        turn that finishes late cannot undo a later one.

        Returns:
            Whether it was stored.
        """
        (row,) = await self._pool.call(
            # The title first: it locks the conversation's row, as a deletion does before the turn's.
            "select case when %(title)s::text is not null"
            " then title_conversation(%(user_id)s, %(convo_id)s, %(turn_id)s, %(title)s) end,"
            " save_summary(%(user_id)s, %(convo_id)s, %(turn_id)s, %(summary)s, %(seen)s) as saved",
            {
                "user_id": user_id,
                "convo_id": conversation_id,
                "title": title,
                "summary": summary,
                "turn_id": turn_id,
                "seen": seen,
            },
        )
        return bool(row["saved"])

    async def ask_to_stop(self, user_id: UUID, turn_id: UUID) -> None:
        """Write down that the answer is to end, and let the process that writes it know; once it is out, nothing."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "with asked as ("
                "  update chat_turns set stop_asked_at = coalesce(stop_asked_at, now())"
                "  where user_id = %(user_id)s and turn_id = %(turn_id)s and status = 'streaming' returning turn_id)"
                " select pg_notify('frontdesk_stops', turn_id::text) from asked",
                {"user_id": user_id, "turn_id": turn_id},
            )

    async def known(self, user_id: UUID, turn_id: UUID) -> bool:
        """Whether the turn is there, and was not deleted with its conversation."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select from chat_turns where user_id = %(user_id)s and turn_id = %(turn_id)s",
                {"user_id": user_id, "turn_id": turn_id},
            )
            return cursor.rowcount == 1

    async def finish(self, user_id: UUID, turn_id: UUID) -> None:
        """Mark an answered turn as done, or as stopped: summary, facts and metrics are in."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "update chat_turns set status = case finish_reason when 'stopped' then 'stopped' else 'done' end,"
                " updated_at = now()"
                " where user_id = %(user_id)s and turn_id = %(turn_id)s and status = 'answered'",
                {"user_id": user_id, "turn_id": turn_id},
            )

    async def fail(self, user_id: UUID, turn_id: UUID, error_code: str) -> None:
        """Mark a turn that ended without an answer; its message stays. What a version replaced is active again."""
        await self._pool.call(
            "select fail_turn(%(user_id)s, %(turn_id)s, %(error_code)s, %(owner)s)",
            {"user_id": user_id, "turn_id": turn_id, "error_code": error_code, "owner": self._owner},
        )


def short_title(text: str) -> str:
    """The first line of the text, cut at `TITLE_LENGTH`."""
    first_line = text.strip().split("\n", 1)[0]
    return first_line if len(first_line) <= TITLE_LENGTH else first_line[: TITLE_LENGTH - 1].rstrip() + "…"
