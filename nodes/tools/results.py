"""What a tool answers: figures, the rows that they are of, and the question in words."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal, NotRequired, cast
from uuid import UUID

from typing_extensions import TypedDict

from nodes.text.translatable import Texts, Translatable, say, texts_of
from storage.finance.transactions import TransactionFilter

Unit = Literal["percent", "count", "months", "date"]
ColumnKind = Literal["text", "amount", "number", "percent", "date"]
MOST_ROWS = 50
"""Of a result's table."""


SEVERAL_CURRENCIES = say("There are amounts in several currencies; they are not added up.")
NO_MATCH = say("No transaction matches.")
NO_CATEGORY = say("Without a category")
NOT_WRITTEN_YET = say("Nothing is written before you accept it.")


class Figure(TypedDict):
    """A figure of a result, which an answer may say."""

    name: str
    value: str
    """As it is written without signs of a language: "-1234.50", "2026-03-01", "12"."""
    currency: str | None
    unit: NotRequired[Unit]


class Column(TypedDict):
    """A column of a result's table."""

    name: str
    kind: ColumnKind


class Behind(TypedDict, total=False):
    """The transactions that a result is of, as parameters of `GET /transactions`; what is left out is all."""

    words: list[str]
    since: str
    until: str
    account_ids: list[str]
    categories: list[str]
    uncategorised: bool
    currency: str
    at_least: str
    at_most: str
    """Both of the amount with its sign."""
    sign: str
    transaction_ids: list[str]


class Result(TypedDict):
    """What a tool found."""

    words: str
    """The question, in words: what was computed over what."""
    method: str
    """How, in one sentence."""
    figures: list[Figure]
    columns: list[Column]
    rows: list[list[str | None]]
    """At most 50; the first of `row_count`."""
    row_count: int
    behind: Behind | None
    """None where it is not of transactions."""
    notes: list[str]
    """What a reader has to know."""
    proposal_id: NotRequired[str]
    """Of what the user is asked to accept."""
    texts: NotRequired[Texts]
    """What the English texts of ours in it are made of, for pages in other languages."""


def figure(name: str, value: Decimal | int | date, currency: str | None = None, *, unit: Unit | None = None) -> Figure:
    """A figure, exactly."""
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    found = Figure(name=name, value=text, currency=currency)
    if unit:
        found["unit"] = unit
    return found


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """How much of the whole, in per cent with one decimal place; None of nothing."""
    if not whole:
        return None
    return (part / abs(whole) * 100).quantize(Decimal("0.1"), ROUND_HALF_EVEN)


def behind(only: TransactionFilter) -> Behind:
    """The filter, as it is kept with a result."""
    found: dict[str, Any] = {
        "words": list(only.words),
        "since": only.since and only.since.isoformat(),
        "until": only.until and only.until.isoformat(),
        "account_ids": [str(one) for one in only.account_ids],
        "categories": list(only.categories),
        "uncategorised": only.uncategorised,
        "currency": only.currency,
        "at_least": None if only.at_least is None else f"{only.at_least:f}",
        "at_most": None if only.at_most is None else f"{only.at_most:f}",
        "sign": only.sign,
        "transaction_ids": [str(one) for one in only.transaction_ids],
    }
    return cast(Behind, {name: value for name, value in found.items() if value})


def filter_of(kept: Mapping[str, Any]) -> TransactionFilter:
    """The filter that `behind` kept."""
    return TransactionFilter(
        words=kept.get("words", ()),
        since=date.fromisoformat(kept["since"]) if "since" in kept else None,
        until=date.fromisoformat(kept["until"]) if "until" in kept else None,
        account_ids=[UUID(one) for one in kept.get("account_ids", ())],
        categories=kept.get("categories", ()),
        uncategorised=kept.get("uncategorised", False),
        currency=kept.get("currency"),
        at_least=Decimal(kept["at_least"]) if "at_least" in kept else None,
        at_most=Decimal(kept["at_most"]) if "at_most" in kept else None,
        sign=kept.get("sign"),
        transaction_ids=[UUID(one) for one in kept.get("transaction_ids", ())],
    )


def cells(*values: object) -> list[str | None]:
    """A row of a result's table."""
    return [_cell(value) for value in values]


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, Translatable):
        return value
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def columns(*named: tuple[str, ColumnKind]) -> list[Column]:
    """The columns of a result's table."""
    return [Column(name=say(name), kind=kind) for name, kind in named]


def with_texts(result: Result) -> Result:
    """The result as it is kept and sent: texts of ours are plain ones, and `texts` has what they are made of."""
    texts = [result["words"], result["method"], *result["notes"]]
    texts += [one["name"] for one in [*result["figures"], *result["columns"]]]
    cells = [cell for row in result["rows"] for cell in row]
    return cast(Result, {**_plain(result), "texts": texts_of([*texts, *cells])})


def _plain(value: Any) -> Any:
    match value:
        case str():
            return str(value)
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {name: _plain(one) for name, one in cast("dict[str, Any]", value).items()}
        case _:
            return value
