"""A question as the tool and the arguments that answer it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

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
