"""A question as the tool and the arguments that answer it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from nodes.questions.periods import Period

Aspect = Literal["count", "average", "price_rises", "progress", "most", "missing", "first", "one"]
"""What of a tool's result is asked for, where it is not all of it."""


@dataclass(frozen=True)
class Asked:
    """A tool that answers a question."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    aspect: Aspect | None = None
    focus: str | None = None
    """Of which row, where a tool lists more."""
    took: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """What is known of the user beside the names."""

    today: date
    income: Collection[str] = ()
    """Slugs of categories for income."""
    goals: Collection[str] = ()
    debts: Collection[str] = ()
    """Names of both."""
    owed: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """The debts by name, as an argument of `pay_off` each, with their currency."""


class NotUnderstood(Exception):
    """The question asks for something that cannot be said by the tools' arguments."""


class Unexplained(NotUnderstood):
    """The question has a word that its intent does not explain; it may have another intent."""


def one_period(periods: Sequence[Period]) -> tuple[date | None, date | None]:
    """The period that is meant; of two that follow each other both."""
    if len(periods) > 1:
        first, last = sorted(periods[:2], key=lambda one: one.since or date.min)
        follows = first.until and last.since and (last.since - first.until).days == 1
        if len(periods) > 2 or not follows:
            raise NotUnderstood
        return first.since, last.until
    return (periods[0].since, periods[0].until) if periods else (None, None)
