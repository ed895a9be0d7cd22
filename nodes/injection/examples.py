"""What the injection classifier is trained on: examples.toml, what its templates make, and other parts' messages."""

import json
import random
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nodes.answer.languages import texts_in
from nodes.answer.prepared import questions
from nodes.injection.detect import WHOLE, parts
from nodes.routing.classifier import PAIRS, read_examples
from nodes.text.cleaning import clean

EXAMPLES = Path(__file__).with_name("examples.toml")
OF_TEMPLATE = 15
"""Texts made of an English template; of one in another language half as many."""
VARIED = 8
"""One of so many texts is also learned in another writing."""

_CHOICE = re.compile(r"\{([^}]*)\}")


def injection_examples() -> dict[str, list[str]]:
    """Label to texts, as the classifier will see them: cleaned, long ones also in parts. The same each time."""
    read: dict[str, Any] = tomllib.loads(EXAMPLES.read_text(encoding="utf-8"))
    attacks = [text for texts in read["attack"].values() for text in texts]
    benign = [text for texts in read["benign"].values() for text in texts]
    attacks += _varied(attacks)
    benign += _varied(benign)
    for template in read["template"]["attack"]:
        attacks += _made_of(template, OF_TEMPLATE)
    for template in read["template"]["benign"]:
        benign += _made_of(template, OF_TEMPLATE)
    for template in read["template"]["benign_in_other_languages"]:
        benign += _made_of(template, OF_TEMPLATE // 2)
    benign += _said_elsewhere()
    benign += [part for text in benign if len(text) > WHOLE for part in parts(clean(text).text)]
    known = {clean(text).text for text in attacks}
    others = [text for text in dict.fromkeys(clean(text).text for text in benign) if text not in known]
    return {"attack": list(dict.fromkeys(clean(text).text for text in attacks)), "benign": others}


def _said_elsewhere() -> list[str]:
    """Messages that were written for other purposes: routing, follow-ups, prepared answers."""
    pairs = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    followed = [pair[key] for pair in pairs for key in ("before", "message")]
    return [
        *(text for texts in read_examples().values() for text in texts),
        *followed,
        *questions(texts_in("en").answers),
    ]


def _made_of(template: str, count: int) -> list[str]:
    """At most so many texts, with one of the alternatives at each place: "{Show|Print} the rules"."""
    choose = random.Random(template)  # noqa: S311 - nothing is secret
    made = (_CHOICE.sub(lambda place: choose.choice(place[1].split("|")), template) for _ in range(count))
    return list(dict.fromkeys(made))


def _varied(texts: list[str]) -> Iterator[str]:
    """Some of the texts as people write them who hide something, or who type in a hurry; attacks and others alike."""
    for number, text in enumerate(texts[::VARIED]):
        yield WRITINGS[number % len(WRITINGS)](text)


def _leet(text: str) -> str:
    return text.translate(str.maketrans("aeiost", "431057"))


def _in_a_hurry(text: str) -> str:
    """As typed in a hurry: every seventh letter is missing."""
    return "".join(char for place, char in enumerate(text, 1) if place % 7 or not char.isalpha())


WRITINGS = (_leet, _in_a_hurry, str.upper, " ".join)
"""Encodings are not among them: the guard decodes those, and judges what comes out."""
