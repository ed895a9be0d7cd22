"""Tables in whatever conventions: right to the cent and the day, or with a doubt that says what may be wrong."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.documents.contents import Shape, Unreadable
from storage.finance.statement_rows import Row
from tests.graph.documents.bank_files import csv_lines
from tests.graph.documents.bank_formats import FORMATS
from tests.graph.documents.test_bank_files import found_in, read


class Convention(NamedTuple):
    """How a bank writes a table."""

    delimiter: str
    date_format: str
    comma: bool
    thousands: str
    sign: str
    newest_first: bool
    balance: bool
    encoding: str
    header: bool

    def amount(self, value: Decimal) -> str:
        """The number, without its sign."""
        marks = str.maketrans({",": self.thousands, ".": "," if self.comma else "."})
        return f"{abs(value):,.2f}".translate(marks)

    def amounts(self, value: Decimal) -> list[str]:
        """The cells of an amount."""
        written = self.amount(value)
        match self.sign:
            case "before":
                return [f"-{written}" if value < 0 else written]
            case "after":
                return [f"{written}-" if value < 0 else written]
            case "brackets":
                return [f"({written})" if value < 0 else written]
            case "letters":
                return [f"{written} {'DR' if value < 0 else 'CR'}"]
            case "columns":
                return [written, ""] if value < 0 else ["", written]
            case _:
                return [written, "D" if value < 0 else "C"]

    def names(self) -> list[str]:
        """The names of the columns of amounts."""
        return {"columns": ["Debit", "Credit"], "word": ["Amount", "DC"]}.get(self.sign, ["Amount"])


conventions = st.builds(
    Convention,
    delimiter=st.sampled_from(";,\t|"),
    date_format=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%y", "%Y%m%d", "%d %b %Y"]),
    comma=st.booleans(),
    thousands=st.sampled_from(["", ".", " ", "'", "\u00a0"]),
    sign=st.sampled_from(["before", "after", "brackets", "letters", "columns", "word"]),
    newest_first=st.booleans(),
    balance=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    header=st.booleans(),
).map(lambda c: c._replace(thousands="," if c.thousands == "." and not c.comma else c.thousands))

words = st.text("abcdefghij ÄÖüßé,;|\"'.-12", min_size=3, max_size=30).map(
    lambda text: "x" + " ".join(text.split()) + "y"
)
amounts = st.integers(-(10**8), 10**8).filter(bool).map(lambda cents: Decimal(cents) / 100)
entries = st.lists(st.tuples(st.dates(date(2020, 1, 1), date(2027, 12, 31)), amounts, words), min_size=2, max_size=30)


@settings(max_examples=150, deadline=None)
@given(entries, conventions)
def test_a_table_is_read_right_or_says_its_doubt(entries: list[tuple[date, Decimal, str]], way: Convention) -> None:
    """Whatever the convention, rows are those that were written, unless a doubt says what could be meant."""
    balance = Decimal(100)
    rows: list[Row] = []
    for booked_on, amount, text in sorted(entries, key=lambda entry: entry[0]):
        balance += amount
        rows.append(Row(booked_on, amount, text, balance=balance if way.balance else None))
    rows = rows[::-1] if way.newest_first else rows
    lines = [
        [row.booked_on.strftime(way.date_format), row.text, *way.amounts(row.amount)]
        + ([("-" if row.balance < 0 else "") + way.amount(row.balance)] if row.balance is not None else [])
        for row in rows
    ]
    named = way.header or way.sign in {"columns", "word"}
    header = [["Date", "Description", *way.names(), *(["Balance"] if way.balance else [])]] if named else []
    contents = read(csv_lines([*header, *lines], way.delimiter).encode(way.encoding))
    assert contents.understood is not None
    assert found_in(contents) == rows or contents.understood.doubts
    assert not contents.rejected or contents.understood.doubts


def test_a_shape_given_back_is_followed_to_the_letter() -> None:
    """What was understood reads the same file again, and a corrected shape reads it as corrected."""
    data = b"Date,Description,Amount,Balance\n03/04/2026,Tea,-1.50,8.50\n04/04/2026,Bread,-2.00,6.50\n"
    understood = read(data).understood
    assert understood is not None
    assert read(data, understood.shape).statements == read(data).statements
    corrected = msgspec.structs.replace(understood.shape, date_format="%m/%d/%Y", negated=True, text=[0], balance=None)
    assert [(row.booked_on, row.amount, row.text) for row in found_in(read(data, corrected))] == [
        (date(2026, 3, 4), Decimal("1.50"), "03/04/2026"),
        (date(2026, 4, 4), Decimal("2.00"), "04/04/2026"),
    ]


def test_a_shape_of_another_file_rejects_lines_and_finds_nothing() -> None:
    """Columns that are not there make no rows."""
    with pytest.raises(Unreadable, match="No line of the table"):
        read(b"Date,Text,Amount\n2026-04-03,Tea,-1.50\n", Shape(1, 8, (1,), amount=9))


@pytest.mark.parametrize(
    ("data", "doubt"),
    [
        (
            "Date,Text,Amount\n03/04/2026,Tea,-1.50\n05/04/2026,Tea,-2.50\n",
            "“03/04/2026” is read as 3 April 2026; it could be 4 March 2026.",
        ),
        (
            "Date,Text,Amount (USD)\n03/04/2026,Tea,-1.50\n03/05/2026,Tea,-2.50\n",
            "“03/04/2026” is read as 4 March 2026; it could be 3 April 2026.",
        ),
        (
            "When,And when,Text,Amount\n2026-04-03,2026-04-05,Tea,-1.50\n",
            "The columns “When”, “And when” hold dates; “When” is read as the booking.",
        ),
        (
            "Date;Text;Amount\n2026-04-03;Tea;-1.500\n",
            "“-1.500” is read as -1500; it has one mark before three digits.",
        ),
        ("Date;Text;Amount\n2026-04-03;Tea;$-1.50\n", "“$” is read as US dollars."),
        ("Date;Text;A;B\n2026-04-03;Tea;-1.50;-7.50\n", "The columns “A”, “B” hold amounts; “A” is read."),
        (
            "Date;Text;Amount\n2026-04-03;Tea;1.50\n2026-04-03;Tea;1.50\n2026-04-04;Tea;1.50\n",
            "No amount has a minus sign; all are read as received.",
        ),
        (
            "Date;Text;Amount;Balance\n2026-04-03;Tea;-1.50;8\n2026-04-03;Tea;-2.50;9\n2026-04-04;Tea;1;7\n",
            "The balances do not follow from the amounts.",
        ),
    ],
)
def test_what_could_be_read_otherwise_is_said(data: str, doubt: str) -> None:
    """Each doubt is a sentence with what is read."""
    understood = read(data.encode()).understood
    assert understood is not None
    assert doubt in understood.doubts


def test_columns_in_everyday_words_are_known() -> None:
    """The shop is not lost where its column has a name that no bank uses."""
    (row,) = found_in(read(b"Posting;Details;Who;Sum\n2026-04-03;Tea;Corner Shop;-1.50\n"))
    assert (row.counterparty, row.text) == ("Corner Shop", "Tea")


def test_columns_of_unknown_names_are_kept_in_the_text() -> None:
    """Beside those of known ones; not what says the same of all rows, a state, or the number of an account."""
    data = (
        b"Date;Description;Amount;Remark from the app;Status;Channel;IBAN of other side\n"
        b"2026-04-03;Tea;-1.50;With Bo;BOOKED;web;DE89370400440532013000\n"
        b"2026-04-04;Bread;-2.00;For the party;PENDING;web;DE75512108001245126199\n"
    )
    assert [row.text for row in found_in(read(data))] == ["Tea With Bo", "Bread For the party"]


def test_balances_show_which_sign_is_spent() -> None:
    """Where balances fall by positive amounts, those are spent."""
    data = (
        b"Date,Text,Amount,Balance\n2026-04-03,Tea,1.50,98.50\n2026-04-04,Bread,2.00,96.50\n2026-04-05,Pay,-9,105.50\n"
    )
    contents = read(data)
    assert [row.amount for row in found_in(contents)] == [Decimal("-1.50"), Decimal("-2.00"), Decimal(9)]
    assert contents.statements[0].closing_balance == Decimal("105.50")


def test_accounts_of_one_file_are_statements_of_their_own() -> None:
    """A column with account numbers parts the rows."""
    data = (
        '"IBAN/BBAN","Munt","Datum","Bedrag","Saldo na trn","Naam tegenpartij"\n'
        '"NL44RABO0123456789","EUR","2026-04-03","-1,50","+8,50","Bakker"\n'
        '"NL02RABO9876543210","EUR","2026-04-03","+1.000,00","+1.000,00","Werk"\n'
        '"NL44RABO0123456789","EUR","2026-04-04","-2,50","+6,00","Bakker"\n'
    )
    found = read(data.encode()).statements
    assert [(s.number, len(s.rows), s.closing_balance) for s in found] == [
        ("NL44RABO0123456789", 2, Decimal("6.00")),
        ("NL02RABO9876543210", 1, Decimal("1000.00")),
    ]


def test_every_line_is_a_row_or_rejected_with_its_reason() -> None:
    """Titles, totals, notes and broken lines are kept with their numbers."""
    data = (
        "My account\n\nDate;Text;Amount\n2026-04-03;Tea;-1,50\nsoon;Bread;-2,50\n2026-04-04;Pay;much\n"
        'Date;Text;Amount\n2026-04-06;"Two\nlines";-4,50\n2026-04-05;"Open;-3,50\n;Total;-8,50\n2026-04-07;;\n'
    )
    contents = read(data.encode())
    assert [(row.line, row.text) for row in contents.statements[0].rows] == [(4, "Tea"), (8, "Two lines")]
    assert [(line.line, line.reason) for line in contents.rejected] == [
        (1, "It stands above the table."),
        (5, "“soon” is no date."),
        (6, "“much” is no amount."),
        (7, "It is the header again."),
        (10, "A quotation mark is not closed."),
        (11, "It has no date."),
        (12, "It has no amount."),
    ]


@pytest.mark.parametrize("name", ["german direct bank", "indian bank", "australian bank"])
def test_files_with_one_header_have_one_fingerprint(name: str) -> None:
    """The fingerprint depends on the names of the columns only."""
    data = FORMATS[name]().data
    short = b"\r\n".join(data.split(b"\r\n")[:20])
    first, second = read(data).understood, read(short).understood
    assert first is not None
    assert second is not None
    assert first.fingerprint == second.fingerprint
