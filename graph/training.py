"""Train the classifiers from their labelled examples, and write their weights beside them: `make train`.

Training needs scikit-learn and the embedding model, takes seconds, and is repeated only after a change of examples or
features. The weights are committed, so that a start only reads them and every process has the same ones. The same
machine writes the same file; another one may round the embeddings differently.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.models.embeddings import MiniLM
from nodes.answer import prepared
from nodes.answer.languages import texts_in
from nodes.injection import detect as injection
from nodes.injection.examples import injection_examples
from nodes.questions import frames, restrictions
from nodes.questions.examples import frame_examples, proper_nouns
from nodes.routing import classifier as routing
from nodes.routing.spelling import FULL_SHARE, LEAST_WEIGHT, Spelling
from nodes.text.linear_model import LinearModel, NGramFeatures

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Vectors = Sequence[NDArray[np.float32]]


class Recipe(NamedTuple):
    """How a classifier is trained."""

    name: str
    examples: Callable[[MiniLM], Mapping[str, Sequence[str]]]
    """Label to texts, as the classifier will see them."""
    embed: Callable[[MiniLM, Sequence[str]], Awaitable[Vectors]]
    """Their vectors, as the classifier will see them."""
    ngrams: NGramFeatures
    embedding_weight: float
    """What an embedding is multiplied by: the larger, the less its weights are held back."""
    inverse_penalty: float
    """scikit-learn's C: the larger, the closer the weights follow the examples."""
    temperature: float
    """What scores are divided by, so that probabilities are neither too sure nor too unsure; found by bench."""
    weights: Path


def routing_examples(model: MiniLM) -> dict[str, list[str]]:
    """The router's examples, with their spelling mended as that of messages is."""
    examples = routing.read_examples()
    spelling = Spelling(model.words(), [text for texts in examples.values() for text in texts])
    return {label: [spelling.mend(text) for text in texts] for label, texts in examples.items()}


def guard_examples(_: MiniLM) -> dict[str, list[str]]:
    """The examples of the guard's classifier, which needs no model to make them."""
    return injection_examples()


def question_examples(_: MiniLM) -> Mapping[str, Sequence[str]]:
    """The examples of what questions ask for."""
    return frame_examples()


async def embed(model: MiniLM, texts: Sequence[str]) -> Vectors:
    """The texts' vectors."""
    return [np.asarray(await model.embed(text), dtype=np.float32) for text in texts]


async def embed_nothing(_: MiniLM, texts: Sequence[str]) -> Vectors:
    """Vectors without a number, for a classifier by words alone."""
    return [np.zeros(0, np.float32) for _ in texts]


async def embed_weighed(model: MiniLM, texts: Sequence[str]) -> Vectors:
    """The texts' vectors, shorter where the model knows few of a text's words, as the router counts them."""
    spelling = Spelling(model.words(), ())
    vectors = await embed(model, texts)
    return [vector * np.float32(spelling.embedding_weight(text)) for text, vector in zip(texts, vectors, strict=True)]


RECIPES = (
    Recipe("routing", routing_examples, embed_weighed, routing.NGRAMS, 1.5, 3.0, 0.8, routing.WEIGHTS),
    Recipe("injection", guard_examples, embed, injection.NGRAMS, 1.0, 1.5, 1.0, injection.WEIGHTS),
    Recipe("frames", question_examples, embed, frames.NGRAMS, 2.0, 10.0, 1.0, frames.WEIGHTS),
    Recipe("frames by words", question_examples, embed_nothing, frames.NGRAMS, 1.0, 10.0, 1.2, frames.WEIGHTS_OF_WORDS),
)


async def train(recipe: Recipe, model: MiniLM) -> LinearModel:
    """Embed the recipe's examples and fit its classifier to them."""
    examples = recipe.examples(model)
    texts = [text for texts in examples.values() for text in texts]
    labels = [label for label, texts in examples.items() for _ in texts]
    return fit(recipe, texts, labels, await recipe.embed(model, texts))


def fit(recipe: Recipe, texts: Sequence[str], labels: Sequence[str], vectors: Vectors) -> LinearModel:
    """Fit by logistic regression. Deterministic: the solver starts from zero and uses all examples in every step."""
    # A dependency of development alone, without types.
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    regression: Any = LogisticRegression(C=recipe.inverse_penalty, max_iter=1000)
    with threadpool_limits(1):  # more threads gain nothing, and sum in another order
        regression.fit(_inputs(recipe, texts, vectors), list(labels))
    weights, bias = regression.coef_ / recipe.temperature, regression.intercept_ / recipe.temperature
    weights[:, : -recipe.ngrams.size] *= recipe.embedding_weight  # the program does not multiply
    if len(weights) == 1:  # of two labels scikit-learn fits the difference
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])
    return LinearModel(regression.classes_.tolist(), np.vstack([weights.T, bias]), recipe.ngrams)


def made_from(recipe: Recipe, model: MiniLM) -> str:
    """A hash of what the weights are trained from; it is stored with them, so that a test sees a change."""
    settings = [recipe.ngrams, recipe.embedding_weight, recipe.inverse_penalty, recipe.temperature]
    if recipe.embed is embed_weighed:
        settings += [FULL_SHARE, LEAST_WEIGHT]
    parts = [recipe.examples(model), settings, model.name]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _inputs(recipe: Recipe, texts: Sequence[str], vectors: Vectors) -> "csr_matrix":
    """A row for each text: its vector, then its n-grams."""
    from scipy.sparse import csr_matrix, hstack

    rows = [recipe.ngrams.of(text) for text in texts]
    starts = np.cumsum([0, *(len(row.places) for row in rows)])
    places, values = np.concatenate([row.places for row in rows]), np.concatenate([row.values for row in rows])
    counted = csr_matrix((values, places, starts), shape=(len(rows), recipe.ngrams.size))
    return csr_matrix(hstack([csr_matrix(np.asarray(vectors) * recipe.embedding_weight), counted]))


async def embed_prepared(model: MiniLM) -> None:
    """Embed the questions of the prepared answers, and write their vectors."""
    answers = texts_in("en").answers
    prepared.save_vectors(prepared.VECTORS, answers, await embed(model, prepared.questions(answers)))


def save_known_words() -> None:
    """Write the words of the examples of questions."""
    words = restrictions.words_of(frame_examples(), proper_nouns())
    restrictions.STORED.write_text(json.dumps(words, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


async def main() -> None:
    """Train all classifiers and write their weights, and the vectors of prepared answers."""
    model = MiniLM()
    try:
        for recipe in RECIPES:
            (await train(recipe, model)).save(recipe.weights, made_from(recipe, model))
            _report(recipe.name, recipe.weights)
        save_known_words()
        _report("known words", restrictions.STORED)
        await embed_prepared(model)
        _report("prepared answers", prepared.VECTORS)
    finally:
        model.close()


def _report(name: str, path: Path) -> None:
    print(f"{name}: {path.stat().st_size / 1024:.0f} KB in {path}")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
