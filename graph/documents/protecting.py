"""Make what was read from a document safe to keep: cleaned, masked, and marked where it may instruct an AI."""

from collections.abc import Callable, Collection
from functools import lru_cache

import msgspec

from graph.documents.contents import Contents, Page, Receipt, Rejected
from nodes.injection.detect import holds_instructions
from nodes.text.cleaning import clean
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask
from storage.finance.statement_rows import Row, Statement

MAX_WORDS = 1000
"""Characters of a row's words that are kept."""
MAX_COUNTERPARTY = 200
MAX_PAGE_CHARS = 100_000
MAX_REASON = 200
"""Characters of why a line is no row."""


def protect(contents: Contents, also: Collection[OptionalKind] = ()) -> Contents:
    """The contents as they may be kept; it takes a while for a long document, so it is done in the reading process.

    Args:
        contents: as they were read.
        also: kinds that are masked beside those that always are.
    """

    @lru_cache(maxsize=10_000)  # most counterparties have many rows
    def safe(text: str, limit: int) -> str:
        return mask(clean(text).text, also).text.strip()[:limit]

    instructs = lru_cache(maxsize=10_000)(holds_instructions)  # what recurs says the same each month

    def row(one: Row) -> Row:
        text, counterparty = safe(one.text, MAX_WORDS), safe(one.counterparty, MAX_COUNTERPARTY)
        return msgspec.structs.replace(
            one,
            text=text,
            counterparty=counterparty,
            suspicious=instructs(f"{counterparty}\n{text}"),
        )

    def page(one: Page) -> Page:
        text = safe(one.text, MAX_PAGE_CHARS)
        return Page(one.number, text, holds_instructions(text))

    def statement(one: Statement) -> Statement:
        name = safe(one.name, MAX_COUNTERPARTY) if one.name else None
        return msgspec.structs.replace(one, rows=[row(entry) for entry in one.rows], name=name)

    def receipt(one: Receipt) -> Receipt:
        return msgspec.structs.replace(one, merchant=safe(one.merchant, MAX_COUNTERPARTY) if one.merchant else None)

    return msgspec.structs.replace(
        contents,
        statements=[statement(one) for one in contents.statements],
        pages=[page(one) for one in contents.pages],
        receipt=contents.receipt and receipt(contents.receipt),
        rejected=[_line(one, safe) for one in contents.rejected],
    )


def _line(one: Rejected, safe: Callable[[str, int], str]) -> Rejected:
    reason = safe(one.reason, MAX_REASON)  # it quotes a cell
    return Rejected(one.line, safe(one.start, 80), reason, one.text if reason == one.reason else None)
