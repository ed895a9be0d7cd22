"""The six AI employees: their names and duties."""

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
    fallback: str
    """The reply when no model can be reached."""


PRIME = Employee(
    slug="prime",
    name="Prime",
    title="Boss and orchestrator",
    emoji="👑",
    does="Greets, helps in general, and takes whatever crosses fields or is unclear.",
    examples=("What can your team do for me?", "Where should I start with my finances?"),
    aliases=("prime-boss", "prime-ai"),
    fallback="I can't reach my notes right now, but your message is safe. Tell me whether it is about spending, "
    "taxes, documents, categories or goals, and ask again in a minute.",
)
CRYSTAL = Employee(
    slug="crystal",
    name="Crystal",
    title="Analytics",
    emoji="🔮",
    does="Finds spending trends, comparisons, forecasts and anomalies.",
    examples=("How did my spending change since last month?", "Which charges look unusual?"),
    aliases=("crystal-analytics", "crystal-ai"),
    fallback="I can't run the numbers at the moment. Compare this month's total with the average of the last three: "
    "the largest difference is where to look first. Please ask me again in a minute.",
)
LEDGER = Employee(
    slug="ledger",
    name="Ledger",
    title="Tax",
    emoji="📊",
    does="Answers on deductions, filing, VAT/GST and deadlines.",
    examples=("What can I write off for my side business?", "When is my VAT return due?"),
    aliases=("ledger-tax", "ledger-ai"),
    fallback="I can't look up the rules right now. Keep the receipt and note what the expense was for; that is what "
    "every tax office asks for. Please ask me again in a minute.",
)
BYTE = Employee(
    slug="byte",
    name="Byte",
    title="Documents",
    emoji="📄",
    does="Handles uploads, OCR, receipts, statements, import and export.",
    examples=("How do I import my bank statement?", "Find the invoice from the plumber."),
    aliases=("byte-docs", "byte-ai"),
    fallback="I can't open documents at the moment. Your files are where you left them; PDF, CSV and photos all work. "
    "Please ask me again in a minute.",
)
TAG = Employee(
    slug="tag",
    name="Tag",
    title="Categorization",
    emoji="🏷️",
    does="Sorts transactions: categories, rules and merchants.",
    examples=("Why is this charge under Groceries?", "Make a rule for my rides to work."),
    aliases=("tag-categorize", "tag-ai"),
    fallback="I can't reach the categories right now. Nothing was changed, and your rules still apply. "
    "Please ask me again in a minute.",
)
GOALIE = Employee(
    slug="goalie",
    name="Goalie",
    title="Goals",
    emoji="🎯",
    does="Works on savings targets, budgets, debt pay-off and milestones.",
    examples=("How much must I save each month for a house?", "Which debt should I pay off first?"),
    aliases=("goalie-goals", "goalie-ai"),
    fallback="I can't work out the plan at the moment. One step that always holds: move a fixed amount on pay day, "
    "however small. Please ask me again in a minute.",
)

EMPLOYEES: tuple[Employee, ...] = (PRIME, CRYSTAL, LEDGER, BYTE, TAG, GOALIE)


def find(name: str | None) -> Employee | None:
    """The employee with this slug or alias, case-insensitive; None when there is none."""
    wanted = (name or "").strip().casefold()
    return next((found for found in EMPLOYEES if wanted == found.slug or wanted in found.aliases), None)


def employee(slug: Slug) -> Employee:
    """The employee with this slug."""
    return next(found for found in EMPLOYEES if found.slug == slug)
