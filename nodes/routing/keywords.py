"""Routing rules without embeddings: keywords per employee, then word similarity to six examples.

The fallback for when no embedding is available. Keywords match whole words: otherwise "taxi" would go to tax,
"stage" to categories and "paragraph" to analytics.
"""

import re
from typing import NamedTuple

from nodes.employees import Slug
from nodes.state import ReasonCode

MIN_SIMILARITY = 0.55
"""Jaccard similarity from which a message counts as similar to an example."""

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

# Linear with `re`: at most 40 characters stand between two words of a keyword, and nothing else repeats.
_PATTERNS: tuple[tuple[Slug, re.Pattern[str]], ...] = tuple(
    (slug, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for slug, words in KEYWORDS
)


class Matched(NamedTuple):
    """The employee that the rules choose, and the rule that matched."""

    employee: Slug
    code: ReasonCode
    confidence: float
    keyword: str | None = None


def by_rules(message: str) -> Matched:
    """Choose by keywords, else by similarity to an example, else Prime."""
    for slug, keywords in _PATTERNS:
        if found := keywords.search(message):
            return Matched(slug, "keyword", 0.7, found[0].lower())
    words = words_of(message)
    similar = [Matched(slug, "example", round(jaccard(words, other), 2)) for slug, other in _EXAMPLE_WORDS]
    nearest = max(similar, key=lambda matched: matched.confidence)
    if nearest.confidence >= MIN_SIMILARITY:
        return nearest
    return Matched("prime", "no_rule", 0.3)


def jaccard(words: frozenset[str], others: frozenset[str]) -> float:
    """Jaccard similarity: common words over all words, 0 to 1."""
    return len(words & others) / len(words | others) if words or others else 0.0


def words_of(text: str) -> frozenset[str]:
    """The set of words of a text, in lower case."""
    return frozenset(re.findall(r"[^\W_]+", text.casefold()))


_EXAMPLE_WORDS: tuple[tuple[Slug, frozenset[str]], ...] = tuple((slug, words_of(example)) for slug, example in EXAMPLES)
