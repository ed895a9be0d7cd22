"""Plain text, such as a letter or notes: in pages, as it has them or as long as a page of a book."""

import re

from graph.documents.contents import MAX_PAGES, Contents, Unreadable
from graph.documents.readers.csv_table import check_lines, text_of
from graph.documents.receipt import contents_of

PAGE_CHARACTERS = 3000


def read(data: bytes) -> Contents:
    """Read a text.

    Raises:
        Unreadable: a line is too long, or there are too many pages.
    """
    text = text_of(data)
    check_lines(text.split("\n"))
    pages = [page for part in text.split("\f") for page in _pages(part.strip())]
    if len(pages) > MAX_PAGES:
        raise Unreadable("too_many_pages", f"The text has {len(pages)} pages; {MAX_PAGES} are the most.")
    return contents_of(pages, "text")


def _pages(text: str) -> list[str]:
    """A text in pages that end with a line, or a word where a line is too long."""
    pages: list[str] = []
    while len(text) > PAGE_CHARACTERS:
        cuts = [found.end() for found in _LINE_END.finditer(text, PAGE_CHARACTERS // 2, PAGE_CHARACTERS)]
        cuts = cuts or [found.end() for found in _SPACE.finditer(text, PAGE_CHARACTERS // 2, PAGE_CHARACTERS)]
        cut = cuts[-1] if cuts else PAGE_CHARACTERS
        pages.append(text[:cut].strip())
        text = text[cut:]
    return [*pages, text.strip()] if text.strip() else pages


_LINE_END = re.compile(r"\n")
_SPACE = re.compile(r"\s")
