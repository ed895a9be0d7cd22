"""Detection of what must be neither stored nor sent on: card numbers, IBANs, national ids and secrets.

A number is masked when its checksum or its form identifies it and its context does not contradict; a secret by its
known beginning, or its name. E-mail addresses and phone numbers are found where a setting asks for it.

The patterns use `re`, because they need look-around. They are linear: each starts at a word and reads at most some
three hundred characters, plus `CONTEXT_CHARS` of context.
"""

import re
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from nodes.text.pii import cards, codes, contacts, ibans, passwords, punctuated, secrets, spoken
from nodes.text.pii import national_ids as ids
from nodes.text.pii.context import CARD_MARK, ID_MARK, normalized_words
from nodes.text.pii.id_types import has_label
from nodes.text.pii.normalizing import LIKE_DIGIT, with_all_digits

Kind = Literal["card", "iban", "national_id", "secret", "email", "phone"]
OptionalKind = Literal["email", "phone"]

_WORD = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"[0-9]")
_PLACEHOLDER = re.compile(r"\[(?:(?P<number>card|id|IBAN|phone) •[0-9A-Z]{4}|secret|email)\]")
_FIRST_PARTS = sorted(
    {one[:size] for one in ("card •", "id •", "IBAN •", "phone •", "secret", "email") for size in range(len(one) + 1)}
)
PLACEHOLDER_BEGUN = re.compile(rf"\[(?:{'|'.join(_FIRST_PARTS)}|(?:card|id|IBAN|phone) •[0-9A-Z]{{1,4}})\Z")
"""The beginning of a placeholder at the end of a text."""
LEAST_DIGITS = 7
"""Digits of the shortest id that begins with one and has no label."""
LOOKBEHIND = 12
"""Characters before a number that the patterns look at."""


def _letters_and_digits(written: str) -> str:
    return re.sub(r"[\W_]", "", written)


class Masked(NamedTuple):
    """The text with each number masked except its last four characters, and the kinds found, in order."""

    text: str
    kinds: tuple[Kind, ...]


class Hints(NamedTuple):
    """What there is at a place, to see quickly which detectors have nothing to find."""

    labelled: bool
    """The label of an id before it."""
    named: bool
    """The label of an id before it, or in what follows."""
    card: bool
    """Some card's number begins so, and as many digits follow as one has."""
    words: bool
    """Words in what follows."""
    worded: bool
    """Number words, or digits with words or signs between, that may be a card or an id."""
    letters: bool
    """It begins with letters."""
    digit: bool
    """It begins with a digit or a number word."""
    long: bool
    """It begins with letters, or as many digits follow as an id has."""


Need = Literal["labelled", "named", "card", "words", "worded", "letters", "digit", "long"]


class Detector(NamedTuple):
    """How one kind is detected.

    `pattern` matches where one may begin; `length` gives the length of what is masked there, of the match and the text
    before it; `needs` says which hints make a place worth the search.
    """

    kind: Kind
    pattern: re.Pattern[str]
    length: Callable[[re.Match[str], str], int]
    needs: tuple[Need, ...] = ()
    starts: Callable[[str], list[int]] | None = None
    """Says quickly where its name may begin; None where the pattern is searched everywhere."""
    behind: bool = False
    """The name stands behind it."""
    digits: Callable[[str], str] = _letters_and_digits
    """The letters and digits of what is masked, of which the last four are shown."""


SECRETS = (
    Detector("secret", secrets.PATTERN, secrets.secret_length),
    Detector("secret", secrets.FAR, secrets.secret_length, starts=secrets.far_starts),
    Detector("secret", passwords.PATTERN, passwords.password_length, starts=passwords.starts),
    Detector("secret", passwords.WORDS, passwords.password_length, starts=passwords.starts),
    Detector("secret", passwords.FAR, passwords.password_length, starts=passwords.starts),
    Detector("secret", passwords.SECOND, passwords.password_length, starts=passwords.starts),
    Detector("secret", passwords.BEHIND, passwords.password_length, starts=passwords.starts_or_keys, behind=True),
    Detector("secret", codes.PATTERN, codes.code_length, starts=codes.starts),
    Detector("secret", codes.SECOND, codes.code_length, starts=codes.starts),
    Detector("secret", codes.BEHIND, codes.code_length, starts=codes.starts, behind=True),
    Detector("secret", codes.DATED, codes.code_length),
)
EMAIL = Detector("email", contacts.EMAIL, contacts.email_length)
NUMBERS = (
    Detector("iban", ibans.PATTERN, ibans.iban_length, ("letters",)),
    Detector("card", cards.PATTERN, cards.card_length, ("card",)),
    Detector("national_id", ids.NAMED, ids.named_id_length, ("labelled", "digit")),
    Detector("national_id", ids.PATTERN, ids.id_length, ("long",)),
    Detector("national_id", ids.SPACED_SSN, ids.spaced_ssn_length, ("digit",)),
    Detector("national_id", ids.NAMED_WITH_LETTERS, ids.named_id_with_letters_length, ("labelled",)),
    Detector("national_id", ids.NAMED, ids.id_named_behind_length, ("named", "digit")),
    Detector("card", cards.PATTERN, cards.card_named_behind_length, ("card", "words")),
    Detector("card", punctuated.PATTERN, punctuated.card_length, ("card",)),
    Detector("national_id", ids.HKID, ids.hkid_length, ("letters",)),
    Detector("card", spoken.PATTERN, spoken.card_length, ("card", "worded"), digits=spoken.digits_of),
    Detector("national_id", spoken.PATTERN, spoken.id_length, ("named", "worded"), digits=spoken.id_of),
)
PHONE = Detector("phone", contacts.PHONE, contacts.phone_length)
OPTIONAL: tuple[OptionalKind, ...] = ("email", "phone")
_MARKS = {"c": CARD_MARK, "i": ID_MARK}
_LABELS = {"card": "card", "iban": "IBAN", "national_id": "id", "phone": "phone"}


class Hit(NamedTuple):
    """What to mask: where it ends in the view, and the placeholder that replaces it."""

    end: int
    kind: Kind
    placeholder: str


def hints_at(plain: str, start: int, end: int, *, labelled: bool, card: bool) -> Hints:
    """What there is at a place of a view, whose window ends at `end`."""
    rest = plain[start:end]
    words = _WORD.search(rest) is not None
    named = labelled or (words and has_label(normalized_words(rest)))
    card = card and has_digits(plain, start, end, cards.MIN_DIGITS)
    worded = (card or named) and (words or spoken.is_apart(rest))
    long = len(_DIGIT.findall(rest)) >= LEAST_DIGITS
    return Hints(labelled, named, card, words, worded, letters=False, digit=True, long=long)


def has_digits(plain: str, start: int, end: int, count: int) -> bool:
    """Whether so many digits may stand in a part of a view, also typed as letters or said as words."""
    rest = plain[start:end]
    return len(LIKE_DIGIT.findall(rest)) >= count or spoken.has_number_word(rest)


@lru_cache(maxsize=512)
def _asked(hints: Hints, *, phone: bool) -> tuple[Detector, ...]:
    """The detectors that may find something."""
    detectors = (*NUMBERS, PHONE) if phone else NUMBERS
    return tuple(one for one in detectors if all(getattr(hints, need) for need in one.needs))


def detect(plain: str, start: int, end: int, before: str, hints: Hints, *, phone: bool) -> Hit | None:
    """The longest number that begins at a place of a view, if there is one.

    Of detectors that find as much the first one decides.

    Args:
        plain: the view.
        start: where it may begin.
        end: of what decides about it, see `window_end`.
        before: what is written before it, with earlier numbers masked.
        hints: what there is.
        phone: whether phone numbers are detected, too.
    """
    detectors = _asked(hints, phone=phone)
    if not detectors:
        return None
    first = max(0, start - LOOKBEHIND)
    written = plain[first:end]
    typed = with_all_digits(written) if hints.words and hints.card else written
    at = start - first
    longest: Hit | None = None
    for detector in detectors:
        read = typed if detector.kind == "card" else written
        found = detector.pattern.match(read, at)
        size = detector.length(found, before) if found else 0
        if size and (longest is None or start + size > longest.end):
            longest = Hit(start + size, detector.kind, placeholder(detector, read[at : at + size]))
    return longest


def first_hits(plain: str, detectors: Collection[Detector]) -> Iterator[tuple[int, Hit, re.Match[str]]]:
    """Secrets and addresses in a text, from the left: where each begins, and what masks it."""
    names = {starts: starts(plain) for starts in {one.starts for one in detectors if one.starts}}
    found = [
        (start_of(match), order, one, match)
        for order, one in enumerate(detectors)
        for match in _matches(one, plain, names.get(one.starts) if one.starts else None)
    ]
    begun = done = 0
    for start, _, detector, match in sorted(found, key=lambda hit: hit[:2]):
        named_inside = begun <= match.start() < done  # a name that is masked itself names nothing
        if start >= done and not named_inside and (size := detector.length(match, "")):
            begun, done = start, start + size
            yield start, Hit(done, detector.kind, placeholder(detector, "")), match


def _matches(detector: Detector, plain: str, names: list[int] | None) -> Iterator[re.Match[str]]:
    """The matches of a detector's pattern, behind the names where it needs one."""
    if names is None or (detector.behind and names):
        return detector.pattern.finditer(plain)
    places = [] if detector.behind else names
    return filter(None, (detector.pattern.match(plain, place) for place in places))


def start_of(found: re.Match[str]) -> int:
    """Where what may be masked begins: behind its name, where the pattern has that, too."""
    return found.start(found.lastindex or 0)


def placeholder(detector: Detector, written: str) -> str:
    """The text that replaces what is masked, such as "[card •1111]"; of secrets and addresses nothing is shown."""
    if detector.kind in ("secret", "email"):
        return f"[{detector.kind}]"
    return f"[{_LABELS[detector.kind]} •{detector.digits(written)[-4:].upper()}]"


def opaque(text: str, opening: str = "[") -> str:
    """The text with placeholders blotted out, which are neither part nor name of a number.

    Args:
        text: the text.
        opening: what a masked number begins with. "_" touches what stands right before, as the number did.
    """

    def hide(found: re.Match[str]) -> str:
        first = opening if found["number"] else "["
        return f"{first}{'•' * (len(found[0]) - 3)}{_MARKS.get(found[0][1], '•')}]"

    return _PLACEHOLDER.sub(hide, text) if "[" in text else text
