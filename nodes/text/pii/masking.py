"""Mask a text at once, or while it arrives in chunks.

A text without digits, number words and anything that looks like a secret is not searched.

In a stream words pass at once. Text is held from a digit on (or two capitals, which may start an IBAN, or a secret's
prefix), while it may still grow into a number or its context is incomplete: `MAX_HELD` characters at most. A secret is
masked as soon as its beginning is recognised, and what follows of it is dropped as it comes.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from heapq import merge

from nodes.text.pii import ibans, secrets
from nodes.text.pii.context import CONTEXT_CHARS, GAP, WIDE_GAP, WORD_CHAR
from nodes.text.pii.detection import (
    SECRET,
    Detector,
    Kind,
    Masked,
    OptionalKind,
    candidates,
    detectors_for,
    mask_with,
    opaque,
    placeholder,
    start_of,
    worth_searching,
)
from nodes.text.pii.id_types import named_types
from nodes.text.pii.normalizing import normalized
from nodes.text.pii.number_words import NUMBER_WORDS

MAX_HELD = 64
"""Characters of the longest number, and of those behind it that decide where it ends."""

LOOKAHEAD = 12
"""Characters behind a number that can show it is none, such as " złotych"."""

MAX_PREFIX = 16
"""Letters and spaces that a number may have before its first digit."""

_KEPT_CHARS = CONTEXT_CHARS + MAX_PREFIX

# Text that more characters may turn into a number: the patterns of the detectors, each cut off at any character after
# its first digit. Where it is too wide it delays text a little, and never lets a number pass.
_DIGITS = r"(?:\d{6}[A-FU-Y]\d{0,3}|\d{0,5}2[AB]\d{0,8}|\d{1,19})"
_INCOMPLETE_ID = re.compile(rf"(?<!{WORD_CHAR})\d{{1,19}}(?:{WIDE_GAP}\d{{1,19}})*(?:{WIDE_GAP}| -)?\Z", re.ASCII)
_INCOMPLETE = re.compile(
    rf"(?<!{WORD_CHAR})(?:"
    r"(?!(?:19|20)\d\d(?: -| [/-] | {2}|--|[ -]?\n ?)\Z)"  # a year begins no card
    rf"{_DIGITS}(?:(?:{GAP}|\+){_DIGITS})*"
    r"(?:[ ./_+-]|(?<=\d{4})(?: -| [/-] | {2}|--)|(?:(?<=\d{8})|(?<=\d{4}[ ./_-]\d{4}))[ -]?\n ?)?"
    r"|[FGMSTXYZ]-?\d{1,7}-?"  # NIE, NRIC
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
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}(?:@[\w.-]{0,63})?\Z")
_PHONE = re.compile(r"(?<![0-9A-Za-z_])\+?\(?(?:\d[ ./()-]{0,3}+){0,15}\Z", re.ASCII)
_GROWING = (("email", _EMAIL), ("phone", _PHONE))


_LETTERS = re.compile(r"[^\W\d_]{1,20}")


def mask(text: str, also: Collection[OptionalKind] = ()) -> Masked:
    """Mask a text, "4111 1111 1111 1111" as "[card •1111]"; idempotent.

    Args:
        also: which of the optional kinds are masked, too.
    """
    return mask_with(detectors_for(also), text) if _is_worth_reading(text) else Masked(text, ())


def _is_worth_reading(text: str) -> bool:
    """Whether there is a digit, a number word, or what a secret or an address has."""
    if secrets.HINT.search(text):
        return True
    folded = text.casefold()
    return any(name in folded for name in secrets.NAMES) or not NUMBER_WORDS.isdisjoint(_LETTERS.findall(folded))


class StreamMasker:
    """Masks one text that arrives in chunks.

    However the text is cut, the output is what `mask` makes of the whole, with three exceptions. Letters of a number
    that were sent before its first digit arrived stay in front of the placeholder ("A" + "B123456C" becomes
    "A[id •456C]"). A number of letters only (a codice fiscale may be one) is not recognised, nor a card number
    with a new line behind its first four digits. Detectors that are not `streamed` are left out: what they read is
    longer than may be held, or made of ordinary words.

    Args:
        also: which of the optional kinds are masked, too; with "email" each word waits for the next one.
    """

    def __init__(self, also: Collection[OptionalKind] = ()) -> None:
        self.found: Counter[Kind] = Counter()
        """What was masked, by kind."""
        self._also = also
        self._growing = [pattern for kind, pattern in _GROWING if kind in also]
        self._sent = ""
        """The end of the output so far, which is the context of the next number."""
        self._held = ""
        self._secret: str | None = None
        """The beginning of a secret that may go on."""

    @property
    def held(self) -> str:
        """Text that is not yet in the output."""
        return self._held

    def feed(self, text: str) -> str:
        """Take the next chunk; returns the text that can be sent."""
        if self._secret is None and not self._held and not self._may_start(text):
            self._sent = (self._sent + text)[-_KEPT_CHARS:]
            return text
        self._held += text
        return self._release(final=False)

    def flush(self) -> str:
        """Return the rest at the end of the text."""
        return self._release(final=True) if self._held else ""

    def _may_start(self, text: str) -> bool:
        if self._growing or _MAY_START.search(text):
            return True
        near = self._sent + text
        return secrets.BEGUN.search(near) is not None or secrets.PATTERN.search(near) is not None

    def _release(self, *, final: bool) -> str:
        if self._secret is not None and not self._drop_secret(final=final):
            return ""
        text, begin = self._sent + self._held, len(self._sent)
        plain = opaque(normalized(text))
        end = len(plain)
        written, out, done = plain[:begin], "", begin
        """`written` is the text up to the offset `done` with its numbers masked: the context that `mask` reads, too."""
        stop = end if final else self._incomplete_from(plain, begin)
        for detector, found in self._candidates(plain, begin):
            start = start_of(found)
            if start < done and (done > begin or (detector is not SECRET and _DIGIT.search(plain, start, begin))):
                continue  # inside the last number, or decided when it was sent
            before = (written[:start] if start < begin else written + plain[done:start])[-CONTEXT_CHARS:]
            if not detector.possible(found, before):
                continue
            if start < stop and not final and not _is_decided(detector, found, end):
                stop = start
            if start >= stop:
                break
            size = detector.length(found, before)
            if not size or start + size <= done:
                continue
            shown = text[done : max(start, begin)] + placeholder(detector, plain[start : start + size])
            self.found[detector.kind] += 1
            out, written = out + shown, written + opaque(normalized(shown))
            done = start + size
            if detector is SECRET and not final and secrets.may_go_on(found):
                self._secret, stop = found[found.lastindex or 0], done
                break
            stop = stop if stop >= done else self._incomplete_from(plain, done)
        stop = max(stop, done)
        out += text[done:stop]
        self._sent, self._held = (self._sent + out)[-_KEPT_CHARS:], text[stop:]
        return out

    def _candidates(self, plain: str, begin: int) -> Iterator[tuple[Detector, re.Match[str]]]:
        """Possible starts, from the left; of a secret the name may have been sent long ago."""
        detectors = worth_searching([one for one in detectors_for(self._also) if one.streamed], plain)
        found = candidates(plain, [one for one in detectors if one is not SECRET], max(0, begin - MAX_PREFIX))
        if SECRET not in detectors:
            return found
        return merge(candidates(plain, [SECRET]), found, key=lambda candidate: start_of(candidate[1]))

    def _drop_secret(self, *, final: bool) -> bool:
        """Drop what belongs to the secret that was masked last; returns whether it is over."""
        assert self._secret is not None
        run = secrets.run_of(self._held, 0, self._secret)
        size = secrets.rest(self._held, 0, self._secret)
        if not final and len(run) == len(self._held) and size <= len(run.rstrip(secrets.CLOSING)):
            pem_end = MAX_HELD if secrets.is_private_key(self._secret) else 0
            self._held = self._held[min(size, max(0, len(run) - pem_end)) :]
            return False
        self._held, self._secret = self._held[size:], None
        return bool(self._held)

    def _incomplete_from(self, plain: str, begin: int) -> int:
        """Offset of the end of the text that may still become a number, which may start with letters before `begin`."""
        window = max(0, begin - MAX_PREFIX, len(plain) - MAX_HELD)
        patterns = [_INCOMPLETE, *self._growing, *([_INCOMPLETE_ID] if named_types(plain) else [])]
        found = [pattern.search(plain, window) for pattern in patterns]
        starts = [match.start() for match in found if match]
        return max(window, min([*starts, ibans.begun_at(plain, window), secrets.begun_at(plain)]))


def _is_decided(detector: Detector, found: re.Match[str], end: int) -> bool:
    """Whether no text after `end` can change what is detected here."""
    if detector is SECRET:
        return secrets.is_decided(found, end)
    return end - start_of(found) >= MAX_HELD or end - found.end(found.lastindex or 0) >= LOOKAHEAD
