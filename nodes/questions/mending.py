"""Mends the misspelt words of a question: the usual ones, those of periods and those of the user's own names."""

import re
from collections.abc import Callable, Collection

from nodes.questions.names import TOKEN, KnownNames
from nodes.questions.periods import MONTHS
from nodes.questions.vocabulary import MISSPELT
from nodes.routing.spelling import distance

_NAMING = frozenset({"at", "from", "to", "on", "for", "with", "in"})
"""What stands before a name, so that a word after it is no usual one."""
_UMLAUTS = {"ae": "ä", "oe": "ö", "ue": "ü"}
_DIGRAPH = re.compile("|".join(_UMLAUTS))
LONG = 8
"""Letters from which two words are mended together."""

_MISSPELT = [(re.compile(rf"\b(?:{like})\b"), word) for word, like in MISSPELT.items()]

Knows = Callable[[str], bool]
"""Whether a word is a common one, which is not mended."""


def spelt(text: str) -> str:
    """The question with common misspellings mended, whose letters are nearer to another word."""
    for pattern, word in _MISSPELT:
        text = pattern.sub(word, text)
    return text


def mend_phrases(
    text: str, known: KnownNames, single: Collection[str], words: Collection[str]
) -> tuple[str, list[str]]:
    """The question with misspelt names of two words mended, even by a short word; and what was taken for what.

    Args:
        single: words of the user's own names.
        words: of questions, which are right as they are.
    """
    took: list[str] = []
    tokens = text.split()
    for at in range(len(tokens) - 1):
        pair = tokens[at : at + 2]
        said = " ".join(pair)
        if not all(word.isalpha() for word in pair) or known.has(said) or all(w in words or w in single for w in pair):
            continue
        joined = "".join(pair)
        near = joined if len(joined) >= LONG and joined in single else known.near(pair) if len(said) >= LONG else None
        if near:
            took.append(f"I read “{said}” as “{near}”.")
            tokens[at : at + 2] = [near, ""] if " " not in near else near.split()
    return " ".join(filter(None, tokens)), took


def mend(
    text: str, usual: Collection[str], periods: Collection[str], names: Collection[str], knows: Knows
) -> tuple[str, list[str]]:
    """The question with misspelt words mended, and what was taken for what, where that is a name.

    Args:
        usual: words of questions, which are preferred; not where a name stands.
        periods: words of periods.
        names: words of the user's own names.
    """
    took: list[str] = []
    both = {*usual, *periods}
    before = ""

    def mended(found: re.Match[str]) -> str:
        nonlocal before
        word, last = found[0], before
        before = last if word in ("the", "my", "our") else word
        if not word.isalpha() or len(word) < 3 or word in names or any(word in one for one in (usual, periods)):
            return word
        if (umlaut := _DIGRAPH.sub(lambda one: _UMLAUTS[one[0]], word)) in names:
            return umlaut
        if near := _certain(word, usual, periods):
            return near
        if knows(word):
            return word
        if near := _nearest(word, periods if last in _NAMING else both, loose=True):
            return near
        if near := _nearest(word, names, loose=False):
            took.append(f"I read “{word}” as “{near}”.")
            return near
        return word

    return TOKEN.sub(mended, text), took


def _certain(word: str, usual: Collection[str], periods: Collection[str]) -> str | None:
    """What a word is meant for that may count as a known one, since many write it so or a shorter one is known."""
    single = re.sub(r"(.)\1", r"\1", word)
    if single in MONTHS:
        return single  # "jully"
    if word.endswith("d") and f"{word[:-1]}ed" in usual:
        return f"{word[:-1]}ed"  # "containd"
    swapped = (one for one in periods if len(word) > 3 and sorted(one) == sorted(word) and distance(one, word) == 1)
    long = [one for one in periods if len(one) > 6 or (one in MONTHS and len(one) > 5)]
    return next(swapped, None) or _nearest(word, long, loose=True)  # "yaer", "febuary"


def _nearest(word: str, others: Collection[str], *, loose: bool) -> str | None:
    """The word that is a letter away, or two from eight letters on; of four letters only two swapped count in names."""
    most = 2 if len(word) >= 8 else 1
    best: tuple[int, bool, str] | None = None
    letters = sorted(word)
    for other in others:
        if abs(len(other) - len(word)) > most or len(other) < (3 if loose else 4):
            continue
        if other[0] != word[0] and other[:2] != word[1::-1]:
            continue
        swapped = sorted(other) == letters
        if other[0] != word[0] and not swapped:
            continue
        short = (
            min(len(word), len(other)) < 4 or len(word) == len(other) == 4 if loose else min(len(word), len(other)) < 5
        )
        if short and not swapped:
            continue
        steps = distance(word, other)
        if steps <= most and (best is None or (steps, not swapped, other) < best):
            best = (steps, not swapped, other)
    return best[2] if best else None
