"""Routing without a model: keyword classes, then likeness to six examples.

These are the product's first rules, kept for when no embedding can be had. They stand on whole words,
unlike the first ones, which sent "taxi" to tax, "stage" to categories and "paragraph" to analytics.
"""

import re
from typing import NamedTuple

from nodes.employees import Slug

LIKENESS = 0.55
"""Word Jaccard from which a message counts as like an example."""

KEYWORDS: tuple[tuple[Slug, str], ...] = (
    (
        "ledger",
        (
            r"tax(es|able|ation)?|deduct(s|ed|ing|ions?|ible)?|cra|irs|hmrc|gst|hst|pst|vat|t4|t5|1099|w-?2"
            r"|write[- ]?offs?|written off|tax returns?"
        ),
    ),
    (
        "crystal",
        r"trends?|reports?|analytics|charts?|graphs?|insights?|spend(ing)?|spent|patterns?|forecasts?",
    ),
    (
        "byte",
        (
            r"receipts?|invoices?|upload(s|ed|ing)?|scan(s|ned|ning)?|documents?|ocr|pdfs?|extract(ed|ing)?"
            r"|(find|retrieve) .{0,40}\b(statements?|emails?)"
        ),
    ),
    (
        "tag",
        (
            r"(re)?categori[sz](e|ed|ing|ation)|categor(y|ies)|tag(s|ged|ging)?|classify|classified"
            r"|(organi[sz]e|sort) .{0,40}\bexpenses?"
        ),
    ),
    (
        "goalie",
        r"goals?|sav(e|ing|ings)|budgets?|(savings|debt) targets?|financial plan|retire(ment)?",
    ),
)

EXAMPLES: tuple[tuple[Slug, str], ...] = (
    ("prime", "hello what can you help me with"),
    ("crystal", "how much did i pay for food this month compared to last month"),
    ("ledger", "what expenses can i claim for my home office"),
    ("byte", "read the total from this photo of a bill"),
    ("tag", "which group does this purchase belong to"),
    ("goalie", "how long until i can afford a house"),
)

# Linear with `re`: what is between two words of a keyword is at most 40 characters, and nothing else repeats.
_CLASSES: tuple[tuple[Slug, re.Pattern[str]], ...] = tuple(
    (slug, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for slug, words in KEYWORDS
)


class Matched(NamedTuple):
    """Who answers by the rules, and which rule it was."""

    employee: Slug
    reason: str
    confidence: float


def by_rules(message: str) -> Matched:
    """Keywords, else likeness to an example, else Prime."""
    for slug, keywords in _CLASSES:
        if found := keywords.search(message):
            return Matched(slug, f"keyword “{found[0].lower()}”", 0.7)
    words = words_of(message)
    alike = [Matched(slug, "like an example", round(jaccard(words, other), 2)) for slug, other in _LIKE]
    nearest = max(alike, key=lambda matched: matched.confidence)
    if nearest.confidence >= LIKENESS:
        return nearest
    return Matched("prime", "no rule matched", 0.3)


def jaccard(words: frozenset[str], others: frozenset[str]) -> float:
    """Words in common over words in all, 0 to 1."""
    return len(words & others) / len(words | others) if words or others else 0.0


def words_of(text: str) -> frozenset[str]:
    """The words of a text, each once, in lower case."""
    return frozenset(re.findall(r"[^\W_]+", text.casefold()))


_LIKE: tuple[tuple[Slug, frozenset[str]], ...] = tuple((slug, words_of(example)) for slug, example in EXAMPLES)
