"""How well the frames of questions are found for authors whose examples were not learned, each left out in turn.

    .venv/bin/python -m bench.questions [author …]

A frame counts as found where it is as sure as an answer has to be; what answers would be is not computed.
"""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from graph.models.embeddings import MiniLM
from graph.training import RECIPES, embed, fit
from nodes.questions.choosing import LEAD, SURE, SURE_OF_SUMS
from nodes.questions.examples import by_author, settled
from nodes.questions.frames import Likely, ranked
from nodes.text.linear_model import LinearModel

(RECIPE,) = (recipe for recipe in RECIPES if recipe.name == "frames")
ALIKE = frozenset({"written"})
"""Authors who had read the others' questions, and are left out with each."""
_MARKS = {"LIMIT": "limits"}
_SLOT = re.compile(r"\b(?:CATEGORY|MERCHANT|ACCOUNT|GOAL|DEBT|AMOUNT|RATE|PERIOD|AHEAD|LIMIT)\b")


def outcome(likely: Sequence[Likely], frame: str) -> str:
    """Whether an answer would be of this frame, of another one, or none."""
    first, second = likely[0], likely[1] if len(likely) > 1 else Likely("unsupported", 0.0)
    least = SURE_OF_SUMS if first.frame in ("spent_total", "income_total") else SURE
    sure = first.probability >= least and first.probability - second.probability >= LEAD
    if not sure or first.frame == "unsupported":
        return "no answer"
    return "right frame" if first.frame == frame else "other frame"


async def left_out(author: str, authors: Mapping[str, Mapping[str, Sequence[str]]], model: MiniLM) -> LinearModel:
    """The classifier without what this author wrote."""
    learned = settled([frames for other, frames in authors.items() if other not in {author, *ALIKE}])
    texts = [text for found in learned.values() for text in found]
    labels = [frame for frame, found in learned.items() for _ in found]
    return fit(RECIPE, texts, labels, await embed(model, texts))


async def main() -> None:
    """Print the outcomes of each author: of questions that can be answered, and of those that cannot."""
    model, authors = MiniLM(), by_author()
    try:
        for author in sys.argv[1:] or [name for name in authors if name not in ALIKE]:
            classifier = await left_out(author, authors, model)
            counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
            for frame, texts in authors[author].items():
                for text, vector in zip(texts, await embed(model, texts), strict=True):
                    slots = {_MARKS.get(mark[0], mark[0].lower()) for mark in _SLOT.finditer(text)}
                    likely = ranked(classifier.probabilities(vector, text), slots)
                    counts[frame != "unsupported"][outcome(likely, frame)] += 1
            print(author, "can be answered:", dict(counts[True]), "cannot:", dict(counts[False]), flush=True)
    finally:
        model.close()


if __name__ == "__main__":
    asyncio.run(main())
