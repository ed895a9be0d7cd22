"""Statements of any bank are read row by row, none lost and none changed."""

from collections.abc import Sequence

import msgspec
import pytest

from graph.documents.contents import Contents, Shape
from graph.documents.readers import read as read_with_progress
from storage.finance.statement_rows import Row
from tests.graph.documents.bank_formats import FORMATS


def ignore_progress(done: int, pages: int) -> None:
    """How far a document is read matters to nobody here."""


def read(data: bytes, shape: Shape | None = None) -> Contents:
    """Read in this process."""
    return read_with_progress(data, "statement", shape, ignore_progress)


def found_in(contents: Contents) -> Sequence[Row]:
    """The rows of all statements, without their line numbers."""
    return [msgspec.structs.replace(row, line=0) for statement in contents.statements for row in statement.rows]


@pytest.mark.parametrize("name", FORMATS)
def test_every_row_of_every_format_is_read_exactly(name: str) -> None:
    """Days, amounts, words, currencies and balances are those that the file was made from, in its order."""
    file = FORMATS[name]()
    contents = read(file.data)
    assert found_in(contents) == file.rows
    assert [(s.currency, s.number) for s in contents.statements] == [(file.currency, file.number)]
