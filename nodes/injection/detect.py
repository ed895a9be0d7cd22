"""Find the rule that a text matches, as it is written or once decoded."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from nodes.injection.decoding import hidden_texts, readings
from nodes.injection.folding import compiled, own_script, plain
from nodes.injection.rules import read_rules
from nodes.text.cleaning import limit_marks

_RULES = read_rules()
_ENGLISH = tuple((rule.name, compiled(rule.patterns)) for rule in _RULES.english)
_LATIN = tuple((rule.name, compiled(rule.patterns)) for rule in _RULES.latin)
_OWN_SCRIPT = tuple((rule.name, compiled(tuple(map(own_script, rule.patterns)))) for rule in _RULES.own_script)
_SQUEEZED = tuple((rule.name, compiled(rule.patterns)) for rule in _RULES.squeezed)


class Attack(NamedTuple):
    """What a rule found in a text."""

    rule: str
    certain: bool
    """Whether it stands by itself: decoded text is no accident, and the classifier's embedding knows only English."""


def detect(text: str) -> Attack | None:
    """The first rule that the text matches, as it is or decoded; None for a text that is not clearly an attack.

    Args:
        text: as cleaned by `cleaning.clean`: a longer run of marks would take quadratic time.
    """
    folded = plain(text)
    if found := _matched(text, folded):
        return found
    for reading in hidden_readings(text, folded):
        if found := _matched(reading, plain(reading)):
            return Attack(found.rule, certain=True)
    return None


@lru_cache(maxsize=1024)
def holds_instructions(text: str) -> bool:
    """Whether a text that employees read (a fact, an earlier message, a document) gives instructions to them.

    By the rules alone, so that it costs a fraction of a millisecond, once for each text.
    """
    return detect(text) is not None


def hidden_readings(text: str, folded: str) -> Iterator[str]:
    """What the text says once decoded, in every way that it has a sign of; mostly nothing.

    Args:
        text: the text.
        folded: what `plain` makes of it.
    """
    yield from readings(text, folded)
    for hidden in map(limit_marks, hidden_texts(text)):
        yield hidden
        yield from readings(hidden, plain(hidden))


def _matched(text: str, folded: str) -> Attack | None:
    """The first rule that a text matches, by itself."""
    searched = folded.encode()
    if rule := _first(_ENGLISH, searched):
        return Attack(rule, certain=False)
    if rule := _first(_LATIN, searched) or (_first(_SQUEEZED, searched) if " " not in folded else None):
        return Attack(rule, certain=True)
    if "~" in folded and (rule := _first(_OWN_SCRIPT, own_script(text).encode())):
        return Attack(rule, certain=True)
    return None


def _first(rules: Sequence[tuple[str, Any]], searched: bytes) -> str | None:
    return next((name for name, pattern in rules if pattern.search(searched)), None)
