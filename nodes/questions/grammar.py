"""The grammar of questions, from `grammar.toml`: which words ask for what.

A question is matched with its amounts, periods and names taken out. A word that no list knows makes a question one that
is not understood: a sum over more or less than was asked for is worse than none.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from nodes.questions.asked import Unexplained
from nodes.questions.vocabulary import CONCEPTS, FILLER

Intent = Literal[
    "propose_rule", "why_category", "propose_categories", "deductible", "match_receipts", "import_report", "vat",
    "pay_off", "reached_when", "goal", "monthly_amount", "budget_status", "anomalies", "price_rises", "forecast",
    "average", "recurring", "recurring_income", "compare", "grouped", "largest", "overview", "net", "income", "count",
    "totals", "balance", "due", "debt_sum", "average_payment", "charged_twice", "find_amount", "when_last",
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
_BESIDE_NAMES = re.compile(
    r"\b(?:in|under) (?:the |my |our )?category (?=CATEGORY)|(?<=CATEGORY) categor(?:y|ies)\b"
    r"|\b(?:shops?|stores?|merchant|company|firm) (?:called |named )?(?=MERCHANT)"
    r"|\b(?:by|via|through|using|off) (?:the |my |our )*(?=ACCOUNT)|(?<=ACCOUNT) (?:account|card)\b"
)
"""Words that say no more than the name beside them."""
UNSUPPORTED = re.compile(rf"\b(?:{'|'.join(_READ['unsupported']['words'])})\b")
"""What no tool computes, so that the answer would be to another question."""

ACCOUNTS_FOR: Mapping[Intent, frozenset[str]] = {
    intent: FILLER.union(*(CONCEPTS[concept] for concept in concepts.split()))
    for intent, concepts in _READ["accounts_for"].items()
}
"""The words of a question that each intent explains."""


TAKES: Mapping[Intent, frozenset[str]] = {intent: frozenset(slots.split()) for intent, slots in _READ["takes"].items()}
"""What else of a question each intent has a place for, as `Reading.slots` calls it."""


def intents_of(text: str) -> list[Intent]:
    """What a question in lower case may ask for, with amounts, periods and names taken out; the likeliest first."""
    return list(dict.fromkeys(intent for intent, pattern in RULES if pattern.search(text)))


def group_of(text: str) -> str | None:
    """What is said after "by" and the like in a question that wants several sums."""
    found = re.search(rf"\b(?:by|per|each|every|which|what|top|largest|biggest) (?:\w+ )?(?:{GROUP})\b", text)
    return next((one for one, words in GROUPS.items() if found and re.search(f"(?:{words})$", found[0])), None)


def unknown_words(text: str, intent: Intent) -> list[str]:
    """The words of a question, with its names taken out, of which nobody knows what they change."""
    known = ACCOUNTS_FOR[intent]
    plain = _BESIDE_NAMES.sub(" ", text)
    return [word for word in re.findall(r"[a-z0-9à-ÿ'’&.-]*[a-z0-9à-ÿ]", plain) if word not in known]


def explain(text: str, intent: Intent) -> None:
    """Explain each word of a question, with its names taken out, by its intent.

    Raises:
        Unexplained: a word is left that may change what is asked for.
    """
    if unknown_words(text, intent):
        raise Unexplained
