"""Fold a text to what the rules are written in: plain ASCII for Latin letters, and a plain form of each other script.

Both forms are searched as bytes by RE2, which does not backtrack.
"""

import re
import unicodedata
from typing import Any

import re2

_IGNORED = re.compile(r"[\u0300-\u036f\u061c\u200b-\u200f\ufe0f]+")  # accents, direction marks and joiners
_LIGATURES = re.compile(r"[\ufdfa\ufdfb]")  # Arabic ligatures of up to 18 letters
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
# Vowel signs, hamza, tatweel and nukta, which writers leave out.
_OPTIONAL_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670\u093c\u200b-\u200f]+")
# With `re` for its look-around. Linear: separators are no letters, and their repeat is possessive (`{1,2}+`).
_SPELLED = re.compile(r"(?<![a-z0-9])(?:[a-z0-9][ .\-_*]{1,2}+){3,40}[a-z0-9](?![a-z0-9])")
_BETWEEN_LETTERS = re.compile(r"[ .\-_*]{1,2}")

_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_CIRCLED = {chr(start + offset): chr(97 + offset) for start in (0x1F150, 0x1F170, 0x1F1E6) for offset in range(26)}
_LETTERS = str.maketrans({
    **_SMALL_CAPITALS, **_CIRCLED,
    "ł": "l", "đ": "d", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "’": "'",
})  # fmt: skip
"""Latin letters that Unicode does not decompose, and symbols that are read as letters."""
_ONE_LETTER = str.maketrans({"ى": "ي", "ی": "ي", "ک": "ك", "ۀ": "ه", "。": ".", "、": ",", "۔": "."})
"""Letters that Arabic and Persian keyboards write differently, and full stops."""


def plain(text: str) -> str:
    """The text in ASCII: lower case, without accents, single spaces, spelled-out words joined.

    A character of another script becomes "~", which is no part of a word.

    Args:
        text: as cleaned by `cleaning.clean`: a longer run of marks would take quadratic time here, too.
    """
    if not text.isascii():
        short = _LIGATURES.sub("~", text)
        text = _IGNORED.sub("", unicodedata.normalize("NFKD", short))
    folded = text.casefold().translate(_LETTERS)
    joined = _SPELLED.sub(_joined, _NON_ASCII.sub("~", folded))
    # "You have no idea what filters do" is about no limits, and RE2 has no look-ahead to exclude it.
    return re.sub(r"[ \t]+", " ", joined).replace("no idea", "an idea")


def _joined(spelled: re.Match[str]) -> str:
    """Joins "i g n o r e  a l l" to "ignore all": one separator is between letters, two between words."""
    return _BETWEEN_LETTERS.sub(lambda gap: "" if len(gap[0]) == 1 else " ", spelled[0])


def own_script(text: str) -> str:
    """The text in its own script: lower case, without accents and marks that writers leave out."""
    decomposed = unicodedata.normalize("NFKD", _LIGATURES.sub("~", text)).casefold()
    composed = unicodedata.normalize("NFC", _OPTIONAL_MARKS.sub("", decomposed))
    return re.sub(r"[ \t]+", " ", composed.translate(_ONE_LETTER))


def compiled(patterns: tuple[str, ...]) -> Any:
    """One pattern for RE2 that matches what any of these does; it searches bytes."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # a byte is a character, so that gaps stay small automata
    options.never_capture = True
    options.max_mem = 1 << 22  # bytes; RE2 forgets what is beyond, and a text made to fill them costs no more
    options.log_errors = False  # RE2 would print that they are full, and works on without them
    return re2.compile("|".join(patterns).encode(), options)
