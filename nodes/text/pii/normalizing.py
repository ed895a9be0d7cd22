"""A view of a text in which numbers are plain: ASCII digits and gaps, and no markup between the groups of a number.

Each character of the view knows its place in the text, so that what is found can be replaced there. What a character
becomes depends only on the few that touch it: a text that arrives in pieces has the same view as the whole.
"""

import html
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

BLANK = "\t\r\x0b\x85\u3164\u2800\u180e"
MIDDLE_DOTS = "·∙⋅‧・"
_CHINESE_DIGITS = "〇零一二三四五六七八九"
_CHINESE = re.compile(f"[{_CHINESE_DIGITS}]{{4,}}")
_FROM_CHINESE = str.maketrans(_CHINESE_DIGITS, "00123456789")
_BULLET = re.compile(r"(?<!\[id )(?<!\[card )(?<!\[IBAN )(?<!\[phone )•|(?<=\d)ー(?=\d)")
"""A bullet that is none of a placeholder, which numbers do not contain; and a long vowel typed for a dash."""
_KOREAN_DIGITS = "영일이삼사오육칠팔구"
_KOREAN = re.compile(f"[{_KOREAN_DIGITS}]{{4,}}")
_FROM_KOREAN = str.maketrans(_KOREAN_DIGITS, "0123456789")

DIGIT_SIGNS = _CHINESE_DIGITS + _KOREAN_DIGITS
"""Characters that are digits where four of them stand together."""

_HIDDEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff\u20e3"
_MARK = (
    rf"(?:\*{{2,3}}+|__|~~|[`\"'“”„«»‚‘’{_HIDDEN}]|</?+[A-Za-z][^<>\n]{{0,40}}+>|\\(?:[nrt]|u00[aA]0)|\\(?=-)|%20"
    r"|&(?:nbsp|ensp|emsp|thinsp|ndash|mdash|shy|#\d{2,5}+|#x[0-9A-Fa-f]{2,4}+);)"
)
_MARKS = re.compile(
    rf"(?<=[0-9A-Za-z])(?:(?:[ ,./|\n-]{{0,3}}+{_MARK}){{1,6}}+[ ,./|\n-]{{0,3}}+|[ \n]{{3,40}}+)(?=[0-9A-Za-z])"
)
_COUNT = r"(?:[1-9](?:st|nd|rd|th)?+|1?[1-9]-1?\d)"
_COUNTED = re.compile(
    rf"(?<=[0-9]{{4}})(?=[ |*]{{0,6}}[\n;,|.]|[ ][1-9]st|[ ][1-9][a-z]{{2}})[ .,;|*\n-]{{1,12}}+{_COUNT}"
    r"[ ).:|,*=]{1,8}+(?=[0-9]{4}(?![0-9]))"
)
"""The number of a row or an item between two groups, as in "| 1 | 4111 |"."""
_MAYBE_COUNT = re.compile(r"[0-9]{4}[ .,;|*\n-]{1,12}[0-9]")
_COUNT_BEGUN = re.compile(rf"(?<=[0-9]{{4}})[ .,;|*\n-]{{1,12}}+(?:{_COUNT}[ ).:|,*=]{{0,8}}+(?:[0-9]{{1,4}})?)?\Z")
LONGEST_MARKS = 300
"""Characters that such marks have at most."""
_MARK_BEGUN = r"(?:[*_~\\]|%2?|<(?:/?[A-Za-z][^<>\n]{0,40}+|/)?|&[#0-9A-Za-z]{0,6}+)"
_MARKS_BEGUN = re.compile(
    rf"(?<=[0-9A-Za-z])(?:[ \n]{{3,40}}|(?:[ ,./|\n-]{{0,3}}+{_MARK}){{1,6}}+[ ,./|\n-]{{0,3}}+{_MARK_BEGUN}?"
    rf"|[ ,./|\n-]{{0,3}}+{_MARK_BEGUN})\Z"
)
_HAS_MARK = re.compile(rf"[`\"'“”„«»‚‘’<&\\%{_HIDDEN}]|\*\*|__|~~|[ \n]{{3}}")
_ALL_HIDDEN = re.compile(rf"[{_HIDDEN}]{{1,99}}")
_SINGLE = "'’"  # which stands in "1'234'567" and "5'11", too

_LIKE = "OoОоIlBSGZ"
"""Letters typed for 0, 1, 8, 5, 6 and 2, some of them Cyrillic."""
_FROM_LETTERS = str.maketrans(_LIKE, "0000118562")
_TYPED = re.compile(
    rf"(?<![^\W_])(?:(?=[OoОоIl]{{0,18}}[0-9])[0-9OoОоIl]{{2,19}}|[0-9{_LIKE}]{{4}})(?![^\W_])"
    r"|(?<=[0-9OoIl][ ./_-])[OoIl]{4}(?![^\W_])|(?<![^\W_])[OoIl]{4}(?=[ ./_-][0-9])"
)
LEAST_TYPED = 2
_LETTER = re.compile(f"[{_LIKE}]")
LIKE_DIGIT = re.compile(f"[0-9{_LIKE}]")


class View(NamedTuple):
    """What is searched, and where its characters stand in the text."""

    plain: str
    places: list[int] | None
    """Offset in the text of each character, and of the end; None where they are the same."""

    def place(self, offset: int) -> int:
        """The offset in the text of an offset in the view."""
        return offset if self.places is None else self.places[offset]

    def offset(self, place: int) -> int:
        """The offset in the view of the first character from a place of the text on."""
        return place if self.places is None else bisect_left(self.places, place)


def view(text: str) -> View:
    """The view of a text."""
    plain = normalized(text)
    if "•" in plain or "ー" in plain:
        plain = _BULLET.sub("-", plain)
    found = [*_runs(plain)]
    if not found:
        return View(plain, None)
    parts: list[str] = []
    places: list[int] = []
    done = 0
    for start, end, gap in found:
        parts += plain[done:start], gap
        places += [*range(done, start), *[start] * len(gap)]
        done = end
    return View("".join((*parts, plain[done:])), [*places, *range(done, len(plain) + 1)])


def _runs(plain: str) -> Iterator[tuple[int, int, str]]:
    """What stands between two groups and is no part of the number, from the left, and the gap that it stands for."""
    marks = _MARKS.finditer(plain) if _HAS_MARK.search(plain) else iter(())
    found = [(one.start(), one.end(), gap) for one in marks if (gap := _gap(one)) is not None]
    counts = [(one.start(), one.end(), ",") for one in _COUNTED.finditer(plain)] if _MAYBE_COUNT.search(plain) else []
    done = 0
    for run in sorted([*found, *counts], key=lambda run: (run[0], -run[1])):
        if run[0] >= done:
            yield run
            done = run[1]


def marks_begun_at(plain: str, begin: int) -> int:
    """Offset of the end of a view that may become marks between two groups; the view's length where there is none."""
    first = max(begin, len(plain) - LONGEST_MARKS)
    found = [one.search(plain, first) for one in (_MARKS_BEGUN, _COUNT_BEGUN)]
    return min((one.start() for one in found if one), default=len(plain))


def closing(masked: str) -> str:
    """Markdown marks that close what was opened before a number, and are masked with it."""
    return "".join(mark for mark in ("**", "`") if masked.count(mark) % 2)


def normalized(text: str) -> str:
    """The text with digits, dashes, spaces and full-width characters replaced by ASCII ones, at the same offsets."""
    if text.isascii():
        return text.replace("\t", " ").replace("\r", " ")
    plain = text
    for char in set(text):
        if not char.isascii() or char in "\t\r":
            plain = plain.replace(char, _ascii(char))
    plain = _CHINESE.sub(lambda found: found[0].translate(_FROM_CHINESE), plain)
    return _KOREAN.sub(lambda found: found[0].translate(_FROM_KOREAN), plain)


def with_all_digits(plain: str) -> str:
    """A view with letters typed for digits ("4O12 8888 …") replaced by digits."""
    return _TYPED.sub(_from_letters, plain) if _LETTER.search(plain) else plain


def _from_letters(found: re.Match[str]) -> str:
    """Digits, where most are digits already, or all are letters that look like 0 and 1."""
    token = found[0]
    digits = sum("0" <= char <= "9" for char in token)
    return token.translate(_FROM_LETTERS) if digits >= LEAST_TYPED or not token.strip("0123456789OoОоIl") else token


def _gap(found: re.Match[str]) -> str | None:
    """What the marks between two groups stand for; None where neither side has a digit, or it is an apostrophe."""
    text, run = found.string, found[0]
    if not (text[found.start() - 1].isdigit() or text[found.end()].isdigit()) or run in _SINGLE:
        return None
    if _ALL_HIDDEN.fullmatch(run):
        return ""
    meant = normalized(html.unescape(run)).replace("\\n", "\n")
    return next((sign for sign in "\n-.,|" if sign in meant), " ")


@lru_cache(maxsize=4096)
def _ascii(char: str) -> str:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if char in MIDDLE_DOTS:
        return "."
    category = unicodedata.category(char)
    if category == "Zs" or char in BLANK:
        return " "
    if category == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    return chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char
