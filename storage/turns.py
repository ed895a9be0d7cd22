"""Turns: one message and its answer, from the moment it is accepted."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, LiteralString, TypedDict
from uuid import UUID, uuid5

from psycopg.types.json import Json

from storage.conversation_queue import ANSWERED, ELSEWHERE_SECONDS
from storage.errors import Gone, LeaseLost
from storage.leases import LEASE_SECONDS
from storage.pool import Connection, Pool
from storage.users import ensure_user

TITLE_LENGTH = 60
"""Characters of the first message that make a conversation's title."""


class Accepted(TypedDict):
    """A message that is going to be answered."""

    conversation_id: str
    message: str
    """As cleaned and masked by the guard: nothing else is ever stored."""
    asked_employee: str | None
    employee: str
    route: Mapping[str, Any]
    """Why, as in the `start` event."""


class Answered(Accepted):
    """A message with its answer."""

    answer: str
    finish_reason: str
    error_code: str | None
    report: Mapping[str, Any]
    """What is known of the answer besides its text."""
    used: Sequence[str]
    """Ids of the facts that the prompt held."""


class _Said(TypedDict):
    id: UUID
    role: Literal["user", "assistant"]
    content: str


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

    async def accept(self, user_id: UUID, turn_id: UUID, turn: Accepted) -> None:
        """Write the turn down with its message, so that it is not lost whatever happens now.

        Its key stands for it from then on, and its place in line is given up.

        Raises:
            LeaseLost: its key or its place was given to another turn meanwhile, or another message of the conversation
                is being answered: this process slept past its lease. Only where an owner runs turns.
        """
        async with self._pool.as_user(user_id, accepting=True) as conn:
            await _accept(conn, user_id, turn_id, turn, self._owner)

    async def answer(self, user_id: UUID, turn_id: UUID, turn: Answered) -> UUID:
        """Commit the answer of an accepted turn.

        Returns:
            The answer's message id.

        Raises:
            Gone: the conversation was deleted meanwhile, another process has taken the turn over, or it has failed.
        """
        values = {"user_id": user_id, "turn_id": turn_id, "owner": self._owner, **turn, "report": Json(turn["report"])}
        message_id = answer_id(turn_id)
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "update chat_turns set status = 'answered', employee_slug = %(employee)s,"
                " finish_reason = %(finish_reason)s, error_code = %(error_code)s, report = %(report)s,"
                " updated_at = now()"
                " where user_id = %(user_id)s and turn_id = %(turn_id)s and owner is not distinct from %(owner)s"
                " and status <> 'failed'",
                values,
            )
            if cursor.rowcount == 0:
                raise Gone
            await _write(conn, user_id, turn_id, turn, _Said(id=message_id, role="assistant", content=turn["answer"]))
            await conn.execute(
                "update chat_conversations set employee_slug = %(employee)s, updated_at = now()"
                " where user_id = %(user_id)s and convo_id = %(conversation_id)s",
                values,
            )
            # Of those that still exist: one may have been forgotten while the answer was written.
            await conn.execute(
                "insert into chat_turn_facts (user_id, turn_id, fact_id)"
                " select %(user_id)s, %(turn_id)s, id from user_memory_facts"
                " where user_id = %(user_id)s and id = any(%(used)s::uuid[]) on conflict do nothing",
                values,
            )
        return message_id

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
        await self._end(
            "update chat_turns set status = case finish_reason when 'stopped' then 'stopped' else 'done' end,"
            " updated_at = now()"
            " where user_id = %(user_id)s and turn_id = %(turn_id)s and status = 'answered'",
            {"user_id": user_id, "turn_id": turn_id},
        )

    async def fail(self, user_id: UUID, turn_id: UUID, error_code: str) -> None:
        """Mark a turn that ended without an answer; its message stays."""
        await self._end(
            "update chat_turns set status = 'failed', error_code = %(error_code)s, updated_at = now()"
            " where user_id = %(user_id)s and turn_id = %(turn_id)s and status = 'streaming'"
            " and owner is not distinct from %(owner)s",
            {"user_id": user_id, "turn_id": turn_id, "error_code": error_code, "owner": self._owner},
        )

    async def _end(self, statement: LiteralString, values: dict[str, object]) -> None:
        user_id = values["user_id"]
        assert isinstance(user_id, UUID)
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(statement, values)


async def _accept(conn: Connection, user_id: UUID, turn_id: UUID, turn: Accepted, owner: UUID | None) -> None:
    values = {
        **turn,
        "user_id": user_id,
        "turn_id": turn_id,
        "title": _title(turn["message"]),
        "route": Json(turn["route"]),
        "owner": owner,
        "lease": LEASE_SECONDS,
        "elsewhere": ELSEWHERE_SECONDS,
    }
    if owner is None:  # else their place in line has
        await ensure_user(conn, user_id)
    await conn.execute(
        "insert into chat_conversations (user_id, convo_id, title)"
        " values (%(user_id)s, %(conversation_id)s, %(title)s)"
        " on conflict (user_id, convo_id) do update set updated_at = now()",
        values,
    )
    if owner is not None:
        await _keep_key(conn, values)
    await _leave_line(conn, values)
    await conn.execute(
        "insert into chat_turns (user_id, turn_id, convo_id, asked_employee, employee_slug, route, owner, lease_until)"
        " values (%(user_id)s, %(turn_id)s, %(conversation_id)s, %(asked_employee)s, %(employee)s, %(route)s,"
        " %(owner)s, case when %(owner)s::uuid is not null then now() + make_interval(secs => %(lease)s) end)"
        " on conflict (user_id, turn_id) do nothing",
        values,
    )
    await _write(conn, user_id, turn_id, turn, _Said(id=turn_id, role="user", content=turn["message"]))


async def _keep_key(conn: Connection, values: dict[str, Any]) -> None:
    """Let the turn's key, if it has one, stand for it from now on.

    A request that claims the key anew changes the same row, so one of the two comes too late; the place in line
    says which.
    """
    await conn.execute(
        "update chat_idempotency set lease_until = null"
        " where user_id = %(user_id)s and turn_id = %(turn_id)s and owner = %(owner)s",
        values,
    )


async def _leave_line(conn: Connection, values: dict[str, Any]) -> None:
    """Give the turn's place up, for which it is accepted now.

    The conversation's row is locked by then, so no other message of it is accepted while this is looked at.
    Time alone takes nothing away: a process that slept past a lease that no other took goes on.

    Raises:
        LeaseLost: the place is gone, or a message that came later is being answered.
    """
    cursor = await conn.execute(
        "delete from chat_queue where user_id = %(user_id)s and turn_id = %(turn_id)s"  # noqa: S608 (of literals)
        f" and (%(owner)s::uuid is null or owner = %(owner)s and not exists ({ANSWERED}))",
        values,
    )
    if values["owner"] is not None and cursor.rowcount == 0:
        raise LeaseLost


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
