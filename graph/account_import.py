"""Import an account from an export file, which may have been changed by anyone."""

from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

from graph.database import Say, database
from graph.models.factory import open_embedder
from graph.settings import Settings
from nodes.employees import EMPLOYEES, find
from nodes.text.cleaning import clean
from nodes.text.json_values import clean_json
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask
from storage.account_export.importer import AccountImporter
from storage.account_export.lines import AccountLine, ExportEnd, ExportStart, parse_line, with_fields
from storage.pool import Pool

MAX_LINE_BYTES = 4 * 1024 * 1024
"""Several times the size of the longest message."""

TEXTS = ("title", "summary", "content", "fact", "comment", "text", "counterparty", "note")
EMPLOYEE_FIELDS = ("last_employee", "employee", "chosen_employee", "wanted_employee")
SLUGS = {employee.slug for employee in EMPLOYEES}


class BadExport(Exception):
    """The file is not a complete export; the message names the line and does not repeat its content."""


async def import_account(settings: Settings, user_id: UUID, lines: Iterable[bytes], say: Say) -> int:
    """Import all lines of an export into the user's account, or none; returns their number.

    Raises:
        BadExport: the lines are not a complete export.
        AccountNotEmpty, Gone, InvalidImport, StorageUnavailable: as in `AccountImporter.import_lines`.
        EmbeddingUnavailable: there is no model to embed the facts.
    """
    async with (
        database(settings, say) as url,
        open_embedder(settings, say) as embedder,
        Pool.open(url, size=1) as pool,
    ):
        importer = AccountImporter(pool, partial(embedder.embed, whole=True), embedder.name)
        return await importer.import_lines(user_id, read_export(lines, settings.mask))


async def read_export(lines: Iterable[bytes], also: Collection[OptionalKind] = ()) -> AsyncGenerator[AccountLine]:
    """The lines between the first and the last, cleaned and masked.

    Args:
        lines: of the file.
        also: kinds that are masked beside those that always are.

    Raises:
        BadExport: a line is invalid, or some are missing.
    """
    numbered = _parse(lines, also)
    number, first = next(numbered, (1, None))
    if not isinstance(first, ExportStart):
        raise BadExport("line 1: not the beginning of an export")
    for number, line in numbered:
        if isinstance(line, ExportEnd):
            if line.lines != number - 2:
                raise BadExport(f"line {number}: {line.lines} lines were written, {number - 2} are here")
            if next(numbered, None):
                raise BadExport(f"line {number + 1}: something follows the end")
            return
        if isinstance(line, ExportStart):
            raise BadExport(f"line {number}: another beginning")
        yield line
    raise BadExport(f"line {number}: the end is missing")


def _parse(
    lines: Iterable[bytes], also: Collection[OptionalKind]
) -> Iterator[tuple[int, ExportStart | AccountLine | ExportEnd]]:
    for number, text in enumerate(lines, 1):
        if len(text) > MAX_LINE_BYTES:
            raise BadExport(f"line {number}: longer than any line of an export")
        try:
            line = parse_line(text)
            yield number, line if isinstance(line, ExportStart | ExportEnd) else _clean(line, also)
        except ValueError as error:
            raise BadExport(f"line {number}: {error}") from None


def _clean(line: AccountLine, also: Collection[OptionalKind]) -> AccountLine:
    """The line as the program would have stored it: texts cleaned and masked, known employees only.

    Raises:
        ValueError: it would not have stored it; the message names the field.
    """
    fields: dict[str, Any] = {}
    for name, value in line:
        if name in TEXTS and value is not None:
            fields[name] = mask(clean(value).text, also).text.strip()
        elif name == "metadata":
            fields[name] = clean_json(value, also)
        elif name in EMPLOYEE_FIELDS and value is not None and value not in SLUGS:
            raise ValueError(f"{line.type}.{name}: no such employee")
        elif name == "asked_employee":
            asked = find(value)  # as the client sent it: maybe an alias, or an unknown name
            fields[name] = asked.slug if asked else None
    return with_fields(line, fields) if fields else line
