"""Detection of what must be neither stored nor sent on: card numbers, IBANs, national ids and secrets.

A number is masked when its checksum or its form identifies it and its context does not contradict; a secret by its
known beginning, or its name. E-mail addresses and phone numbers are found where a setting asks for it.

The patterns use `re`, because they need look-around. They are linear: each starts at a word and reads at most some
two hundred characters, plus `CONTEXT_CHARS` of context.
"""

import re
from collections.abc import Callable, Collection, Iterator
from heapq import merge
from typing import Literal, NamedTuple

from nodes.text.pii import cards, contacts, ibans, punctuated, secrets, spoken
from nodes.text.pii import national_ids as ids
from nodes.text.pii.context import CONTEXT_CHARS, normalized_words
from nodes.text.pii.id_types import has_label
from nodes.text.pii.normalizing import normalized, with_all_digits, without_invisible

Kind = Literal["card", "iban", "national_id", "secret", "email", "phone"]
OptionalKind = Literal["email", "phone"]

_DIGIT = re.compile(r"\d")
_PLACEHOLDER = re.compile(r"\[(?:(?:card|id|IBAN|phone) •[0-9A-Z]{4}|secret|email)\]")


def _letters_and_digits(written: str) -> str:
    return re.sub(r"[\W_]", "", written)


def _always(_found: re.Match[str], _before: str) -> bool:
    return True


class Masked(NamedTuple):
    """The text with each number masked except its last four characters, and the kinds found, in order."""

    text: str
    kinds: tuple[Kind, ...]


class Hints(NamedTuple):
    """What a text has in it, to see quickly which detectors have nothing to find."""

    digits: bool
    named_card: bool
    """A card's name."""
    named_id: bool
    """The label of an id."""
    spelt: bool
    """Number words."""
    apart: bool
    """Digits with words between, in a text that has a name for them."""
    secret: bool
    email: bool


class Detector(NamedTuple):
    """How one kind is detected.

    `pattern` finds possible starts, in the group that matched last; `length` gives the length of what is masked there;
    `worth` says which hints make a text worth the search.
    """

    kind: Kind
    pattern: re.Pattern[str]
    length: Callable[[re.Match[str], str], int]
    worth: Callable[[Hints], bool]
    streamed: bool = True
    """Whether it is short enough to be held back whole in a stream."""
    digits: Callable[[str], str] = _letters_and_digits
    """The letters and digits of what is masked, of which the last four are shown."""
    possible: Callable[[re.Match[str], str], bool] = _always
    """Whether it may be one, as far as the text before it and its first digits tell: a stream waits only then."""


class Hit(NamedTuple):
    """What to mask: its `start` and `end` in the text, and the placeholder that replaces it."""

    start: int
    end: int
    kind: Kind
    placeholder: str


def _digits(hints: Hints) -> bool:
    return hints.digits


def _secret(hints: Hints) -> bool:
    return hints.secret


def _email(hints: Hints) -> bool:
    return hints.email


def _named_card(hints: Hints) -> bool:
    return hints.digits and hints.named_card


def _named_id(hints: Hints) -> bool:
    return hints.digits and hints.named_id


def _spelt(hints: Hints) -> bool:
    return hints.spelt or hints.apart


def _spelt_id(hints: Hints) -> bool:
    return hints.named_id and _spelt(hints)


SECRET = Detector("secret", secrets.PATTERN, secrets.secret_length, _secret)
DETECTORS = (
    SECRET,
    Detector("iban", ibans.PATTERN, ibans.iban_length, _digits),
    Detector("card", cards.PATTERN, cards.card_length, _digits, possible=cards.is_issued),
    Detector("national_id", ids.NAMED, ids.named_id_length, _named_id, possible=ids.is_named),
    Detector("national_id", ids.PATTERN, ids.id_length, _digits),
    # What follows stands in messages only: it is longer than a stream may hold back, or made of ordinary words.
    Detector("national_id", ids.SPACED_SSN, ids.spaced_ssn_length, _digits, streamed=False),
    Detector("national_id", ids.NAMED_WITH_LETTERS, ids.named_id_with_letters_length, _named_id, streamed=False),
    Detector("national_id", ids.NAMED, ids.id_named_behind_length, _named_id, streamed=False),
    Detector(
        "card",
        cards.PATTERN,
        cards.card_named_behind_length,
        _named_card,
        streamed=False,
    ),
    Detector("card", punctuated.PATTERN, punctuated.card_length, _digits, streamed=False),
    Detector("national_id", ids.HKID, ids.hkid_length, _digits, streamed=False),
    Detector("card", spoken.PATTERN, spoken.card_length, _spelt, streamed=False, digits=spoken.digits_of),
    Detector("national_id", spoken.PATTERN, spoken.id_length, _spelt_id, streamed=False, digits=spoken.digits_of),
    Detector("email", contacts.EMAIL, contacts.email_length, _email),
    Detector("phone", contacts.PHONE, contacts.phone_length, _digits, possible=contacts.is_phone),
)
OPTIONAL: tuple[OptionalKind, ...] = ("email", "phone")
_LABELS = {"card": "card", "iban": "IBAN", "national_id": "id", "phone": "phone"}


def mask_with(detectors: Collection[Detector], text: str) -> Masked:
    """Mask what these detectors find in a text.

    Secrets and addresses come first: what is in them is no part of a number, and no name of one.
    """
    kinds: list[Kind] = []
    unchanged, text = text, without_invisible(text)
    for first in (True, False):
        plain = opaque(normalized(text))
        plain = plain if first else with_all_digits(plain)
        written: list[str] = []
        done = 0
        chosen = [one for one in detectors if (one.kind in ("secret", "email")) == first]
        for hit in _hits(plain, worth_searching(chosen, plain)):
            written += text[done : hit.start], hit.placeholder
            kinds.append(hit.kind)
            done = hit.end
        text = "".join(written) + text[done:]
    return Masked(text if kinds else unchanged, tuple(dict.fromkeys(kinds)))


def worth_searching(detectors: Collection[Detector], plain: str) -> list[Detector]:
    """Those that may find something in a text."""
    digits, spelt = _DIGIT.search(plain) is not None, spoken.has_number_words(plain)
    words = normalized_words(plain) if digits or spelt else ""
    named_card, named_id = bool(words) and cards.in_words(words), bool(words) and has_label(words)
    told = named_card or named_id or spoken.is_dictated(words) or spoken.may_be_groups(plain)
    apart = digits and told and spoken.is_apart(plain)
    hints = Hints(digits, named_card, named_id, spelt, apart, secrets.may_have(plain), "@" in plain)
    return [one for one in detectors if one.worth(hints)]


def detectors_for(also: Collection[OptionalKind]) -> list[Detector]:
    """The detectors of what is always masked, and of these kinds."""
    return [one for one in DETECTORS if one.kind not in OPTIONAL or one.kind in also]


def _hits(plain: str, detectors: Collection[Detector]) -> Iterator[Hit]:
    """What to mask, from the left.

    The context before a number is read with earlier numbers masked, so that masking the result again finds no more.
    """
    written, done = "", 0
    for detector, found in candidates(plain, detectors):
        start = start_of(found)
        if start < done:
            continue
        before = (written + plain[max(done, start - CONTEXT_CHARS) : start])[-CONTEXT_CHARS:]
        if size := detector.length(found, before):
            done = start + size
            masked = placeholder(detector, plain[start:done])
            written = before + opaque(masked)
            yield Hit(start, done, detector.kind, masked)


def candidates(plain: str, detectors: Collection[Detector], begin: int = 0) -> Iterator[tuple[Detector, re.Match[str]]]:
    """Possible starts from `begin` on, from the left; at the same place in the order of the detectors."""
    streams = ([(detector, found) for found in detector.pattern.finditer(plain, begin)] for detector in detectors)
    return merge(*streams, key=lambda candidate: start_of(candidate[1]))


def start_of(found: re.Match[str]) -> int:
    """Where what may be masked begins: behind its name, where the pattern has that, too."""
    return found.start(found.lastindex or 0)


def placeholder(detector: Detector, written: str) -> str:
    """The text that replaces what is masked, such as "[card •1111]"; of secrets and addresses nothing is shown."""
    if detector.kind in ("secret", "email"):
        return f"[{detector.kind}]"
    return f"[{_LABELS[detector.kind]} •{detector.digits(written)[-4:].upper()}]"


def opaque(text: str) -> str:
    """The text with placeholders blotted out, which are neither part nor name of a number."""
    return _PLACEHOLDER.sub(_hide, text) if "[" in text else text


def _hide(found: re.Match[str]) -> str:
    return f"[{'•' * (len(found[0]) - 2)}]"
