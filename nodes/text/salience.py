"""How much a clause of a conversation says: its numbers, names, choices and words of people's lives.

The weights were chosen on our own conversations, see docs/understanding.md.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import islice

from nodes.text.salient_words import (
    CHOICE,
    COMMON,
    CORRECTED,
    DECISION,
    FOR_USER,
    INITIAL,
    LIFE,
    NAME,
    NUMBER,
    QUESTION,
    SPELT,
    STARTERS,
    TALK,
    WORD,
)

USER = "User"
SIGNS = 6
"""Numbers, names and words of people's lives that count in a clause, of each."""
WORDS = 8
"""Other words of the user's that count in a clause."""
DECISIONS = 2
"""Words of a decision that count in a clause, and of a choice."""
MOST = 7
"""What all of them count at most."""
OF_EMPLOYEES, GENERAL = 0.7, 0.5
"""The share that counts of what an employee says to the user, and of the world."""
EMPTY = 0.3
"""The share of its bonus for the speaker and the time that a clause without any sign gets."""
_WEIGHTS: tuple[tuple[re.Pattern[str], float], ...] = ((NUMBER, 3.0), (NAME, 1.5), (LIFE, 1.0), (SPELT, 0.7))


@dataclass(frozen=True)
class Clause:
    """A part of a sentence, with its speaker."""

    line: int
    """Of the summary: one for each message and for each line of the previous summary."""
    speaker: str | None
    """None in a summary that a model wrote."""
    text: str
    words: int
    sentence: int
    """Which of the sentences it is a part of."""

    @property
    def of_employee(self) -> bool:
        """Whether an employee says it."""
        return self.speaker not in (USER, None)


def corrected(clause: Clause) -> list[str]:
    """The figures that the user takes back, as in "480, not 450"."""
    return [found[1] for found in islice(CORRECTED.finditer(clause.text), SIGNS)] if clause.speaker == USER else []


def numbers(text: str) -> Iterator[str]:
    """The figures, dates and times in a text."""
    return (found[0] for found in NUMBER.finditer(text))


def signs(clause: Clause) -> list[tuple[str, float]]:
    """Numbers, names and words of people's lives in a clause, and how much each counts."""
    text = clause.text
    found: list[tuple[str, float]] = []
    for pattern, weight in _WEIGHTS:
        found += [(match[0].casefold(), weight) for match in islice(pattern.finditer(text), SIGNS)]
    if (first := INITIAL.match(text)) and first[0].casefold() not in STARTERS:
        found.append((first[0].casefold(), 1.0))
    if not clause.of_employee:
        words = [match[0].casefold() for match in islice(WORD.finditer(text), WORDS)]
        found += [(word, 0.2) for word in words if word not in COMMON]
        # A decision is none that another clause has, so its sign is the clause's own.
        for pattern, weight in ((DECISION, 0.7), (CHOICE, 0.6)):
            said = [match[0].casefold() for match in islice(pattern.finditer(text), DECISIONS)]
            found += [(f"{one} {clause.sentence} {weight}", weight) for one in said]
    return found


def is_general(clause: Clause, figures: Container[str]) -> bool:
    """Whether an employee speaks neither to the user, nor of one of the user's figures."""
    return (
        clause.of_employee
        and FOR_USER.search(clause.text) is None
        and not any(len(number) > 1 and number in figures for number in numbers(clause.text))
    )


def salience(clause: Clause, worth: float, age: float, *, general: bool) -> float:
    """How much a clause says for its length, the user's and newer ones first.

    Args:
        clause: without regard to what others say.
        worth: of its signs.
        age: 0 for the oldest clause, nearly 1 for the newest.
        general: an employee says it of the world.
    """
    share = GENERAL if general else OF_EMPLOYEES if clause.of_employee else 1
    score = min(worth, MOST) * share + (0.5 * (not clause.of_employee) + age) * (1 if worth else EMPTY)
    asks = clause.text.endswith("?") or QUESTION.match(clause.text) is not None
    score -= 0.5 * asks + 0.5 * (TALK.match(clause.text) is not None)
    return score / (clause.words + 4)
