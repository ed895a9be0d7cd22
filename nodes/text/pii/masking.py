"""Mask card numbers, IBANs and national ids, which must be neither stored nor sent on, in a text or in a stream.

A number is masked when its checksum or its form identifies it and its context does not contradict.

The patterns use `re`, because they need look-around. They are linear: each starts at a word and reads at most some
fifty characters, plus `CONTEXT_CHARS` of context.

In a stream words pass at once. Text is held from a digit (or two capitals, which may start an IBAN) on, while it may
still grow into a number or its context is incomplete: `MAX_HELD` characters at most.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from heapq import merge
from typing import Literal, NamedTuple

from nodes.text.pii import cards, ibans, national_ids
from nodes.text.pii.context import CONTEXT_CHARS, WORD_CHAR

Kind = Literal["card", "iban", "national_id"]

MAX_HELD = 48
"""Characters of the longest number, a grouped IBAN, and of those behind it that decide where it ends."""

LOOKAHEAD = 12
"""Characters behind any other number that can show it is none, such as " złotych"."""

MAX_PREFIX = 16
"""Letters and spaces that a number may have before its first digit."""

_KEPT_CHARS = CONTEXT_CHARS + MAX_PREFIX

# Text that more characters may turn into a number: the patterns of `cards`, `ibans` and `national_ids`, each cut off
# at any character after its first digit. Where it is too wide it delays text a little, and never lets a number pass.
_DIGITS = r"(?:\d{6}[A-FU-Y]\d{0,3}|\d{0,5}2[AB]\d{0,8}|\d{1,19})"
_INCOMPLETE = re.compile(
    rf"(?<!{WORD_CHAR})(?:"
    rf"{_DIGITS}(?:[ ./+-]{_DIGITS})*[ ./+-]?"
    r"|[A-Z]{2}\d(?:\d(?:[0-9A-Z]{0,30}|[ -](?:[0-9A-Z]{4}[ -]){0,7}[0-9A-Z]{0,4}))?"  # IBAN
    r"|[XYZ]-?\d{1,7}-?"  # NIE
    r"|[A-Z]{2} ?\d\d? ?(?:\d\d? ?){0,2}"  # NINO
    r"|[A-Z]{4}\d{1,6}(?:(?<=\d{6})[0-9A-Z]{1,8})?"  # CURP
    r"|(?=[A-Z]*\d)[A-Z]{6}[\dL-V][0-9A-Z]{0,9}"  # codice fiscale, in one piece and in four
    r"|[A-Z]{3} [A-Z]{3} \d[0-9A-Z]{0,4}(?: (?:[A-Z]\d{0,3} ?)?)?"
    r"|(?-i:[A-Z]{2}) ?"
    r")\Z",
    re.ASCII | re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_MAY_START = re.compile(r"\d|(?<![0-9A-Za-z_])[A-Z]{2} ?\Z")


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


class StreamMasker:
    """Masks one text that arrives in chunks.

    However the text is cut, the output is what `mask` makes of the whole, with one exception: letters of a number that
    were sent before its first digit arrived stay in front of the placeholder ("A" + "B123456C" becomes "A[id •456C]").
    A number of letters only (a codice fiscale may be one) is not recognised.
    """

    def __init__(self) -> None:
        self.found: Counter[Kind] = Counter()
        """Masked numbers, by kind."""
        self._sent = ""
        """The end of the output so far, which is the context of the next number."""
        self._held = ""

    @property
    def held(self) -> str:
        """Text that is not yet in the output."""
        return self._held

    def feed(self, text: str) -> str:
        """Take the next chunk; returns the text that can be sent."""
        if not self._held and not _MAY_START.search(text):
            self._sent = (self._sent + text)[-_KEPT_CHARS:]
            return text
        self._held += text
        return self._release(final=False)

    def flush(self) -> str:
        """Return the rest at the end of the text."""
        return self._release(final=True) if self._held else ""

    def _release(self, *, final: bool) -> str:
        text, begin = self._sent + self._held, len(self._sent)
        plain = normalized(text)
        end = len(plain)
        written, out, done = plain[:begin], "", begin
        """`written` is the text up to the offset `done` with its numbers masked: the context that `mask` reads, too."""
        stop = end if final else _incomplete_from(plain, begin)
        for detector, found in candidates(plain, max(0, begin - MAX_PREFIX)):
            start = found.start()
            if start < done and (done > begin or _DIGIT.search(plain, start, begin)):
                continue  # inside the last number, or decided when it was sent
            if start < stop and not final and not _is_decided(found, end):
                stop = start
            if start >= stop:
                break
            before = written[:start] if start < begin else written + plain[done:start]
            size = detector.length(found, before[-CONTEXT_CHARS:])
            if not size or start + size <= done:
                continue
            shown = text[done : max(start, begin)] + placeholder(detector, plain[start : start + size])
            self.found[detector.kind] += 1
            out, written = out + shown, written + normalized(shown)
            done = start + size
            stop = stop if stop >= done else _incomplete_from(plain, done)
        stop = max(stop, done)
        out += text[done:stop]
        self._sent, self._held = (self._sent + out)[-_KEPT_CHARS:], text[stop:]
        return out


def _incomplete_from(plain: str, begin: int) -> int:
    """Offset of the end of the text that may still become a number, which may start with letters before `begin`."""
    found = _INCOMPLETE.search(plain, max(0, begin - MAX_PREFIX, len(plain) - MAX_HELD))
    return found.start() if found else len(plain)


def _is_decided(found: re.Match[str], end: int) -> bool:
    """Whether no text after `end` can change what is detected here."""
    return end - found.start() >= MAX_HELD or end - found.end(found.lastindex or 0) >= LOOKAHEAD
