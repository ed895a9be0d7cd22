"""MT940, SWIFT's statement: a file may have several, of several accounts. Each entry is read on its own."""

import re
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace
from mt940.models import Transactions

from graph.documents.contents import MAX_ROWS, Contents, Rejected, Unreadable
from graph.documents.readers.csv_table import find_encoding
from nodes.text.translatable import say
from storage.finance.statement_rows import Row, Statement

_FIELD = re.compile(r":(\d{2}[A-Z]?):")
_ENDS = {"62F", "62M", "64", "65"}


class _Field(NamedTuple):
    tag: str
    text: str
    line: int


def read(data: bytes) -> Contents:
    """Read the statements.

    Raises:
        Unreadable: it has no entries, or too many.
    """
    fields = _fields(data.decode(find_encoding(data), errors="replace"))
    if sum(field.tag == "61" for field in fields) > MAX_ROWS:
        raise Unreadable("too_many_rows", f"The file has more than {MAX_ROWS:,} entries.")
    messages: list[list[_Field]] = []
    for field in fields:
        if field.tag == "20" or not messages:
            messages.append([])
        messages[-1].append(field)
    rejected: list[Rejected] = []
    statements = [_statement(message, rejected) for message in messages]
    found = _joined([statement for statement in statements if statement.rows])
    if not found:
        raise Unreadable("nothing_found", "The file has no entries.")
    return Contents("statement", "mt940", statements=found, rejected=rejected)


def _fields(text: str) -> list[_Field]:
    """The fields with the lines that belong to them, without what frames a message."""
    found: list[_Field] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        line = line[line.index(":20:") :] if line.startswith("{") and ":20:" in line else line  # noqa: PLW2901
        if start := _FIELD.match(line):
            found.append(_Field(start[1], line[start.end() :], number))
        elif line.strip() and found and line.strip() != "-" and not line.startswith(("{", "-}")):
            found[-1] = found[-1]._replace(text=f"{found[-1].text}\n{line}")
    return found


def _statement(fields: list[_Field], rejected: list[Rejected]) -> Statement:
    frame: dict[str, Any] = {}
    rows: list[Row] = []
    entry: list[_Field] = []

    def finish() -> None:
        if entry:
            try:
                rows.append(_row(entry))
            except (RuntimeError, ValueError, KeyError, TypeError, ArithmeticError):  # whatever the library meets
                rejected.append(
                    Rejected.because(say("It is no entry of MT940."), entry[0].line, f":61:{entry[0].text}")
                )
            entry.clear()

    for field in fields:
        if field.tag == "61":
            finish()
            entry.append(field)
        elif entry and field.tag not in _ENDS:
            entry.append(field)
        else:
            finish()
            frame.update(_parse([field]).data if field.tag in {"25", "60F", "60M", "62F", "62M"} else {})
    finish()
    opening = frame.get("final_opening_balance") or frame.get("intermediate_opening_balance")
    closing = frame.get("final_closing_balance") or frame.get("intermediate_closing_balance")
    number = str(frame.get("account_identification") or "").strip()
    return Statement(
        rows,
        number=number or None,
        currency=opening.amount.currency if opening else None,
        closing_balance=closing.amount.amount if closing else None,
        closing_on=date(closing.date.year, closing.date.month, closing.date.day) if closing else None,
    )


def _joined(statements: list[Statement]) -> list[Statement]:
    """One statement for an account whose pages are messages of their own."""
    found: dict[tuple[str | None, str | None], Statement] = {}
    for part in statements:
        key = part.number, part.currency
        before = found.get(key, part)
        last = max(before, part, key=lambda one: one.closing_on or date.min)
        rows = part.rows if before is part else [*before.rows, *part.rows]
        found[key] = replace(last, rows=rows)
    return list(found.values())


def _parse(fields: list[_Field]) -> Transactions:
    parsed = Transactions()
    parsed.parse("\n".join(f":{field.tag}:{field.text}" for field in fields))
    return parsed


def _row(fields: list[_Field]) -> Row:
    [transaction] = _parse(fields).transactions
    data: dict[str, Any] = transaction.data
    value: Decimal = abs(data["amount"].amount)
    spent = data["status"] in {"D", "RC"}
    entry_date: date = data.get("entry_date") or data["date"]
    words, party = _details(data, next((field.text for field in fields if field.tag == "86"), ""))
    return Row(
        booked_on=date(entry_date.year, entry_date.month, entry_date.day),
        amount=-value if spent and value else value,
        text=words,
        counterparty=party,
        value_on=date(data["date"].year, data["date"].month, data["date"].day),
        line=fields[0].line,
    )


_SLASHED = re.compile(r"/(NAME|REMI|EREF|IBAN|BIC|MARF|CSID|TRTP|ISDT|CNTP|ORDP|BENM|USTD|PREF|RTRN|PURP)/")


def _details(data: dict[str, Any], written: str) -> tuple[str, str]:
    """The purpose and the other party, of details in numbered fields, between slashes, or free."""
    purpose, party = data.get("purpose"), data.get("applicant_name")
    if purpose or party:
        return _line(purpose or data.get("posting_text")), _line(party)
    parts = _SLASHED.split(written.replace("\n", ""))  # lines are broken in the middle of words
    named = dict(zip(parts[1::2], parts[2::2], strict=False))
    if "NAME" in named or "REMI" in named:
        words = named.get("REMI", "").removeprefix("USTD//").strip("/")
        return _line(words), _line(named.get("NAME", "").strip("/"))
    return _line(data.get("transaction_details") or data.get("extra_details")), ""


def _line(text: object) -> str:
    return " ".join(str(text or "").split())
