"""Which tool answers a question, where its frame is sure enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from nodes.questions.asked import Asked, Facts, NotUnderstood
from nodes.questions.building import build
from nodes.questions.frames import Likely
from nodes.questions.reading import Reading

SURE, SURE_OF_SUMS, LEAD = 0.6, 0.75, 0.3
"""How likely an answer has to be, a plain sum more, which most sentences are like; and how much likelier than the next.

Found by leaving out one author of the examples at a time.
"""
MOST_FRAMES = 6


@dataclass
class Choice:
    """A tool with its arguments, and how likely the frames are that ask for it."""

    asked: Asked | None
    """None where such a question has no answer."""
    probability: float


def choices(likely: Sequence[Likely], reading: Reading, facts: Facts) -> list[Choice]:
    """The answers that a question may want, the likeliest first: frames that lead to the same one count together."""
    found: list[Choice] = []
    for frame, probability in likely[:MOST_FRAMES]:
        try:
            asked = None if frame == "unsupported" else build(frame, reading, facts)
        except NotUnderstood:
            asked = None
        same = next((one for one in found if one.asked == asked), None)
        if same:
            same.probability += probability
        else:
            found.append(Choice(asked, probability))
    return sorted(found, key=lambda one: -one.probability)


def chosen(found: Sequence[Choice]) -> Asked | None:
    """The answer that is meant; None where that is not sure."""
    if not found or found[0].asked is None or found[0].probability < _sure(found[0].asked):
        return None
    lead = found[0].probability - (found[1].probability if len(found) > 1 else 0)
    return found[0].asked if lead >= LEAD else None


def _sure(asked: Asked) -> float:
    plain = asked.tool == "totals" and asked.arguments.get("group") == "all" and asked.aspect is None
    return SURE_OF_SUMS if plain else SURE
