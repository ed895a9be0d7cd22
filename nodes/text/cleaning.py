"""Clean a message: remove hidden characters, normalise to NFC and LF, strip outer white space.

Hidden characters smuggle instructions past the reader, split words that a rule looks for, and reorder text. Some are
also needed: joiners in Persian and Malayalam, in family emoji and flags, and direction marks in Hebrew next to Latin.
Those stay where they are needed, and only there.

Linear in the length of the text. The patterns use `re`: none has a repeat inside a repeat, and each look-around has a
fixed length.
"""

import re
import sys
import unicodedata
from functools import lru_cache
from typing import NamedTuple

MAX_MARKS = 30
"""Combining marks on one letter, counted in decomposed form: the limit of UAX #15, "Stream-Safe Text".

No orthography comes near it. Without a limit, normalising a run of marks takes time quadratic in its length, here and
in Postgres: a minute for 85,000.
"""

CHUNK = 32_768
"""Characters searched at once: `re` holds the GIL meanwhile, and a body may have 256 KiB."""

_HIDDEN = re.compile(
    r"["
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls but for tab and newline
    r"\u202a-\u202e\u2060-\u206f"  # bidi embeddings, overrides and isolates; invisible operators; shaping switches
    r"\xad\u034f\u180e\u200b\ufeff\ufff0-\ufffb"  # soft hyphen, grapheme joiner, zero-width spaces, annotations
    r"\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters without a shape
    r"\ufe00-\ufe0e"  # variation selectors but for the emoji one
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # lone surrogates, noncharacters
    # A class of their own: `re` uses a lookup table only for a class without these, else it compares range by range.
    r"]+|(?=[\U00010000-\U0010ffff])["
    r"\U000e0000-\U000e0fff"  # tags, more variation selectors
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of shorthand and music
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17))
    + "]+"
)
# Flags such as England's (UTS #51, "Emoji Tag Sequences"): a region and its subdivision, no longer than in CLDR.
_FLAG = re.compile(r"(\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,4}\U000e007f)")
_DIRECTION_MARKS = re.compile(r"[\u061c\u200e\u200f]+")
_RIGHT_TO_LEFT = re.compile(
    r"[\u05d0-\u05f4\u0620-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]"
    r"(?<=[^\W\d_])"  # a letter: the blocks also have marks and digits
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
_STRAY_JOINER = re.compile(
    rf"[{_JOINERS}](?:"
    rf"(?<=\u200c)(?:(?<![{_JOINING}]\u200c)|(?![{_JOINING}]))"
    # A joiner may also end a word, as in Malayalam's final consonants and the Arabic year sign.
    rf"|(?<=\u200d)(?<![{_JOINING}]\u200d)(?!(?:(?<=[{_PICTURES}]\u200d)|(?<=[{_PICTURES}]\ufe0f\u200d))[{_PICTURES}])"
    rf"|(?<=\ufe0f)(?<![{_EMOJI}]\ufe0f)"
    r"|(?<=[\u180b-\u180d\u180f])(?<![\u1820-\u18aa][\u180b-\u180d\u180f])"
    r")"
)
# Blocks without marks are excluded; in the others letters and marks are told apart one by one. A letter decomposes to
# three marks at most and a mark to two, so a shorter run cannot exceed `MAX_MARKS`.
_MARK_RUN = re.compile(
    r"[^\x00-\u02ff\u0370-\u0482\u048a-\u0590\u1e00-\u20cf\u2100-\u2cee\u2e00-\u3029\u3030-\u3098\u309b-\ua66e"
    rf"\uac00-\ufb1d\uff00-\uff9d\uffa0-\uffff\U0001f000-\U0010ffff]{{{(MAX_MARKS - 3) // 2 + 1},}}"
)


class Cleaned(NamedTuple):
    """A cleaned text: NFC, LF line ends, no outer white space.

    `removed` counts the hidden characters removed, and the marks beyond `MAX_MARKS`. `whole` is False where the text
    was cut at the limit.
    """

    text: str
    removed: int
    whole: bool = True


def clean(text: str, limit: int = sys.maxsize) -> Cleaned:
    """Clean a text; idempotent, linear in its length, never raises.

    Args:
        text: any text.
        limit: characters to return at most, at least 1. The rest is cut off before it is composed.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    visible = _without_hidden(lines)
    hidden = len(lines) - len(visible)
    visible = visible.strip()
    size = limit
    while size < len(visible):
        # Whether a joiner at the cut is needed cannot be seen: what it joins is cut off.
        composed, removed = _composed(visible[:size].rstrip(_JOINERS))
        composed = composed.lstrip()
        if len(composed) >= limit:
            return Cleaned(composed[:limit], hidden + removed, whole=False)
        size *= 2  # it became shorter; doubling keeps the total work linear
    composed, removed = _composed(visible)
    composed = composed.strip()
    return Cleaned(composed[:limit], hidden + removed, whole=len(composed) <= limit)


def limit_marks(text: str) -> str:
    """The text with at most `MAX_MARKS` marks in a row, so that normalising it is linear."""
    return _MARK_RUN.sub(_limited, text)


def _composed(text: str) -> tuple[str, int]:
    """The text in NFC without stray joiners, and the number of characters removed."""
    joined = _without_stray_joiners(text)
    composed = unicodedata.normalize("NFC", joined)
    checked = _without_stray_joiners(composed)
    removed = len(text) - len(joined)
    if checked != composed:
        # Composing moved marks and left another joiner stray, which no real text does. All joiners go: repeating
        # until nothing changes could take as many rounds as there are characters.
        bare = limit_marks(_JOINER_RUN.sub("", checked))
        removed += len(composed) - len(bare)
        composed = limit_marks(unicodedata.normalize("NFC", bare))
    return composed, removed


def _without_hidden(text: str) -> str:
    chunks = [part[start : start + CHUNK] for part in _FLAG.split(text) for start in range(0, len(part), CHUNK)]
    visible = "".join(chunk if _FLAG.match(chunk) else _HIDDEN.sub("", chunk) for chunk in chunks)
    return visible if _RIGHT_TO_LEFT.search(visible) else _DIRECTION_MARKS.sub("", visible)


def _without_stray_joiners(text: str) -> str:
    limited = limit_marks(text)
    joined = _STRAY_JOINER.sub("", limited)
    return limited if joined == limited else limit_marks(joined)


def _limited(run: re.Match[str]) -> str:
    _, row = _marks(run.string[run.start() - 1]) if run.start() else (True, 0)
    kept: list[str] = []
    for char in run[0]:
        is_base, marks = _marks(char)
        if is_base:
            row = marks
        elif row + marks <= MAX_MARKS:
            row += marks
        else:
            continue
        kept.append(char)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _marks(char: str) -> tuple[bool, int]:
    """Whether it is a base character, and how many marks it ends in when decomposed."""
    classes = [unicodedata.combining(part) for part in unicodedata.normalize("NFKD", char)]
    marks = next((count for count, part in enumerate(reversed(classes)) if not part), None)
    return (False, len(classes)) if marks is None else (True, marks)
