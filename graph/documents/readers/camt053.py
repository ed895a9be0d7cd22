"""CAMT statements of ISO 20022 (camt.052, .053 and .054, any version). Files with a DTD or entities are refused."""

import io
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from msgspec.structs import replace

from graph.documents.contents import MAX_ROWS, Contents, Rejected, Unreadable
from nodes.text.translatable import say
from storage.finance.statement_rows import Row, Statement

_STATEMENTS = {"Stmt", "Rpt", "Ntfctn"}


def read(data: bytes) -> Contents:
    """Read each statement; an entry is a row, also where it sums up several payments.

    Raises:
        Unreadable: it is broken, or has no entries.
    """
    statements: list[Statement] = []
    rejected: list[Rejected] = []
    rows: list[Row] = []
    count = 0
    try:
        for element in _elements(data):
            name = _local(element)
            if name == "Ntry":
                count += 1
                _add(element, count, rows, rejected)
                element.clear()
            elif name in _STATEMENTS:
                statements.append(_statement(element, rows))
                rows = []
                element.clear()
            if count > MAX_ROWS:
                raise Unreadable("too_many_rows", f"The file has more than {MAX_ROWS:,} entries.")
    except DefusedXmlException as error:
        raise Unreadable("broken", "The file defines entities of its own, which statements do not.") from error
    except (ParseError, ValueError) as error:
        raise Unreadable("broken", "The file is damaged: it is no whole XML document.") from error
    if not any(statement.rows for statement in statements):
        raise Unreadable("nothing_found", "The statement has no entries.")
    return Contents("statement", "camt053", statements=statements, rejected=rejected)


def _elements(data: bytes) -> Iterator[Element]:
    for _, element in iterparse(io.BytesIO(data), events=("end",), forbid_dtd=True):
        yield element


def _add(entry: Element, number: int, rows: list[Row], rejected: list[Rejected]) -> None:
    amount = _amount(entry)
    booked_on, value_on = _day(entry, "BookgDt"), _day(entry, "ValDt")
    status = _text(entry, "Sts", "Cd") or _text(entry, "Sts")
    reason = (
        say("It is not booked yet.")
        if status in {"PDNG", "INFO", "FUTR"}
        else say("It has no amount.")
        if amount is None
        else say("It has no date.")
        if booked_on is None and value_on is None
        else None
    )
    day = booked_on or value_on
    if reason or amount is None or day is None:
        start = " ".join(text.strip() for text in entry.itertext() if text.strip())
        rejected.append(Rejected.because(reason or say("It is no entry."), number, start))
        return
    details = [*_all(entry, "NtryDtls", "TxDtls")]
    party = "Cdtr" if amount < 0 else "Dbtr"
    names = [_text(d, "RltdPties", party, "Nm") or _text(d, "RltdPties", party, "Pty", "Nm") for d in details]
    words = [text for d in details for text in _texts(d, "RmtInf", "Ustrd")]
    words = words or [text for d in details for text in _texts(d, "AddtlTxInf")] or _texts(entry, "AddtlNtryInf")
    element = _find(entry, "Amt")
    rows.append(
        Row(
            booked_on=day,
            amount=amount,
            text=" ".join(" ".join(words).split())[:4000],
            counterparty=" ".join(", ".join(dict.fromkeys(name for name in names if name)).split())[:1000],
            currency=element.get("Ccy") if element is not None else None,
            value_on=value_on,
            bank_reference=_text(entry, "AcctSvcrRef") or None,
            line=number,
        )
    )


def _statement(element: Element, rows: list[Row]) -> Statement:
    closing = next((one for one in _all(element, "Bal") if _text(one, "Tp", "CdOrPrtry", "Cd") == "CLBD"), None)
    number = _text(element, "Acct", "Id", "IBAN") or _text(element, "Acct", "Id", "Othr", "Id")
    currency = _text(element, "Acct", "Ccy") or next((row.currency for row in rows), None)
    counts = Counter(row.bank_reference for row in rows)
    # The reference of a batch stands on each of its entries and identifies none.
    rows = [row if counts[row.bank_reference] == 1 else replace(row, bank_reference=None) for row in rows]
    return Statement(
        rows,
        number=number or None,
        name=_text(element, "Acct", "Nm") or None,
        currency=currency,
        closing_balance=_amount(closing) if closing is not None else None,
        closing_on=_day(closing, "Dt") if closing is not None else None,
    )


def _amount(element: Element) -> Decimal | None:
    try:
        value = Decimal(_text(element, "Amt"))
    except InvalidOperation:
        return None
    match _text(element, "CdtDbtInd"):
        case "DBIT":
            return -value if value else value
        case "CRDT":
            return value
        case _:
            return None


def _day(element: Element, name: str) -> date | None:
    said = _text(element, name, "Dt") or _text(element, name, "DtTm")
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        return None


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(element: Element, *path: str) -> Iterator[Element]:
    for child in element:
        if _local(child) == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from _all(child, *path[1:])


def _find(element: Element, *path: str) -> Element | None:
    return next(_all(element, *path), None)


def _texts(element: Element, *path: str) -> list[str]:
    return [child.text.strip() for child in _all(element, *path) if child.text and child.text.strip()]


def _text(element: Element, *path: str) -> str:
    return next(iter(_texts(element, *path)), "")
