"""Sentences of ours that a page may show in another language: English, with the template and the values that it is of.

The template is the key of a translation, as in gettext. Values are figures and the user's own words, which the page
formats in its language; a text without a template is somebody else's, and stays as it is.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NotRequired, Self

from typing_extensions import TypedDict


class Template(TypedDict):
    """What a sentence is made of."""

    template: str
    values: NotRequired[dict[str, Any]]
    """By name: a text or a whole number; an object with `number`, with `first_on` and `last_on`, with `amount`
    and `currency`, or with a `template` of its own; or a list of such, to be joined with commas."""


Texts = dict[str, Template]
"""Templates by the English sentences."""


class Money:
    """An amount among the values of a sentence."""

    def __init__(self, amount: Decimal, currency: str) -> None:
        self.amount = amount
        self.currency = currency

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"


class Translatable(str):
    """An English sentence that knows what it is made of."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Any]

    def __new__(cls, english: str, template: str, values: Mapping[str, Any]) -> Self:
        """A sentence that is not just the template with its values."""
        made = super().__new__(cls, english)
        made.template, made.values = template, values
        return made


def say(template: str, **values: Any) -> Translatable:
    """The template filled in with its values."""
    shown = {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in values.items()}
    return Translatable(template.format(**shown) if values else template, template, values)


def comma_joined(parts: Iterable[str | None]) -> Translatable:
    """The parts that are there, with commas."""
    found = [part for part in parts if part]
    return Translatable(", ".join(found), "{parts}", {"parts": found})


def period(since: date | None, until: date | None) -> Translatable:
    """A period: 1 to 31 March 2026."""
    days = {"first_on": since and since.isoformat(), "last_on": until and until.isoformat()}
    return Translatable(_period(since, until), "{period}", {"period": days})


def _period(since: date | None, until: date | None) -> str:
    if since is None or until is None:
        return f"since {_day(since)}" if since else f"until {_day(until)}" if until else "all time"
    if since == until:
        return _day(since)
    first = f"{since.day}"
    if since.year != until.year:
        first = _day(since)
    elif since.month != until.month:
        first = f"{since.day} {since:%B}"
    return f"{first} to {_day(until)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def template_of(text: str) -> Template | None:
    """What a sentence is made of, to be sent; None where it is none of ours."""
    if not isinstance(text, Translatable):
        return None
    found = Template(template=text.template)
    if text.values:
        found["values"] = {name: _sent(value) for name, value in text.values.items()}
    return found


def _sent(value: Any) -> Any:
    match value:
        case Translatable():
            return template_of(value)
        case Money():
            return {"amount": f"{value.amount:f}", "currency": value.currency}
        case Decimal():
            return {"number": f"{value:f}"}
        case list():
            return [_sent(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value


def texts_of(texts: Iterable[str | None]) -> Texts:
    """The templates of those of the texts that are ours."""
    return {str(text): found for text in texts if text is not None and (found := template_of(text))}
