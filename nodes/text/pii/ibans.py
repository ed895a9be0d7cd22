"""International bank account numbers (ISO 13616): a structure per country and two check digits."""

import re
from functools import cache

from stdnum import iban, numdb

from nodes.text.pii.context import WIDE_GAP, WORD_CHAR

PATTERN = re.compile(
    rf"(?:(?<!{WORD_CHAR})|(?<=\biban))(?=([A-Z][ ./_-]?[A-Z]{WIDE_GAP}?\d(?:{WIDE_GAP}?+[A-Z0-9]){{12,32}}+))",
    re.ASCII | re.IGNORECASE,
)
"""Start of a possible IBAN in any grouping; group 1 may extend into the words after it."""

_BEGUN = re.compile(
    rf"(?:(?<!{WORD_CHAR})|(?<=\biban))(?=[A-Z][ ./_-]?[A-Z]{WIDE_GAP}?\d)"
    rf"(?:{WIDE_GAP}?+[A-Z0-9]){{3,34}}+[ ./_,\n-]{{0,3}}\Z",
    re.ASCII | re.IGNORECASE,
)
CHECKED = 4
"""Letters and digits in front of the account's own."""
_CLASSES = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "c": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def iban_length(found: re.Match[str], _before: str) -> int:
    """Length of the IBAN at a match of `PATTERN`, 0 for none."""
    written: str = found[1]
    size = len(_structure(_read(written)[:2]))
    if not size:
        return 0
    places = [place for place, char in enumerate(written, 1) if char.isalnum()][:size]
    end = found.start(1) + places[-1]
    if len(places) < size or re.match("[0-9A-Za-z_]", found.string[end : end + 1]):
        return 0
    # Without the per-country checks, which would leave a number unmasked that a bank still takes.
    return places[-1] if iban.is_valid(_read(written[: places[-1]]), check_country=False) else 0


def begun_at(plain: str, begin: int) -> int:
    """Offset at or behind `begin` from which on the text is the beginning of an IBAN; its end where there is none."""
    for found in _BEGUN.finditer(plain, begin):
        read = _read(found[0])
        structure = _structure(read[:2])
        if len(read) <= len(structure) and all(char in wanted for char, wanted in zip(read, structure, strict=False)):
            # "is 20" may begin an Icelandic number: the word goes out, and the digits wait as all digits do.
            if not found[0][:2].islower() or found[0][2].isdigit():
                return found.start()
            if len(read) > CHECKED:
                return found.start() + 3
    return len(plain)


def _read(written: str) -> str:
    return re.sub(r"[\W_]", "", written).upper()


@cache  # 676 entries at most
def _structure(country: str) -> tuple[str, ...]:
    """The characters that may stand at each place of the country's IBANs; empty for a country without IBANs."""
    bban = numdb.get("iban").info(country)[0][1].get("bban", "")
    parts = re.findall(r"(\d{1,2})!([nac])", bban)
    body = [_CLASSES[kind] for size, kind in parts for _ in range(int(size))]
    return (_CLASSES["a"], _CLASSES["a"], _CLASSES["n"], _CLASSES["n"], *body) if body else ()
