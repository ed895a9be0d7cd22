"""What a question asks for, by a classifier over the question with its slots taken out.

A frame is what is asked together with what of it, such as "how often" or "the largest". Its classifier knows the words;
which slots a question fills restricts the frames that it may have. Where there is no embedding model, a second
classifier decides by the words alone, and only where it has learned them all; a document may be about anything.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Self

from structlog.stdlib import get_logger

from nodes.errors import EmbeddingUnavailable
from nodes.questions.reading import Reading
from nodes.questions.restrictions import unknown_words
from nodes.text.linear_model import LinearModel, NGramFeatures

log = get_logger(__name__)

Frame = Literal[
    "spent_total", "income_total", "net", "count", "average_month", "average_payment", "largest", "list", "when_last",
    "find_amount", "compare", "largest_changes", "by_category", "by_month", "by_merchant", "recurring",
    "recurring_income", "price_rises", "anomalies", "charged_twice", "forecast", "due", "overview", "budget_status",
    "deductible", "missing_receipts", "vat", "goal_progress", "monthly_amount", "reached_when", "debt_order", "pay_off",
    "debt_sum", "balance", "why_category", "propose_categories", "propose_rule", "match_receipts", "import_report",
    "list_documents", "find_document", "unsupported",
]  # fmt: skip

WEIGHTS = Path(__file__).with_name("frames.npz")
WEIGHTS_OF_WORDS = Path(__file__).with_name("frames_by_words.npz")
NGRAMS = NGramFeatures(shortest=3, longest=5, buckets=4096, weight=1.5, word_buckets=8192, word_weight=2.0)

_ROWS = "period category merchant account currency"
TAKES: Mapping[str, frozenset[str]] = {
    frame: frozenset(slots.split())
    for frames, slots in {
        "spent_total income_total count list": f"{_ROWS} limits number",
        "by_category by_month largest anomalies": f"{_ROWS} limits number",
        "by_merchant": "period category account currency limits number",
        "average_month compare largest_changes average_payment": f"{_ROWS} number",
        "when_last charged_twice": f"{_ROWS} limits amount",
        "find_amount": f"{_ROWS} amount",
        "forecast due balance": f"{_ROWS} ahead number",
        "net overview": "period account currency ahead",
        "recurring price_rises": "period category merchant account number",
        "recurring_income": "period account category merchant",
        "budget_status": "period category ahead",
        "deductible missing_receipts": "period category",
        "vat": f"{_ROWS} amount rate",
        "goal_progress": "goal category account ahead",
        "monthly_amount reached_when": "amount rate ahead goal category currency",
        "debt_order pay_off debt_sum": "amount rate debt category currency ahead",
        "why_category propose_rule": "merchant category account",
        "propose_categories match_receipts import_report": "period account category merchant",
        "list_documents find_document": "period category merchant account goal debt amount",
        "unsupported": f"{_ROWS} limits number amount rate ahead goal debt",
    }.items()
    for frame in frames.split()
}
"""The slots that each frame has a place for, as `Reading.slots` calls them."""
NEEDS: Mapping[str, frozenset[str]] = {
    "find_amount": frozenset({"amount"}), "vat": frozenset({"rate"}), "reached_when": frozenset({"amount"}),
    "why_category": frozenset({"merchant"}), "propose_rule": frozenset({"merchant", "category"}),
}  # fmt: skip
"""The slots without which a question has another frame."""


class Likely(NamedTuple):
    """A frame that a question may have, and how likely it is."""

    frame: Frame
    probability: float


Embed = Callable[[str], Awaitable[list[float]]]
FindFrames = Callable[[Reading], Awaitable[list[Likely]]]
"""Finds the frames that a question may have, the likeliest first; none where nothing can say so."""


class Frames:
    """Finds the frames of questions.

    Args:
        classifier: of the embedding and the words of a question, or without `embed` of its words.
        embed: embeds a text, with the model that embedded the examples.
    """

    def __init__(self, classifier: LinearModel, embed: Embed | None) -> None:
        self._classifier = classifier
        self._embed = embed

    @classmethod
    def load(cls, embed: Embed | None = None) -> Self:
        """With the weights that were trained."""
        return cls(LinearModel.load(WEIGHTS if embed else WEIGHTS_OF_WORDS), embed)

    async def __call__(self, reading: Reading) -> list[Likely]:
        """The frames that have a place for all that the question says, the likeliest first."""
        try:
            vector = await self._embed(reading.masked) if self._embed else []
        except EmbeddingUnavailable:
            log.warning("no embedding to understand a question by", exc_info=True)
            return []
        likely = ranked(self._classifier.probabilities(vector, reading.masked), reading.slots())
        has_topic = bool(likely) and likely[0].frame == "find_document"
        return [] if self._embed is None and not has_topic and unknown_words(reading) else likely


def ranked(probabilities: Mapping[str, float], slots: set[str]) -> list[Likely]:
    """The frames that have a place for all slots of a question, the likeliest first.

    What speaks for others speaks against an answer, and is not shared out: a sentence with an amount that looks like
    one without is none of the known ones.
    """
    possible = [frame for frame in probabilities if slots <= TAKES[frame] and NEEDS.get(frame, frozenset()) <= slots]
    possible.sort(key=lambda frame: -probabilities[frame])
    return [Likely(frame, probabilities[frame]) for frame in possible]  # type: ignore[arg-type]
