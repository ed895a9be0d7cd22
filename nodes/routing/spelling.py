"""Spelling: mends misspelt words of a message before it is routed, because the embedding model breaks them into pieces.

Known are the embedding model's own words and those of the routing examples. An unknown word becomes the likeliest
known one: a step away (a letter more, fewer, other, or two swapped), one of the examples' words with the same
consonants or two steps away, or two words run together. Only routing reads the mended text.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from zlib import crc32

import numpy as np

MIN_LETTERS = 4
"""A shorter word has too many neighbours."""
MAX_LETTERS = 20
"""A longer word is no English one, and would take time quadratic in its length, or worse."""
FAR_LETTERS = 6
"""From which a word two steps away is looked for."""
MIN_USES = 2
"""In how many examples a word has to be to be preferred."""
MAX_UNKNOWN = 10
"""Unknown words from which a message is left as it is: each takes up to 0.4 ms."""
MAX_CHARS = 800
"""A longer message has enough words that are right."""
COMMON = 6000
"""Of the embedding model's words that two run together may be."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"

CONTRACTIONS = (
    *("cant", "couldnt", "didnt", "doesnt", "dont", "hasnt", "havent", "hows", "isnt", "ive", "shouldnt", "thats"),
    *("wasnt", "whats", "wheres", "wont"),
)
"""Without the apostrophe."""

FULL_SHARE, LEAST_WEIGHT = 0.75, 0.3
"""Share of words known to the embedding model from which a text's embedding counts fully, and what it counts at least.

The model was trained on English; of other languages its embedding says little, and the n-grams more.
"""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_FOREIGN = re.compile(
    r"\b(?:aap|alla|att|av|com|como|cosa|das|dei|dela|della|dem|den|der|det|di|dla|dos|ein|eine|el|em|en|es|est|et"
    r"|een|il|ich|ik|ile|ist|jag|jak|je|ji|kab|kaise|ki|kis|kya|ka|ke|ko|las|les|los|mai|mein|meine|meu|mij"
    r"|mijn|minha|mir|moi|mon|muss|nao|nie|non|och|og|para|per|por|pour|qual|quanto|que|qui|saya|se|si|sind|sur"
    r"|tu|und|un|una|une|uma|van|vill|voor|wann|wie|wo|yang|zu)\b",
    re.IGNORECASE,
)
"""Short words of other languages in Latin letters."""
_LETTERS_ONLY = re.compile(r"[^\W\d_]+")
_ENDING = re.compile(r"(?:s|es|ed|d|ing|ly|er)$")
_SKIPPED = re.compile(r"(?<!^)[aeiou]|(.)(?=\1)")


class Spelling:
    """Mends misspelt words.

    Args:
        words: the embedding model's, the most frequent first.
        examples: the texts whose words are preferred.
    """

    def __init__(self, words: Sequence[str], examples: Iterable[str]) -> None:
        general = {word: rank for rank, word in enumerate([*words, *CONTRACTIONS])}
        self._general = frozenset(words)
        uses = Counter(word for text in examples for word in {*_plain_words(text)})
        self._by_consonants: dict[str, list[str]] = {}
        for word, count in uses.most_common():
            if len(word) >= MIN_LETTERS and count >= MIN_USES:
                alike = self._by_consonants.setdefault(consonants(word), [])
                # Else a misspelling that occurs twice.
                if word in general or count >= 5 or not alike or uses[alike[0]] < 8 * count:
                    alike.append(word)
        self._ours = {word: -uses[word] for alike in self._by_consonants.values() for word in alike}
        # The smaller, the likelier: the examples' words by their uses, then the others by their rank.
        self._rank = general | self._ours
        self._common = {*words[:COMMON], *self._ours}
        self._far = [word for word in self._ours if len(word) >= FAR_LETTERS - 1]
        keys = np.array([(key, at) for at, word in enumerate(self._far) for key in _deletions(word)], dtype=np.int64)
        keys = keys.reshape(-1, 2)
        keys = keys[keys[:, 0].argsort(kind="stable")]
        self._keys, self._places = keys[:, 0].astype(np.uint32), keys[:, 1].astype(np.uint16)

    def mend(self, text: str) -> str:
        """The text with its unknown words mended where a known one is near; a long text as it is."""
        if len(text) > MAX_CHARS:
            return text
        found = list(_WORD.finditer(text))
        if any(not match[0].isascii() for match in found) or len(_FOREIGN.findall(text)) > 1:
            return text  # another language, whose words are not known
        unknown = [match for match in found if self._is_unknown(match)]
        if len(unknown) > MAX_UNKNOWN:
            return text
        parts: list[str] = []
        end = 0
        for match in unknown:
            parts += [text[end : match.start()], self._nearest(match[0].lower()) or match[0]]
            end = match.end()
        return "".join([*parts, text[end:]])

    def knows(self, word: str) -> bool:
        """Whether a word in lower case is a known one, or may be an inflection of one."""
        return any(form in self._rank for form in _forms(word))

    def embedding_weight(self, text: str) -> float:
        """What the text's embedding counts beside its n-grams: 1 for English, less for other languages."""
        words = _LETTERS_ONLY.findall(text.lower())
        share = sum(word in self._general for word in words) / max(1, len(words))
        return min(1.0, max(LEAST_WEIGHT, share / FULL_SHARE))

    def _is_unknown(self, match: re.Match[str]) -> bool:
        word = match[0]
        if not MIN_LETTERS <= len(word) <= MAX_LETTERS or not word.isalpha():
            return False
        if not word.islower() and match.start() and not match.string.isupper():
            return False  # a name
        return not self.knows(word.lower())

    def _nearest(self, word: str) -> str | None:
        near = {other for other in _one_step(word) if other in self._rank}
        if ours := near & self._ours.keys():
            return self._likeliest(word, ours)
        if alike := self._by_consonants.get(consonants(word)):
            return self._likeliest(word, alike)
        if near:
            return self._likeliest(word, near)
        if len(word) >= FAR_LETTERS and (far := self._two_steps(word)):
            return self._likeliest(word, far)
        return self._split(word)

    def _likeliest(self, word: str, others: Collection[str]) -> str:
        """Swapped letters are likelier than vowels mistaken or doubled, and both than other mistakes."""
        letters, bare = sorted(word), consonants(word)

        def unlikely(other: str) -> tuple[bool, int, int, str]:
            kind = 0 if sorted(other) == letters else 1 if consonants(other) == bare else 2
            return other[0] != word[0], kind, self._rank[other], other

        return min(others, key=unlikely)

    def _two_steps(self, word: str) -> set[str]:
        keys = np.fromiter(_deletions(word), dtype=np.uint32)
        spans = zip(self._keys.searchsorted(keys, "left"), self._keys.searchsorted(keys, "right"), strict=True)
        others = {self._far[self._places[at]] for start, end in spans for at in range(start, end)}
        return {other for other in others if other[0] == word[0] and distance(word, other) <= 2}

    def _split(self, word: str) -> str | None:
        cuts = [(word[:cut], word[cut:]) for cut in range(3, len(word) - 2)]
        known = [cut for cut in cuts if self._common.issuperset(cut)]
        return " ".join(min(known, key=lambda cut: max(self._rank[part] for part in cut))) if known else None


def consonants(word: str) -> str:
    """The word without vowels but its first letter, and without doubled letters."""
    return _SKIPPED.sub("", word)


def _plain_words(text: str) -> Iterator[str]:
    return (match[0].lower() for match in _WORD.finditer(text) if match[0].isascii() and match[0].isalpha())


def _forms(word: str) -> Iterator[str]:
    """The word, and what it may be an inflection of: the embedding model knows the endings."""
    yield word
    if ending := _ENDING.search(word):
        stem = word[: ending.start()]
        yield stem
        yield f"{stem}e"
        if len(stem) > 3 and stem[-1] == stem[-2]:
            yield stem[:-1]


def _one_step(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
            yield from [head + letter + tail[1:] for letter in LETTERS]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from [head + letter + tail for letter in LETTERS]


def _deletions(word: str) -> set[int]:
    """Hashes of the word, and of what is left of it without one letter or two."""
    once = {word[:at] + word[at + 1 :] for at in range(len(word))}
    twice = {one[:at] + one[at + 1 :] for one in once for at in range(len(one))}
    return {crc32(left.encode()) for left in {word} | once | twice}


def distance(one: str, other: str) -> int:
    """Letters to insert, delete, replace or swap with the next one, at least."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, second in enumerate(other, 1):
            steps = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != second))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == second:
                steps = min(steps, last[j - 2] + 1)
            row.append(steps)
    return row[-1]
