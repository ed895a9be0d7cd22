"""Mask card numbers, IBANs and national ids, which must be neither stored nor sent on.

A number is masked when its checksum or its form identifies it and its context does not contradict.

The patterns use `re`, because they need look-around. They are linear: each starts at a word and reads at most some
fifty characters, plus `CONTEXT_CHARS` of context.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from heapq import merge
from typing import Literal, NamedTuple

from nodes.text.pii import cards, ibans, national_ids
from nodes.text.pii.context import CONTEXT_CHARS

Kind = Literal["card", "iban", "national_id"]


class Masked(NamedTuple):
    """The text with each number masked except its last four characters, and the kinds found, in order."""

    text: str
    kinds: tuple[Kind, ...]


class Detector(NamedTuple):
    """How one kind is detected: `pattern` finds possible starts, `length` gives the length of the number there."""

    kind: Kind
    label: str
    pattern: re.Pattern[str]
    length: Callable[[re.Match[str], str], int]


class Hit(NamedTuple):
    """A number to mask: its `start` and `end` in the text, and the placeholder that replaces it."""

    start: int
    end: int
    kind: Kind
    placeholder: str


DETECTORS = (
    Detector("iban", "IBAN", ibans.PATTERN, ibans.iban_length),
    Detector("card", "card", cards.PATTERN, cards.card_length),
    Detector("national_id", "id", national_ids.PATTERN, national_ids.id_length),
)


def mask(text: str) -> Masked:
    """Mask the numbers in a text, "4111 1111 1111 1111" as "[card •1111]"; idempotent."""
    written: list[str] = []
    kinds: list[Kind] = []
    done = 0
    for hit in _hits(normalized(text)):
        written += text[done : hit.start], hit.placeholder
        kinds.append(hit.kind)
        done = hit.end
    return Masked("".join(written) + text[done:], tuple(dict.fromkeys(kinds)))


def _hits(plain: str) -> Iterator[Hit]:
    """The numbers to mask, from the left.

    The context before a number is read with earlier numbers masked, so that masking the result again finds no more.
    """
    written, done = "", 0
    for detector, found in candidates(plain):
        start = found.start()
        if start < done:
            continue
        before = (written + plain[max(done, start - CONTEXT_CHARS) : start])[-CONTEXT_CHARS:]
        if size := detector.length(found, before):
            done = start + size
            masked = placeholder(detector, plain[start:done])
            written = before + masked
            yield Hit(start, done, detector.kind, masked)


def candidates(plain: str, begin: int = 0) -> Iterator[tuple[Detector, re.Match[str]]]:
    """Possible starts of numbers from `begin` on, from the left; at the same place in the order of `DETECTORS`."""
    streams = ([(detector, found) for found in detector.pattern.finditer(plain, begin)] for detector in DETECTORS)
    return merge(*streams, key=lambda candidate: candidate[1].start())


def placeholder(detector: Detector, number: str) -> str:
    """The text that replaces a number, such as "[card •1111]"."""
    last_four = re.sub(r"[\W_]", "", number)[-4:].upper()
    return f"[{detector.label} •{last_four}]"


def normalized(text: str) -> str:
    """The text with digits, dashes, spaces and full-width characters replaced by ASCII ones, at the same offsets."""
    if text.isascii():
        return text
    return text.translate({ord(char): _ascii(char) for char in set(text) if not char.isascii()})


def _ascii(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    return chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char
