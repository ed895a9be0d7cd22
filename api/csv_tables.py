"""CSV (RFC 4180) that a spreadsheet takes for data and nothing else."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Spreadsheets compute a cell that begins with one of these."""


def to_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows with a line of column names; nothing where there is none."""
    flat = [_flatten(row) for row in rows]
    text = io.StringIO()
    if flat:
        writer = csv.DictWriter(text, [*flat[0]])
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in flat)
    return text.getvalue()


def _flatten(row: Mapping[str, object]) -> dict[str, object]:
    """A column for each field of an object in the row: `outcomes_done`."""
    flat: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}_{field}": inner for field, inner in value.items()}
        else:
            flat[name] = value
    return flat


def _cell(value: object) -> object:
    if value is None or isinstance(value, int | float | Decimal):
        return value
    text = value.isoformat() if isinstance(value, datetime | date) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
