"""Audit of what the guard masked or refused, in messages and answers: kind and hash, never the content."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from typing_extensions import TypedDict

from storage.pool import Connection

MAX_REFUSED_MESSAGES = 200
"""Refused messages per user whose findings are kept, the latest ones. The metrics count all of them."""


class Finding(TypedDict):
    """What the guard found in a message or its answer."""

    kind: Literal["card", "iban", "national_id", "injection"]
    action: Literal["masked", "refused", "answer_masked"]
    rule: str | None
    """The rule that matched, where a kind has several."""
    text_hash: str
    """SHA-256 of the masked message or answer, in hex."""


async def record_findings(conn: Connection, user_id: UUID, turn_id: UUID, findings: Sequence[Finding]) -> None:
    """Store the findings of a turn, once. Of refused messages the latest are kept."""
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
            {"user_id": user_id, "kept": MAX_REFUSED_MESSAGES},
        )
