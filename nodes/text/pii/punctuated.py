"""Card numbers with signs of punctuation between their groups, such as "4111|1111|1111|1111" and "(4111) (1111) …"."""

import re
from collections.abc import Collection

from nodes.text.pii import cards
from nodes.text.pii.context import AFTER_CHARS, beside_currency, named_behind

PATTERN = re.compile(
    r"(?<![0-9A-Za-z])(?=(\d(?:(?: [xX] |(?<=\d{4})(?:[A-Za-z]{1,3}+|[$€£¥%!?@]{1,2}+ ?+)(?=\d{4})"
    r"|(?:(?![$€£¥%!?@•])[\W_]){0,5}+)\d){11,18}+)(?!%))"
)
"""Start of a possible card number; group 1 is as many digits as a card has at most."""

SHAPES = ((4, 6, 5), (4, 6, 4), (5, 5, 5), (4, 4, 5), (6, 13), (8, 8), (6, 10), (1, 3, 3, 3, 3, 3))
"""Digits of the groups, besides groups of one, two, three, four or six."""
_GAP = re.compile(r" [xX] |[\W_]{1,5}|[A-Za-z]{1,3}")
_SIGNS = re.compile(r"[A-Za-z$€£¥%!?@]")
"""What stands between the groups of a card only where it is named."""
_PLAIN_GAP = re.compile(r"[ .\n/-]{1,5}")
_BRACKETS = re.compile(r"[ ./()\[\]-]{1,4}")
_LIST_GAP = re.compile(r"[,;>|\n]|\.\.| [xX] ")
"""What stands between the figures of a list, too."""
_LISTED_BEFORE = re.compile(r"\d([\W_]{1,5})$")
_FIRST_BEFORE = re.compile(r"(?:^|[^\w-])1(?:st|-4)?[ ).:|,*=]{1,8}$")
"""The number of the first row or item."""
_LISTED_AFTER = re.compile(r"([\W_]{1,5})\d")
_WORD = re.compile(r"[^\W\d_]{2}")
GROUP = 4
LEAST_ROUND = 2
"""Groups that are round, or years, in a list of amounts."""


def card_length(found: re.Match[str], before: str) -> int:
    """Length of the card number at a match of `PATTERN`, 0 for none; `before` is the text that precedes it."""
    run, start = found[1], found.start(1)
    if not cards.is_issued(found, before) or beside_currency(before, ""):
        return 0
    named = cards.is_named(before)
    size, read = 0, []
    for place, char in enumerate(run, 1):
        if "0" <= char <= "9":
            read.append(char)
            after = found.string[start + place : start + place + 2 * AFTER_CHARS]
            if (
                len(read) >= cards.MIN_DIGITS
                and not after[:1].isalnum()
                and cards.is_card("".join(read), named=True)
                and _is_card(run[:place], before, after, named)
            ):
                size = place
    return size


def _is_card(written: str, before: str, after: str, named: bool) -> bool:
    digits = "".join(_digits_of(written))
    if not cards.is_card(digits, named=True) or beside_currency("", after):
        return False
    if named or named_behind(after, cards.CARD_WORDS) or cards.is_dated(after):
        return _has_shape(tuple(map(len, _digits_of(written))))
    if _SIGNS.search(written.replace(" x ", " ").replace(" X ", " ")):
        return False
    return cards.is_card(digits, named=False) and is_printed(written, before, after)


def _digits_of(written: str) -> list[str]:
    return [group for group in _GAP.split(written) if group]


def may_have_shape(sizes: list[int]) -> bool:
    """Whether a card may have groups of which these are the first."""
    if any(len(sizes) <= len(shape) and all(a <= b for a, b in zip(sizes, shape, strict=False)) for shape in SHAPES):
        return True
    return len(set(sizes[:-1])) <= 1 and sizes[0] in (1, 2, 3, GROUP, 6) and sizes[-1] <= sizes[0]


def _has_shape(shape: tuple[int, ...]) -> bool:
    return shape in SHAPES or (len(set(shape[:-1])) == 1 and shape[0] in (1, 2, 3, GROUP, 6) and shape[-1] <= GROUP)


def is_printed(written: str, before: str, after: str) -> bool:
    """Whether digits without any name are a card's: groups as on a card, one sign between, and no list of figures."""
    groups = _digits_of(written)
    shape = tuple(map(len, groups))
    if cards.is_series(groups):
        return False
    gaps = set(_GAP.findall(written))
    plain = all(map(_PLAIN_GAP.fullmatch, gaps))
    if not _is_alone(before, after, gaps) or (len(gaps) > 1 and not plain and not all(map(_BRACKETS.fullmatch, gaps))):
        return False
    if shape in ((4, 6, 5), (4, 6, 4)):
        return True
    if set(shape) in ({1}, {2}) and len(gaps) <= 2:
        return plain and gaps != {"\n"} and len(set(groups)) > GROUP
    if shape[0] != GROUP:
        return False
    return shape in ((4, 4, 4, 4), (4, 4, 4, 4, 3)) and (not _LIST_GAP.search(written) or no_figures(groups))


def is_told(groups: list[str], written: str, before: str, after: str) -> bool:
    """Whether four groups of four digits with words between ("4111 then 1111 …") are no figures of a list."""
    shape = tuple(map(len, groups))
    return (
        shape == (GROUP,) * GROUP
        and _WORD.search(written) is not None
        and _is_alone(before, after)
        and no_figures(groups)
    )


def _is_alone(before: str, after: str, gaps: Collection[str] = ()) -> bool:
    """Whether no other number stands right beside it, as in a longer list; with other gaps than its own it may."""
    listed, goes_on = _LISTED_BEFORE.search(before[-6:]), _LISTED_AFTER.match(after[:6])
    if listed and not _FIRST_BEFORE.search(before[-12:]) and not (gaps and listed[1] not in gaps):
        return False
    return not goes_on or (bool(gaps) and goes_on[1] not in gaps)


def no_figures(groups: list[str]) -> bool:
    """Whether groups are no amounts: one begins with 0, or few are round or years, and they do not rise or fall."""
    if any(group.startswith("0") for group in groups):
        return True
    if sum(group[-1] in "05" or group.startswith(("19", "20")) for group in groups) >= LEAST_ROUND:
        return False
    return groups not in (sorted(groups), sorted(groups, reverse=True)) or len(set(groups)) <= 2
