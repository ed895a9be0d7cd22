"""Rows of a table whose shape is known. Each line becomes a row or is rejected with its reason."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from graph.documents.contents import Rejected, Shape
from graph.documents.values import RECEIVED, SPENT, DecimalMark, Money, currency_of, plain, read_date, read_money
from nodes.text.translatable import Translatable, say
from storage.finance.statement_rows import Row, Statement

LEAST_FOLLOWING = 0.8
"""Share of the rows whose balances follow from their amounts, below which the column is no balance of the account."""
Cell = str | date | Decimal
"""Text, or what a workbook says of itself to be a day or a number."""


class Line(NamedTuple):
    """A record of a table."""

    number: int
    """From 1; of its first line, where it has several."""
    cells: Sequence[Cell]

    def cell(self, column: int | None) -> Cell:
        """The cell of a column, "" where the line is too short."""
        return self.cells[column] if column is not None and 0 <= column < len(self.cells) else ""

    def blank(self) -> bool:
        """Whether nothing is written in it."""
        return not any(str(cell).strip() for cell in self.cells)

    def start(self) -> str:
        """Its first 80 characters."""
        return " | ".join(str(cell) for cell in self.cells)[:80]


class NoRow(Exception):
    """The line is no row.

    Args:
        reason: why.
    """

    def __init__(self, reason: Translatable) -> None:
        super().__init__(reason)
        self.reason = reason


def day(cell: Cell, format: str) -> date | None:
    """The day that a cell says."""
    if isinstance(cell, str):
        return read_date(cell, format)
    return cell if isinstance(cell, date) else None


def money(cell: Cell, mark: DecimalMark) -> Money | None:
    """The amount that a cell says."""
    if isinstance(cell, Decimal):
        return Money(cell, None, None)
    return read_money(cell, mark) if isinstance(cell, str) else None


def read_rows(lines: Sequence[Line], shape: Shape) -> tuple[list[tuple[str, Row]], list[Rejected]]:
    """Rows, each with its account's number as the file has it, and the lines that are none."""
    rows: list[tuple[str, Row]] = []
    rejected: list[Rejected] = []
    header = next((line for line in lines if line.number == shape.header_line), None)
    debits_are_negative = _mostly_negative(lines, shape)
    for line in lines:
        if line is header or line.blank():
            continue
        try:
            rows.append((str(line.cell(shape.account)).strip(), _row(line, header, shape, debits_are_negative)))
        except NoRow as error:
            rejected.append(Rejected.because(error.reason, line.number, line.start()))
    return rows, rejected


def statements_of(rows: Sequence[tuple[str, Row]], currency: str | None) -> list[Statement]:
    """A statement for each account, with the balance after its last row."""
    by_account: dict[str, list[Row]] = {}
    for account, row in rows:
        by_account.setdefault(account, []).append(row)
    found: list[Statement] = []
    for account, owned in by_account.items():
        balance, closing_on = _closing(owned)
        found.append(
            Statement(owned, account or None, currency=currency, closing_balance=balance, closing_on=closing_on)
        )
    return found


def _closing(rows: Sequence[Row]) -> tuple[Decimal | None, date | None]:
    """The balance after the last row, and that row's day; None where the balances do not follow from the amounts."""
    rule = balance_rule(rows)
    last = rows[0] if rule.newest_first else rows[-1]
    if last.balance is None or rule.negated or (rule.share is not None and rule.share < LEAST_FOLLOWING):
        return None, None
    return last.balance, last.booked_on


def _row(line: Line, header: Line | None, shape: Shape, debits_are_negative: bool) -> Row:
    if line.number < shape.header_line:
        raise NoRow(say("It stands above the table."))
    if header and line.cells == header.cells:
        raise NoRow(say("It is the header again."))
    booked_on = day(line.cell(shape.booked_on), shape.date_format)
    if booked_on is None:
        said = str(line.cell(shape.booked_on)).strip()
        raise NoRow(say("“{cell}” is no date.", cell=said[:40]) if said else say("It has no date."))
    amount, currency = _amount(line, shape, debits_are_negative)
    named = line.cell(shape.currency)
    balance = money(line.cell(shape.balance), shape.decimal_mark)
    return Row(
        booked_on=booked_on,
        amount=-amount if shape.negated and amount else amount,
        text=" ".join(" ".join(str(line.cell(column)) for column in shape.text).split()),
        counterparty=" ".join(str(line.cell(shape.counterparty)).split()),
        currency=(currency_of(named) if isinstance(named, str) else None) or currency,
        value_on=day(line.cell(shape.value_on), shape.date_format),
        bank_reference=str(line.cell(shape.bank_reference)).strip() or None,
        bank_category=str(line.cell(shape.bank_category)).strip() or None,
        balance=signed(balance) if balance else None,
        line=line.number,
    )


def _amount(line: Line, shape: Shape, debits_are_negative: bool) -> tuple[Decimal, str | None]:
    """What was received (positive) or spent, and the currency that stands beside it."""
    if shape.debit is not None or shape.credit is not None:
        debit, credit = _cell_amount(line, shape.debit, shape), _cell_amount(line, shape.credit, shape)
        if debit is None and credit is None:
            raise NoRow(say("It has no amount."))
        spent = debit.value if debit else Decimal()
        return (credit.value if credit else Decimal()) - (-spent if debits_are_negative else spent), (
            debit or credit or Money(spent, None, None)
        ).currency
    found = _cell_amount(line, shape.amount, shape)
    if found is None:
        raise NoRow(say("It has no amount."))
    if shape.direction is None:
        return signed(found), found.currency
    word = plain(str(line.cell(shape.direction))) or str(line.cell(shape.direction)).strip()
    if word in SPENT or word == "-":
        return -abs(found.value), found.currency
    if word in RECEIVED or word == "+":
        return abs(found.value), found.currency
    raise NoRow(say("“{cell}” does not say whether the amount was spent.", cell=word[:40]))


def _cell_amount(line: Line, column: int | None, shape: Shape) -> Money | None:
    """None where the cell is empty; what is written there and is no amount is a reason."""
    cell = line.cell(column)
    found = money(cell, shape.decimal_mark)
    if found is None and str(cell).strip(" -"):
        raise NoRow(say("“{cell}” is no amount.", cell=str(cell).strip()[:40]))
    return found


def signed(found: Money) -> Decimal:
    """The value, with the sign that letters beside it say."""
    return found.value if found.spent is None else -abs(found.value) if found.spent else abs(found.value)


def _mostly_negative(lines: Sequence[Line], shape: Shape) -> bool:
    """Whether the column of debits has minus signs, so that one without is what came back."""
    if shape.debit is None:
        return False
    found = [value.value for line in lines if (value := money(line.cell(shape.debit), shape.decimal_mark))]
    return sum(value < 0 for value in found) > sum(value > 0 for value in found)


class BalanceRule(NamedTuple):
    """How balances follow from amounts."""

    newest_first: bool
    negated: bool
    share: float | None
    """Of the neighbours for which that is so; None where no two have balances."""


def balance_rule(rows: Sequence[Row]) -> BalanceRule:
    """Which order and sign the balances show; a file without balances is read by its days."""
    counts = {(newest, negated): 0 for newest in (False, True) for negated in (False, True)}
    total = 0
    for first, second in pairwise(rows):
        if first.balance is None or second.balance is None:
            continue
        total += 1
        step = second.balance - first.balance
        counts[False, False] += step == second.amount
        counts[False, True] += step == -second.amount
        counts[True, False] += step == -first.amount
        counts[True, True] += step == first.amount
    falling = bool(rows) and rows[0].booked_on > rows[-1].booked_on
    if not total:
        return BalanceRule(falling, negated=False, share=None)
    newest, negated = max(counts, key=lambda way: (counts[way], not way[1], way[0] == falling))
    return BalanceRule(newest, negated, counts[newest, negated] / total)
