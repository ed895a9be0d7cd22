"""What a bank statement holds. Of storage, readers of documents load this alone, and so no client of a database."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a bank statement."""

    booked_on: date
    amount: Decimal
    """Exact; negative is what was spent."""
    text: str = ""
    """The bank's words."""
    counterparty: str = ""
    currency: str | None = None
    """ISO 4217; None where the statement's counts."""
    value_on: date | None = None
    bank_reference: str | None = None
    """Only where the format promises that it is unique in the account."""
    bank_category: str | None = None
    balance: Decimal | None = None
    """After this row."""
    line: int = 0
    """Where it stands in the file, from 1."""
    suspicious: bool = False
    """Whether its words may be instructions to an AI."""


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows of one account."""

    rows: Sequence[Row]
    number: str | None = None
    """IBAN, or whatever number the file has of the account."""
    name: str | None = None
    currency: str | None = None
    closing_balance: Decimal | None = None
    """After all rows."""
    closing_on: date | None = None
    """The day that it is of; None where it is that of the last row."""
