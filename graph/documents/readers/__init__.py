"""Reads a document: which reader it needs is seen in its first bytes, whatever its name says."""

import re
import zipfile
from io import BytesIO
from pathlib import PurePath

from graph.documents.contents import MAX_BYTES, Contents, PageCount, Shape, Unreadable

MAX_STATEMENTS = 200
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*")
_MT940 = re.compile(rb"^(?:\{.*)?:20:", re.MULTILINE)
_CAMT = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:camt\.05[234]|<(?:\w+:)?BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)\b")


def read(data: bytes, name: str, given: Shape | None, progress: PageCount) -> Contents:
    """Read a document with the reader that its bytes ask for.

    Args:
        name: only to say which kind cannot be read.
        given: how to read it, if it is a table.

    Raises:
        Unreadable: with the reason.
    """
    contents = _read(data, name, given, progress)
    if len(contents.statements) > MAX_STATEMENTS:
        raise Unreadable("too_large", f"The file has statements of more than {MAX_STATEMENTS} accounts.")
    return contents


def _read(data: bytes, name: str, given: Shape | None, progress: PageCount) -> Contents:
    if len(data) > MAX_BYTES:
        raise Unreadable("too_large", "The file is larger than 20 MiB.")
    if not data.strip(b"\x00\t\n\r \xef\xbb\xbf"):
        raise Unreadable("nothing_found", "The file is empty.")
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"%PDF-" in data[:1024]:
        from graph.documents.readers import pdf

        return pdf.read(data, progress)
    if data.startswith(PICTURES) or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        from graph.documents.readers import picture

        return picture.read(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") or _is_zipped_workbook(data):
        from graph.documents.readers import workbook

        return workbook.read(data, given)
    if b"OFXHEADER" in head.upper() or b"<OFX>" in head.upper():
        from graph.documents.readers import ofx

        return ofx.read(data)
    if _CAMT.search(_ascii(head)):
        from graph.documents.readers import camt053

        return camt053.read(data)
    if _MT940.search(head) and b":25:" in head:
        from graph.documents.readers import mt940

        return mt940.read(data)
    return _read_text(data, name, given)


def _read_text(data: bytes, name: str, given: Shape | None) -> Contents:
    if not _is_text(data):
        kind = PurePath(name).suffix[:10]
        raise Unreadable(
            "unknown_kind",
            f"{kind[1:].upper()} files cannot be read." if kind else "Files of this kind cannot be read.",
        )
    from graph.documents.readers import csv_table, plain_text

    is_named_table = PurePath(name).suffix.lower() in csv_table.SUFFIXES
    return csv_table.read(data, given) if is_named_table or csv_table.has_columns(data) else plain_text.read(data)


def _ascii(head: bytes) -> bytes:
    """Without the zeros of UTF-16, in which XML may be written."""
    return head.replace(b"\x00", b"")


def _is_zipped_workbook(data: bytes) -> bool:
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
            if {"xl/workbook.xml", "xl/workbook.bin"} & names:
                return True
            return "mimetype" in names and b"opendocument.spreadsheet" in archive.open("mimetype").read(200)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError):
        raise Unreadable("broken", "The file is damaged: it cannot be unzipped.") from None


def _is_text(data: bytes) -> bool:
    """Whether a file has no control characters, and is neither XML, HTML nor JSON."""
    head = data[:65536]
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:400].count(0) > 100
    text = head.decode("utf-16" if wide else "latin-1", errors="replace").lstrip("\ufeff\xef\xbb\xbf \t\r\n")
    odd = sum(character < " " and character not in "\t\n\r\f\x1a" for character in text)
    return odd <= len(text) // 1000 and not text.startswith(("<", "{", "["))
