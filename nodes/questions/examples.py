"""The examples that the classifier of frames is trained with: a file for each author, below `examples/`.

Slots stand in brackets. Texts become what `reading.read` makes of messages: lower case, with marks in place of slots.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import cycle
from pathlib import Path

from nodes.questions.ends import TO_COME, find_end
from nodes.questions.reading import as_one_word, normal

FOLDER = Path(__file__).with_name("examples")
TOPICS = (
    "laptop", "washing machine", "car insurance", "dentist", "phone contract", "tenancy", "bike", "sofa", "boiler",
    "donation", "electricity", "vet", "glasses", "flat", "headphones", "school trip",
)  # fmt: skip
"""What documents of examples are about, in turn."""
_SIZED = re.compile(
    r"\b(stuff|payments?|anything|everything|transactions?|ones?|purchases?|all) "
    r"(?:over|above|under|below|(?:more|less|bigger) than|at least) \[AMOUNT\]"
)
_NAME = re.compile(r"(?<=[a-z,] )([A-Z][a-z]+)")
MOST_PLAIN = 3
"""Uses without a capital from which a word is no name."""
_SLOT = re.compile(r"\[([A-Z]+)\]")
_SOME_DAY = date(2026, 11, 18)
"""Ends of what is to come are marked whenever they are."""
_AT_ITS_END = re.compile(r"\b(?:by|at|until|before|on) the (?:very )?end (?:of )?(?:the )?PERIOD\b")
_MARK = re.compile(r"slotof([a-z]+)")


@cache
def frame_examples() -> Mapping[str, Sequence[str]]:
    """Frame to texts, as the classifier will see them, of all authors."""
    return settled(by_author().values())


def settled(authors: Iterable[Mapping[str, Sequence[str]]]) -> dict[str, list[str]]:
    """The examples of several authors by frame, each text in the frame that it has most often.

    What cannot be answered only because of its slots ("groceries in 2019") is no example of that.
    """
    frames: dict[str, Counter[str]] = {}
    for author in authors:
        for frame, texts in author.items():
            for text in texts:
                frames.setdefault(text, Counter())[frame] += 0 if frame == "unsupported" else 1
    examples: dict[str, list[str]] = {}
    for text, counted in frames.items():
        examples.setdefault(max(counted, key=lambda frame: counted[frame]), []).append(text)
    return examples


def by_author(folder: Path = FOLDER) -> dict[str, dict[str, list[str]]]:
    """The examples of each author."""
    topics = cycle(TOPICS)
    return {
        file.stem: {
            frame: [_as_read(text.replace("[TOPIC]", next(topics)), frame) for text in texts]
            for frame, texts in tomllib.loads(file.read_text(encoding="utf-8")).items()
        }
        for file in sorted(folder.glob("*.toml"))
    }


@cache
def proper_nouns() -> frozenset[str]:
    """Words that examples write with a capital within a sentence: names that are no slots of theirs."""
    read = [file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.toml"))]
    names = {found[1].lower() for text in read for found in _NAME.finditer(text)}
    plain = Counter(word for text in read for word in re.findall(r"\b[a-z]+\b", text))
    return frozenset(name for name in names if plain[name] < MOST_PLAIN)


def _as_read(text: str, frame: str) -> str:
    """An example as a message with such slots is read."""
    text = _SIZED.sub(r"\1 [LIMIT]", text)
    if frame == "monthly_amount":
        text = text.replace("[PERIOD]", "[AHEAD]")
    text = _MARK.sub(lambda found: found[1].upper(), as_one_word(normal(_SLOT.sub(r"slotof\1", text))))
    if TO_COME.search(text):
        end = find_end(text, _SOME_DAY)
        text = end.rest if end else _AT_ITS_END.sub("AHEAD", text)
    return text
