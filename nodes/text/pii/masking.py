"""Mask a text at once, or while it arrives in chunks.

Two passes, each of which works on a text in pieces: secrets and addresses (`secret_stream`), then numbers, here. The
whole text is one piece, so that a stream masks exactly as much.

In a stream words pass at once. Text is held from a digit or a number word on (or two capitals, which may begin an
IBAN), while it may still become a number, or what follows decides whether it is one: as far as its window reaches.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator

from nodes.text.pii import ibans
from nodes.text.pii.context import CONTEXT_CHARS, WIDE_GAP, normalized_words
from nodes.text.pii.detection import NUMBERS, PHONE, Hit, Kind, Masked, OptionalKind, detect, hints_at, opaque
from nodes.text.pii.id_types import has_label
from nodes.text.pii.normalizing import DIGIT_SIGNS, LONGEST_MARKS, marks_begun_at, view
from nodes.text.pii.number_words import NUMBER_WORDS
from nodes.text.pii.secret_stream import SecretStream
from nodes.text.pii.window import Reach, window

MAX_HELD = 400
"""Characters that a stream holds back at most, without the marks of a markup that stand between them."""

MAX_PREFIX = 28
"""Letters and gaps that a number may have before its first digit."""
_KEPT_CHARS = 40
_CONTEXT = CONTEXT_CHARS + MAX_PREFIX

_START = re.compile(r"(?<!\d)\d|(?<![^\W_])[^\W\d_]{2,20}(?![^\W_])", re.ASCII)
_DIGIT_START = re.compile(r"(?<!\d)\d", re.ASCII)
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{1,20}(?![^\W_])")
_DIGIT = re.compile(r"\d")
_PREFIX = re.compile(rf"(?<![0-9A-Za-z_])(?:[A-Za-z](?:[ ,./_\n-]{{0,3}}[A-Za-z]){{0,5}}(?:{WIDE_GAP})?)\Z")
_PREFIX_WORD = re.compile(r"(?<![0-9A-Za-z_])[A-Za-z]|(?<=iban)[A-Za-z]", re.IGNORECASE)
_PHONE_BEGUN = re.compile(r"[+(]{1,2}\Z")
_CAPITALS = re.compile(rf"(?<![0-9A-Za-z_])[A-Z](?:[ ,./_\n-]{{0,3}}[A-Z]){{0,5}}(?:{WIDE_GAP})?\Z")
_MASKED_WITH = re.compile(rf"{_CAPITALS.pattern}|{_PHONE_BEGUN.pattern}")
_WORD_CHAR = re.compile(r"\w")
_NO_LETTER = re.compile(r"[^A-Za-z]")
_LAST_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{1,20}\Z")
_LAST_SIGNS = re.compile(f"[{DIGIT_SIGNS}]{{1,3}}\\Z")
_PLACEHOLDER_BEGUN = re.compile(
    r"\[(?:(?:c(?:a(?:rd?)?)?|id?|I(?:B(?:AN?)?)?|p(?:h(?:o(?:ne?)?)?)?)?|(?:card|id|IBAN|phone) (?:•[0-9A-Z]{0,4})?)\Z"
)
_ORDINARY = frozenset("a i e y u o on no do be de di du se si so set for ne ni".split())  # noqa: SIM905
"""Words that number words begin with: they do not wait for their next letter."""
_BEGINNINGS = frozenset(word[:size] for word in NUMBER_WORDS for size in range(1, len(word))) - _ORDINARY


def mask(text: str, also: Collection[OptionalKind] = ()) -> Masked:
    """Mask a text, "4111 1111 1111 1111" as "[card •1111]"; idempotent.

    Args:
        also: which of the optional kinds are masked, too.
    """
    masker = StreamMasker(also)
    masked = masker.feed(text, final=True)
    return Masked(masked, tuple(masker.found))


class StreamMasker:
    """Masks one text that arrives in chunks: the output is what `mask` makes of the whole.

    One exception: letters that stand before a number's first digit, or begin its first word, may have been sent as a
    word of their own ("A" + "T61 1904 …"). They stay in front of the placeholder.

    Args:
        also: which of the optional kinds are masked, too; with "email" each word waits for the next one.
    """

    def __init__(self, also: Collection[OptionalKind] = ()) -> None:
        self.found: Counter[Kind] = Counter()
        """What was masked, by kind."""
        self._secrets = SecretStream(also, self.found)
        self._numbers = _NumberStream(also, self.found)

    @property
    def held(self) -> str:
        """Text that is not yet in the output."""
        return self._numbers.held + self._secrets.held

    def feed(self, text: str, *, final: bool = False) -> str:
        """Take the next chunk; returns the text that can be sent. Nothing comes after a `final` one."""
        return self._numbers.feed(self._secrets.feed(text, final=final), final=final)

    def flush(self) -> str:
        """Return the rest at the end of the text."""
        return self.feed("", final=True)


class _NumberStream:
    """Masks the numbers in a text that arrives in chunks."""

    def __init__(self, also: Collection[OptionalKind], found: Counter[Kind]) -> None:
        self.held = ""
        self._found = found
        self._phone = "phone" in also
        self._detectors = [*NUMBERS, PHONE] if self._phone else NUMBERS
        self._sent = ""
        """The end of what was sent, as it came, but for what stands before the last number."""
        self._context = ""
        """The end of the view of what was sent, with its numbers masked."""

    def feed(self, text: str, *, final: bool) -> str:
        raw = self._sent + self.held + text
        seen = view(raw)
        plain = opaque(seen.plain)
        begin = len(self._sent) if seen.places is None else bisect_left(seen.places, len(self._sent))
        done, sent, out = begin, len(self._sent), ""
        stop = len(plain)
        marks = len(plain) if final else marks_begun_at(plain, begin)
        known = plain[:marks]
        for start, hit in self._hits(known, begin, final=final):
            if hit is None:
                stop = start
                break
            place, end = max(sent, seen.place(start)), seen.place(hit.end)
            shown = raw[sent:place] + hit.placeholder + _closing(raw[place:end])
            out += shown
            self._found[hit.kind] += 1
            self._context = _written(self._context, plain, done, start) + opaque(hit.placeholder)
            done, sent = hit.end, end
        if not final and stop == len(plain):
            stop = min(self._pending(plain, done), marks if _WORD_CHAR.search(plain, marks) else stop)
        place = max(sent, seen.place(stop))
        out += raw[sent:place]
        kept = max(0, place - (LONGEST_MARKS if "<" in raw[:place] else _KEPT_CHARS))
        self._sent, self.held = raw[max(kept, sent - 1 if done > begin else 0) : place], raw[place:]
        self._context = _written(self._context, plain, done, stop)
        return out

    def _hits(self, plain: str, begin: int, *, final: bool) -> Iterator[tuple[int, Hit | None]]:
        """The numbers from the left: where each begins; None for one that is not decided, the last one."""
        context, done, floor = self._context, begin, 0
        for start in _starts(plain, begin):
            if start < done:
                continue
            letters = self._before(plain, start, floor)
            capitals = _MASKED_WITH.search(plain, letters[0], start) if letters else None
            shown = max(done, capitals.start()) if capitals else start
            before = _written(context, plain, done, start)[-CONTEXT_CHARS:]
            labelled = has_label(normalized_words(before))
            reach = Reach(
                labelled=labelled,
                iban=_country(plain, letters, start),
                phone=self._phone,
                final=final,
            )
            read = window(plain, start, reach)
            if read is None:
                yield shown, None
                return
            hints = hints_at(plain, start, read.end, labelled=labelled, card=read.card)
            for place in (*letters, start):
                before = _written(context, plain, done, place)[-CONTEXT_CHARS:]
                here = hints._replace(letters=place < start)
                hit = detect(self._detectors, plain, place, read.end, before, here)
                if hit and hit.end > start:
                    begins = max(place, shown)
                    yield begins, hit
                    context = _written(context, plain, done, begins) + opaque(hit.placeholder)
                    done = floor = hit.end
                    break

    def _before(self, plain: str, start: int, floor: int) -> list[int]:
        """Where a number may begin whose first digit this is: at the letters or the signs before it."""
        first = max(floor, start - MAX_PREFIX)
        if self._phone and (signs := _PHONE_BEGUN.search(plain, first, start)):
            return [signs.start()]
        found = _PREFIX.search(plain, first, start)
        return [word.start() for word in _PREFIX_WORD.finditer(plain, found.start(), start)] if found else []

    def _pending(self, plain: str, done: int) -> int:
        """Offset of the end that may become the beginning of a number."""
        begin = max(done, len(plain) - MAX_PREFIX)
        patterns = (_CAPITALS, _LAST_SIGNS, _PLACEHOLDER_BEGUN, *([_PHONE_BEGUN] if self._phone else []))
        starts = [found.start() for pattern in patterns if (found := pattern.search(plain, begin))]
        word = _LAST_WORD.search(plain, begin)
        if word and word[0].casefold() in _BEGINNINGS:
            starts.append(word.start())
        return min((start for start in starts if not _is_word(plain[start:])), default=len(plain))


def _is_word(text: str) -> bool:
    """Whether it is an ordinary word of one letter."""
    return text in ("A", "I")


def _starts(plain: str, begin: int) -> Iterator[int]:
    """Where numbers may begin: at digits, and at number words."""
    for found in _TOKENS.finditer(plain, begin):
        if found[0].isdigit() or found[0].casefold() in NUMBER_WORDS:
            yield found.start()


_TOKENS = re.compile(r"(?<![0-9])[0-9]|(?<![^\W_])[^\W\d_]{1,20}(?![^\W_])")


def _country(plain: str, letters: list[int], start: int) -> str:
    """The country whose IBANs begin with the letters before a digit; empty for none."""
    read = (_NO_LETTER.sub("", plain[place:start]) for place in letters)
    return next((word for word in read if len(word) == ibans.COUNTRY and ibans.may_begin(word)), "")


def _written(context: str, plain: str, done: int, place: int) -> str:
    """The end of what is written before a place: the view from `done` on, and before that the context."""
    if place < done:
        return context[: place - done]
    return plain[place - _CONTEXT : place] if place - done >= _CONTEXT else (context + plain[done:place])[-_CONTEXT:]


def _closing(masked: str) -> str:
    """Markdown marks that close what was opened before a number, and are masked with it."""
    return "".join(mark for mark in ("**", "`") if masked.count(mark) % 2)
