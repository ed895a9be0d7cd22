"""Take out of a message what nobody can see.

Invisible characters smuggle instructions past the reader, split words that a rule looks for and turn text around.
Some of them also do honest work: they join letters in Persian or Malayalam, build family emoji and flags, and order
Hebrew next to Latin. Those stay where they do that work, and only there.
"""

import re
import unicodedata
from typing import NamedTuple

MAX_STACKED = 30
"""Marks on one letter: the bound of UAX #15, "Stream-Safe Text", far beyond any orthography.

Without it a run of marks costs NFC the square of its length: 80,000 take five seconds.
"""

_HIDDEN = re.compile(
    r"["
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls but for tab and newline
    r"\u202a-\u202e\u2060-\u206f"  # bidi embeddings, overrides and isolates; invisible operators; shaping switches
    r"\xad\u034f\u180e\u200b\ufeff\ufff0-\ufffb"  # soft hyphen, grapheme joiner, zero-width spaces, annotations
    r"\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters without a shape
    r"\ufe00-\ufe0e\U000e0000-\U000e0fff"  # variation selectors but for the emoji one; tags
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of shorthand and music
    r"\ud800-\udfff\ufdd0-\ufdef"  # lone surrogates, noncharacters
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(17))
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
_JOINER = r"\u200c\u200d\ufe0f\u180b-\u180d\u180f"
_JOINERS = re.compile(rf"[{_JOINER}]+")
_IDLE = re.compile(
    rf"[{_JOINER}](?:"
    rf"(?<=\u200c)(?:(?<![{_JOINING}]\u200c)|(?![{_JOINING}]))"
    # A joiner may also close a word: Malayalam's final consonants and the Arabic sign of the year are written so.
    rf"|(?<=\u200d)(?<![{_JOINING}]\u200d)(?!(?:(?<=[{_PICTURES}]\u200d)|(?<=[{_PICTURES}]\ufe0f\u200d))[{_PICTURES}])"
    rf"|(?<=\ufe0f)(?<![{_EMOJI}]\ufe0f)"
    r"|(?<=[\u180b-\u180d\u180f])(?<![\u1820-\u18aa][\u180b-\u180d\u180f])"
    r")"
)
# Where a crowd of marks can be: `re` has no class for marks, but they are no letters and not in these blocks.
_CROWD = re.compile(
    rf"[^\w\x00-\u02ff\u2000-\u20cf\u2100-\u2cee\u2e00-\u3029\ud800-\uf8ff\U0001f000-\U0010ffff]{{{MAX_STACKED + 1},}}"
)
_STACK = re.compile(rb"[^\0]{%d,}" % (MAX_STACKED + 1))  # over combining classes, a byte each; 0 is no mark


class Cleaned(NamedTuple):
    """A message as it is read: NFC, lines ended by LF, no white space around it.

    `removed` counts the characters that were taken out for being hidden, and marks beyond `MAX_STACKED`.
    """

    text: str
    removed: int


def clean(text: str) -> Cleaned:
    """The text without what hides in it; cleaning it again changes nothing. Linear in the length, raises nothing."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = _without_idle_joiners(_without_hidden(lines))
    removed = len(lines) - len(shown)
    composed = unicodedata.normalize("NFC", shown)
    settled = _without_idle_joiners(composed)
    if settled != composed:
        # Composing moved marks so that another joiner stands idle. Nobody writes so: all joiners go, once and for
        # all, where sifting until nothing changes could take as many rounds as there are characters.
        bare = _thin(_JOINERS.sub("", settled))
        removed += len(composed) - len(bare)
        composed = _thin(unicodedata.normalize("NFC", bare))
    return Cleaned(composed.strip(), removed)


def _without_hidden(text: str) -> str:
    shown = "".join(part if _FLAG.match(part) else _HIDDEN.sub("", part) for part in _FLAG.split(text))
    return shown if _RIGHT_TO_LEFT.search(shown) else _DIRECTION_MARKS.sub("", shown)


def _without_idle_joiners(text: str) -> str:
    thin = _thin(text)
    busy = _IDLE.sub("", thin)
    return thin if busy == thin else _thin(busy)


def _thin(text: str) -> str:
    return _CROWD.sub(_thinned, text)


def _thinned(crowd: re.Match[str]) -> str:
    """At most `MAX_STACKED` marks in a row; what is not a mark is left alone."""
    classes = bytes(map(unicodedata.combining, crowd[0]))
    kept: list[str] = []
    done = 0
    for stack in _STACK.finditer(classes):
        kept.append(crowd[0][done : stack.start() + MAX_STACKED])
        done = stack.end()
    return "".join(kept) + crowd[0][done:]
