"""PDF: the text of each page; of a scan without text, the letters that are recognised in its first pages."""

import ctypes

import pypdfium2
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY, FPDF_GetLastError

from graph.documents.contents import MAX_PAGES, Contents, PageCount, Unreadable
from graph.documents.readers import picture
from graph.documents.receipt import contents_of

MAX_SCANNED_PAGES = 10
"""Of a file without text; recognising letters takes seconds a page."""
SCANNED_SIDE = 1600
"""Pixels of a page's longer side: 140 dots an inch on A4, where letters of 10 points have 19."""
MAX_PAGE_CHARACTERS = 100_000


def read(data: bytes, progress: PageCount) -> Contents:
    """Read the pages; one or two that say a total and a date are a receipt.

    Raises:
        Unreadable: it is encrypted, broken, has too many pages, or nothing can be read on them.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if FPDF_GetLastError() in {FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY} or "password" in str(error).casefold():
            raise Unreadable("encrypted", "The PDF has a password. Save it without one and try again.") from error
        raise Unreadable("broken", "The PDF is damaged.") from error
    with document:
        count = len(document)
        if count > MAX_PAGES:
            raise Unreadable("too_many_pages", f"The PDF has {count} pages; {MAX_PAGES} are the most.")
        texts: list[str] = []
        for number in range(count):
            texts.append(_text(document, number))
            progress(number + 1, count)
        if any(texts):
            return contents_of(texts, "pdf")
        return _read_scan(document, min(count, MAX_SCANNED_PAGES), progress)


def _text(document: pypdfium2.PdfDocument, number: int) -> str:
    try:
        page = document[number]
        text: str = page.get_textpage().get_text_bounded(errors="ignore")
    except (pypdfium2.PdfiumError, ctypes.ArgumentError) as error:
        raise Unreadable("broken", f"Page {number + 1} of the PDF is damaged.") from error
    return text.replace("\r\n", "\n").replace("\ufffe", "-").strip()[:MAX_PAGE_CHARACTERS]


def _read_scan(document: pypdfium2.PdfDocument, count: int, progress: PageCount) -> Contents:
    """Recognise the letters of pages that are pictures."""
    texts: list[str] = []
    scores: list[float] = []
    for number in range(count):
        page = document[number]
        scale = min(SCANNED_SIDE / max(*page.get_size(), 1), 4.0)
        lines, score = picture.recognise(page.render(scale=scale).to_pil())
        texts.append("\n".join(lines))
        scores.append(score)
        progress(number + 1, count)
    if not any(texts):
        raise Unreadable("nothing_found", "Nothing can be read on the pages of the PDF.")
    return contents_of(texts, "pdf", score=min(scores))
