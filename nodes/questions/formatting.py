"""Figures, days and tables as they are read, in Markdown."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from nodes.injection.detect import holds_instructions
from nodes.tools.results import Figure, Result

MOST_ROWS = 8
"""Of a table."""
CELL_CHARS = 100
"""Why a payment stands out fits, with the largest amount."""
HIDDEN = "(a text that gives instructions)"
"""Is shown instead of one: the answer may become a part of a prompt later on."""


def money(value: str, currency: str | None) -> str:
    """An amount as it is read: EUR 1,234.50."""
    return f"{currency} {Decimal(value):,f}" if currency else f"{Decimal(value):,f}"


def size(value: str, currency: str | None) -> str:
    """The same without its sign, where the words say that it was spent."""
    return money(value.removeprefix("-"), currency)


def said(figure: Figure) -> str:
    """A figure as it is read."""
    value = figure["value"]
    match figure.get("unit"):
        case "percent":
            return f"{value} %"
        case "months":
            return f"{value} {'month' if value == '1' else 'months'}"
        case "date":
            return f"{date.fromisoformat(value):%B %Y}"
        case "count":
            return f"{int(value):,}"
        case _:
            return money(value, figure["currency"])


def table(result: Result) -> str:
    """The first rows, with their currency beside the amounts; without ids."""
    columns, rows = result["columns"], result["rows"][:MOST_ROWS]
    if not rows:
        return ""
    place = next((at for at, one in enumerate(columns) if one["name"] == "Currency"), None)
    shown = [at for at, one in enumerate(columns) if at != place and one["name"] != "Id"]
    currencies = [row[place] if place is not None else None for row in rows]
    only = next(iter(one["currency"] for one in result["figures"] if one["currency"]), None)
    cells = [
        [_typed(row[at], columns[at]["kind"], currency or only) for at in shown]
        for row, currency in zip(rows, currencies, strict=True)
    ]
    return markdown([columns[at]["name"] for at in shown], cells)


def _typed(value: str | None, kind: str, currency: str | None) -> str:
    if value is None:
        return ""
    if kind == "amount":
        return money(value, currency)
    if kind == "percent":
        return f"{value} %"
    return day_of(value) if kind == "date" else value


def markdown(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [names, ["---"] * len(names), *([cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str | None) -> str:
    """A cell that is no Markdown, however the bank's words are."""
    short = " ".join((text or "").split())
    if holds_instructions(short):
        return HIDDEN
    return plain(short if len(short) <= CELL_CHARS else f"{short[:CELL_CHARS].rsplit(' ', 1)[0]}…")


def plain(text: str) -> str:
    """The text with what Markdown would read as its own escaped."""
    return "".join(f"\\{sign}" if sign in "|*_`[]<>\\#" else sign for sign in text)


def day_of(value: str | None) -> str:
    """A day as it is read."""
    if not value:
        return ""
    day = date.fromisoformat(value)
    return f"{day.day} {day:%B %Y}"


def listed(parts: Sequence[str]) -> str:
    """The parts with commas, and "and" before the last."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def joined(*parts: str) -> str:
    """The parts that are there, as paragraphs."""
    return "\n\n".join(part for part in parts if part)


def figures_of(result: Result) -> str:
    """All figures as a list, then the rows."""
    lines = [f"- {plain(one['name'])}: **{said(one)}**" for one in result["figures"][:24]]
    return joined("\n".join(lines), table(result))
