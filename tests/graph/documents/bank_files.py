"""True rows, and how numbers and lines are written, for the files that are made from them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from msgspec.structs import replace

from storage.finance.statement_rows import Row

IBAN = "DE89370400440532013000"
OPENING = Decimal("2500.00")

SHOPS = {
    "de": "REWE Köln|Stadtwerke Münster|Café Größ|Hausverwaltung Müller|Bäckerei Süß",
    "fr": "Boulangerie Évrard|SNCF Trajet à Nîmes|Épicerie du Château|Loyer Février|Crêperie Noël",
    "pl": "Żabka Łódź|Księgarnia Świt|Piekarnia Gęś|Czynsz za mieszkanie|Sklep Źródło",
    "br": "Padaria São João|Farmácia Coração|Aluguel março|Café Pingado|Salário",
    "se": "ICA Nära Göteborg|Hyra mars|Systembolaget Malmö|Lön|SJ Biljett Åre",
    "en": "Tesco Stores 2041|Rent, flat 3|British Gas|Coffee #1 “Soho”|Payroll ACME Ltd",
}
"""Names with letters of their countries."""


def true_rows(language: str = "en", count: int = 60, *, days: int = 90) -> list[Row]:
    """Rows in the order of their days, small and large, with balances that follow."""
    dice = random.Random(19)  # noqa: S311
    names = SHOPS[language].split("|")
    balance = OPENING
    rows: list[Row] = []
    for number in range(count):
        booked = date(2026, 1, 2) + timedelta(days=number * days // count)
        amount = -Decimal(dice.choice([1, 99, 1290, 4550, 12000, 123456, dice.randrange(1, 30000)])) / 100
        if number % 7 == 0:
            amount = Decimal(dice.choice([250000, 1234567, 310050, 12345678])) / 100
        balance += amount
        note = dice.choice(["card 4411", "ref; 77/12", "no “quote”", "order 12.5 kg"])
        words = f"{names[(number * 3) % 5]} {note} {number}"
        rows.append(
            Row(booked, amount, words, names[number % 5], value_on=booked + timedelta(days=number % 3), balance=balance)
        )
    return rows


@dataclass(frozen=True)
class BankFile:
    """A file, and what a reader has to find in it."""

    data: bytes
    rows: Sequence[Row]
    currency: str | None
    number: str | None = None


def amount_de(value: Decimal) -> str:
    """1.234,56."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def amount_in(value: Decimal) -> str:
    """12,34,567.89: groups of two before the last three."""
    whole, cents = f"{abs(value):.2f}".split(".")
    head, tail = whole[:-3], whole[-3:]
    groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return ("-" if value < 0 else "") + ",".join([*groups, tail]) + f".{cents}"


def csv_lines(rows: Sequence[Sequence[str]], delimiter: str, *, always_quoted: bool = False) -> str:
    """Lines with quotation marks where they must be, or always."""

    def cell(text: str) -> str:
        quoted = always_quoted or any(c in text for c in f'{delimiter}"\n')
        return '"' + text.replace('"', '""') + '"' if quoted else text

    return "".join(delimiter.join(map(cell, row)) + "\r\n" for row in rows)


def without(rows: Sequence[Row], *fields: str) -> list[Row]:
    """Rows as a format has them that lacks these fields."""
    empty = {"counterparty": "", "value_on": None, "balance": None, "text": ""}
    return [replace(row, **{name: empty[name] for name in fields}) for row in rows]


def in_two_columns(row: Row, write: Callable[[Decimal], str], sign: str) -> tuple[str, str]:
    """The amount in the column of debits or of credits."""
    return (sign + write(-row.amount), "") if row.amount < 0 else ("", write(row.amount))


def as_encoded(rows: Sequence[Row], encoding: str) -> list[Row]:
    """Rows with question marks for what the encoding lacks."""

    def kept(text: str) -> str:
        return text.encode(encoding, "replace").decode(encoding)

    return [replace(row, text=kept(row.text), counterparty=kept(row.counterparty)) for row in rows]
