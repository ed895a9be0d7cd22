"""Reads a bank's table: rows, what was understood of its columns, and what could be meant otherwise."""

import hashlib
from collections.abc import Sequence

import msgspec
from stdnum import iban

from graph.documents.column_names import CARD_WORDS, PAYMENT_WORDS, fields_named
from graph.documents.columns import ShapeFinder
from graph.documents.contents import Contents, Shape, Understood, Unreadable
from graph.documents.rows import LEAST_FOLLOWING, Line, balance_rule, read_rows, statements_of
from graph.documents.values import currencies_in, plain
from nodes.text.translatable import Translatable, say, texts_of
from storage.finance.statement_rows import Row


def read_table(lines: Sequence[Line], given: Shape | None = None, **source: str | None) -> Contents:
    """Read a table, by the given shape to the letter or by one that is found.

    Args:
        source: encoding and delimiter, or sheet, which go into the shape.

    Raises:
        Unreadable: no line has a date and an amount.
    """
    shape, doubts = (given, []) if given else ShapeFinder(lines).shape()
    shape = msgspec.structs.replace(shape, **source)
    rows, rejected = read_rows(lines, shape)
    if not given:
        shape, more = _check_sign(lines, shape, [row for _, row in rows])
        doubts += more
        rows, rejected = read_rows(lines, shape) if shape.negated else (rows, rejected)
    if not rows:
        raise Unreadable("nothing_found", "No line of the table has a date and an amount.")
    header = next((line for line in lines if line.number == shape.header_line), None)
    names = [str(cell).strip() for cell in header.cells] if header else []
    currency, doubt = _currency(lines, shape, names)
    width = next((len(line.cells) for line in lines if not line.blank()), 0)
    doubts = doubts + ([] if given else doubt)
    understood = Understood(shape, names, fingerprint(names, width), [str(one) for one in doubts], texts_of(doubts))
    statements = statements_of(rows, currency)
    if shape.account is None and len(statements) == 1 and (number := _account_above(lines, shape)):
        statements = [msgspec.structs.replace(statements[0], number=number)]
    return Contents(
        "statement",
        "csv" if shape.sheet is None else "xlsx",
        statements=statements,
        understood=understood,
        rejected=rejected,
    )


def fingerprint(header: Sequence[str], width: int) -> str:
    """The same for all files with these columns; where they have no names, with as many."""
    said = "|".join(plain(name) for name in header) if header else f"{width} columns"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _check_sign(lines: Sequence[Line], shape: Shape, rows: Sequence[Row]) -> tuple[Shape, list[Translatable]]:
    """Turn the sign where balances, or a credit card's words, show that what is spent is positive."""
    if not rows:
        return shape, []
    rule = balance_rule(rows)
    if rule.share is not None and rule.share >= LEAST_FOLLOWING:
        odd = round((1 - rule.share) * (len(rows) - 1))
        doubts = [say("Balances that do not follow from the amounts: {count}.", count=odd)] if odd else []
        return msgspec.structs.replace(shape, negated=rule.negated and len(rows) > 2), doubts
    doubts = [say("The balances do not follow from the amounts.")] if rule.share is not None and len(rows) > 2 else []
    if shape.debit is not None or shape.direction is not None:
        return shape, doubts
    received = sum(row.amount > 0 for row in rows)
    above = plain(" ".join(line.start() for line in lines if line.number <= shape.header_line)).split()
    paid = plain(" ".join(f"{row.text} {row.counterparty}" for row in rows if row.amount < 0)).split()
    if received > 0.6 * len(rows) and (CARD_WORDS & set(above) or PAYMENT_WORDS & set(paid)):
        doubts.append(say("It looks like a credit card, so positive amounts are read as spent."))
        return msgspec.structs.replace(shape, negated=True), doubts
    if received == len(rows) > 2:
        doubts.append(say("No amount has a minus sign; all are read as received."))
    return shape, doubts


def _currency(lines: Sequence[Line], shape: Shape, names: Sequence[str]) -> tuple[str | None, list[Translatable]]:
    """The table's currency: in the name of a column of amounts, else what stands above the table."""
    columns = [i for i in (shape.amount, shape.debit, shape.credit, shape.balance) if i is not None]
    named = [code for i in columns if i < len(names) for code in currencies_in(names[i])]
    above = [
        c for line in lines if line.number < shape.header_line for cell in line.cells for c in currencies_in(str(cell))
    ]
    found = named or above
    signs = [names[i] for i in columns if i < len(names)] + [str(line.cell(i)) for line in lines[:50] for i in columns]
    if any("$" in sign.replace("R$", "").replace("A$", "").replace("C$", "") for sign in signs):
        return (found or ["USD"])[0], [say("“$” is read as US dollars.")]
    return (found[0] if found else None), []


def _account_above(lines: Sequence[Line], shape: Shape) -> str | None:
    """An account's number that stands above the table: an IBAN, or what follows a word such as “Konto”."""
    for line in lines:
        if line.number >= shape.header_line:
            return None
        words = " ".join(str(cell) for cell in line.cells).replace(":", " ").split()
        for start in range(len(words)):
            for end in range(start + 1, min(start + 9, len(words)) + 1):
                if iban.is_valid("".join(words[start:end])):
                    return "".join(words[start:end])
        numbers = [word for word in words[1:] if sum(character.isdigit() for character in word) >= 6]
        if numbers and "account" in fields_named(words[0]):
            return numbers[0]
    return None
