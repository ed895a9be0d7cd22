"""Take out of a message what nobody can see.

Invisible characters smuggle instructions past the reader, split words that a rule looks for and turn text around.
Some of them also do honest work: they join letters in Persian or Malayalam, build family emoji and flags, and order
Hebrew next to Latin. Those stay where they do that work, and only there.

All of it is linear in the length of the text. The patterns here stay with `re`: none has a repeat inside a repeat,
and what they look back or ahead at has a fixed length.
"""

import re
import sys
import unicodedata
from functools import lru_cache
from typing import NamedTuple

MAX_STACKED = 30
"""Marks on one letter, counted as they are when decomposed: the bound of UAX #15, "Stream-Safe Text".

It is far beyond any orthography. Without it a run of marks costs normalising the square of its length, here and in
Postgres: 85,000 take a minute.
"""

PIECE = 32_768
"""Characters looked at in one go. `re` lets no other thread run meanwhile, and a body may be 256 KiB long."""

_HIDDEN = re.compile(
    r"["
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls but for tab and newline
    r"\u202a-\u202e\u2060-\u206f"  # bidi embeddings, overrides and isolates; invisible operators; shaping switches
    r"\xad\u034f\u180e\u200b\ufeff\ufff0-\ufffb"  # soft hyphen, grapheme joiner, zero-width spaces, annotations
    r"\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters without a shape
    r"\ufe00-\ufe0e"  # variation selectors but for the emoji one
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # lone surrogates, noncharacters
    # Apart, because `re` looks a character up in a table only in a class without any of these, else range by range.
    r"]+|(?=[\U00010000-\U0010ffff])["
    r"\U000e0000-\U000e0fff"  # tags, more variation selectors
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of shorthand and music
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17))
    + "]+"
)
# England's flag and its like (UTS #51, "Emoji Tag Sequences"): a region and its part, no longer than CLDR has them.
_FLAG = re.compile(r"(\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,4}\U000e007f)")
_DIRECTION_MARKS = re.compile(r"[\u061c\u200e\u200f]+")
_RIGHT_TO_LEFT = re.compile(
    r"[\u05d0-\u05f4\u0620-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]"
    r"(?<=[^\W\d_])"  # a letter: the blocks have marks and digits too
)

# Blocks of the scripts whose letters change shape with a joiner between them: Hebrew (points), Arabic to Mandaic,
# Indic, Myanmar, Khmer, Mongolian, their extensions, and the Brahmic scripts of the supplementary plane.
_JOINING = (
    r"\u0591-\u05f4\u0620-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17d3\u1820-\u18aa\u1b00-\u1bff\u1cd0-\u1cfa"
    r"\ua800-\ua82f\ua840-\ua8ff\ua980-\ua9fe\uaa60-\uaa7f\uabc0-\uabff\ufb50-\ufdcf\ufdf0-\ufdfb\ufe70-\ufefc"
    r"\U00010a00-\U00010aff\U00010d00-\U00010d3f\U00010f30-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
_PICTURES = r"\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
_EMOJI = _PICTURES + r"#*0-9\xa9\xae\u203c\u2049\u2122\u2139\u3030\u303d\u3297\u3299"
_JOINERS = "\u200c\u200d\ufe0f\u180b\u180c\u180d\u180f"
_JOINER_RUN = re.compile(rf"[{_JOINERS}]+")
_IDLE = re.compile(
    rf"[{_JOINERS}](?:"
    rf"(?<=\u200c)(?:(?<![{_JOINING}]\u200c)|(?![{_JOINING}]))"
    # A joiner may also close a word: Malayalam's final consonants and the Arabic sign of the year are written so.
    rf"|(?<=\u200d)(?<![{_JOINING}]\u200d)(?!(?:(?<=[{_PICTURES}]\u200d)|(?<=[{_PICTURES}]\ufe0f\u200d))[{_PICTURES}])"
    rf"|(?<=\ufe0f)(?<![{_EMOJI}]\ufe0f)"
    r"|(?<=[\u180b-\u180d\u180f])(?<![\u1820-\u18aa][\u180b-\u180d\u180f])"
    r")"
)
# Marks are only outside of these blocks (with letters, which are told apart one by one). A letter brings three marks
# at most and a mark may be two, so no fewer than this can be more than `MAX_STACKED`.
_CROWD = re.compile(
    r"[^\x00-\u02ff\u0370-\u0482\u048a-\u0590\u1e00-\u20cf\u2100-\u2cee\u2e00-\u3029\u3030-\u3098\u309b-\ua66e"
    rf"\uac00-\ufb1d\uff00-\uff9d\uffa0-\uffff\U0001f000-\U0010ffff]{{{(MAX_STACKED - 3) // 2 + 1},}}"
)


class Cleaned(NamedTuple):
    """A message as it is read: NFC, lines ended by LF, no white space around it.

    `removed` counts the characters that were taken out for being hidden, and marks beyond `MAX_STACKED`. `whole` is
    False where the text goes on behind what was asked for.
    """

    text: str
    removed: int
    whole: bool = True


def clean(text: str, most: int = sys.maxsize) -> Cleaned:
    """The text without what hides in it; cleaning it again changes nothing. Linear in the length, raises nothing.

    Args:
        text: any text.
        most: characters that are wanted, at least 1. What goes beyond is cut off before it is composed.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = _without_hidden(lines)
    hidden = len(lines) - len(shown)
    shown = shown.strip()
    size = most
    while size < len(shown):
        # A joiner at the cut cannot be judged: what it joins is not there.
        composed, removed = _composed(shown[:size].rstrip(_JOINERS))
        composed = composed.lstrip()
        if len(composed) >= most:
            return Cleaned(composed[:most], hidden + removed, whole=False)
        size *= 2  # it became shorter; and so all that is looked at is twice the text at most
    composed, removed = _composed(shown)
    composed = composed.strip()
    return Cleaned(composed[:most], hidden + removed, whole=len(composed) <= most)


def thin(text: str) -> str:
    """The text with at most `MAX_STACKED` marks in a row, so that normalising it is linear."""
    return _CROWD.sub(_thinned, text)


def _composed(text: str) -> tuple[str, int]:
    """The text in NFC without joiners that stand idle, and how many characters were taken out."""
    busy = _without_idle_joiners(text)
    composed = unicodedata.normalize("NFC", busy)
    settled = _without_idle_joiners(composed)
    removed = len(text) - len(busy)
    if settled != composed:
        # Composing moved marks so that another joiner stands idle. Nobody writes so: all joiners go, once and for
        # all, where sifting until nothing changes could take as many rounds as there are characters.
        bare = thin(_JOINER_RUN.sub("", settled))
        removed += len(composed) - len(bare)
        composed = thin(unicodedata.normalize("NFC", bare))
    return composed, removed


def _without_hidden(text: str) -> str:
    pieces = [part[start : start + PIECE] for part in _FLAG.split(text) for start in range(0, len(part), PIECE)]
    shown = "".join(piece if _FLAG.match(piece) else _HIDDEN.sub("", piece) for piece in pieces)
    return shown if _RIGHT_TO_LEFT.search(shown) else _DIRECTION_MARKS.sub("", shown)


def _without_idle_joiners(text: str) -> str:
    few = thin(text)
    busy = _IDLE.sub("", few)
    return few if busy == few else thin(busy)


def _thinned(crowd: re.Match[str]) -> str:
    _, row = _marks(crowd.string[crowd.start() - 1]) if crowd.start() else (True, 0)
    kept: list[str] = []
    for char in crowd[0]:
        is_letter, marks = _marks(char)
        if is_letter:
            row = marks
        elif row + marks <= MAX_STACKED:
            row += marks
        else:
            continue
        kept.append(char)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _marks(char: str) -> tuple[bool, int]:
    """Whether it is something that marks stand on, and how many marks it ends in once decomposed."""
    classes = [unicodedata.combining(part) for part in unicodedata.normalize("NFKD", char)]
    marks = next((count for count, part in enumerate(reversed(classes)) if not part), None)
    return (False, len(classes)) if marks is None else (True, marks)
