"""Mask what must neither be stored nor sent on: card numbers, IBANs and national ids.

A number is masked when its checksum or its customary form says what it is and nothing around it says otherwise.

The shapes stay with `re`, for they look around. They are linear: each begins at the start of a word and reads at most
some fifty characters, and what stands around a number is read `REACH` characters far.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from heapq import merge
from typing import Literal, NamedTuple

from nodes.text.pii import cards, ibans, national_ids
from nodes.text.pii.surroundings import REACH

Kind = Literal["card", "iban", "national_id"]


class Masked(NamedTuple):
    """The text with each number masked but for its last four characters, and what was found, first seen first."""

    text: str
    kinds: tuple[Kind, ...]


class Reader(NamedTuple):
    """How one kind is found: `shape` says where it may start, `length` how many characters there are one."""

    kind: Kind
    label: str
    shape: re.Pattern[str]
    length: Callable[[re.Match[str], str], int]


class Hit(NamedTuple):
    """A number to mask: `start` and `end` in the text, and what is written instead."""

    start: int
    end: int
    kind: Kind
    mark: str


READERS = (
    Reader("iban", "IBAN", ibans.SHAPE, ibans.iban_length),
    Reader("card", "card", cards.SHAPE, cards.card_length),
    Reader("national_id", "id", national_ids.SHAPE, national_ids.id_length),
)


def mask(text: str) -> Masked:
    """The text as it may be stored, "4111 1111 1111 1111" as "[card •1111]"; masking it again changes nothing."""
    written: list[str] = []
    kinds: list[Kind] = []
    done = 0
    for hit in _hits(normalized(text)):
        written += text[done : hit.start], hit.mark
        kinds.append(hit.kind)
        done = hit.end
    return Masked("".join(written) + text[done:], tuple(dict.fromkeys(kinds)))


def _hits(plain: str) -> Iterator[Hit]:
    """The numbers to mask, from the left.

    What precedes a number is read as it will be written, with the numbers there already masked: so whoever reads the
    result decides as was decided here, and masks nothing more.
    """
    written, done = "", 0
    for reader, found in candidates(plain):
        start = found.start()
        if start < done:
            continue
        before = (written + plain[max(done, start - REACH) : start])[-REACH:]
        if size := reader.length(found, before):
            done = start + size
            mark = mark_of(reader, plain[start:done])
            written = before + mark
            yield Hit(start, done, reader.kind, mark)


def candidates(plain: str, begin: int = 0) -> Iterator[tuple[Reader, re.Match[str]]]:
    """Where a number may start, from `begin` on, from the left; at one place in the order of `READERS`."""
    streams = ([(reader, found) for found in reader.shape.finditer(plain, begin)] for reader in READERS)
    return merge(*streams, key=lambda candidate: candidate[1].start())


def mark_of(reader: Reader, number: str) -> str:
    """What is written instead of a number, such as "[card •1111]"."""
    last_four = re.sub(r"[\W_]", "", number)[-4:].upper()
    return f"[{reader.label} •{last_four}]"


def normalized(text: str) -> str:
    """The text with each digit, dash, space and full-width character as ASCII has it, in the same places."""
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
