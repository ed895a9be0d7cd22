"""Mask a text while it is written, without holding back more of it than may still become a number.

Words go out at once. Only from a digit on (or two capitals, as an IBAN begins) is text held, and only as long as it
may still grow into a number or what follows may still say that it is none: `LONGEST` characters at most.
"""

import re
from collections import Counter

from nodes.text.pii.masking import Kind, candidates, mark_of, normalized
from nodes.text.pii.surroundings import REACH, WORD

LONGEST = 48
"""Characters of the longest number, an IBAN in fours, with those behind it that decide where it ends."""

BEHIND = 12
"""Characters behind any other number that can say it is none, such as " złotych"."""

LEAD = 16
"""Letters and spaces with which a number may begin before its first digit."""

_CONTEXT = REACH + LEAD

# What may become a number of some kind if more is written: the shapes of `cards`, `ibans` and `national_ids`, each
# cut off after any character behind its first digit. Too wide in places, which costs a moment and never a number.
_DIGITS = r"(?:\d{6}[A-FU-Y]\d{0,3}|\d{0,5}2[AB]\d{0,8}|\d{1,19})"
_GROWING = re.compile(
    rf"(?<!{WORD})(?:"
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
_SUSPICIOUS = re.compile(r"\d|(?<![0-9A-Za-z_])[A-Z]{2} ?\Z")


class StreamMasker:
    """Masks one text that comes in pieces.

    However the text is cut, the pieces that come out are together what `mask` makes of the whole, with one exception:
    letters of a number that went out before its first digit came stay in front of its mark ("A" + "B123456C" becomes
    "A[id •456C]"). A number of letters only (a codice fiscale may be) is not recognised.
    """

    def __init__(self) -> None:
        self.found: Counter[Kind] = Counter()
        """How many numbers were masked, by kind."""
        self._sent = ""
        """The end of what has come out: names before a number say what it is."""
        self._held = ""

    @property
    def held(self) -> str:
        """What has not come out yet."""
        return self._held

    def feed(self, text: str) -> str:
        """Take the next piece; returns what can go out."""
        if not self._held and not _SUSPICIOUS.search(text):
            self._sent = (self._sent + text)[-_CONTEXT:]
            return text
        self._held += text
        return self._release(final=False)

    def flush(self) -> str:
        """Return the rest: nothing follows."""
        return self._release(final=True) if self._held else ""

    def _release(self, *, final: bool) -> str:
        text, begin = self._sent + self._held, len(self._sent)
        plain = normalized(text)
        end = len(plain)
        written, out, done = plain[:begin], "", begin
        """As they stand in `plain`: what precedes `done`, as it was written, which is how `mask` reads it, too."""
        growing = end if final else _growing(plain, begin)
        for reader, found in candidates(plain, max(0, begin - LEAD)):
            start = found.start()
            if start < done and (done > begin or _DIGIT.search(plain, start, begin)):
                continue  # inside the last number, or decided when it went out
            if start < growing and not final and not _is_settled(found, end):
                growing = start
            if start >= growing:
                break
            before = written[:start][-REACH:] if start < begin else (written + plain[done:start])[-REACH:]
            size = reader.length(found, before)
            if not size or start + size <= done:
                continue
            mark = mark_of(reader, plain[start : start + size])
            shown = text[done : max(start, begin)] + mark
            self.found[reader.kind] += 1
            out, written = out + shown, written + normalized(shown)
            done = start + size
            growing = growing if growing >= done else _growing(plain, done)
        stop = max(growing, done)
        out += text[done:stop]
        self._sent, self._held = (self._sent + out)[-_CONTEXT:], text[stop:]
        return out


def _growing(plain: str, begin: int) -> int:
    """Where the end of the text begins that may still become a number; letters before `begin` may belong to it."""
    found = _GROWING.search(plain, max(0, begin - LEAD, len(plain) - LONGEST))
    return found.start() if found else len(plain)


def _is_settled(found: re.Match[str], end: int) -> bool:
    """Whether nothing that may be written after `end` changes what is read here."""
    return end - found.start() >= LONGEST or end - found.end(found.lastindex or 0) >= BEHIND
