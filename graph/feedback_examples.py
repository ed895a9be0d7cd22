"""Examples for the router from feedback: messages whose users named who should have answered, for a person to review.

Nothing is trained from them by itself: they are written in the format of `nodes/routing/examples/`, and compared with
the examples there, before a person takes some of them over.
"""

import tomllib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import graph
from graph.database import Say, database
from graph.models.embeddings import MiniLM
from graph.settings import Settings
from graph.training import RECIPES, fit
from nodes.employees import EMPLOYEES, Slug, find
from nodes.route import Classify, LearnedRouter, learned
from nodes.routing.spelling import Spelling
from storage.feedback import FeedbackOnTurns, MarkedMessage
from storage.pool import Pool

LABELLED = Path(graph.__file__).parents[1] / "tests" / "data"
"""The labelled test data, in a checkout; an installed program has none."""
HEADING = """\
# Messages whose users named who should have answered. Review each: delete what says nothing without the words before
# it, and what tells who somebody is. Move the rest to the files in nodes/routing/examples/, then run `make train`.
"""


class LabelledCase(NamedTuple):
    """A message of the labelled test data."""

    message: str
    current: Slug | None
    """Who answered last in its conversation."""
    expected: Slug


class Comparison(NamedTuple):
    """Cases of the labelled test data that the router gets right, without and with more examples."""

    cases: int
    right_without: int
    right_with: int
    changed: list[str]
    """A line for each case that another employee gets with them."""


async def marked_messages(settings: Settings, say: Say) -> list[MarkedMessage]:
    """All users' messages that the wrong employee answered, as they are stored: cleaned and masked."""
    async with database(settings, say) as url, Pool.open(url, size=1) as pool:
        return await FeedbackOnTurns(pool).marked()


def new_examples(marked: Sequence[MarkedMessage], known: Mapping[str, Sequence[str]]) -> list[MarkedMessage]:
    """The messages as examples: on one line each, once, and none that is an example or labelled test data already."""
    taught = {(label, text.casefold()) for label, texts in known.items() for text in texts}
    measured = {case.message.casefold() for case in labelled_cases()}
    found: dict[tuple[str, str], MarkedMessage] = {}
    for one in marked:
        text = " ".join(one["message"].split()).lstrip("# ")
        key = (one["wanted"], text.casefold())
        if text and key not in taught and text.casefold() not in measured:
            found.setdefault(key, MarkedMessage(message=text, chosen=one["chosen"], wanted=one["wanted"]))
    return list(found.values())


def to_file(examples: Sequence[MarkedMessage]) -> str:
    """The examples in the format of the examples' files, by who should have answered and who did."""
    lines = [HEADING]
    for wanted in EMPLOYEES:
        for chosen in EMPLOYEES:
            texts = [e["message"] for e in examples if (e["wanted"], e["chosen"]) == (wanted.slug, chosen.slug)]
            if texts:
                lines += [f"# for {wanted.slug}.txt, from feedback: {chosen.slug} answered", *texts, ""]
    return "\n".join(lines)


def why_not_compared() -> str | None:
    """Why the examples cannot be compared here; None where they can."""
    if find_spec("sklearn") is None:
        return "Not compared: scikit-learn is not installed (`make check` installs it)."
    if find_spec("onnxruntime") is None:
        return "Not compared: the local embedding model is not installed."
    return None if labelled_cases() else "Not compared: the labelled test data comes with the source only."


def labelled_cases() -> list[LabelledCase]:
    """The labelled test data; nothing where there is none."""
    if not LABELLED.is_dir():
        return []
    first, second = (tomllib.loads((LABELLED / f"{name}.toml").read_text("utf-8")) for name in ("routing", "routing_2"))
    cases = [LabelledCase(text, None, employee.slug) for employee in EMPLOYEES for text in first[employee.slug]]
    cases += [LabelledCase(case["text"], None, _slug(case["employee"])) for case in second["message"]]
    cases += [_later(case, case["current"]) for case in first["follow_up"]]
    return cases + [_later(case, case["expected"]) for case in [*first["switch"], *second["follow_up"]]]


def _later(case: Mapping[str, str], expected: str) -> LabelledCase:
    return LabelledCase(case["message"], _slug(case["current"]), _slug(expected))


def _slug(name: str) -> Slug:
    found = find(name)
    assert found is not None, name
    return found.slug


async def compare(
    examples: Sequence[MarkedMessage], known: Mapping[str, Sequence[str]], cases: Sequence[LabelledCase]
) -> Comparison:
    """Train the router twice, from the known examples and from these too, and try both on the labelled cases."""
    more = {
        label: [*texts, *(e["message"] for e in examples if e["wanted"] == label)] for label, texts in known.items()
    }
    model = MiniLM()
    try:
        vectors: dict[str, NDArray[np.float32]] = {}
        routers = [await _trained(model, taught, vectors) for taught in (known, more)]
        chosen = [[await _choose(router, case) for case in cases] for router in routers]
    finally:
        model.close()
    right = [sum(one == case.expected for one, case in zip(got, cases, strict=True)) for got in chosen]
    changed = [
        f"{before} → {after} (right: {case.expected}): {case.message}"
        for case, before, after in zip(cases, *chosen, strict=True)
        if before != after
    ]
    return Comparison(len(cases), right[0], right[1], changed)


async def _choose(router: Classify, case: LabelledCase) -> Slug:
    return learned(await router(case.message), case.current)["employee"]


async def _trained(
    model: MiniLM, examples: Mapping[str, Sequence[str]], vectors: dict[str, NDArray[np.float32]]
) -> LearnedRouter:
    """A router trained from these examples; embeds only what has no vector yet."""
    spelling = Spelling(model.words(), [text for texts in examples.values() for text in texts])
    texts = [spelling.mend(text) for of_label in examples.values() for text in of_label]
    labels = [label for label, of_label in examples.items() for _ in of_label]
    new = [text for text in dict.fromkeys(texts) if text not in vectors]
    vectors.update(zip(new, await RECIPES[0].embed(model, new), strict=True))
    return LearnedRouter(model.embed, fit(RECIPES[0], texts, labels, [vectors[text] for text in texts]), spelling)
