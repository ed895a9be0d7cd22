"""What the columns of a table are: found by the names in its header and by what stands in them."""

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise, permutations
from typing import Any

from graph.documents.column_names import NAMES, NO_WORDS, OWN_ACCOUNT, Field, fields_named
from graph.documents.contents import Shape, Unreadable
from graph.documents.rows import Cell, Line, money, signed
from graph.documents.values import (
    DATE_FORMATS,
    RECEIVED,
    SPENT,
    DecimalMark,
    currencies_in,
    currency_of,
    date_formats,
    is_date,
    is_money,
    plain,
    read_date,
    read_money,
)
from nodes.text.translatable import Translatable, comma_joined, period, say

MAX_COLUMNS = 200
"""Of a line that counts as an entry of a table."""
_WORD = re.compile(r"[^\W\d_]{3}")
"""Numbers of accounts and payments have no three letters in a row."""
SAMPLE = 400
"""Lines by which columns are understood."""


class ShapeFinder:
    """Finds the shape of a table."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.doubts: list[Translatable] = []
        entries = [line for line in lines[: 20 * SAMPLE] if _is_entry(line)]
        if not entries:
            raise Unreadable("nothing_found", "No line of the file has a date and an amount.")
        width = Counter(len(line.cells) for line in entries).most_common(1)[0][0]
        entries = [line for line in entries if len(line.cells) >= width - 1]
        self.entries = [*entries[:SAMPLE], *entries[SAMPLE :: max(1, len(entries) // SAMPLE)]]
        self.width = max(len(line.cells) for line in entries)
        self.header = _find_header([line for line in lines if line.number < entries[0].number], width)
        self.names = [str(cell).strip() for cell in self.header.cells] if self.header else []
        self.names += [""] * (self.width - len(self.names))
        self.columns = [[c for line in self.entries if str(c := line.cell(i)).strip()] for i in range(self.width)]
        self.dates = [i for i, cells in enumerate(self.columns) if cells and _share(cells, _cell_is_date) > 0.9]
        others = [i for i in range(self.width) if i not in self.dates]
        self.numbers = [i for i in others if _share(self.columns[i], _cell_is_money) > 0.9]

    def shape(self) -> tuple[Shape, list[Translatable]]:
        """The shape, and what could have been read otherwise."""
        found, texts = self._by_names()
        self._settle_dates(found)
        self._settle_amounts(found)
        keeps = self._adds_words if texts or "counterparty" in found else self._is_words
        taken = {*found.values(), *texts}
        texts += [i for i in range(self.width) if i not in taken and keeps(i)]
        mark = self._decimal_mark([found[f] for f in ("amount", "debit", "credit", "balance") if f in found])
        values: dict[str, Any] = {"decimal_mark": mark, "text": texts, **{str(f): i for f, i in found.items()}}
        values["date_format"] = self._date_format([found["booked_on"], found.get("value_on", found["booked_on"])], mark)
        return Shape(header_line=self.header.number if self.header else 0, **values), self.doubts

    def _by_names(self) -> tuple[dict[Field, int], list[int]]:
        """Columns by their names, as far as what stands in them agrees."""
        named = [fields_named(name) for name in self.names]
        found: dict[Field, int] = {}
        texts: list[int] = []
        for field in NAMES:
            ranks = {
                column: rank
                for column, fields in enumerate(named)
                if (rank := fields.get(field)) is not None
                and column not in found.values()
                and self._may_be(column, field)
            }
            if field == "text":
                texts = [column for column, rank in ranks.items() if rank < 1000]
            elif ranks:
                found[field] = min(ranks, key=ranks.__getitem__)
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
                return len(cells) == len(self.entries) and all(currency_of(str(c)) for c in cells)
            case "account":
                own = plain(self.names[column]) in OWN_ACCOUNT
                numbers = all(any(x.isdigit() for x in str(c)) for c in cells)
                return numbers and len(cells) == len(self.entries) and (own or (len(set(cells)) == 1 < len(cells)))
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
        if "value_on" not in found and others:
            found["value_on"] = others[0]
        unsure = self.dates if len(self.dates) > 1 and not self._named(found["booked_on"], "booked_on") else []
        if unsure or len(self.dates) > 2:
            self.doubts.append(
                say(
                    "The columns {names} hold dates; {name} is read as the booking.",
                    names=comma_joined(self._name(i) for i in self.dates),
                    name=self._name(found["booked_on"]),
                )
            )

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
        free = [i for i in self.numbers if i not in found.values()]
        if not free and "balance" in found:
            free = [found.pop("balance")]
        if not free:
            raise Unreadable("nothing_found", "No column of the table has amounts.")
        if "balance" not in found and len(free) > 1 and (pair := self._amount_and_balance(free)):
            found["amount"], found["balance"] = pair
            return
        free = [i for i in free if any(set(str(c)) & set("-,.") for c in self.columns[i])] or free
        found["amount"] = free[0]
        if len(free) > 1:
            self.doubts.append(
                say(
                    "The columns {names} hold amounts; {name} is read.",
                    names=comma_joined(self._name(i) for i in free),
                    name=self._name(found["amount"]),
                )
            )

    def _amount_and_balance(self, columns: Sequence[int]) -> tuple[int, int] | None:
        """Two columns of which one is the running sum of the other."""
        mark = self._decimal_mark(columns)

        def value(line: Line, column: int) -> Decimal | None:
            found = money(line.cell(column), mark)
            return signed(found) if found else None

        neighbours = list(pairwise(self.entries[:SAMPLE]))
        for amount, balance in permutations(columns, 2):
            cells = [(value(a, balance), value(b, balance), value(a, amount), value(b, amount)) for a, b in neighbours]
            oldest_first = sum(None not in (a, b, y) and b - a == y for a, b, _, y in cells)  # type: ignore[operator]
            newest_first = sum(None not in (a, b, x) and a - b == x for a, b, x, _ in cells)  # type: ignore[operator]
            if max(oldest_first, newest_first) >= 0.8 * len(cells) > 0:
                return amount, balance
        return None

    def _decimal_mark(self, columns: Sequence[int]) -> DecimalMark:
        """The mark by which the most cells are amounts; by which they have cents, where both do."""
        texts = [c for i in columns for c in self.columns[i] if isinstance(c, str)]
        points = {text: found for text in texts if (found := read_money(text, "."))}
        commas = {text: found for text in texts if (found := read_money(text, ","))}
        if len(points) != len(commas):
            return "." if len(points) > len(commas) else ","
        differ = next((text for text in points if points[text] != commas.get(text, points[text])), None)
        if differ is None:
            cents = [sum(_decimals(found.value) == 2 for found in read.values()) for read in (points, commas)]
            return "," if cents[1] > cents[0] else "."
        best: DecimalMark = "," if "." in differ else "."  # three digits after the only mark are thousands
        value = (points if best == "." else commas)[differ].value
        self.doubts.append(
            say("“{cell}” is read as {value}; it has one mark before three digits.", cell=differ.strip(), value=value)
        )
        return best

    def _date_format(self, columns: Sequence[int], mark: str) -> str:
        """The format of the days; where day and month could be swapped, the one in which they are in order."""
        texts = [c for i in columns for c in self.columns[i] if isinstance(c, str)]
        formats = date_formats(texts)
        if not formats:
            counts = {f: sum(read_date(text, f) is not None for text in texts) for f in DATE_FORMATS}
            formats = [max(counts, key=lambda f: counts[f])]
        unsure = [text for text in texts if len({read_date(text, f) for f in formats}) > 1]
        if not unsure:
            return formats[0]
        jumps = {f: self._disorder(columns[0], f) for f in formats}
        best = min(formats, key=lambda f: (jumps[f], formats.index(f)))
        if jumps[best] or list(jumps.values()).count(0) > 1:
            american = mark == "." and "USD" in {c for name in self.names for c in currencies_in(name)} | self._signs()
            likely = [f for f in formats if jumps[f] == jumps[best]]
            best = next((f for f in likely if f.startswith("%m") == american), best)
            text = unsure[0]
            other = next(f for f in formats if read_date(text, f) != read_date(text, best))
            self.doubts.append(
                say(
                    "“{cell}” is read as {day}; it could be {other}.",
                    cell=text.strip(),
                    day=_spoken(text, best),
                    other=_spoken(text, other),
                )
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
        letters = _share(self.columns[column], _has_letters)
        return column not in self.dates and column not in self.numbers and letters > 0.5

    def _adds_words(self, column: int) -> bool:
        """Whether a column of an unknown name is worth keeping beside the bank's words.

        What says the same in all lines is not, nor what may have changed when the next file has the line again.
        """
        cells = self.columns[column]
        if not self._is_words(column) or self._says_direction(column) or plain(self.names[column]) in NO_WORDS:
            return False
        return _share(cells, _has_word) > 0.5 and (len(set(cells)) > 1 or len(cells) == 1)

    def _named(self, column: int, field: Field) -> bool:
        return field in fields_named(self.names[column])

    def _name(self, column: int) -> Translatable:
        if name := self.names[column]:
            return Translatable(f"“{name}”", "“{name}”", {"name": name})
        return say("column {number}", number=column + 1)


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
    if len(line.cells) > MAX_COLUMNS:
        return False
    dates = {i for i, cell in enumerate(line.cells) if _cell_is_date(cell)}
    return bool(dates) and any(i not in dates and _cell_is_money(cell) for i, cell in enumerate(line.cells))


def _cell_is_date(cell: Cell) -> bool:
    return is_date(cell) if isinstance(cell, str) else not isinstance(cell, Decimal)


def _cell_is_money(cell: Cell) -> bool:
    return is_money(cell) if isinstance(cell, str) else isinstance(cell, Decimal)


def _has_letters(cell: Cell) -> bool:
    return any(character.isalpha() for character in str(cell))


def _has_word(cell: Cell) -> bool:
    return _WORD.search(str(cell)) is not None


def _share(cells: Sequence[Cell], is_so: Any) -> float:
    return sum(map(is_so, cells)) / len(cells) if cells else 0.0


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _spoken(text: str, format: str) -> Translatable:
    found = read_date(text, format)
    return period(found, found) if found else say("no date")
