"""Turns: one message and its answer, from the moment it is accepted."""

from typing import Literal, LiteralString, TypedDict
from uuid import UUID, uuid5

from storage.pool import Connection, Pool

TITLE_LENGTH = 60
"""Characters of the first message that make a conversation's title."""


class Accepted(TypedDict):
    """A message that is going to be answered."""

    conversation_id: str
    message: str
    """As cleaned and masked by the guard: nothing else is ever stored."""
    asked_employee: str | None
    employee: str


class Answered(Accepted):
    """A message with its answer."""

    answer: str
    finish_reason: str
    error_code: str | None


class _Said(TypedDict):
    id: UUID
    role: Literal["user", "assistant"]
    content: str


def answer_id(turn_id: UUID) -> UUID:
    """The id of a turn's answer: the same however often the turn is run. Its question has the turn's own id."""
    return uuid5(turn_id, "answer")


class Turns:
    """The turns of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def accept(self, user_id: UUID, turn_id: UUID, turn: Accepted) -> None:
        """Write the turn down with its message, so that it is not lost whatever happens now."""
        async with self._pool.as_user(user_id) as conn:
            await _accept(conn, user_id, turn_id, turn)

    async def answer(self, user_id: UUID, turn_id: UUID, turn: Answered) -> UUID:
        """Commit the answer, and the turn itself where nobody accepted it before (a run in Studio).

        Returns:
            The answer's message id.
        """
        async with self._pool.as_user(user_id) as conn:
            await _accept(conn, user_id, turn_id, turn)
            message_id = answer_id(turn_id)
            await _write(conn, user_id, turn_id, turn, _Said(id=message_id, role="assistant", content=turn["answer"]))
            await conn.execute(
                "update chat_turns set status = 'answered', employee_slug = %(employee)s,"
                " finish_reason = %(finish_reason)s, error_code = %(error_code)s, updated_at = now()"
                " where user_id = %(user_id)s and turn_id = %(turn_id)s",
                {"user_id": user_id, "turn_id": turn_id, **turn},
            )
            await conn.execute(
                "update chat_conversations set employee_slug = %(employee)s, updated_at = now()"
                " where user_id = %(user_id)s and convo_id = %(conversation_id)s",
                {"user_id": user_id, **turn},
            )
        return message_id

    async def finish(self, user_id: UUID, turn_id: UUID) -> None:
        """Mark an answered turn as done: summary, facts and metrics are in."""
        await self._end(
            "update chat_turns set status = 'done', updated_at = now()"
            " where user_id = %(user_id)s and turn_id = %(turn_id)s and status = 'answered'",
            {"user_id": user_id, "turn_id": turn_id},
        )

    async def fail(self, user_id: UUID, turn_id: UUID, error_code: str) -> None:
        """Mark a turn that ended without an answer; its message stays."""
        await self._end(
            "update chat_turns set status = 'failed', error_code = %(error_code)s, updated_at = now()"
            " where user_id = %(user_id)s and turn_id = %(turn_id)s and status = 'accepted'",
            {"user_id": user_id, "turn_id": turn_id, "error_code": error_code},
        )

    async def _end(self, statement: LiteralString, values: dict[str, object]) -> None:
        user_id = values["user_id"]
        assert isinstance(user_id, UUID)
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(statement, values)


async def _accept(conn: Connection, user_id: UUID, turn_id: UUID, turn: Accepted) -> None:
    values = {"user_id": user_id, "turn_id": turn_id, "title": _title(turn["message"]), **turn}
    await conn.execute(
        "insert into chat_conversations (user_id, convo_id, title)"
        " values (%(user_id)s, %(conversation_id)s, %(title)s)"
        " on conflict (user_id, convo_id) do update set updated_at = now()",
        values,
    )
    await conn.execute(
        "insert into chat_turns (user_id, turn_id, convo_id, asked_employee, employee_slug)"
        " values (%(user_id)s, %(turn_id)s, %(conversation_id)s, %(asked_employee)s, %(employee)s)"
        " on conflict (user_id, turn_id) do nothing",
        values,
    )
    await _write(conn, user_id, turn_id, turn, _Said(id=turn_id, role="user", content=turn["message"]))


async def _write(conn: Connection, user_id: UUID, turn_id: UUID, turn: Accepted, message: _Said) -> None:
    await conn.execute(
        "insert into chat_messages (id, user_id, convo_id, turn_id, employee_key, role, content)"
        " values (%(id)s, %(user_id)s, %(conversation_id)s, %(turn_id)s, %(employee)s, %(role)s, %(content)s)"
        " on conflict (user_id, turn_id, role) do nothing",
        {
            "user_id": user_id,
            "turn_id": turn_id,
            "conversation_id": turn["conversation_id"],
            "employee": turn["employee"],
            **message,
        },
    )


def _title(message: str) -> str:
    first_line = message.strip().split("\n", 1)[0]
    return first_line if len(first_line) <= TITLE_LENGTH else first_line[: TITLE_LENGTH - 1].rstrip() + "…"
