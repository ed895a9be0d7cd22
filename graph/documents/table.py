"""What the columns of a bank's table are: found by the names in its header and by what stands in them."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec

from graph.documents.column_names import CARD_WORDS, NAMES, PAYMENT_WORDS, Field, fields_named
from graph.documents.contents import Contents, Shape, Understood, Unreadable
from graph.documents.rows import Cell, Line, balance_rule, money, read_rows, signed, statements_of
from graph.documents.values import (
    DATE_FORMATS,
    RECEIVED,
    SPENT,
    currencies_in,
    currency_of,
    date_formats,
    is_date,
    is_money,
    plain,
    read_date,
    read_money,
)

SAMPLE = 400
"""Lines by which columns are understood."""


def read_table(lines: Sequence[Line], given: Shape | None = None, **source: str | None) -> Contents:
    """Read a table, by the given shape to the letter or by one that is found.

    Args:
        source: encoding and delimiter, or sheet, which go into the shape.

    Raises:
        Unreadable: no line has a date and an amount.
    """
    shape, doubts = (given, []) if given else _Finder(lines).shape()
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
    understood = Understood(shape, names, fingerprint(names, width), doubts + ([] if given else doubt))
    statements = statements_of(rows, currency)
    if shape.account is None and len(statements) == 1 and (number := _account_above(lines, shape)):
        statements = [msgspec.structs.replace(statements[0], number=number)]
    return Contents("statement", statements=statements, understood=understood, rejected=rejected)


def fingerprint(header: Sequence[str], width: int) -> str:
    """The same for all files with these columns; where they have no names, with as many."""
    said = "|".join(plain(name) for name in header) if header else f"{width} columns"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


class _Finder:
    """Finds the shape of a table."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.doubts: list[str] = []
        entries = [line for line in lines[: 20 * SAMPLE] if _is_entry(line)]
        if not entries:
            raise Unreadable("nothing_found", "No line of the file has a date and an amount.")
        width = Counter(len(line.cells) for line in entries).most_common(1)[0][0]
        entries = [line for line in entries if len(line.cells) >= width - 1]
        step = max(1, len(entries) // SAMPLE)
        self.entries = entries[::step]
        self.width = max(len(line.cells) for line in entries)
        self.header = _find_header([line for line in lines if line.number < entries[0].number], width)
        self.names = [str(cell).strip() for cell in self.header.cells] if self.header else []
        self.names += [""] * (self.width - len(self.names))
        self.columns = [[c for line in self.entries if str(c := line.cell(i)).strip()] for i in range(self.width)]
        self.dates = [i for i, cells in enumerate(self.columns) if cells and _share(cells, _cell_is_date) > 0.9]
        numbers = [i for i, cells in enumerate(self.columns) if i not in self.dates and _share(cells, _cell_is_money) > 0.9]
        self.numbers = numbers

    def shape(self) -> tuple[Shape, list[str]]:
        """The shape, and what could have been read otherwise."""
        found, texts = self._by_names()
        self._settle_dates(found)
        self._settle_amounts(found)
        if not texts and "counterparty" not in found:
            taken = set(found.values())
            texts = [i for i in range(self.width) if i not in taken and self._is_words(i)]
        mark = self._decimal_mark([found[f] for f in ("amount", "debit", "credit", "balance") if f in found])
        values: dict[str, Any] = {**found, "decimal_mark": mark, "text": texts}
        values["date_format"] = self._date_format([found["booked_on"], found.get("value_on", found["booked_on"])], mark)
        return Shape(header_line=self.header.number if self.header else 0, **values), self.doubts

    def _by_names(self) -> tuple[dict[Field, int], list[int]]:
        """Columns by their names, as far as what stands in them agrees."""
        named = [fields_named(name) for name in self.names]
        found: dict[Field, int] = {}
        texts: list[int] = []
        for field in NAMES:
            free = [i for i in range(self.width) if i not in found.values() and field in named[i] and self._may_be(i, field)]
            if field == "text":
                texts = [i for i in free if named[i]["text"] < 1000]
            elif free:
                found[field] = min(free, key=lambda i: named[i][field])
        return found, texts

    def _may_be(self, column: int, field: Field) -> bool:
        """Whether what stands in a column agrees with its name."""
        cells = self.columns[column]
        match field:
            case "booked_on" | "value_on":
                return column in self.dates
            case "debit" | "credit":
                return column in self.numbers or not cells
            case "amount" | "balance":
                return column in self.numbers
            case "direction":
                return self._says_direction(column)
            case "currency":
                return bool(cells) and all(currency_of(str(c)) for c in cells)
            case "account":
                return 0 < len(set(cells)) <= min(20, len(cells)) and all(any(x.isdigit() for x in str(c)) for c in cells)
            case "bank_reference":
                return len(cells) == len(set(cells)) == len(self.entries) and column not in self.dates
            case _:
                direction = self._says_direction(column) and len(set(cells)) > 1
                return bool(cells) and column not in self.dates and not direction

    def _says_direction(self, column: int) -> bool:
        """Whether all its words are of amounts spent or received."""
        cells = self.columns[column]
        return bool(cells) and all(plain(str(c)) in SPENT | RECEIVED or str(c).strip() in {"+", "-"} for c in cells)

    def _settle_dates(self, found: dict[Field, int]) -> None:
        others = [i for i in self.dates if i not in (found.get("booked_on"), found.get("value_on"))]
        if "booked_on" not in found:
            found["booked_on"] = found.pop("value_on") if "value_on" in found else others.pop(0)
        elif "value_on" not in found and others:
            found["value_on"] = others[0]
        unsure = self.dates if len(self.dates) > 1 and not self._named(found["booked_on"], "booked_on") else []
        if unsure or len(self.dates) > 2:
            names = ", ".join(f"“{self._name(i)}”" for i in self.dates)
            self.doubts.append(f"The columns {names} hold dates; “{self._name(found['booked_on'])}” is read as the booking.")

    def _settle_amounts(self, found: dict[Field, int]) -> None:
        """An amount, or debit and credit; where no name says which column it is, what stands there does."""
        if ("debit" in found) != ("credit" in found):
            alone: Field = "debit" if "debit" in found else "credit"
            column = found.pop(alone)
            if "amount" not in found:
                found["amount"] = column
        if "debit" in found and "amount" in found:
            del found["amount"]
        if "debit" in found or "amount" in found:
            if "debit" in found:
                found.pop("direction", None)
            return
        free = [i for i in self.numbers if i not in found.values()] or [
            i for i in self.numbers if i == found.pop("balance", None)
        ]
        if not free:
            raise Unreadable("nothing_found", "No column of the table has amounts.")
        if "balance" not in found and len(free) > 1 and (pair := self._amount_and_balance(free)):
            found["amount"], found["balance"] = pair
            return
        marked = [i for i in free if any("-" in str(c) or "," in str(c) or "." in str(c) for c in self.columns[i])]
        found["amount"] = (marked or free)[0]
        if len(marked or free) > 1:
            names = ", ".join(f"“{self._name(i)}”" for i in marked or free)
            self.doubts.append(f"The columns {names} hold amounts; “{self._name(found['amount'])}” is read.")

    def _amount_and_balance(self, columns: Sequence[int]) -> tuple[int, int] | None:
        """Two columns of which one is the running sum of the other."""
        mark = self._decimal_mark(columns)
        values = {
            i: [signed(m) if (m := money(line.cell(i), Shape(0, 0, (), decimal_mark=mark))) else None for line in self.entries]
            for i in columns
        }
        for amount in columns:
            for balance in columns:
                pairs = zip(pairwise(values[balance]), pairwise(values[amount]), strict=True)
                steps = [(b - a, x, y) for (a, b), (x, y) in pairs if None not in (a, b, x, y)]  # type: ignore[operator]
                hits = max(sum(s == y for s, _, y in steps), sum(-s == x for s, x, _ in steps)) if steps else 0
                if amount != balance and hits >= 0.8 * len(steps) > 0:
                    return amount, balance
        return None

    def _decimal_mark(self, columns: Sequence[int]) -> Any:
        """The mark by which the most cells are amounts; by which they have cents, where both do."""
        texts = [c for i in columns for c in self.columns[i] if isinstance(c, str)]
        scores: dict[str, tuple[int, int]] = {}
        for mark in (".", ","):
            read = [found.value for text in texts if (found := read_money(text, mark))]  # type: ignore[arg-type]
            scores[mark] = len(read), sum(_decimals(value) == 2 for value in read)
        best = "," if scores[","] > scores["."] else "."
        other = "." if best == "," else ","
        differ = [t for t in texts if read_money(t, best) != read_money(t, other)]  # type: ignore[arg-type]
        if scores[best][0] == scores[other][0] and differ:
            best = "," if "." in differ[0] else "."  # three digits after the only mark are thousands
            value = read_money(differ[0], best)  # type: ignore[arg-type]
            self.doubts.append(f"“{differ[0].strip()}” is read as {value.value:f}; it has one mark before three digits." if value else "")
        return best

    def _date_format(self, columns: Sequence[int], mark: str) -> str:
        """The format of the days; where day and month could be swapped, the one in which they are in order."""
        texts = [c for i in columns for c in self.columns[i] if isinstance(c, str)]
        formats = date_formats(texts)
        if not formats:
            counts = {f: sum(read_date(text, f) is not None for text in texts) for f in DATE_FORMATS}
            formats = [max(counts, key=lambda f: counts[f])]
        first = formats[0]
        if len(formats) == 1 or all(read_date(t, first) == read_date(t, formats[1]) for t in texts):
            return first
        jumps = {f: self._disorder(columns[0], f) for f in formats}
        best = min(formats, key=lambda f: (jumps[f], formats.index(f)))
        if list(jumps.values()).count(jumps[best]) > 1:
            american = mark == "." and "USD" in {c for name in self.names for c in currencies_in(name)} | self._signs()
            best = next((f for f in formats if f.startswith("%m") == american), best)
            sample = next(t for t in texts if len({read_date(t, f) for f in formats}) > 1)
            other = next(f for f in formats if read_date(sample, f) != read_date(sample, best))
            self.doubts.append(
                f"“{sample.strip()}” is read as {_spoken(sample, best)}; it could be {_spoken(sample, other)}."
            )
        return best

    def _disorder(self, column: int, format: str) -> int:
        """How many days are out of order, from whichever end."""
        days = [found for line in self.entries if (found := read_date(str(line.cell(column)), format))]
        up = sum(a > b for a, b in pairwise(days))
        return min(up, sum(a < b for a, b in pairwise(days)))

    def _signs(self) -> set[str]:
        return {code for i in self.numbers for cell in self.columns[i][:20] for code in currencies_in(str(cell))}

    def _is_words(self, column: int) -> bool:
        letters = _share(self.columns[column], lambda c: any(x.isalpha() for x in str(c)))
        return column not in self.dates and column not in self.numbers and letters > 0.5

    def _named(self, column: int, field: Field) -> bool:
        return field in fields_named(self.names[column])

    def _name(self, column: int) -> str:
        return self.names[column] or f"column {column + 1}"


def _check_sign(lines: Sequence[Line], shape: Shape, rows: Sequence[Any]) -> tuple[Shape, list[str]]:
    """Turn the sign where balances, or a credit card's words, show that what is spent is positive."""
    if not rows:
        return shape, []
    rule = balance_rule(rows)
    if rule.share is not None and rule.share >= 0.8:
        odd = round((1 - rule.share) * (len(rows) - 1))
        doubts = [f"{odd} balances do not follow from the amounts."] if odd else []
        return msgspec.structs.replace(shape, negated=rule.negated and len(rows) > 2), doubts
    doubts = ["The balances do not follow from the amounts."] if rule.share is not None and len(rows) > 2 else []
    if shape.debit is not None or shape.direction is not None:
        return shape, doubts
    received = sum(row.amount > 0 for row in rows)
    above = plain(" ".join(line.start() for line in lines if line.number <= shape.header_line)).split()
    paid = plain(" ".join(f"{row.text} {row.counterparty}" for row in rows if row.amount < 0)).split()
    if received > 0.6 * len(rows) and (CARD_WORDS & set(above) or PAYMENT_WORDS & set(paid)):
        doubts.append("It looks like a credit card, so positive amounts are read as spent.")
        return msgspec.structs.replace(shape, negated=True), doubts
    if received == len(rows) > 2:
        doubts.append("No amount has a minus sign; all are read as received.")
    return shape, doubts


def _currency(lines: Sequence[Line], shape: Shape, names: Sequence[str]) -> tuple[str | None, list[str]]:
    """The table's currency: in the name of a column of amounts, else what stands above the table."""
    columns = [i for i in (shape.amount, shape.debit, shape.credit, shape.balance) if i is not None]
    named = [code for i in columns if i < len(names) for code in currencies_in(names[i])]
    above = [c for line in lines if line.number < shape.header_line for cell in line.cells for c in currencies_in(str(cell))]
    found = named or above
    signs = [names[i] for i in columns if i < len(names)] + [str(line.cell(i)) for line in lines[:50] for i in columns]
    if any("$" in sign.replace("R$", "").replace("A$", "").replace("C$", "") for sign in signs):
        return (found or ["USD"])[0], ["“$” is read as US dollars."]
    return (found[0] if found else None), []


def _account_above(lines: Sequence[Line], shape: Shape) -> str | None:
    """An account's number that stands above the table, beside its name or as an IBAN."""
    for line in lines:
        if line.number >= shape.header_line:
            return None
        cells = [str(cell).strip(" :") for cell in line.cells if str(cell).strip()]
        words = " ".join(cells).replace(":", " ").split()
        if not words or "account" not in fields_named(words[0]):
            continue
        number = "".join(words[1:])
        digits = "".join(word for word in words[1:] if any(c.isdigit() for c in word))
        if len(digits) >= 6 and sum(c.isdigit() for c in digits) >= 6 and len(digits) <= 34:
            return digits if len(number) > 34 else "".join(w for w in words[1:] if w.isupper() or w[0].isdigit())
    return None


def _find_header(above: Sequence[Line], width: int) -> Line | None:
    """The line with the names of the columns: with the most known names, the last of equals."""
    best: tuple[int, int] = (1, 0)
    header: Line | None = None
    for line in above:
        names = [str(cell) for cell in line.cells if str(cell).strip()]
        if len(names) < 2 or any(_cell_is_date(name) or _cell_is_money(name) for name in names):
            continue
        score = sum(bool(fields_named(name)) for name in names), -abs(len(line.cells) - width)
        if score >= best or (header is None and len(line.cells) == width):
            best, header = max(score, best), line
    return header


def _is_entry(line: Line) -> bool:
    dates = {i for i, cell in enumerate(line.cells) if _cell_is_date(cell)}
    return bool(dates) and any(i not in dates and _cell_is_money(cell) for i, cell in enumerate(line.cells))


def _cell_is_date(cell: Cell) -> bool:
    return is_date(cell) if isinstance(cell, str) else not isinstance(cell, Decimal)


def _cell_is_money(cell: Cell) -> bool:
    return is_money(cell) if isinstance(cell, str) else isinstance(cell, Decimal)


def _share(cells: Sequence[Cell], is_so: Any) -> float:
    return sum(map(is_so, cells)) / len(cells) if cells else 0.0


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _spoken(text: str, format: str) -> str:
    found = read_date(text, format)
    return f"{found.day} {found:%B %Y}" if found else "no date"
