"""How well the router understands its own examples, by cross-validation, and the CPU that each of its stages takes.

Nothing is measured on held-out data here: tests/nodes/routing/test_quality.py does that.

    .venv/bin/python -m bench.understanding
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from graph.models.embeddings import MiniLM
from graph.training import RECIPES, Vectors, embed, fit, train
from nodes import route
from nodes.routing import classifier
from nodes.routing.spelling import Spelling
from nodes.text.linear_model import head_and_tail

ROUTING = RECIPES[0]
EDGES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)


class Example(NamedTuple):
    """A labelled message, and the kind that its file gives it."""

    kind: str
    text: str
    label: str


class Guesses(NamedTuple):
    """The probabilities of all examples, each from the models that were trained without it."""

    labels: tuple[str, ...]
    shares: NDArray[np.float64]
    truth: NDArray[np.int64]

    def right(self) -> NDArray[np.bool_]:
        """Whether the likeliest label is the right one."""
        found: NDArray[np.bool_] = self.shares.argmax(axis=1) == self.truth
        return found

    def at(self, temperature: float) -> "Guesses":
        """The same with scores divided by this."""
        powers = self.shares ** (1 / temperature)
        return self._replace(shares=powers / powers.sum(axis=1, keepdims=True))

    def log_loss(self) -> float:
        """The mean surprise at the right labels."""
        return float(-np.log(self.shares[np.arange(len(self.truth)), self.truth]).mean())


async def main() -> None:
    """Measure and print."""
    model = MiniLM()
    try:
        examples = list(read())
        guesses = await cross_validated(model, examples)
        print_kinds(examples, guesses)
        print_temperatures(guesses)
        router = await trained(model)
        await print_follow_ups(router)
        await print_cpu(model, router, [example.text for example in examples[::10]])
    finally:
        model.close()


def read() -> Iterator[Example]:
    """The examples with their kinds."""
    for file in sorted(classifier.EXAMPLES.glob("*.txt")):
        yield from (Example(kind, text, file.stem) for kind, text in classifier.read_file(file))


async def cross_validated(model: MiniLM, examples: Sequence[Example]) -> Guesses:
    """Fit to four fifths, guess the last, five times; the spelling, too, knows only the words of the four."""
    labels = [example.label for example in examples]
    shares: dict[int, dict[str, float]] = {}
    embedded: dict[str, NDArray[np.float32]] = {}
    for known, unknown in StratifiedKFold(5, shuffle=True, random_state=1).split(labels, labels):
        spelling = Spelling(model.words(), [examples[at].text for at in known])
        texts = [spelling.mend(example.text) for example in examples]
        new = [text for text in dict.fromkeys(texts) if text not in embedded]
        embedded.update(zip(new, await ROUTING.embed(model, new), strict=True))
        vectors = [embedded[text] for text in texts]
        fitted = fit(ROUTING, pick(texts, known), pick(labels, known), pick(vectors, known))
        shares.update((at, fitted.probabilities(vectors[at], texts[at])) for at in unknown)
    names = tuple(shares[0])
    table = np.array([[shares[at][name] for name in names] for at in range(len(examples))])
    return Guesses(names, table, np.array([names.index(label) for label in labels]))


def pick(values: Sequence[Any], places: NDArray[np.int64]) -> list[Any]:
    """The values at these places."""
    return [values[at] for at in places]


def print_kinds(examples: Sequence[Example], guesses: Guesses) -> None:
    """How many are right, of each kind and label."""
    right = guesses.right()
    by: dict[str, list[bool]] = defaultdict(list)
    for example, hit in zip(examples, right, strict=True):
        by[example.kind].append(bool(hit))
        by[example.label].append(bool(hit))
    for name, hits in [("all", list(right)), *sorted(by.items())]:
        print(f"{np.mean(hits):.3f} of {len(hits):5} {name}")
    second = np.argsort(guesses.shares, axis=1)[:, -2:]
    print(f"{(second == guesses.truth[:, None]).any(axis=1).mean():.3f} right with the second choice")


def print_temperatures(guesses: Guesses) -> None:
    """The temperature with the least surprise, on top of the recipe's, and how often confidence is right with it."""
    best = min((step / 20 for step in range(8, 31)), key=lambda temperature: guesses.at(temperature).log_loss())
    print(f"temperature {best * ROUTING.temperature:.2f} (now {ROUTING.temperature})")
    for name, chosen in (("now", guesses), ("with it", guesses.at(best))):
        sure, right = chosen.shares.max(axis=1), chosen.right()
        for low, high in pairwise(EDGES):
            if (inside := (sure >= low) & (sure < high)).any():
                print(f"  {name}: {low:.1f} to {high:.1f}: {right[inside].mean():.2f} of {inside.sum()}")


async def print_follow_ups(router: route.LearnedRouter) -> None:
    """How many of the pairs are right, stays and leaves, with other numbers for staying."""
    pairs = [json.loads(line) for line in classifier.PAIRS.read_text(encoding="utf-8").splitlines()]
    likelihoods = [await router(pair["message"]) for pair in pairs]
    for factor, always in product((1.0, 2.0, 3.0, 4.0), (0.0, 0.2, 0.3, 0.4, 0.5)):
        route.STAYING_FACTOR, route.STAYING = factor, always
        hits: dict[bool, list[bool]] = {True: [], False: []}
        for pair, shares in zip(pairs, likelihoods, strict=True):
            chosen = route.learned(shares, pair["employee"])["employee"]
            hits[pair["expected"] == pair["employee"]].append(chosen == pair["expected"])
        stay, leave = (f"{sum(hits[stays])} of {len(hits[stays])}" for stays in (True, False))
        print(f"{factor} x follow-up + {always}: {stay} stay, {leave} leave")


async def trained(model: MiniLM) -> route.LearnedRouter:
    """A router that was trained just now."""
    texts = [text for texts in classifier.read_examples().values() for text in texts]
    return route.LearnedRouter(model.embed, await train(ROUTING, model), Spelling(model.words(), texts))


async def print_cpu(model: MiniLM, router: route.LearnedRouter, messages: Sequence[str]) -> None:
    """Milliseconds of CPU of each stage, on average of a tenth of the examples."""
    vectors: Vectors = await embed(model, messages)
    mended = [router.spelling.mend(message) for message in messages]
    other = [text for text, message in zip(mended, messages, strict=True) if text != message]
    stages: dict[str, Callable[[], object]] = {
        "spelling": lambda: [router.spelling.mend(message) for message in messages],
        "n-grams": lambda: [ROUTING.ngrams.of(head_and_tail(text)) for text in mended],
        "n-grams and classifier": lambda: [
            router.classify(vector, text) for vector, text in zip(vectors, mended, strict=True)
        ],
        "embedding": lambda: [model._embed(message, whole=False) for message in messages],  # noqa: SLF001
    }
    for name, stage in stages.items():
        before = time.process_time()
        stage()
        print(f"{(time.process_time() - before) / len(messages) * 1e3:.3f} ms {name}")
    print(f"{len(other) / len(messages):.3f} of messages are embedded twice, because their spelling is mended")


if __name__ == "__main__":
    asyncio.run(main())
