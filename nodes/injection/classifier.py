"""Classifier of prompt injections: a linear model over embedding and character n-grams.

The embedding model reads 64 tokens of a message, so a longer one is judged in parts: the n-grams, which cost little,
choose the few parts that are embedded. What a text hides (base64 in a question, letters shifted) is a part of it, too.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from nodes.errors import EmbeddingUnavailable
from nodes.injection.detect import hidden_readings
from nodes.injection.folding import plain
from nodes.text.linear_model import LinearModel, NGramFeatures

WEIGHTS = Path(__file__).with_name("weights.npz")
NGRAMS = NGramFeatures(shortest=2, longest=5, buckets=16_384, weight=4.0)
ATTACK = "attack"
"""The label of attacks; the other one is benign."""

WHOLE = 200
"""Characters up to which a text is judged as a whole, about as many as the embedding model reads."""
PART = 140
"""Characters of a part of a longer text."""
DOUBT = 2
"""By what the odds of a part are divided: without its context an order in a letter looks like one to us."""
OVERLAP = 30
"""Characters that two parts of one long sentence have in common."""
MOST_PARTS = 3
"""Parts that are embedded: each takes some milliseconds."""
SUSPICIOUS = -0.5
"""Score of a part's n-grams from which it is embedded; ordinary sentences are below."""
SECONDS = 1.0
"""Time for the embeddings; where they take longer, the rules alone decide."""
SHORT = 1000
"""Characters up to which cutting a text into parts costs less than handing it to a thread would."""

Embed = Callable[[str], Awaitable[list[float]]]

# Possessive and bounded, so that it is linear.
_SENTENCE = re.compile(r"[^.!?\n。！？]{1,8000}+[.!?。！？]{0,8}+")


class InjectionClassifier:
    """How likely a text is an attack."""

    def __init__(self, embed: Embed, model: LinearModel) -> None:
        self._embed = embed
        self._model = model

    async def __call__(self, text: str) -> float:
        """The probability that the text, or one of its parts, is an attack. Raises EmbeddingUnavailable."""
        chosen = self._to_embed(text) if len(text) <= SHORT else await asyncio.to_thread(self._to_embed, text)
        try:
            async with asyncio.timeout(SECONDS):
                return max([await self._probability(part, whole=part == text) for part in chosen])
        except TimeoutError as error:
            raise EmbeddingUnavailable from error

    async def _probability(self, text: str, *, whole: bool) -> float:
        probability = self._model.probabilities(await self._embed(text), text)[ATTACK]
        return probability if whole else probability / (probability + DOUBT * (1 - probability))

    def _to_embed(self, text: str) -> list[str]:
        """The text itself if it is short, then its most suspicious parts."""
        whole = [text] if len(text) <= WHOLE else []
        found = [part for part in dict.fromkeys(parts(text)) if not whole or part not in text]
        scores = {part: self._model.ngram_scores(part)[ATTACK] for part in found}
        ranked = sorted(scores, key=lambda part: scores[part], reverse=True)[:MOST_PARTS]
        suspicious = [part for part in ranked if scores[part] > SUSPICIOUS]
        return [*whole, *suspicious] or ranked[:1] or [text[:WHOLE]]


def parts(text: str) -> Iterator[str]:
    """The text in parts of whole sentences, as far as those are short enough, and the texts that it hides likewise."""
    for shown in (text, *hidden_readings(text, plain(text))):
        part = ""
        for found in _SENTENCE.finditer(shown):
            sentence = found[0].strip()
            if part and len(part) + len(sentence) >= PART:
                yield part
                part = ""
            while len(sentence) > PART:
                yield sentence[:PART]
                sentence = sentence[PART - OVERLAP :]
            part = f"{part} {sentence}".strip()
        if part:
            yield part


async def no_classifier(text: str) -> float:  # noqa: ARG001
    """The classifier without an embedding model: always raises EmbeddingUnavailable, so that the rules decide."""
    raise EmbeddingUnavailable("no embedding model is installed")
