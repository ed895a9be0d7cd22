"""OFX and QFX, versions 1 (SGML) and 2 (XML). Tags are read one after the other, so there are no entities to expand."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

from graph.documents.contents import MAX_LINE_BYTES, MAX_ROWS, Contents, Rejected, Unreadable
from graph.documents.values import CURRENCIES
from nodes.text.translatable import say
from storage.finance.statement_rows import Row, Statement

_TAG = re.compile(r"<(/?)([A-Za-z0-9_.]+)>([^<]*)")
_STATEMENTS = {"STMTRS", "CCSTMTRS"}
_GROUPS = {"PAYEE", "CURRENCY", "ORIGCURRENCY", "LEDGERBAL", "AVAILBAL", "BANKACCTTO", "CCACCTTO"}


def read(data: bytes) -> Contents:
    """Read the statements of all accounts.

    Raises:
        Unreadable: it has no statement, or too many rows.
    """
    statements: list[Statement] = []
    rejected: list[Rejected] = []
    account: _Account | None = None
    for tag in _tags(_decode(data)):
        if tag.name in _STATEMENTS and tag.opens:
            account = _Account({}, [])
        elif account is None:
            continue
        elif tag.name in _STATEMENTS:
            statements.append(_statement(account.fields, account.rows))
            account = None
        else:
            account.take(tag, rejected)
    if account is not None:
        raise Unreadable("broken", "The file ends in the middle of a statement.")
    if not any(statement.rows for statement in statements):
        raise Unreadable("nothing_found", "The file has no transactions.")
    return Contents("statement", "ofx", statements=statements, rejected=rejected)


class _Tag(NamedTuple):
    opens: bool
    name: str
    text: str
    line: int
    group: str
    """The tag around it, where that gives it its meaning."""


@dataclass
class _Account:
    """A statement that is being read."""

    fields: dict[str, str]
    rows: list[Row]
    entry: dict[str, str] | None = None
    line: int = 0

    def take(self, tag: _Tag, rejected: list[Rejected]) -> None:
        """Take a tag between those of the statement."""
        if tag.name == "STMTTRN" and tag.opens:
            self.entry, self.line = {}, tag.line
        elif tag.name == "STMTTRN" and self.entry is not None:
            _add(self.entry, self.line, self.rows, rejected)
            self.entry = None
        elif tag.opens and tag.text:
            fields = self.fields if self.entry is None else self.entry
            fields.setdefault(f"{tag.group}.{tag.name}" if tag.group else tag.name, tag.text)
        if len(self.rows) > MAX_ROWS:
            raise Unreadable("too_many_rows", f"The file has more than {MAX_ROWS:,} transactions.")


def _decode(data: bytes) -> str:
    head = data[:1000].decode("latin-1").upper()
    unicode = "ENCODING:UTF" in head.replace(" ", "") or "<?XML" in head or data.startswith(b"\xef\xbb\xbf")
    for encoding in ("utf-8-sig", "cp1252") if unicode or "CHARSET:1252" not in head else ("cp1252",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _tags(text: str) -> Iterator[_Tag]:
    """Each tag of the file."""
    group = ""
    line, at = 1, 0
    for tag in _TAG.finditer(text):
        if len(tag[3]) > MAX_LINE_BYTES:
            raise Unreadable("too_large", "A field of the file is longer than 64 KiB.")
        line += text.count("\n", at, tag.start())
        at = tag.start()
        opens, name = not tag[1], tag[2].upper()
        yield _Tag(opens, name, html.unescape(tag[3].strip()), line, group)
        if name in _GROUPS:
            group = name if opens else ""


def _add(entry: dict[str, str], line: int, rows: list[Row], rejected: list[Rejected]) -> None:
    booked_on, amount = _day(entry.get("DTPOSTED")), _number(entry.get("TRNAMT"))
    if booked_on is None or amount is None:
        start = " ".join(f"{name}={value}" for name, value in entry.items())
        reason = say("It has no date.") if booked_on is None else say("It has no amount.")
        rejected.append(Rejected.because(reason, line, start))
        return
    payee = entry.get("NAME") or entry.get("PAYEE.NAME") or ""
    currency = entry.get("CURRENCY.CURSYM", "").upper()
    rows.append(
        Row(
            booked_on=booked_on,
            amount=amount,
            text=" ".join((entry.get("MEMO") or entry.get("CHECKNUM") or "").split()),
            counterparty=" ".join(payee.split()),
            currency=currency if currency in CURRENCIES else None,
            value_on=_day(entry.get("DTUSER")) or _day(entry.get("DTAVAIL")),
            bank_reference=entry.get("FITID"),
            line=line,
        )
    )


def _statement(account: dict[str, str], rows: list[Row]) -> Statement:
    """References that occur twice identify nothing, whatever the format promises."""
    counts = Counter(row.bank_reference for row in rows)
    rows = [
        row if counts[row.bank_reference] == 1 else msgspec.structs.replace(row, bank_reference=None) for row in rows
    ]
    currency = account.get("CURDEF", "").upper()
    return Statement(
        rows,
        number=account.get("ACCTID"),
        currency=currency if currency in CURRENCIES else None,
        closing_balance=_number(account.get("LEDGERBAL.BALAMT")),
        closing_on=_day(account.get("LEDGERBAL.DTASOF")),
    )


def _day(text: str | None) -> date | None:
    """The day as the bank writes it; hours and zone after it do not move it."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if text and text[:8].isdigit() else None
    except ValueError:
        return None


def _number(text: str | None) -> Decimal | None:
    """Some banks write a decimal comma, which the format allows."""
    text = (text or "").replace(" ", "")
    if "," in text:
        text = text.replace(".", "").replace(",", ".") if text.rfind(",") > text.rfind(".") else text.replace(",", "")
    try:
        return Decimal(text) if re.fullmatch(r"[-+]?\d{0,15}(\.\d{0,10})?", text) else None
    except InvalidOperation:
        return None
