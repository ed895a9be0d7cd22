"""Read an export from a file, which anybody may have written or changed, and put it back."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

from graph.database import Say, database
from graph.models.factory import open_embedder
from graph.settings import Settings
from nodes.employees import EMPLOYEES, find
from nodes.text.cleaning import clean
from nodes.text.pii.masking import mask
from storage.account_export.lines import Begin, End, Kept, changed, read
from storage.account_export.restore import Restore
from storage.pool import Pool

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes; several times what the longest message takes."""

TEXTS = ("title", "summary", "content", "fact")
EMPLOYEE_FIELDS = ("last_employee", "employee", "chosen_employee", "wanted_employee")
SLUGS = {one.slug for one in EMPLOYEES}


class BadExport(Exception):
    """The file is no export, or only part of one; the message says which line, and nothing of what is in it."""


async def restore(settings: Settings, user_id: UUID, lines: Iterable[bytes], say: Say) -> int:
    """Put what the lines hold into the user's account, all or nothing; returns how many there were.

    Raises:
        BadExport: the lines are no whole export.
        NotEmpty, Gone, Unfit, StorageUnavailable: as `storage.account_export.restore` has them.
        EmbeddingUnavailable: facts cannot be found by meaning without a model that embeds them.
    """
    async with (
        database(settings, say) as url,
        open_embedder(settings, say) as embedder,
        Pool.open(url, size=1) as pool,
    ):
        return await Restore(pool, partial(embedder.embed, whole=True), embedder.name).put(user_id, whole(lines))


async def whole(lines: Iterable[bytes]) -> AsyncGenerator[Kept]:
    """What stands between the first line and the last.

    Raises:
        BadExport: a line is none, or some are missing.
    """
    numbered = _read(lines)
    number, first = next(numbered, (1, None))
    if not isinstance(first, Begin):
        raise BadExport("line 1: not the beginning of an export")
    for number, one in numbered:
        if isinstance(one, End):
            if one.lines != number - 2:
                raise BadExport(f"line {number}: {one.lines} lines were written, {number - 2} are here")
            if next(numbered, None):
                raise BadExport(f"line {number + 1}: something follows the end")
            return
        if isinstance(one, Begin):
            raise BadExport(f"line {number}: another beginning")
        yield one
    raise BadExport(f"line {number}: the end is missing")


def _read(lines: Iterable[bytes]) -> Iterator[tuple[int, Begin | Kept | End]]:
    for number, text in enumerate(lines, 1):
        if len(text) > LONGEST_LINE:
            raise BadExport(f"line {number}: longer than any line of an export")
        try:
            one = read(text)
            yield number, one if isinstance(one, Begin | End) else _as_kept(one)
        except ValueError as error:
            raise BadExport(f"line {number}: {error}") from None


def _as_kept(one: Kept) -> Kept:
    """The line as the program would have written it: texts cleaned and masked, and known employees only.

    Raises:
        ValueError: it would not have; the message says which field.
    """
    fields: dict[str, Any] = {}
    for name, value in one:
        if name in TEXTS and value is not None:
            fields[name] = mask(clean(value).text).text.strip()
        elif name in EMPLOYEE_FIELDS and value is not None and value not in SLUGS:
            raise ValueError(f"{one.type}.{name}: no such employee")
        elif name == "asked_employee":
            asked = find(value)  # as a client may have said it: by an older name, or by one that means nobody
            fields[name] = asked.slug if asked else None
    return changed(one, fields) if fields else one
