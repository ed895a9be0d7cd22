"""Parameters that several routes take: limit, cursor and search of a list, ids, and texts that are stored."""

import base64
import binascii
from collections.abc import Callable, Collection
from datetime import date
from typing import Annotated, Literal, TypeVar

import msgspec
from litestar.params import HeaderParameter, QueryParameter
from pydantic import BeforeValidator, Field

from api.problems import Problem
from nodes.text.cleaning import clean
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask

Row = TypeVar("Row")
Position = TypeVar("Position")

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Items of a page at most.")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=500, description="`next_cursor` of the page before; unset: the first page.")
]
Search = Annotated[
    str | None,
    QueryParameter(
        max_length=200, description="Words that must all be there; the last letters of each may be missing."
    ),
]

CONVERSATION_ID = r"^(\.{0,2}[A-Za-z0-9_:-]|\.{3})[A-Za-z0-9_.:-]*$"
"""What an id chosen by a client looks like; at most 128 characters.

Any of these characters, but not `.` and `..` alone, which browsers and proxies take out of a path.
"""

EmployeeName = Literal[
    "prime", "prime-boss", "prime-ai",
    "crystal", "crystal-analytics", "crystal-ai",
    "ledger", "ledger-tax", "ledger-ai",
    "byte", "byte-docs", "byte-ai",
    "tag", "tag-categorize", "tag-ai",
    "goalie", "goalie-goals", "goalie-ai",
]  # fmt: skip
"""The employees' slugs and their aliases."""

CategorySlug = Annotated[str, Field(pattern="^[a-z0-9]+(_[a-z0-9]+)*$", max_length=60)]
"""A category of the user's."""

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="The same key and body attach to the same turn, for a day; another body is refused.",
    ),
]

AcceptLanguage = Annotated[
    str | None,
    HeaderParameter(
        name="Accept-Language",
        description="For what is said without a model, where the message's words do not show its language.",
    ),
]

_encode = msgspec.json.Encoder().encode


def _is_bool(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("takes true or false")  # noqa: TRY004 - what pydantic catches
    return value


def _is_text(value: object) -> object:
    if not isinstance(value, str | date):
        raise ValueError("takes a day as text, like 2026-03-01")  # noqa: TRY004 - what pydantic catches
    return value


Day = Annotated[date, Field(strict=False), BeforeValidator(_is_text)]
"""A day in a body: without `strict`, a number would be seconds since 1970."""

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]

Switch = Annotated[bool, BeforeValidator(_is_bool)]
"""A field that is true or false: the framework validates without `strict`, where "off" and 0 would be false, too."""


def paginate(rows: list[Row], limit: int, position: Callable[[Row], object]) -> tuple[list[Row], str | None]:
    """The page's rows, and the cursor to the next page; None after the last one.

    Args:
        rows: the result of asking for one row more than `limit`.
        limit: rows of a page.
        position: of a row in the list's order, as something that JSON can hold.
    """
    if len(rows) <= limit:
        return rows, None
    kept = rows[:limit]
    return kept, encode_cursor(position(kept[-1]))


def encode_cursor(position: object) -> str:
    """The cursor to what comes after a position in a list's order."""
    return base64.urlsafe_b64encode(_encode(position)).decode().rstrip("=")


def decode_cursor(cursor: str | None, kind: type[Position]) -> Position | None:
    """The position after which the page begins; None for the first page.

    Raises:
        Problem: 400, not a cursor that a page ended with.
    """
    if cursor is None:
        return None
    try:
        written = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if b"\\u0000" not in written:  # Postgres takes it in no text
            return msgspec.json.decode(written, type=kind)
    except (binascii.Error, ValueError):  # msgspec's errors are ValueErrors, too
        pass
    raise Problem(400, "invalid_request", "cursor: not one of ours")


def search_words(q: str | None) -> str | None:
    """The cleaned search text; None where nothing is searched for."""
    return clean(q).text.strip() or None if q is not None else None


def clean_and_mask(text: str, *, also: Collection[OptionalKind] = ()) -> str:
    """A user's text for their own records, cleaned and masked as a message is.

    Args:
        text: as it was sent.
        also: kinds that are masked beside those that always are.

    Raises:
        ValueError: nothing is left.
    """
    kept = mask(clean(text).text, also).text.strip()
    if not kept:
        raise ValueError("must hold something that can be seen")
    return kept
