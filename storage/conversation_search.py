"""Excerpts of messages for the list of conversations: the beginning of the last one, and where a search found words.

Words are told apart as `chat_search_words` and the text search of Postgres do it: without case and accents, and one by
one in scripts that put no spaces between words.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, TypedDict
from uuid import UUID

SNIPPET_LENGTH = 120
"""Characters of a snippet."""
BEFORE, AFTER = 40, 120
"""Characters of an excerpt before the first word that matches, and from there on."""
MOST_POSITIONS = 20
"""Matches that are told of an excerpt."""

_MARKUP = re.compile(r"^[ \t]*(?:#{1,6}|[*+>-]|\d+\.)[ \t]+|[*_]{2,}|`+", re.MULTILINE)
# Scripts without spaces between words, as in the migration 0026, then words with their combining marks.
_WORD = re.compile(
    r"[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|(?:[^\W_\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0dff])+"
)
_ACCENTS = re.compile(r"[\u0300-\u036f]")


class Match(TypedDict):
    """Where the words of a search are."""

    message_id: UUID | None
    """The newest message that has them all; None where only the title has."""
    text: str
    """A piece of the message, or the title."""
    positions: list[tuple[int, int]]
    """Start and end of each matching word in it, in Unicode characters."""


class _Word(NamedTuple):
    text: str
    start: int
    end: int


def snippet(text: str) -> str:
    """The first words of a message on one line, without Markdown."""
    return _cut(" ".join(_MARKUP.sub("", text[: 4 * SNIPPET_LENGTH]).split()), SNIPPET_LENGTH)


def find_match(q: str, text: str, message_id: UUID | None) -> Match:
    """The piece of the text around the first match, with the positions of all matches in it."""
    first = next(_matches(q, text), None)
    start = _word_start(text, first.start - BEFORE) if first else 0
    piece = " ".join(text[start : (first.start if first else 0) + AFTER].split())
    if start:
        piece = f"…{piece}"
    positions = [(match.start, match.end) for match in islice(_matches(q, piece), MOST_POSITIONS)]
    return Match(message_id=message_id, text=piece, positions=positions)


def _matches(q: str, text: str) -> Iterator[_Word]:
    """Every place of a word of the query, in order: a phrase where punctuation or the script divides the word."""
    phrases = [phrase for part in q.split() if (phrase := [word.text for word in _words(part)])]
    longest = max(map(len, phrases), default=0)
    window = list[_Word]()
    words = _words(text)
    while True:
        window += islice(words, longest - len(window))
        if not window:
            return
        for phrase in phrases:
            if _begins_with(window, phrase):
                yield _Word("", window[0].start, window[len(phrase) - 1].end)
                del window[1 : len(phrase)]
                break
        del window[0]


def _begins_with(words: list[_Word], phrase: list[str]) -> bool:
    """Whether the words begin with the phrase, whose last word may lack its last letters."""
    if len(words) < len(phrase):
        return False
    *whole, last = phrase
    return words[len(whole)].text.startswith(last) and [word.text for word in words[: len(whole)]] == whole


def _words(text: str) -> Iterator[_Word]:
    for found in _WORD.finditer(text):
        plain = unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", found[0])))
        yield _Word(plain.lower(), found.start(), found.end())


def _word_start(text: str, position: int) -> int:
    """The start of the first word from there on; 0 where the text begins within reach."""
    if position <= 0:
        return 0
    space = re.compile(r"\s").search(text, position, position + BEFORE // 2)
    return space.end() if space else position


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
