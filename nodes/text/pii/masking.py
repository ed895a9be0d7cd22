"""Mask a text at once, or while it arrives in chunks.

Two passes, each of which works on a text in pieces: secrets and addresses (`secret_stream`), then numbers, here. The
whole text is one piece, so that a stream masks exactly as much.

In a stream words pass at once. Text is held from a digit or a number word on (or two capitals, which may begin an
IBAN), while it may still become a number, or what follows decides whether it is one: as far as its window reaches.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator

from nodes.text.pii import ibans, key_prefixes, passwords, secrets
from nodes.text.pii.context import CONTEXT_CHARS, WIDE_GAP, context_of
from nodes.text.pii.detection import (
    LEAST_DIGITS,
    PLACEHOLDER_BEGUN,
    Hit,
    Kind,
    Masked,
    OptionalKind,
    detect,
    has_digits,
    hints_at,
    opaque,
)
from nodes.text.pii.id_types import is_labelled, may_be_labelled
from nodes.text.pii.normalizing import DIGIT_SIGNS, LONGEST_MARKS, View, closing, marks_begun_at, normalized, view
from nodes.text.pii.number_words import ARTICLES, NUMBER_WORDS
from nodes.text.pii.secret_stream import SecretStream
from nodes.text.pii.window import SIGHT, Reach, is_alone, is_between_words, window

MAX_HELD = 400
"""Characters that a stream holds back at most, without the marks of a markup that stand between them."""

MOST_PASSES = 8
"""How often a text is masked at most; two times is usual, and nothing needed more than three."""
MAX_PREFIX = 28
"""Letters and gaps that a number may have before its first digit."""
_KEPT_CHARS = 40
_CONTEXT = CONTEXT_CHARS + MAX_PREFIX

_TOKENS = re.compile(r"(?<![0-9])[0-9]|(?<![^\W_])[^\W\d_]{1,20}(?![^\W_])")
_PREFIX = re.compile(rf"(?<![0-9A-Za-z_])(?:[A-Za-z](?:[ ,./_\n-]{{0,3}}[A-Za-z]){{0,5}}(?:{WIDE_GAP})?)\Z")
_PREFIX_WORD = re.compile(r"(?<![0-9A-Za-z_])[A-Za-z]|(?<=iban)[A-Za-z]", re.IGNORECASE)
_PHONE_BEGUN = re.compile(r"[+(]{1,2}\Z")
_SPACED_CAPITALS = re.compile(rf"(?<![0-9A-Za-z_])[A-Z](?:[ ,./_\n-]{{0,3}}[A-Z]){{0,5}}(?:{WIDE_GAP})?\Z")
"""Capitals in any grouping, which are masked behind the label of an id."""
_WORD_CHAR = re.compile(r"\w")
_SKIPPED_CHARS, _SIGHT = 400, 240
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{1,20}(?![^\W_])")
CAPITALS = re.compile(rf"(?<![0-9A-Za-z_])(?:[A-Z]{{1,6}}|[A-Z][ ./_-]?[A-Z](?:{WIDE_GAP})?|[A-Z]{WIDE_GAP})\Z")
"""Capitals at the end of a text, which may begin an IBAN or an id."""
_SIGN = re.compile(
    r"[\d@\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070-\u2089\u2460-\u24ff\u2776-\u2793\U00010a40-\U00010a43"
    rf"\U00010e60-\U00010e68\U00011052-\U0001105a\U0001f100-\U0001f10a]|[{DIGIT_SIGNS}]{{3}}|---"
)
"""Digits of any kind, and what addresses and keys have."""
_KEY_NAME = re.compile(
    r"key|secret|token|bearer|credential|cookie|schlüssel|geheimnis|clave|clé|jeton|chiav|chave|sleutel|klucz|nyckel|cred"
)
LAST_WORD = re.compile(r"(?<![^\W_])(?<!['’])[^\W\d_]{1,20}\Z")
_LAST_SIGNS = re.compile(f"[{DIGIT_SIGNS}]{{1,3}}\\Z")
ORDINARY = frozenset("a i e y u o on no do be de di du se si so set for ne ni to yet trip".split())  # noqa: SIM905
"""Words that number words begin with: they do not wait for their next letter."""
_BEGINNINGS = frozenset(word[:size] for word in NUMBER_WORDS for size in range(1, len(word))) - ORDINARY


def mask(text: str, also: Collection[OptionalKind] = ()) -> Masked:
    """Mask a text, "4111 1111 1111 1111" as "[card •1111]"; idempotent.

    What is masked may show that its neighbour is a number, too, so a text is masked until nothing changes.

    Args:
        also: which of the optional kinds are masked, too.
    """
    found: dict[Kind, None] = {}
    for _ in range(MOST_PASSES):
        masker = StreamMasker(also)
        masked = masker.feed(text, final=True)
        found |= dict.fromkeys(masker.found)
        if masked == text:
            break
        text = masked
    return Masked(text, tuple(found))


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
        self._also = also
        self._near = ""
        """The end of the text so far."""
        self._skipped = ""
        """The end of what was sent since the two passes were asked last."""
        self._passes: tuple[SecretStream, _NumberStream] | None = None

    @property
    def held(self) -> str:
        """Text that is not yet in the output."""
        return self._passes[1].held + self._passes[0].held if self._passes else ""

    def feed(self, text: str, *, final: bool = False) -> str:
        """Take the next chunk; returns the text that can be sent. Nothing comes after a `final` one."""
        near, self._near = self._near + text, (self._near + text)[-_SIGHT:]
        if not (self._also or self._is_busy() or may_begin(near, len(near) - len(text), final=final)):
            self._skipped = (self._skipped + text)[-_SKIPPED_CHARS:]
            return text
        if self._passes is None:
            self._passes = SecretStream(self._also, self.found), _NumberStream(self._also, self.found)
        if self._skipped:
            for one in self._passes:
                one.skip(self._skipped)
            self._skipped = ""
        without_secrets = self._passes[0].feed(text, final=final)
        return self._passes[1].feed(without_secrets, final=final)

    def _is_busy(self) -> bool:
        """Whether text is held, or dropped."""
        return self._passes is not None and (bool(self.held) or self._passes[0].drops)

    def flush(self) -> str:
        """Return the rest at the end of the text."""
        return self.feed("", final=True)


class _NumberStream:
    """Masks the numbers in a text that arrives in chunks."""

    def __init__(self, also: Collection[OptionalKind], found: Counter[Kind]) -> None:
        self.held = ""
        self._found = found
        self._phone = "phone" in also
        self._sent = ""
        """The end of what was sent, as it came; begins with the last character of a number where one was masked."""
        self._done = 0
        """How many characters of it were masked."""
        self._context = ""
        """The view of what stands before it, with its numbers masked."""

    def skip(self, text: str) -> None:
        """Note a text that was sent, and has nothing to mask."""
        raw = self._sent + text
        seen = view(raw)
        self._keep(raw, seen, opaque(seen.plain, "_"), self._done, 0)

    def feed(self, text: str, *, final: bool) -> str:
        """Take the next chunk; returns what can be sent. Nothing comes after a `final` one."""
        raw = self._sent + self.held + text
        seen = view(raw)
        plain = opaque(seen.plain, "_")
        begin, done, sent, out = seen.offset(len(self._sent)), self._done, len(self._sent), ""
        stop = len(plain)
        marks = len(plain) if final else marks_begun_at(plain, begin)
        for start, hit in self._hits(plain[:marks], begin, final=final):
            if hit is None:
                stop = start
                break
            place, end = max(sent, seen.place(start)), seen.place(hit.end)
            out += raw[sent:place] + hit.placeholder + closing(raw[place:end])
            self._found[hit.kind] += 1
            self._context = _written(self._context, plain, done, start) + opaque(hit.placeholder)
            done, sent = hit.end, end
        if not final and stop == len(plain):
            begun = self._pending(plain, max(begin, done), _written(self._context, plain, done, len(plain)))
            stop = min(begun, marks) if _WORD_CHAR.search(plain, marks) else begun
        place = max(sent, seen.place(stop))
        self.held = raw[place:]
        self._keep(raw[:place], seen, plain, done, seen.place(done - 1) if done > begin else 0)
        return out + raw[sent:place]

    def _keep(self, raw: str, seen: View, plain: str, done: int, least: int) -> None:
        """Keep the end of what was sent, from `least` on at most: marks within it may become a gap of the view."""
        kept = max(least, len(raw) - (LONGEST_MARKS if "<" in raw else _KEPT_CHARS), 0)
        offset = seen.offset(kept)
        self._sent, self._done = raw[kept:], max(0, done - offset)
        if offset > done:
            self._context = _written(self._context, plain, done, offset)

    def _hits(self, plain: str, begin: int, *, final: bool) -> Iterator[tuple[int, Hit | None]]:
        """The numbers from the left: where each begins; None for one that is not decided, the last one."""
        context, done, floor = self._context, self._done, 0
        labels: bool | None = None
        for start, word in _starts(plain, begin):
            if start < done:
                continue  # inside the last number
            labels = may_be_labelled(context + plain[done:]) if labels is None else labels
            if not (labels or self._phone) and is_between_words(plain, start):
                continue
            letters = self._before(plain, start, floor)
            labelled = labels and is_labelled(context_of(_written(context, plain, done, start)))
            if word in ARTICLES and not labelled:
                continue  # no card's number begins so, and it would wait for what follows
            iban = ibans.country([plain[place:start] for place in letters])
            only_long = not (labelled or iban or self._phone)
            if only_long and (is_alone(plain, start) or (final and not (labels or letters or _is_long(plain, start)))):
                continue
            read = window(plain, start, Reach(labelled=labelled, iban=iban, phone=self._phone, final=final))
            if read and only_long and not read.long:
                continue
            shown = max(begin, done, self._shown_from(plain, letters, start, labelled=labelled))
            if read is None:
                yield shown, None
                return
            hints = hints_at(plain, start, read.end, labelled=labelled, card=read.card)
            for place in (*letters, start):
                before = context_of(_written(context, plain, done, place))
                here = hints._replace(letters=place < start, digit=place == start, long=place < start or hints.long)
                hit = detect(plain, place, read.end, before, here, phone=self._phone)
                if hit and hit.end > start:
                    begins = max(place, shown)
                    yield begins, hit
                    context = _written(context, plain, done, begins) + opaque(hit.placeholder)
                    done = floor = hit.end
                    labels = True  # the next number may be linked to it
                    break

    def _before(self, plain: str, start: int, floor: int) -> list[int]:
        """Where a number may begin whose first digit this is: at the letters or the signs before it."""
        first = max(floor, start - MAX_PREFIX)
        if self._phone and (signs := _PHONE_BEGUN.search(plain, first, start)):
            return [signs.start()]
        found = _PREFIX.search(plain, first, start)
        return [word.start() for word in _PREFIX_WORD.finditer(plain, found.start(), start)] if found else []

    def _shown_from(self, plain: str, letters: list[int], start: int, *, labelled: bool) -> int:
        """Where what is masked begins of a number with its first digit at `start`: at capitals or signs before it."""
        if not letters:
            return start
        patterns = (_SPACED_CAPITALS if labelled else CAPITALS, _PHONE_BEGUN)
        found = [one for pattern in patterns if (one := pattern.search(plain, letters[0], start))]
        return min((one.start() for one in found), default=start)

    def _pending(self, plain: str, done: int, context: str) -> int:
        """Offset of the end that may become the beginning of a number."""
        begin = max(done, len(plain) - MAX_PREFIX)
        starts = [pending_from(plain, begin)]
        if self._phone and (signs := _PHONE_BEGUN.search(plain, begin)):
            starts.append(signs.start())
        if (found := _SPACED_CAPITALS.search(plain, begin)) and is_labelled(context):
            starts.append(found.start())
        return min(starts)


def pending_from(plain: str, begin: int) -> int:
    """Offset of the end, from `begin` on, that may become the beginning of any number."""
    found = [pattern.search(plain, begin) for pattern in (CAPITALS, _LAST_SIGNS, PLACEHOLDER_BEGUN)]
    starts = [one.start() for one in found if one and one[0].strip() not in ("A", "I")]
    word = LAST_WORD.search(plain, begin)
    if word and word[0].casefold() in _BEGINNINGS:
        starts.append(word.start())
    return min(starts, default=len(plain))


def may_begin(near: str, begin: int, *, final: bool) -> bool:
    """Whether a chunk has anything to mask or to hold, as far as one can see quickly.

    Args:
        near: the chunk, and a little of what was sent before it.
        begin: where the chunk begins.
        final: nothing comes after it.
    """
    if (
        _SIGN.search(near, begin)
        or "://" in near
        or "-u " in near
        or "--user" in near
        or secrets.HINT.search(near, begin)
    ):
        return True
    folded = near.casefold()
    if _KEY_NAME.search(folded) or passwords.STARTS.search(near):
        return True
    if not NUMBER_WORDS.isdisjoint(_WORD.findall(folded, folded.rfind(" ", 0, begin) + 1)):
        return True  # what came before is sent, so no number begins with it
    plain = near if near.isascii() else normalized(near)
    last = secrets.LAST.search(plain, max(0, len(plain) - key_prefixes.LONGEST_START))
    key = last is not None and (last[0] in key_prefixes.CUT_STARTS or last[0].startswith(("-", *key_prefixes.STARTS)))
    return not final and (key or pending_from(plain, begin) < len(plain))


def _starts(plain: str, begin: int) -> Iterator[tuple[int, str]]:
    """Where numbers may begin: at digits, and at number words, of which the first letters may have been sent."""
    cut = LAST_WORD.search(plain, max(0, begin - MAX_PREFIX), begin)
    for found in _TOKENS.finditer(plain, cut.start() if cut else begin):
        word = found[0].casefold()
        if word.isdigit() or word in NUMBER_WORDS:
            yield found.start(), word


def _is_long(plain: str, start: int) -> bool:
    """Whether as many digits may stand in the window of a number as the shortest one without a label has."""
    return has_digits(plain, start, start + SIGHT, LEAST_DIGITS)


def _written(context: str, plain: str, done: int, place: int) -> str:
    """The end of what is written before a place: the view from `done` on, and before that the context."""
    return plain[place - _CONTEXT : place] if place - done >= _CONTEXT else (context + plain[done:place])[-_CONTEXT:]
