"""Card numbers and ids that are spelt out, in whole or in part: "four one one one", "double four", "forty-one eleven".

Digits with words between them, such as "4111 then 1111", are read here, too.
"""

import re
from itertools import islice
from typing import NamedTuple

from nodes.text.pii import cards, punctuated
from nodes.text.pii.context import CONTEXT_CHARS, NON_ID_LABELS, beside_currency, continues, is_fragment, labelled
from nodes.text.pii.id_types import named_types
from nodes.text.pii.national_ids import types_behind
from nodes.text.pii.number_words import DICTATED, NUMBER_WORDS, ORDINALS, PARTS, TIMES, UNITS, WORDS_BETWEEN, number_of

PATTERN = re.compile(r"(?<![^\W_])(?=(\d{1,19}(?![^\W_])|[^\W\d_]{1,20}(?![^\W_])))")
"""Start of a possible spelt number: a word or digits."""

BETWEEN = WORDS_BETWEEN | DICTATED | ORDINALS
_TOKEN = re.compile(r"[^\W_]{1,40}")
_WORD = re.compile(r"[^\W\d_]{1,40}")
_CLOSED = re.compile(r"(?<!\s)[.!?]\s|[$€£%@•]")
_APART = re.compile(r"(?<!\d)\d{1,19}[^\d.!?$€£%@]{2,40}\d|\d{4} ?[:,*`|.]{1,2} ?\d{1,4}|\d[.)] \d{4}")
_NUMBERED = re.compile(r"(?<![^\n])[ >*-]{0,4}+[1-9][.)] ")
_IN_BRACKETS = re.compile(r"\([^()\d]{1,30}\)|\[[^\[\]\d•]{1,30}\]")
_BETWEEN = re.compile(r"[^\W\d_]|[:,*`|()]|[ \d]\. ")
_AMOUNT_BEFORE = re.compile(r"\d[.,]\Z")
MAX_TOKENS = 48
MAX_CHARS = 240
"""Characters of a spelt number at most."""
LEAST_WORDS = 3
LONGEST_NUMBER = 8
"""Words of one number at most, as in "four thousand one hundred and twenty-three"."""
_REPEATED = frozenset({*TIMES, "oh"})
"""What is said only in a number that is dictated."""
LEAST_PIECES = 2
MIN_ID, MAX_ID = 7, 18
GROUP, LONGEST = 4, 8
LETTERS = 3


class Piece(NamedTuple):
    """What one word, or a few, say: the digits, where they end in the text, and whether they are words."""

    digits: str
    end: int
    spelt: bool


def has_number_word(text: str) -> bool:
    """Whether there is a number word in a text."""
    return not NUMBER_WORDS.isdisjoint(_WORD.findall(text.casefold()))


def is_apart(text: str) -> bool:
    """Whether there are words, or signs of punctuation, between digits."""
    return _APART.search(text) is not None


def is_dictated(words: str) -> bool:
    """Whether there is a word that is said only where a number is dictated."""
    return not DICTATED.isdisjoint(_TOKEN.findall(words))


def card_length(found: re.Match[str], before: str) -> int:
    """Length of the spelt card number at a match of `PATTERN`, 0 for none."""
    pieces = _pieces(found, strange=3)
    digits, spelt, words, size = "", 0, 0, 0
    for place, piece in enumerate(pieces, 1):
        digits += piece.digits
        spelt += len(piece.digits) * piece.spelt
        words += piece.spelt
        if len(digits) >= cards.MIN_DIGITS and cards.is_card(digits, named=True):
            written = found.string[found.start(1) : piece.end]
            sizes = [len(one.digits) for one in pieces[:place]]
            grouped = min(sizes[:-1], default=0) >= GROUP and max(sizes) <= LONGEST
            if _is_read_as_card(digits, (spelt, words), written, before, _after(found, piece), grouped=grouped):
                size = len(written)
    return size


def _is_read_as_card(
    digits: str, spelt: tuple[int, int], written: str, before: str, after: str, *, grouped: bool
) -> bool:
    """Whether a spelt number is a card's: three of its digits are words, or words stand between groups of four.

    Args:
        digits: of the number.
        spelt: how many of its digits are words, and of how many parts.
        written: as it stands in the text, with what stands before and after it.
        grouped: whether its parts are as long as the groups on cards.
    """
    between = {word.casefold() for word in _WORD.findall(written)}
    repeated = not _REPEATED.isdisjoint(between)
    dictated = repeated or is_dictated(written.casefold())
    named = dictated or any(map(cards.is_named, (before, written, after))) or cards.is_dated(after)
    figures = re.findall(r"\d{4,6}", written)
    half_spelt = len(figures) > 1 and spelt[1] >= GROUP and set(map(len, figures)) == {GROUP}
    told = (
        named
        or half_spelt
        or (between <= BETWEEN and "".join(figures) == digits and punctuated.is_told(figures, written, before, after))
    )
    apart = grouped and told and _BETWEEN.search(written)
    if (
        not apart
        and not half_spelt
        and not ((named and spelt[0] >= LEAST_WORDS - repeated and (spelt[1] > 1 or repeated)) or spelt[1] > GROUP)
    ):
        return False
    fragment = is_fragment(before, after) or beside_currency(before, after) or continues(after)
    return not fragment and cards.is_card(digits, named=named)


def id_length(found: re.Match[str], before: str) -> int:
    """Length of the spelt id at a match of `PATTERN`, behind one of its labels; 0 for none."""
    pieces = _pieces(found, letters=True)
    if len(pieces) < LEAST_PIECES or sum(len(piece.digits) for piece in pieces) < MIN_ID:
        return 0
    types = named_types(before)
    if labelled(before, NON_ID_LABELS) or _AMOUNT_BEFORE.search(before):
        return 0
    digits, size = "", 0
    for piece in pieces:
        digits += piece.digits
        written = found.string[found.start(1) : piece.end]
        if (
            not MIN_ID <= len(digits) <= MAX_ID
            or not _WORD.search(written)
            or is_fragment(before, _after(found, piece))
        ):
            continue
        if any(one.is_named(digits) for one in types or types_behind(found.string, piece.end)):
            size = len(written)
    return size


def digits_of(written: str) -> str:
    """The digits of a spelt card number."""
    first = PATTERN.match(written)
    return "".join(piece.digits for piece in _pieces(first, strange=3)) if first else ""


def id_of(written: str) -> str:
    """The letters and digits of a spelt id."""
    first = PATTERN.match(written)
    return "".join(piece.digits for piece in _pieces(first, letters=True)) if first else ""


def _after(found: re.Match[str], piece: Piece) -> str:
    return found.string[piece.end : piece.end + CONTEXT_CHARS]


def _may_begin(word: str, *, letters: bool) -> bool:
    return word.isdecimal() or word.casefold() in NUMBER_WORDS or (letters and _are_letters(word))


def _are_letters(word: str) -> bool:
    """Whether they are letters of an id: capitals, which the word "a" is not, or no word at all."""
    return (
        len(word) <= LETTERS
        and word.isascii()
        and word.isalpha()
        and (word.isupper() or word.casefold() not in WORDS_BETWEEN)
    )


def _pieces(found: re.Match[str], *, letters: bool = False, strange: int = 1) -> list[Piece]:
    """What is said at a match of `PATTERN` and behind it, without a word between that says something else.

    Args:
        letters: one or two letters are a part of the number, too.
        strange: how many other words may stand behind a group of digits.
    """
    if not _may_begin(found[1], letters=letters):
        return []
    start = found.start(1)
    text = _NUMBERED.sub(_blank, _IN_BRACKETS.sub(_blank, found.string[start : start + MAX_CHARS]))
    tokens = [*islice(_TOKEN.finditer(text), MAX_TOKENS)]
    words = [token[0].casefold() for token in tokens]
    pieces: list[Piece] = []
    count = place = others = 0
    while place < len(tokens) and count <= cards.MAX_DIGITS:
        word, begin = words[place], tokens[place].start()
        closed = _CLOSED.search(text, tokens[place - 1].end(), begin) if place else None
        whole = count % GROUP == 0 and word in UNITS  # the next group of a card, read like a sentence
        if closed and (closed[0][0] != "." or not (word in BETWEEN or whole)):
            break
        counted = _counts(word, words[place - 1] if place else "", text[tokens[place].end() :][:1])
        digits, used = ("", 0) if counted else number_of(words[place : place + LONGEST_NUMBER])
        if not digits and letters and _are_letters(tokens[place][0]):
            digits, used = word.upper(), 1
        if digits:
            place += used
            pieces.append(Piece(digits, start + tokens[place - 1].end(), spelt=not word.isdecimal()))
            count, others = count + len(digits), 0
            continue
        place += 1
        if not counted and word not in BETWEEN:
            others += 1
            if others > strange or not pieces or pieces[-1].spelt or len(pieces[-1].digits) == 1:
                break
    return pieces


def _counts(word: str, before: str, after: str) -> bool:
    """Whether a number says which part of a number follows, as in "the last four", "block 2" and "2) 1111"."""
    if word.isdecimal():
        return len(word) == 1 and (before in ORDINALS or before in PARTS or after in (")", ":"))
    return before in ORDINALS or (before in PARTS and before != "digits")


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
