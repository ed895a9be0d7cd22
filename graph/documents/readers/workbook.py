"""Tables in workbooks: XLSX, XLSB, XLS and ODS. The sheet with the most dated amounts is read."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from graph.documents.contents import MAX_ROWS, MAX_UNZIPPED_BYTES, Contents, Shape, Unreadable
from graph.documents.rows import Cell, Line
from graph.documents.table import read_table

ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
"""In the directory of a workbook with a password."""


def read(data: bytes, given: Shape | None = None) -> Contents:
    """Read the sheet that the shape names, else each until one has rows.

    Raises:
        Unreadable: it is encrypted, broken or too large, or no sheet has rows.
    """
    if ENCRYPTED_PACKAGE in data:
        raise Unreadable("encrypted", "The workbook has a password. Save it without one and try again.")
    _check_size(data)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            names = [given.sheet] if given and given.sheet else book.sheet_names
            return _read_sheets(book, names, given)
    except PasswordError as error:
        raise Unreadable("encrypted", "The workbook has a password. Save it without one and try again.") from error
    except CalamineError as error:
        if "password" in str(error).casefold() or "encrypt" in str(error).casefold():
            raise Unreadable("encrypted", "The workbook has a password. Save it without one and try again.") from error
        raise Unreadable("broken", "The workbook is damaged.") from error


def _check_size(data: bytes) -> None:
    """Refuse what says of itself that it is too large unzipped; what lies meets the limit of memory."""
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise Unreadable("broken", "The workbook is damaged.") from error
    if size > MAX_UNZIPPED_BYTES:
        raise Unreadable("too_large", "The workbook is larger than 200 MiB when it is unzipped.")


def _read_sheets(book: CalamineWorkbook, names: list[str], given: Shape | None) -> Contents:
    best: Contents | None = None
    for name in names:
        lines = list(_lines(book.get_sheet_by_name(name)))
        try:
            found = read_table(lines, given, sheet=name)
        except Unreadable as reason:
            if reason.code != "nothing_found":
                raise
            continue
        if best is None or _rows(found) > _rows(best):
            best = found
    if best is None:
        raise Unreadable("nothing_found", "No sheet of the workbook has lines with a date and an amount.")
    return best


def _rows(contents: Contents) -> int:
    return sum(len(statement.rows) for statement in contents.statements)


def _lines(sheet: CalamineSheet) -> Iterator[Line]:
    if sheet.total_height > MAX_ROWS:
        raise Unreadable("too_many_rows", f"A sheet of the workbook has more than {MAX_ROWS:,} lines.")
    for number, row in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        while row and row[-1] == "":
            row.pop()
        yield Line(number, [_cell(value) for value in row])


def _cell(value: object) -> Cell:
    """A cell as text, day or exact number. Workbooks keep numbers as floats, so beyond six digits they are noise."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    number = Decimal(f"{value:.6f}").normalize()
    return number if number.as_tuple().exponent in (-1, -2, -3, -4, -5, -6) else number.quantize(Decimal(1))
