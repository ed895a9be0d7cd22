"""Find attacks: by rules, in a text as it is written or once decoded, and by a classifier of it.

Rules read two forms of a text: plain ASCII for Latin letters, and a plain form of each other script. The classifier is
a linear model over embedding and character n-grams. The embedding model reads 64 tokens of a message, so a longer one
is judged in parts: the n-grams, which cost little, choose the few parts that are embedded. The worst part counts, and
what the whole looks like beside it. What a text hides (base64 in a question, letters shifted) is a part of it, too.
"""

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Sequence
from hashlib import blake2b
from math import exp, log
from pathlib import Path
from typing import Any, NamedTuple

from nodes.errors import EmbeddingUnavailable
from nodes.injection.decoding import hidden_texts, readings
from nodes.injection.rules import compiled, read_rules
from nodes.text.cleaning import limit_marks
from nodes.text.linear_model import LinearModel, NGramFeatures, head_and_tail

WEIGHTS = Path(__file__).with_name("weights.npz")
NGRAMS = NGramFeatures(shortest=2, longest=5, buckets=16_384, weight=4.0, word_buckets=32_768, word_weight=3.0)
ATTACK = "attack"
"""The label of attacks; the other one is benign."""

WHOLE = 200
"""Characters up to which a text is judged as a whole, about as many as the embedding model reads."""
PART = 140
"""Characters of a part of a longer text."""
DOUBT = 2
"""By what the odds of a part are divided: without its context an order in a letter looks like one to us."""
OF_WHOLE = 0.5
"""How much the log odds of the whole of a long text count beside those of its worst part: of the many parts of a letter
or a contract one looks like an order to us, but the letter does not."""
MOST_OF_WHOLE = 4.0
"""The log odds of the whole that count at most, either way: what stands around an order does not excuse it."""
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

MOST_JUDGED = 32_768
"""Texts whose verdict is remembered, by their digest, in 5 MB: those of some hundred conversations at once."""

Embed = Callable[[str], Awaitable[list[float]]]

# Possessive and bounded, so that it is linear.
_SENTENCE = re.compile(r"[^.!?\n。！？]{1,8000}+[.!?。！？]{0,8}+")

_IGNORED = re.compile(r"[\u0300-\u036f\u061c\u200b-\u200f\ufe0f]+")  # accents, direction marks and joiners
_LIGATURES = re.compile(r"[\ufdfa\ufdfb]")  # Arabic ligatures of up to 18 letters
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
# Vowel signs, hamza, tatweel and nukta, which writers leave out.
_OPTIONAL_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670\u093c\u200b-\u200f]+")
# With `re` for its look-around. Linear: separators are no letters, and their repeat is possessive (`{1,2}+`).
_SPELLED = re.compile(r"(?<![a-z0-9])(?:[a-z0-9][ .\-_*]{1,2}+){3,200}[a-z0-9](?![a-z0-9])")
_BETWEEN_LETTERS = re.compile(r"[ .\-_*]{1,2}")

_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_CIRCLED = {chr(start + offset): chr(97 + offset) for start in (0x1F150, 0x1F170, 0x1F1E6) for offset in range(26)}
_LETTERS = str.maketrans({
    **_SMALL_CAPITALS, **_CIRCLED,
    "ł": "l", "đ": "d", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "’": "'",
})  # fmt: skip
"""Latin letters that Unicode does not decompose, and symbols that are read as letters."""
_ONE_LETTER = str.maketrans({"ى": "ي", "ی": "ي", "ک": "ك", "ۀ": "ه", "。": ".", "、": ",", "۔": "."})
"""Letters that Arabic and Persian keyboards write differently, and full stops."""


def plain(text: str) -> str:
    """The text in ASCII: lower case, without accents, single spaces, spelled-out words joined.

    A character of another script becomes "~", which is no part of a word.

    Args:
        text: as cleaned by `cleaning.clean`: a longer run of marks would take quadratic time here, too.
    """
    if not text.isascii():
        short = _LIGATURES.sub("~", text)
        text = _IGNORED.sub("", unicodedata.normalize("NFKD", short))
    folded = text.casefold().translate(_LETTERS)
    joined = _SPELLED.sub(_joined, _NON_ASCII.sub("~", folded))
    # "You have no idea what filters do" is about no limits, and RE2 has no look-ahead to exclude it.
    return re.sub(r"[ \t]+", " ", joined).replace("no idea", "an idea")


def _joined(spelled: re.Match[str]) -> str:
    """Joins "i g n o r e  a l l" to "ignore all": one separator is between letters, two between words."""
    return _BETWEEN_LETTERS.sub(lambda gap: "" if len(gap[0]) == 1 else " ", spelled[0])


def own_script(text: str) -> str:
    """The text in its own script: lower case, without accents and marks that writers leave out."""
    decomposed = unicodedata.normalize("NFKD", _LIGATURES.sub("~", text)).casefold()
    composed = unicodedata.normalize("NFC", _OPTIONAL_MARKS.sub("", decomposed))
    return re.sub(r"[ \t]+", " ", composed.translate(_ONE_LETTER))


_RULES = read_rules()
_ENGLISH = tuple((rule.name, compiled(rule.patterns)) for rule in _RULES.english)
_LATIN = tuple((rule.name, compiled(rule.patterns)) for rule in _RULES.latin)
_OWN_SCRIPT = tuple((rule.name, compiled(tuple(map(own_script, rule.patterns)))) for rule in _RULES.own_script)
_TARGETS = compiled(tuple(pattern for rule in _RULES.targets for pattern in rule.patterns))
_RUN_TOGETHER = compiled((r"[a-z]{18,}",))
"""Words without gaps, beside other words."""
_SQUEEZED = tuple((rule.name, compiled(rule.patterns)) for rule in _RULES.squeezed)
_JUDGED: dict[bytes, bool] = {}
"""What `holds_instructions` has said of texts; a text never changes its verdict."""


class Attack(NamedTuple):
    """What a rule found in a text."""

    rule: str
    certain: bool
    """Whether it stands by itself: decoded text is no accident, and the classifier's embedding knows only English."""


def detect(text: str) -> Attack | None:
    """The first rule that the text matches, as it is or decoded; None for a text that is not clearly an attack.

    Args:
        text: as cleaned by `cleaning.clean`: a longer run of marks would take quadratic time.
    """
    folded = plain(text)
    if found := _matched(text, folded):
        return found
    for reading in hidden_readings(text, folded):
        if found := _matched(reading, plain(reading)):
            return Attack(found.rule, certain=True)
    return None


def has_target(text: str) -> bool:
    """Whether a text is about what attacks aim at: the assistant's rules, its memory, other people's money.

    Args:
        text: as cleaned by `cleaning.clean`.
    """
    return _TARGETS.search(plain(text).encode()) is not None


def holds_instructions(text: str) -> bool:
    """Whether a text that employees read (a fact, an earlier message, a document) gives instructions to them.

    By the rules alone, so that it costs a fraction of a millisecond, once for each text: the texts of a conversation
    are read again in each of its turns.
    """
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if (known := _JUDGED.get(digest)) is None:
        if len(_JUDGED) >= MOST_JUDGED:
            _JUDGED.clear()
        known = _JUDGED[digest] = detect(text) is not None
    return known


def hidden_readings(text: str, folded: str) -> Iterator[str]:
    """What the text says once decoded, in every way that it has a sign of; mostly nothing.

    Args:
        text: the text.
        folded: what `plain` makes of it.
    """
    yield from readings(text, folded)
    for hidden in map(limit_marks, hidden_texts(text)):
        yield hidden
        yield from readings(hidden, plain(hidden))


def _matched(text: str, folded: str) -> Attack | None:
    """The first rule that a text matches, by itself."""
    searched = folded.encode()
    if rule := _first(_ENGLISH, searched):
        return Attack(rule, certain=False)
    run_together = " " not in folded or _RUN_TOGETHER.search(searched)
    if rule := _first(_LATIN, searched) or (_first(_SQUEEZED, searched) if run_together else None):
        return Attack(rule, certain=True)
    # A decoded reading of plain ASCII has a "~" for what was another script, and no letter of it.
    if "~" in folded and not text.isascii() and (rule := _first(_OWN_SCRIPT, own_script(text).encode())):
        return Attack(rule, certain=True)
    return None


def _first(rules: Sequence[tuple[str, Any]], searched: bytes) -> str | None:
    return next((name for name, pattern in rules if pattern.search(searched)), None)


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
                worst = max([await self._log_odds(part, whole=part == text) for part in chosen])
                if len(text) > WHOLE:
                    around = await self._log_odds(text, whole=True)
                    worst += OF_WHOLE * max(-MOST_OF_WHOLE, min(MOST_OF_WHOLE, around))
        except TimeoutError as error:
            raise EmbeddingUnavailable from error
        return 1 / (1 + exp(-worst))

    async def _log_odds(self, text: str, *, whole: bool) -> float:
        odds = self._model.log_odds(ATTACK, await self._embed(text), head_and_tail(text))
        return odds if whole else odds - log(DOUBT)

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
