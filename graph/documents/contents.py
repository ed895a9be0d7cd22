"""What readers find in a document. It crosses from the process that reads to the one that stores."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, Self

import msgspec

from nodes.text.translatable import Template, Texts, template_of
from storage.finance.statement_rows import Statement

MAX_BYTES = 20 * 1024 * 1024
"""Of a file."""
MAX_ROWS = 200_000
MAX_PAGES = 300
MAX_LINE_BYTES = 65_536
MAX_PIXELS = 40_000_000
"""Of a picture."""
MAX_UNZIPPED_BYTES = 200 * 1024 * 1024
MAX_CPU_SECONDS = 120
"""Of the processor, for reading."""
MAX_SECONDS = 1200
"""Of reading on the clock: readers stand back, so a busy machine gives one a tenth of a processor."""
MAX_MEMORY_BYTES = 1024 * 1024 * 1024

DocumentKind = Literal["statement", "receipt", "text"]
UnreadableCode = Literal[
    "encrypted",
    "broken",
    "too_large",
    "too_many_pages",
    "too_many_rows",
    "unknown_kind",
    "nothing_found",
    "timeout",
    "out_of_memory",
]


class Unreadable(Exception):
    """The document cannot be read.

    Args:
        code: why.
        detail: the same as a sentence for its user.
    """

    def __init__(self, code: UnreadableCode, detail: str) -> None:
        super().__init__(detail)
        self.code: UnreadableCode = code
        self.detail = detail


class Page(msgspec.Struct, frozen=True):
    """The text of a page; numbers begin with 1."""

    number: int
    text: str
    suspicious: bool = False
    """Whether it may hold instructions to an AI."""


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a receipt says."""

    total: Decimal | None = None
    currency: str | None = None
    bought_on: date | None = None
    merchant: str | None = None
    score: float = 0.0
    """How sure its letters were recognised, 0 to 1."""


class Rejected(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line that is no row."""

    line: int
    start: str
    """Its first 80 characters."""
    reason: str
    text: Template | None = None
    """What the reason is made of, for pages in other languages."""

    @classmethod
    def because(cls, reason: str, line: int, start: str) -> Self:
        """A line that is no row for this reason."""
        return cls(line, start[:80], str(reason), template_of(reason))


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a table is read; columns are numbers from 0."""

    header_line: int
    """From 1; 0 where there is no header."""
    booked_on: int
    text: Sequence[int]
    """Columns that are joined to the bank's words."""
    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    """Two columns instead of `amount`."""
    direction: int | None = None
    """A column whose word says whether the amount is spent."""
    value_on: int | None = None
    counterparty: int | None = None
    currency: int | None = None
    account: int | None = None
    """A column that says whose row it is, where a file has several accounts."""
    balance: int | None = None
    bank_category: int | None = None
    bank_reference: int | None = None
    date_format: str = "%Y-%m-%d"
    decimal_mark: Literal[".", ","] = "."
    negated: bool = False
    """Whether what is spent is positive in the file, as in many of credit cards."""
    encoding: str | None = None
    delimiter: str | None = None
    """Both None in a workbook."""
    sheet: str | None = None


class Understood(msgspec.Struct, frozen=True):
    """How a table was read, to be shown and corrected."""

    shape: Shape
    header: Sequence[str]
    """The names of the columns."""
    fingerprint: str
    """The same for files with the same header, so that a corrected shape is remembered for them."""
    doubts: Sequence[str] = ()
    """What could have been read otherwise, each as a sentence."""
    texts: Texts = {}
    """What these sentences are made of, by them."""


PageCount = Callable[[int, int], None]
"""Called with the pages that are done, and all."""


class Contents(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that was found in a document."""

    kind: DocumentKind
    format: str = "text"
    """Of the file: `csv`, `xlsx`, `ofx`, `mt940`, `camt053`, `pdf`, `picture` and the like."""
    statements: Sequence[Statement] = ()
    pages: Sequence[Page] = ()
    receipt: Receipt | None = None
    understood: Understood | None = None
    rejected: Sequence[Rejected] = ()
