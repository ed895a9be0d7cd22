"""The grammar of questions, from `grammar.toml`: which words ask for what.

A question is matched with its amounts, periods and names taken out. A word that no list knows makes a question one that
is not understood: a sum over more or less than was asked for is worse than none.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from nodes.questions.vocabulary import TIMES, TOPICS, WORDS

Intent = Literal[
    "propose_rule", "why_category", "propose_categories", "deductible", "match_receipts", "import_report", "vat",
    "pay_off", "reached_when", "goal", "monthly_amount", "budget_status", "anomalies", "price_rises", "forecast",
    "average", "recurring", "recurring_income", "compare", "grouped", "largest", "overview", "net", "income", "count",
    "totals",
]  # fmt: skip

GROUPS = {
    "category": "categor(?:y|ies)",
    "merchant": "merchants?|shops?|stores?|payees?|vendors?|retailers?|compan(?:y|ies)",
    "account": "accounts?",
    "month": "months?",
}
"""How what sums are made by is called."""
GROUP = "|".join(GROUPS.values())

_READ = tomllib.loads(Path(__file__).with_name("grammar.toml").read_text(encoding="utf-8"))


def _compiled(patterns: Sequence[str]) -> re.Pattern[str]:
    whole = "|".join(patterns)
    for name, words in {**_READ["words"], "group": GROUP}.items():
        whole = whole.replace(f"<{name}>", words)
    return re.compile(whole)


RULES: Sequence[tuple[Intent, re.Pattern[str]]] = [(one["asks"], _compiled(one["like"])) for one in _READ["rule"]]
"""Patterns of what is asked for; the first that fits counts."""
HOW_TO = re.compile(f"^(?:{'|'.join(_READ['how_to']['begins'])})")
"""Questions for an explanation, not for figures of the user."""
UNSUPPORTED = re.compile(rf"\b(?:{'|'.join(_READ['unsupported']['words'])})\b")
"""What no tool computes, so that the answer would be to another question."""

OVER_ROWS: frozenset[Intent] = frozenset(
    {"totals", "count", "income", "net", "grouped", "largest", "compare", "forecast", "average", "anomalies"}
)
"""Questions whose answer depends on each word."""
OWN_TOPICS: Mapping[Intent, frozenset[str]] = {
    "forecast": frozenset({
        "next", "month", "months", "quarter", "year", "upcoming", "coming", "ahead", "future", "forecast", "predict",
        "prediction", "project", "projected", "projection", "expected", "expect",
    }),
    "average": frozenset({"month", "months", "monthly", "average", "usually", "typically", "normally", "typical"}),
    "anomalies": frozenset({
        "unusual", "odd", "strange", "weird", "suspicious", "twice", "double", "doubled", "duplicate", "duplicates",
        "duplicated", "anomaly", "anomalies", "anybody", "anyone", "somebody", "someone",
    }),
    "net": frozenset({"savings", "saving"}),
    "largest": frozenset({"dearest", "thing", "item", "bill", "bills"}),
    "grouped": frozenset({"month", "months", "monthly"}),
    "compare": frozenset({
        "dearer", "before", "year", "ago", "earlier", "month", "period", "quarter", "since", "previous",
    }),
}  # fmt: skip
"""Topics that belong to such a question."""


def intent_of(text: str) -> Intent | None:
    """What a question in lower case asks for, with amounts, periods and names taken out; None where no rule fits."""
    return next((intent for intent, pattern in RULES if pattern.search(text)), None)


def group_of(text: str) -> str | None:
    """What is said after "by" and the like in a question that wants several sums."""
    found = re.search(rf"\b(?:by|per|each|every|which|what|top|largest|biggest) (?:\w+ )?(?:{GROUP})\b", text)
    return next((one for one, words in GROUPS.items() if found and re.search(f"(?:{words})$", found[0])), None)


def unknown_words(text: str, intent: Intent) -> list[str]:
    """The words of a question, with its names taken out, of which nobody knows what they change."""
    known = WORDS | (OWN_TOPICS.get(intent, frozenset()) if intent in OVER_ROWS else TOPICS | TIMES)
    return [word for word in re.findall(r"[a-z0-9à-ÿ'’&.-]*[a-z0-9à-ÿ]", text) if word not in known]
