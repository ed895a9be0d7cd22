"""Documents for tests, stored as a reader that has found these rows would."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from storage.finance.document_queue import Claimed, DocumentQueue, Reading
from storage.finance.documents import Documents, NewDocument
from storage.finance.statement_rows import Row, Statement
from storage.pool import Pool

MODEL = "test-model"


def row(day: int, amount: str, text: str = "", **fields: Any) -> Row:
    """A row of March 2026."""
    return Row(booked_on=date(2026, 3, day), amount=Decimal(amount), text=text, **fields)


def reading(*statements: Statement, format: str = "csv:1", **fields: Any) -> Reading:
    """What was found in a bank statement."""
    found: dict[str, Any] = {"pages": (), "receipt": None, "understood": None, "fingerprint": None, "rejected": ()}
    return Reading(kind="statement", format=format, statements=statements, **(found | fields))


async def waiting(pool: Pool, user: UUID, content: str, **fields: Any) -> Claimed:
    """A document that waited, claimed by the test."""
    new = NewDocument(name="march.csv", media_type="text/csv", content=content.encode(), **fields)
    document, _ = await Documents(pool).add(user, new)
    claimed = await DocumentQueue(pool, MODEL).claim()
    assert claimed
    assert claimed.document_id == document["document_id"]
    return claimed


async def imported(
    pool: Pool,
    user: UUID,
    rows: Sequence[Row],
    *,
    name: str = "1",
    format: str = "csv:1",
    number: str = "DE1",
    balance: str | None = None,
    **fields: Any,
) -> UUID:
    """Import a statement with this account's number, and the balance after it; returns the document's id."""
    claimed = await waiting(pool, user, name)
    closing = Decimal(balance) if balance else None
    statement = Statement(rows=rows, number=number, currency="EUR", closing_balance=closing)
    await DocumentQueue(pool, MODEL).store(claimed, reading(statement, format=format, **fields), currency="EUR")
    return claimed.document_id
