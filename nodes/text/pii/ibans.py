"""International bank account numbers, ISO 13616: a country's own structure and two check digits."""

import re
from functools import cache

from stdnum import iban, numdb

from nodes.text.pii.surroundings import WORD

SHAPE = re.compile(
    rf"(?<!{WORD})(?=([A-Z]{{2}}\d\d"
    rf"(?:[A-Z0-9]{{11,30}}|([ -])(?:[A-Z0-9]{{4}}\2){{2,7}}[A-Z0-9]{{1,4}}))(?!{WORD}))",
    re.ASCII | re.IGNORECASE,
)
"""Where an IBAN may start: in one piece or in fours; group 1 may run on into the words behind it."""


def iban_length(found: re.Match[str], _before: str) -> int:
    """How many characters from a match of `SHAPE` are an IBAN, 0 for none."""
    written: str = found[1]
    size = _size(written[:2].upper())
    if " " in written or "-" in written:
        size += (size - 1) // 4
    if not size or written[size:][:1] not in ("", " ", "-"):
        return 0
    # Without the checks of single countries: those would let a number pass that a bank still takes.
    return size if iban.is_valid(written[:size], check_country=False) else 0


@cache  # there are 676
def _size(country: str) -> int:
    """How many letters and digits an IBAN of the country has; 0 where there are none."""
    structure = numdb.get("iban").info(country)[0][1].get("bban", "")
    return 4 + sum(map(int, re.findall(r"(\d{1,2})!", structure))) if structure else 0
