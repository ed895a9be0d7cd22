"""Masking of streamed text that holds back only what may still become a number.

Words pass at once. Text is held from a digit (or two capitals, which may start an IBAN) on, while it may still grow
into a number or its context is incomplete: `MAX_HELD` characters at most.
"""

import re
from collections import Counter

from nodes.text.pii.context import CONTEXT_CHARS, WORD_CHAR
from nodes.text.pii.masking import Kind, candidates, normalized, placeholder

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
