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
    fallback: str
    """The reply when the model that is set can't be reached."""
    without_model: str
    """The reply where no model is set, and no prepared answer fits."""


PRIME = Employee(
    slug="prime",
    name="Prime",
    title="Boss and orchestrator",
    emoji="👑",
    does="Greets, helps in general, and takes whatever crosses fields or is unclear.",
    examples=("What can your team do for me?", "Where should I start with my finances?"),
    aliases=("prime-boss", "prime-ai"),
    fallback="I can't reach my notes right now, but your message is kept. Tell me whether it is about "
    "spending, taxes, documents, categories or goals, and ask again in a minute.",
    without_model="I have no answer prepared for that one. To think about it freely I would need a language model, "
    "and none is set here. Whoever runs this server can set OPENAI_API_KEY, or OPENAI_BASE_URL for "
    "another server, and restart it. Until then I can help with common questions: try “What can your "
    "team do for me?”",
)
CRYSTAL = Employee(
    slug="crystal",
    name="Crystal",
    title="Analytics",
    emoji="🔮",
    does="Adds up, compares and forecasts spending, and spots what is unusual in it.",
    examples=("How much did I spend on groceries last month?", "Which charges look unusual?"),
    aliases=("crystal-analytics", "crystal-ai"),
    fallback="I can't run the numbers at the moment. Compare this month's total with the average of the last "
    "three: the largest difference is where to look first. Please ask me again in a minute.",
    without_model="Interesting question, but I have no answer prepared for it. I would need a language model, which"
    " is not set here, and from you the amounts by month. Whoever runs this server can set "
    "OPENAI_API_KEY, or OPENAI_BASE_URL for another server, and restart it. Until then, ask me how to"
    " compare months, forecast or find forgotten subscriptions.",
)
LEDGER = Employee(
    slug="ledger",
    name="Ledger",
    title="Tax",
    emoji="📊",
    does="Answers on deductions, filing, VAT/GST and deadlines.",
    examples=("What can I write off for my side business?", "How do tax brackets work?"),
    aliases=("ledger-tax", "ledger-ai"),
    fallback="I can't look into the question right now. Keep the receipt and note what the expense was for: "
    "that is useful with any tax office. Please ask me again in a minute.",
    without_model="I have nothing prepared on that, and I would rather say nothing than something wrong about tax. "
    "To answer I would need a language model, which is not set here, and from you the country and the"
    " year. Whoever runs this server can set OPENAI_API_KEY, or OPENAI_BASE_URL for another server, "
    "and restart it. Your tax office's own pages are the surest source.",
)
BYTE = Employee(
    slug="byte",
    name="Byte",
    title="Documents",
    emoji="📄",
    does="Finds and reads your statements, receipts and letters, and knows how to keep them in order.",
    examples=("How do I import my bank statement?", "How do I scan receipts with my phone?"),
    aliases=("byte-docs", "byte-ai"),
    fallback="I can't answer at the moment. If it is about a document: keep the original file, and note its "
    "date, name and amount. Please ask me again in a minute.",
    without_model="I have no instructions prepared for that. To write some I would need a language model, which is "
    "not set here, and from you the file's kind and what you want to do with it. Whoever runs this server can set "
    "OPENAI_API_KEY, or OPENAI_BASE_URL for another server, and restart it. Until then, ask me about scanning, "
    "naming, CSV or what to keep.",
)
TAG = Employee(
    slug="tag",
    name="Tag",
    title="Categorization",
    emoji="🏷️",
    does="Says why a transaction has its category, and proposes categories and rules.",
    examples=("Which categories should I use?", "How do I categorise a refund?"),
    aliases=("tag-categorize", "tag-ai"),
    fallback="I can't answer at the moment. When in doubt, use the category of the larger part of the "
    "purchase. Please ask me again in a minute.",
    without_model="Nothing in my drawer fits that. To sort it out I would need a language model, which is not set "
    "here, and from you the payee's name as it stands on the statement. Whoever runs this server can "
    "set OPENAI_API_KEY, or OPENAI_BASE_URL for another server, and restart it. Until then, ask me "
    "about categories, rules, refunds or transfers.",
)
GOALIE = Employee(
    slug="goalie",
    name="Goalie",
    title="Goals",
    emoji="🎯",
    does="Plans savings targets, budgets and debt pay-off, with amounts and dates.",
    examples=("How much must I save each month for a house?", "Which debt should I pay off first?"),
    aliases=("goalie-goals", "goalie-ai"),
    fallback="I can't work out the plan at the moment. One step that always holds: move a fixed amount on pay "
    "day, however small. Please ask me again in a minute.",
    without_model="I have no plan prepared for that one, but don't let it stop you. To work it out I would need a "
    "language model, which is not set here, and from you an amount and a date. Whoever runs this "
    "server can set OPENAI_API_KEY, or OPENAI_BASE_URL for another server, and restart it. A first "
    "step today: write down what is missing, and divide it by the pay days left.",
)

EMPLOYEES: tuple[Employee, ...] = (PRIME, CRYSTAL, LEDGER, BYTE, TAG, GOALIE)


BY_NAME: Mapping[str, Employee] = {name: who for who in EMPLOYEES for name in (who.slug, *who.aliases)}
"""The employees by slug and alias."""


def find(name: str | None) -> Employee | None:
    """The employee with this slug or alias, case-insensitive; None when there is none."""
    return BY_NAME.get((name or "").strip().casefold())
