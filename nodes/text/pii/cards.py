"""Payment card numbers: ISO/IEC 7812 issuer prefixes and lengths, the Luhn check digit, the usual grouping."""

import re
from typing import NamedTuple

from stdnum import luhn

from nodes.text.pii.context import (
    ORDER_LABELS,
    WORD_CHAR,
    beside_currency_sign,
    is_fragment,
    labelled,
    normalized_words,
)


class Issuer(NamedTuple):
    """A range of issuer prefixes (the first six digits), and how many digits its cards have."""

    first: int
    last: int
    lengths: tuple[int, ...]


LONG = (16, 17, 18, 19)
MAESTRO = (13, 14, 15, *LONG)

ISSUERS = (
    Issuer(400000, 499999, (13, 16, 19)),  # Visa
    Issuer(510000, 559999, (16,)),  # Mastercard
    Issuer(222100, 272099, (16,)),
    Issuer(340000, 349999, (15,)),  # American Express
    Issuer(370000, 379999, (15,)),
    Issuer(300000, 305999, (14, 16)),  # Diners Club
    Issuer(309500, 309599, (14, 16)),
    Issuer(360000, 369999, (14, 16)),
    Issuer(380000, 399999, (14, 16)),
    Issuer(352800, 358999, (16, 19)),  # JCB
    Issuer(600000, 609999, (16, 19)),  # Discover at 6011, RuPay and Hipercard
    Issuer(644000, 659999, (16, 19)),  # Discover, Troy, RuPay
    Issuer(620000, 629999, LONG),  # UnionPay
    Issuer(810000, 829999, LONG),
    Issuer(220000, 220499, LONG),  # Mir
    Issuer(501800, 501999, MAESTRO),  # Maestro
    Issuer(502000, 503899, MAESTRO),
    Issuer(589300, 589399, MAESTRO),
    Issuer(630400, 630499, MAESTRO),
    Issuer(675900, 676399, MAESTRO),
    Issuer(504100, 509999, (16, 18, 19)),  # Elo, RuPay, Verve
    Issuer(636200, 639999, (16,)),  # Elo, InstaPayment
    Issuer(979200, 979299, (16,)),  # Troy
)
MIN_UNLABELLED_DIGITS = 14
"""Thirteen bare digits are a barcode more often than an old Visa card: they need a card label before them."""

PATTERN = re.compile(
    rf"(?<!{WORD_CHAR})(?=(\d{{13,19}}"
    r"|\d{4}([ -])(?:\d{4}\2\d{4}\2\d{1,4}(?:\2\d{1,3})?|\d{6}\2\d{4,5})"
    rf"|\d{{6}} \d{{13}})(?!{WORD_CHAR}))",
    re.ASCII,
)
"""Start of a possible card number: bare digits, or groups of 4, 4-6-5, 4-6-4 or 6-13; group 1 is its longest form."""

_CARD_LABELS = (
    " card ", " cards ", " carte ", " tarjeta ", " cartão ", " carta ", " karte ", " kreditkarte ", " kaart ", " kort ",
    " karta ", " visa ",
)  # fmt: skip
# A group of four digits, or the start of an IBAN, right before: this is the middle of a longer number. Years are not.
_GROUP_BEFORE = re.compile(r"(?:^|[^0-9A-Za-z/.])(?!(?:19|20)\d\d)[0-9A-Za-z]{2}\d\d([ -])$", re.ASCII)


def card_length(found: re.Match[str], before: str) -> int:
    """Length of the card number at a match of `PATTERN`, 0 for none; `before` is the text that precedes it."""
    written: str = found[1]
    group = _GROUP_BEFORE.search(before[-6:])
    if group and group[1] == found[2]:
        return 0
    for number in (written, written.rstrip("0123456789")[:-1]):
        after = found.string[found.start() + len(number) : found.start() + len(number) + 4]
        if _is_card(number) and not _is_other_number(number, before, after):
            return len(number)
    return 0


def _is_card(number: str) -> bool:
    digits = number.replace(" ", "").replace("-", "")
    prefix = int(digits[:6] or 0)
    known = any(issuer.first <= prefix <= issuer.last and len(digits) in issuer.lengths for issuer in ISSUERS)
    return known and luhn.is_valid(digits)


def _is_other_number(number: str, before: str, after: str) -> bool:
    """Whether the context shows that it is no card; labels count for bare digits only, not for grouped ones."""
    if is_fragment(before, after) or beside_currency_sign(before, after):
        return True
    if not number.isdigit():
        return False
    if labelled(before, ORDER_LABELS):
        return True
    return len(number) < MIN_UNLABELLED_DIGITS and not any(label in normalized_words(before) for label in _CARD_LABELS)
