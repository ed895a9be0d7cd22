"""Comma-separated tables of any bank: encoding and delimiter are found by what they make of the text."""

import codecs
import csv
from collections.abc import Iterator, Sequence

import msgspec

from graph.documents.contents import MAX_LINE_BYTES, MAX_ROWS, Contents, Rejected, Shape, Unreadable
from graph.documents.rows import Line
from graph.documents.table import read_table
from graph.documents.values import is_date, is_money
from nodes.text.translatable import say

ENCODINGS = ("cp1252", "cp1250", "iso8859_15", "cp1251", "cp1253", "cp850")
"""What is tried where it is no Unicode; the first of equals is taken."""
COMMON = frozenset("äöüßéèêëàâáãåæçñïíîìóòôõøœúùûąćęłńśźżčšžřěőűăîșț€£§°–’‘“”„«»\u00a0")
"""Characters that are frequent where Latin letters are written."""
DELIMITERS = (";", ",", "\t", "|")
SUFFIXES = (".csv", ".tsv", ".tab")
"""Names of files that are read as tables or not at all."""
SAMPLE = 200
"""Lines by which the delimiter is found."""
MAX_RECORD_LINES = 20
"""Of one record; beyond that a quotation mark was not closed."""


def read(data: bytes, given: Shape | None = None) -> Contents:
    """Read a table in a text file.

    Raises:
        Unreadable: a line is too long, there are too many, or no line has a date and an amount.
    """
    encoding = (given and given.encoding) or find_encoding(data)
    lines = text_of(data, encoding).split("\n")
    check_lines(lines)
    delimiter = (given and given.delimiter) or find_delimiter(lines)
    if delimiter is None:
        raise Unreadable("unknown_kind", "The file is no statement: it has no columns with dates and amounts.")
    unclosed: list[Rejected] = []
    records = list(_records(lines, delimiter, unclosed))
    if len(records) > MAX_ROWS:
        raise Unreadable("too_many_rows", f"The file has more than {MAX_ROWS:,} lines.")
    contents = read_table(records, given, encoding=encoding, delimiter=delimiter)
    if not unclosed:
        return contents
    rejected = sorted([*contents.rejected, *unclosed], key=lambda line: line.line)
    return msgspec.structs.replace(contents, rejected=rejected)


def has_columns(data: bytes) -> bool:
    """Whether a text has columns with dates and amounts."""
    lines = text_of(data).split("\n")
    return find_delimiter([line for line in lines[:SAMPLE] if len(line) <= MAX_LINE_BYTES]) is not None


def text_of(data: bytes, encoding: str | None = None) -> str:
    """A text with the line ends of Unix.

    Args:
        encoding: None: that is found.

    Raises:
        Unreadable: it is not written in this encoding.
    """
    encoding = encoding or find_encoding(data)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise Unreadable("broken", f"The file is not written in {encoding}.") from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def check_lines(lines: Sequence[str]) -> None:
    """Raises Unreadable where one of the lines is too long."""
    if max(map(len, lines), default=0) > MAX_LINE_BYTES:
        raise Unreadable("too_large", "A line of the file is longer than 64 KiB.")


def find_encoding(data: bytes) -> str:
    """The encoding of a text; among those of one byte, the one that gives the most letters where letters belong."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return name
    if data[:400].count(0) > 100:
        return "utf-16-le" if data[1:400:2].count(0) > data[:400:2].count(0) else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return max(ENCODINGS, key=lambda name: _likely(_foreign_words(data), name))
    return "utf-8"


def _foreign_words(data: bytes) -> bytes:
    """Words that are not ASCII, up to a thousand."""
    words = (word for line in data.splitlines() if not line.isascii() for word in line.split() if not word.isascii())
    return b" ".join(word for _, word in zip(range(1000), words, strict=False))


def _likely(words: bytes, encoding: str) -> int:
    try:
        text = words.decode(encoding)
    except UnicodeDecodeError:
        return -(10**6)
    score = 0
    for word in text.split(" "):
        foreign = [c for c in word if not c.isascii()]
        score += sum(3 if c.lower() in COMMON else 2 if c.isalpha() else -3 for c in foreign)
        cyrillic = sum("Ͱ" <= c < "԰" for c in foreign)
        letters = sum(c.isalpha() for c in word)
        # Latin letters stand among ASCII ones, Greek and Cyrillic ones among themselves.
        score -= 4 * (0 < cyrillic < letters) + 4 * (cyrillic == 0 and len(foreign) > 2 and len(foreign) == letters)
        inner = word[1:] if not word.isupper() else ""
        score -= 2 * sum(c.isupper() and not c.isascii() for c in inner)
    return score


def find_delimiter(lines: Sequence[str]) -> str | None:
    """The delimiter that gives the most lines with a date and an amount among several columns."""
    sample = lines[:SAMPLE]
    best, found = 0, None
    for delimiter in DELIMITERS:
        rows = csv.reader(sample, delimiter=delimiter)
        hits = sum(
            any(map(is_date, row)) * (1 + sum(map(is_money, row)) + len(row)) for row in rows if _has_amount(row)
        )
        if hits > best:
            best, found = hits, delimiter
    return found


def _has_amount(row: Sequence[str]) -> bool:
    return len(row) > 2 and any(is_money(cell) and not is_date(cell) for cell in row)


def _records(lines: Sequence[str], delimiter: str, unclosed: list[Rejected]) -> Iterator[Line]:
    """Records with the numbers of their first lines. One with an open quotation mark costs its first line only."""
    at = 0  # lines that were handed to the parser
    start = 0  # where the present record begins

    def feed() -> Iterator[str]:
        nonlocal at
        while at < min(len(lines), start + MAX_RECORD_LINES):
            at += 1
            yield lines[at - 1] + "\n"

    while at < len(lines):
        try:
            for cells in csv.reader(feed(), delimiter=delimiter):
                ended = at == len(lines) and at - start > 1 and cells[-1].endswith("\n")
                if ended or at - start == MAX_RECORD_LINES:
                    break
                yield Line(start + 1, cells)
                start = at
        except csv.Error:  # a field of more than 128 KiB
            pass
        if start < at:
            unclosed.append(Rejected.because(say("A quotation mark is not closed."), start + 1, lines[start]))
            start += 1
            at = start
