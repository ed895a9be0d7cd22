"""The six AI employees: their names and duties."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Slug = Literal["prime", "crystal", "ledger", "byte", "tag", "goalie"]


@dataclass(frozen=True)
class Employee:
    """An AI employee."""

    slug: Slug
    name: str
    title: str
    emoji: str
    does: str
    examples: tuple[str, str]
    """Two sample questions."""
    aliases: tuple[str, str]
    """Former names, still accepted from clients."""


PRIME = Employee(
    slug="prime",
    name="Prime",
    title="Boss and orchestrator",
    emoji="👑",
    does="Greets, helps in general, and takes whatever crosses fields or is unclear.",
    examples=("What can your team do for me?", "Where should I start with my finances?"),
    aliases=("prime-boss", "prime-ai"),
)
CRYSTAL = Employee(
    slug="crystal",
    name="Crystal",
    title="Analytics",
    emoji="🔮",
    does="Adds up, compares and forecasts spending, and spots what is unusual in it.",
    examples=("How much did I spend on groceries last month?", "Which charges look unusual?"),
    aliases=("crystal-analytics", "crystal-ai"),
)
LEDGER = Employee(
    slug="ledger",
    name="Ledger",
    title="Tax",
    emoji="📊",
    does="Answers on deductions, filing, VAT/GST and deadlines.",
    examples=("What can I write off for my side business?", "How do tax brackets work?"),
    aliases=("ledger-tax", "ledger-ai"),
)
BYTE = Employee(
    slug="byte",
    name="Byte",
    title="Documents",
    emoji="📄",
    does="Finds and reads your statements, receipts and letters, and knows how to keep them in order.",
    examples=("How do I import my bank statement?", "How do I scan receipts with my phone?"),
    aliases=("byte-docs", "byte-ai"),
)
TAG = Employee(
    slug="tag",
    name="Tag",
    title="Categorization",
    emoji="🏷️",
    does="Says why a transaction has its category, and proposes categories and rules.",
    examples=("Which categories should I use?", "How do I categorise a refund?"),
    aliases=("tag-categorize", "tag-ai"),
)
GOALIE = Employee(
    slug="goalie",
    name="Goalie",
    title="Goals",
    emoji="🎯",
    does="Plans savings targets, budgets and debt pay-off, with amounts and dates.",
    examples=("How much must I save each month for a house?", "Which debt should I pay off first?"),
    aliases=("goalie-goals", "goalie-ai"),
)

EMPLOYEES: tuple[Employee, ...] = (PRIME, CRYSTAL, LEDGER, BYTE, TAG, GOALIE)


BY_NAME: Mapping[str, Employee] = {name: who for who in EMPLOYEES for name in (who.slug, *who.aliases)}
"""The employees by slug and alias."""


def find(name: str | None) -> Employee | None:
    """The employee with this slug or alias, case-insensitive; None when there is none."""
    return BY_NAME.get((name or "").strip().casefold())
