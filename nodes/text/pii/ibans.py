"""International bank account numbers (ISO 13616): a structure per country and two check digits."""

import re
from functools import cache

from stdnum import iban, numdb

from nodes.text.pii.context import WORD_CHAR

PATTERN = re.compile(
    rf"(?<!{WORD_CHAR})(?=([A-Z]{{2}}\d\d"
    rf"(?:[A-Z0-9]{{11,30}}|([ -])(?:[A-Z0-9]{{4}}\2){{2,7}}[A-Z0-9]{{1,4}}))(?!{WORD_CHAR}))",
    re.ASCII | re.IGNORECASE,
)
"""Start of a possible IBAN, ungrouped or in groups of four; group 1 may extend into the words after it."""


def iban_length(found: re.Match[str], _before: str) -> int:
    """Length of the IBAN at a match of `PATTERN`, 0 for none."""
    written: str = found[1]
    size = _size(written[:2].upper())
    if " " in written or "-" in written:
        size += (size - 1) // 4
    if not size or written[size:][:1] not in ("", " ", "-"):
        return 0
    # Without the per-country checks, which would leave a number unmasked that a bank still takes.
    return size if iban.is_valid(written[:size], check_country=False) else 0


@cache  # 676 entries at most
def _size(country: str) -> int:
    """Letters and digits of an IBAN of the country; 0 for a country without IBANs."""
    structure = numdb.get("iban").info(country)[0][1].get("bban", "")
    return 4 + sum(map(int, re.findall(r"(\d{1,2})!", structure))) if structure else 0
