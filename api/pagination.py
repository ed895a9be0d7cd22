"""Lists in pages: a limit, a search, and a cursor that says where to go on."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from litestar.params import QueryParameter

from api.errors import Problem
from nodes.text.cleaning import clean

Row = TypeVar("Row")
Place = TypeVar("Place")

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

_encode = msgspec.json.Encoder().encode


def page(rows: list[Row], limit: int, place: Callable[[Row], object]) -> tuple[list[Row], str | None]:
    """The page's rows, and the cursor to the next one; None where this is the last.

    Args:
        rows: what was found when one more than `limit` was asked for.
        limit: rows of a page.
        place: what of a row says where it stands, as JSON can hold it.
    """
    if len(rows) <= limit:
        return rows, None
    kept = rows[:limit]
    return kept, base64.urlsafe_b64encode(_encode(place(kept[-1]))).decode().rstrip("=")


def place_of(cursor: str | None, kind: type[Place]) -> Place | None:
    """Where the cursor points.

    Raises:
        Problem: 400, no page ever ended with it.
    """
    if cursor is None:
        return None
    try:
        written = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if b"\\u0000" not in written:  # what Postgres takes in no text
            return msgspec.json.decode(written, type=kind)
    except (binascii.Error, ValueError):  # what msgspec says is a ValueError, too
        pass
    raise Problem(400, "invalid_request", "cursor: not one of ours")


def words(q: str | None) -> str | None:
    """The search as it can be looked for; None where there is none."""
    return clean(q).text.strip() or None if q is not None else None
