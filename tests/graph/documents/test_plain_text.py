"""Letters and notes without columns."""

import pytest

from graph.documents.contents import MAX_PAGES, Contents, Unreadable
from graph.documents.readers import read
from tests.graph.documents.test_bank_files import ignore_progress

LETTER = "Dear Ada,\n\nI owe you 12.50 since 2026-03-01, and the rent of 900 euros.\n\nBob\n"


def read_text(text: str, name: str = "letter.txt", encoding: str = "utf-8") -> Contents:
    """Read in this process."""
    return read(text.encode(encoding), name, None, ignore_progress)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_letter_is_a_text(encoding: str) -> None:
    """Whatever it is encoded in; a form feed begins a page."""
    contents = read_text(LETTER + "\fPS: Schöne Grüße\n", encoding=encoding)
    assert contents.kind == "text"
    assert [(page.number, page.text.split("\n")[0]) for page in contents.pages] == [
        (1, "Dear Ada,"), (2, "PS: Schöne Grüße"),
    ]  # fmt: skip


def test_a_long_text_has_pages() -> None:
    """They end with a line, or with a word; nothing is lost, and there are not too many."""
    words = [f"word{number}" for number in range(5_000)]
    for between in (" ", "\n"):
        pages = [page.text for page in read_text(between.join(words)).pages]
        assert between.join(pages).split() == words
        assert 1 < len(pages) < MAX_PAGES
    with pytest.raises(Unreadable) as caught:
        read_text("\n".join(words) * 30)
    assert caught.value.code == "too_many_pages"


def test_a_receipt_in_a_text_is_one() -> None:
    """As in a mail: a total and a day."""
    contents = read_text("Corner Shop\n2026-03-01\nTea 3.00\nTotal EUR 12.50\n")
    assert contents.kind == "receipt"
    assert contents.receipt is not None
    assert str(contents.receipt.total) == "12.50"


def test_a_file_that_should_be_a_table_is_no_letter() -> None:
    """Its user is told so."""
    with pytest.raises(Unreadable) as caught:
        read_text(LETTER, "statement.csv")
    assert caught.value.code == "unknown_kind"
    assert read_text("Date;Text;Amount\n2026-03-01;Tea;-1.50\n", "statement.txt").kind == "statement"
