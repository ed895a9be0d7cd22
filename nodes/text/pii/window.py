"""How far a text is read to decide whether a number begins at a place.

A number ends within its window, and nothing behind the window changes whether it is one. Where the window ends depends
only on the text before that end, so that a text in pieces is read like the whole, and a stream waits no longer.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from nodes.text.pii import cards, ibans, punctuated
from nodes.text.pii.context import CURRENCY_WORDS, NAMING_WORDS, WIDE_GAP
from nodes.text.pii.id_types import LABEL_WORDS
from nodes.text.pii.normalizing import with_all_digits
from nodes.text.pii.number_words import DICTATED, NUMBER_WORDS, ORDINALS, PARTS, UNITS, WORDS_BETWEEN

_TOKEN = re.compile(r"(?:[^\W_]|[\u0300-\u036f\u0900-\u0dff]){1,64}")
_BETWEEN = re.compile(r"(?:[\W_](?<![\u0300-\u036f\u0900-\u0dff])){0,12}")
_NARROW = re.compile(r"[ ./_-]| [/-] | {2}|--|[ -]?\n ?")
_WIDE = re.compile(WIDE_GAP)
_DIGIT = re.compile(r"\d", re.ASCII)
_NO_DIGIT = re.compile(r"[^0-9]")
_ORDINAL = re.compile(r"\d{1,4}(?=[a-z]{0,12}[a-km-np-z])[a-z]{2,12}", re.ASCII)
_COUNTER = re.compile(r"[A-Za-z]?\d(?:[):=]|\. )", re.ASCII)
_NUMBERED = re.compile(r"(?=[A-Za-z][a-z]{0,20}[a-km-np-z])[A-Za-z][a-z]{2,20}\d", re.ASCII)
"""A word and a digit, such as "week12", which is no group of a number; "o" and "l" may be typed for digits."""
_TYPED = re.compile(r"[OoIl]{4}")
_CLOSED = re.compile(r"[$€£¥%!?@•]|(?<!\s)\.\s")
_SIGNS = frozenset("$€£¥%!?@")
"""What ends a number, but for one of them right between two groups."""
LONGEST_GAP = 8
LONGEST_TAIL = 60
"""Characters behind a number that may still name it."""
LONGEST = 300
"""Characters of a window, but for its last word."""
SIGHT = 400
"""Characters of a window with its last word."""
SHORTEST = 5
"""Letters and digits of the shortest number from its first digit on: an Indian PAN."""
MOST_OF_ID, MOST_SPELT, LEAST_OF_ID = 20, 18, 7
MOST_WORDS, MOST_STRANGE = 8, 3
GROUP, LONGEST_GROUP, INITIALS = 4, 8, 2
LONGEST_YEAR = 8
"""Characters of " / 2028" and one more, behind the month of an expiry date."""

_SPOKEN = WORDS_BETWEEN | DICTATED | ORDINALS | PARTS
_NAMES = NAMING_WORDS | LABEL_WORDS | frozenset(word for name in cards.CARD_WORDS for word in name.split())


KNOWN = 3
_KNOWN_WORDS = _SPOKEN | _NAMES | NUMBER_WORDS | CURRENCY_WORDS
_BEGINNINGS = frozenset(word[:size] for word in _KNOWN_WORDS for size in range(1, KNOWN + 1))
_FEW = rf"\d{{1,{GROUP - 1}}} ((?![lo]{{{KNOWN}}})[a-z]{{{KNOWN}}})[a-z]{{0,20}}[^a-z]"
_BEFORE_WORD = re.compile(_FEW, re.ASCII)
_IBAN = "[Ii][Bb][Aa][Nn]"
_BETWEEN_WORDS = re.compile(
    rf"(?:(?<=[A-Za-z]{{3}})(?<!{_IBAN}[A-Za-z]{{2}})|(?<=[A-Za-z]{{3}} )(?<!{_IBAN}[A-Za-z]{{2}} )){_FEW}", re.ASCII
)
"""The same behind three letters, which are no country of an IBAN."""


class Reach(NamedTuple):
    """What may begin at a place besides a card, and whether no more text comes."""

    labelled: bool
    """The label of an id stands before it."""
    iban: str
    """The country whose IBANs begin with the letters before it; empty for none."""
    phone: bool
    """Phone numbers are masked, too."""
    final: bool


class _Read:
    """What was read of a number so far."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.sizes: list[int] = []
        """Digits of its groups."""
        self.digits = ""
        """As far as they are known: a word for a number above nine ends them."""
        self.count = self.letters = self.spelt = 0
        self.iban = reach.iban
        """An IBAN as far as it was read; empty where it is none."""
        self.known = self.simple = self.narrow = True
        """`simple` and `narrow`: only gaps of an id and of a card stand between its groups, and no words."""
        self.worded = False

    def add(self, token: str, gap: str) -> bool:
        """Take what follows the gap if it is a part of a number."""
        if _NUMBERED.match(token) and not (self.reach.labelled or self.iban or self._is_grouped()):
            return False
        word = token.casefold()
        simple = self.simple and (not gap or _WIDE.fullmatch(gap) is not None)
        begun = self.iban + token
        if _DIGIT.search(token) or _TYPED.fullmatch(token):
            digits = _NO_DIGIT.sub("", token if token.isdigit() else with_all_digits(f"1 {token}")[2:])
            self.letters += len(token) - len(digits)
            self.sizes.append(len(digits))
            self._count(digits)
        elif word in NUMBER_WORDS:
            self.spelt += 1
            self._count(str(UNITS.get(word, "")))
        elif self._may_be_letters(token):
            self.letters += len(token)
        else:
            return False
        self.iban = begun if self.iban and ibans.may_begin(begun) else ""
        self.narrow = self.narrow and not self.worded and (not gap or _NARROW.fullmatch(gap) is not None)
        self.simple = simple and not self.worded
        return True

    def _count(self, digits: str) -> None:
        self.known = self.known and bool(digits)
        self.digits += digits if self.known else ""
        self.count += len(digits) or 1

    def _may_be_letters(self, token: str) -> bool:
        if self.iban and token.casefold() not in _SPOKEN and ibans.may_begin(self.iban + token):
            return True
        short = len(token) <= (GROUP if self.reach.labelled else INITIALS)
        return short and token.isascii() and (token.isupper() or (self.reach.labelled and len(token) == 1))

    def may_grow(self) -> bool:
        """Whether more of it can make it a card, an id, an IBAN or a phone number."""
        size = self.count + self.letters
        if self.iban:
            return True
        if size <= MOST_OF_ID and (self.simple or self.reach.labelled or self.reach.phone):
            return True
        return (self.spelt > 0 and size <= MOST_SPELT) or self.may_be_card()

    def may_be_card(self) -> bool:
        """Whether a card's number may begin with these digits in these groups."""
        if self.count > cards.MAX_DIGITS or not may_be_issued(self.digits[: cards.PREFIX]):
            return False
        if self.narrow or self.spelt or punctuated.may_have_shape(self.sizes):
            return True
        return self.worded and (min(self.sizes) >= GROUP or max(self.sizes) == 1)

    def end_behind(self, end: int, length: int) -> int | None:
        """The end of a window whose last token ends there: behind a card's digits its expiry date may follow."""
        if self.count < cards.MIN_DIGITS or not may_be_issued(self.digits[: cards.PREFIX]):
            return end + 1
        return end + LONGEST_YEAR if end + LONGEST_YEAR <= length or self.reach.final else None

    def _is_dictated(self) -> bool:
        """Whether these are groups of a card, or single digits: people put words between such."""
        return (self._is_grouped() or set(self.sizes) == {1}) and self.may_be_card()

    def may_be_followed_by(self, word: str, strange: int) -> bool:
        """Whether a word may stand between the groups, or be a part of the number's name behind it."""
        if word in _SPOKEN and (self.reach.labelled or self.iban or self.spelt or self._is_dictated()):
            return True
        if word in _NAMES:
            return self.count >= LEAST_OF_ID or self.spelt > 0 or self._is_grouped()
        return strange <= MOST_STRANGE and (self.reach.labelled or self._is_grouped())

    def ends_before(self, begun: str) -> bool:
        """Whether a word that begins so, of which more may come, is surely no part of the number nor of its name."""
        word = begun.casefold()
        other = word.isalpha() and word[:KNOWN] not in _BEGINNINGS
        return other and not (self.reach.labelled or self.iban or self._is_grouped())

    def goes_on_in(self, gap: str, word: str) -> bool:
        """Whether the next sentence goes on with the number, as in "First 4111. Then 1111."."""
        spelt = self.spelt > 0 and self.count % GROUP == 0 and word in UNITS and self.may_be_card()
        return gap.startswith(".") and (spelt or (word in _SPOKEN and self._is_grouped()))

    def _is_grouped(self) -> bool:
        """Whether these are the first groups of a card: strange words stand only between such."""
        return bool(self.sizes) and GROUP <= min(self.sizes) <= max(self.sizes) <= LONGEST_GROUP and self.may_be_card()


class Window(NamedTuple):
    """What was read."""

    end: int
    card: bool
    """Whether some card's number begins so."""
    long: bool
    """Whether it has as many letters and digits as the shortest number."""


def is_alone(plain: str, start: int) -> bool:
    """Whether few digits stand before an ordinary word, as in "12 visits": no number without a label begins so.

    It says nothing that `window` does not, and takes a tenth of its time.
    """
    return _is_ordinary(_BEFORE_WORD.match(plain, start))


def is_between_words(plain: str, start: int) -> bool:
    """The same where an ordinary word stands before the digits, too: no IBAN begins so either."""
    return _is_ordinary(_BETWEEN_WORDS.match(plain, start))


def _is_ordinary(found: re.Match[str] | None) -> bool:
    return found is not None and found[1] not in _BEGINNINGS


def window(plain: str, start: int, reach: Reach) -> Window | None:
    """The text that decides about a number that begins at `start`; None where more of it is to come."""
    read = _Read(reach)
    end = _end(plain, start, read)
    if end is None:
        return None
    long = read.count + read.letters >= SHORTEST or read.spelt > 0
    return Window(end, card=may_be_issued(read.digits[: cards.PREFIX]), long=long)


def _end(plain: str, start: int, read: _Read) -> int | None:
    reach, length = read.reach, len(plain)
    place = last = start
    gap, words, strange = "", 0, 0
    while token := _TOKEN.match(plain, place):
        end = token.end()
        if end == length and not reach.final and (place == start or not read.ends_before(token[0])):
            return None
        if last < place and _COUNTER.match(plain, place):
            goes_on = True  # "2)" says which part of a number follows
        elif read.add(token[0], gap):
            last, words, strange = end, 0, 0
            goes_on = read.may_grow() and (reach.labelled or bool(read.iban) or not _is_ordinal(token[0]))
        else:
            word = token[0].casefold()
            words, strange = words + 1, strange + (word not in _SPOKEN and word not in _NAMES)
            goes_on = words <= MOST_WORDS and end - last <= LONGEST_TAIL and read.may_be_followed_by(word, strange)
            read.worded = True
        if not goes_on or end - start > LONGEST:
            return read.end_behind(end, length)
        between = _BETWEEN.match(plain, end)
        place = between.end() if between else end
        if place == length:
            return length if reach.final else None
        gap = plain[end:place]
        if len(gap) > LONGEST_GAP or _ends(gap, plain[place]):
            following = _TOKEN.match(plain, place)
            if following and following.end() == length and not reach.final:
                return None
            if not following or not read.goes_on_in(gap, following[0].casefold()):
                return following.end() if following else place + 1
    return place + 1


def _is_ordinal(token: str) -> bool:
    """Whether it is a figure with letters, such as "15th" and "20km", and not said between the parts of a number."""
    return _ORDINAL.fullmatch(token) is not None and token not in _SPOKEN


def _ends(gap: str, following: str) -> bool:
    """Whether a gap ends a number: a currency sign, a placeholder, or the end of a sentence before a word."""
    found = _CLOSED.search(gap)
    return found is not None and not (following.isdigit() and (found[0].startswith(".") or gap.rstrip(" ") in _SIGNS))


@lru_cache(maxsize=4096)
def may_be_issued(prefix: str) -> bool:
    """Whether some issuer's cards begin so."""
    low, high = int(prefix.ljust(cards.PREFIX, "0")), int(prefix.ljust(cards.PREFIX, "9"))
    issuers = cards.ISSUERS if len(prefix) < cards.SHORT_PREFIX else cards.BY_PREFIX.get(low // 1000, ())
    return any(one.first <= high and low <= one.last for one in issuers)
