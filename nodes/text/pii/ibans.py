"""International bank account numbers (ISO 13616): a structure per country and two check digits."""

import re
from functools import cache

from stdnum import iban, numdb

from nodes.text.pii.context import WIDE_GAP, WORD_CHAR

_GAP = rf"(?:[ ,]{{0,2}}+(?:\b(?:and|then|dann|und|puis|luego|poi)\b[ ,]{{0,2}}+){{1,2}}+|{WIDE_GAP})"
PATTERN = re.compile(
    rf"(?:(?<!{WORD_CHAR})|(?<=\biban))(?=([A-Z][ ./_-]?[A-Z]{WIDE_GAP}?[\dOIl](?:{_GAP}?+[A-Z0-9]){{12,32}}+))",
    re.ASCII | re.IGNORECASE,
)
"""Start of a possible IBAN in any grouping; group 1 may extend into the words after it."""

COUNTRY, LONGEST_WORD = 2, 26
_JOINED = re.compile(r"\d|_?[0-9A-Za-z]")
_WORD_BEHIND = re.compile(r"(?:[a-z]{3,24}|BIC[A-Z]{0,11})(?![0-9A-Za-z])")
_WORDS = re.compile(r"\b(?:and|then|dann|und|puis|luego|poi)\b", re.IGNORECASE)
_NO_LETTER = re.compile(r"[^A-Za-z]")
_TYPED = str.maketrans("OIL", "011")
_CLASSES = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "c": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def iban_length(found: re.Match[str], _before: str) -> int:
    """Length of the IBAN at a match of `PATTERN`, 0 for none."""
    written = _WORDS.sub(lambda word: " " * len(word[0]), found[1])
    wanted = _structure(_read(written)[:COUNTRY])
    if not wanted:
        return 0
    places = [place for place, char in enumerate(written, 1) if char.isalnum()][: len(wanted)]
    end = found.start(1) + places[-1]
    after = found.string[end : end + LONGEST_WORD]
    if len(places) < len(wanted) or (_JOINED.match(after) and not _WORD_BEHIND.match(after)):
        return 0
    read = _read(written[: places[-1]])
    if any(char in "OIL" for char in read):
        read = "".join(
            char.translate(_TYPED) if kind == _CLASSES["n"] else char for char, kind in zip(read, wanted, strict=True)
        )
    # Without the per-country checks, which would leave a number unmasked that a bank still takes.
    return places[-1] if iban.is_valid(read, check_country=False) else 0


def may_begin(read: str) -> bool:
    """Whether an IBAN may begin with these letters and digits; letters may be typed for digits."""
    wanted = _structure(read[:COUNTRY].upper()) if len(read) >= COUNTRY else ()
    if not wanted or len(read) > len(wanted):
        return False
    return all(char in kind or char.translate(_TYPED) in kind for char, kind in zip(read.upper(), wanted, strict=False))


def country(before: list[str]) -> str:
    """The country whose IBANs begin with what stands before a digit, read from several places on; empty for none."""
    read = (_NO_LETTER.sub("", letters) for letters in before)
    return next((letters for letters in read if len(letters) == COUNTRY and may_begin(letters)), "")


def _read(written: str) -> str:
    return re.sub(r"[\W_]", "", written).upper()


@cache  # 676 entries at most
def _structure(country: str) -> tuple[str, ...]:
    """The characters that may stand at each place of the country's IBANs; empty for a country without IBANs."""
    bban = numdb.get("iban").info(country)[0][1].get("bban", "")
    parts = re.findall(r"(\d{1,2})!([nac])", bban)
    body = [_CLASSES[kind] for size, kind in parts for _ in range(int(size))]
    return (_CLASSES["a"], _CLASSES["a"], _CLASSES["n"], _CLASSES["n"], *body) if body else ()
