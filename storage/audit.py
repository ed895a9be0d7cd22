"""What was masked or refused, in messages and answers: by kind and hash, never by content."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from typing_extensions import TypedDict

from storage.pool import Connection

KEPT = 200
"""Messages of a user that the guard refused, of which the audit keeps what it found. How many there were in all, the
metrics count."""


class Finding(TypedDict):
    """Something that was found in a message or in its answer."""

    kind: Literal["card", "iban", "national_id", "injection"]
    action: Literal["masked", "refused", "answer_masked"]
    rule: str | None
    """The guard's rule that matched, where there are several of a kind."""
    text_hash: str
    """SHA-256 of the message, or of the answer, after masking, in hex."""


async def audit(conn: Connection, user_id: UUID, turn_id: UUID, findings: Sequence[Finding]) -> None:
    """Write down what was found in a turn; again changes nothing. Of refused messages the latest are kept."""
    for finding in findings:
        await conn.execute(
            "insert into chat_guard_events (user_id, turn_id, kind, action, rule, text_hash)"
            " values (%(user_id)s, %(turn_id)s, %(kind)s, %(action)s, %(rule)s, %(text_hash)s)"
            " on conflict do nothing",
            {"user_id": user_id, "turn_id": turn_id, **finding},
        )
    if any(finding["action"] == "refused" for finding in findings):
        await conn.execute(
            "delete from chat_guard_events e using ("
            "  select turn_id from chat_guard_events where user_id = %(user_id)s and action = 'refused'"
            "  order by created_at desc, turn_id offset %(kept)s) older"
            " where e.user_id = %(user_id)s and e.turn_id = older.turn_id",
            {"user_id": user_id, "kept": KEPT},
        )
