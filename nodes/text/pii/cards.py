"""Payment card numbers: ISO/IEC 7812 issuer prefixes and lengths, the Luhn check digit, the usual grouping."""

import re
from itertools import pairwise
from typing import NamedTuple

from stdnum import luhn

from nodes.text.pii.context import (
    AFTER_CHARS,
    CARD_MARK,
    GAP,
    ORDER_LABELS,
    PARCEL_LABELS,
    beside_currency_sign,
    group_ends,
    is_fragment,
    is_linked,
    labelled,
    named_behind,
    normalized_words,
)


class Issuer(NamedTuple):
    """A range of issuer prefixes (the first six digits), and how many digits its cards have.

    `named` are lengths, and whole ranges, that other numbers share: they count with a card's name before them.
    """

    first: int
    last: int
    lengths: tuple[int, ...] = ()
    named: tuple[int, ...] = ()


LONG = (16, 17, 18, 19)
MAESTRO = (12, 13, 14, 15, *LONG)
NOT_BARCODES = (12, 14, 15, *LONG)
"""Lengths of Maestro cards in the range of British product codes, which have 13 digits."""

ISSUERS = (
    Issuer(400000, 499999, (16, 19), (13, 18)),  # Visa
    Issuer(510000, 559999, (16,)),  # Mastercard
    Issuer(222100, 272099, (16,)),
    Issuer(340000, 349999, (15,)),  # American Express
    Issuer(370000, 379999, (15,)),
    Issuer(300000, 305999, (14, 16)),  # Diners Club
    Issuer(309500, 309599, (14, 16)),
    Issuer(360000, 369999, (14, 16)),
    Issuer(380000, 399999, (14, 16), (13, 19)),  # Hipercard at 3841
    Issuer(180000, 180099, (15,)),  # JCB
    Issuer(213100, 213199, (15,)),
    Issuer(352800, 358999, (16, 17, 18, 19)),
    Issuer(600000, 609999, (16, 19), (13,)),  # Discover at 6011, RuPay and Hipercard
    Issuer(644000, 659999, (16, 17, 18, 19)),  # Discover, Troy, RuPay
    Issuer(620000, 629999, LONG),  # UnionPay
    Issuer(810000, 829999, LONG),
    Issuer(220000, 220499, LONG),  # Mir
    Issuer(501800, 501999, NOT_BARCODES, (13,)),  # Maestro, Dankort
    Issuer(502000, 503899, NOT_BARCODES, (13,)),
    Issuer(589300, 589399, MAESTRO),
    Issuer(630400, 630499, MAESTRO),
    Issuer(675900, 676399, MAESTRO),
    Issuer(633110, 633110, (16, 18, 19)),  # Switch and Solo, now Maestro
    Issuer(633300, 633499, (16, 18, 19)),
    Issuer(670000, 679999, LONG),  # Bancontact, Laser, more of Maestro
    Issuer(500000, 509999, (16, 18, 19), MAESTRO),  # Elo, RuPay, Verve, Carnet
    Issuer(560000, 589999, (16, 18, 19), MAESTRO),
    Issuer(636200, 639999, (16,)),  # Elo, InstaPayment
    Issuer(979200, 979299, (16,)),  # Troy
    Issuer(970400, 970499, (16, 19)),  # Napas
    Issuer(860000, 860099, (16,)),  # Uzcard, Humo
    Issuer(986000, 986099, (16,)),
    Issuer(911200, 911299, (16,)),  # Belkart, ArCa, Elcart, Prostir
    Issuer(905100, 905199, (16,)),
    Issuer(941700, 941799, (16,)),
    Issuer(980400, 980499, (16,)),
    Issuer(600000, 699999, (), MAESTRO),  # what Maestro may use
    Issuer(194600, 194699, (), (16,)),  # GPN
    Issuer(310000, 319999, (), (16, 19)),  # T-Union
    Issuer(300000, 399999, (), (14, 15, 16)),  # what Diners Club, American Express and JCB may use
    Issuer(700000, 709999, (), (16,)),  # fuel cards
)

BY_PREFIX: dict[int, list[Issuer]] = {}
for _issuer in ISSUERS:
    for _prefix in range(_issuer.first // 1000, _issuer.last // 1000 + 1):
        BY_PREFIX.setdefault(_prefix, []).append(_issuer)
SHORT_PREFIX = 3
"""Digits by which the issuers are found in it."""

PATTERN = re.compile(
    rf"(?<!\d)(?=(\d(?:{GAP}?+\d){{11,18}}+))",
    re.ASCII,
)
"""Start of a possible card number, at any group of digits; group 1 is as many digits as a card has at most."""

CARD_WORDS = (
    " card ", " cards ", " carte ", " cartes ", " tarjeta ", " cartão ", " carta ", " karte ", " kreditkarte ",
    " bankkarte ", " girokarte ", " kartennummer ", " kreditkartennummer ", " creditcard",
    " cardnumber ", " debitcard", " kaart ", " kort ", " karta ", " kartı ", " visa ", " mastercard ", " maestro ",
    " amex ", " american express ", " diners ", " discover ", " jcb ", " unionpay ", " rupay ", " mir ", " troy ",
    " elo ", " hipercard ", " dankort ", " girocard ", " debit ", " credit ", " cc ", " mc ", " cvv ",
    " cvc ", " exp ", " pay with ", "カード", "卡", "카드", "карт",
    "कार्ड", "بطاقة",
)  # fmt: skip
"""Names of cards, as `normalized_words` writes them."""

_SERVICE = re.compile(r"(?<![0-9A-Za-z])[0-9][A-Z][ -]\Z")  # of a parcel: "1Z 6579 9905 3610 4454 46"
_CARD_NUMBER = re.compile(
    r"(?i)card ?(?:no\b|num|#)|kartennummer"
    r"|(?:numéro|número|numero|nummer|nr)[^\n.\d]{0,12}(?:carte|tarjeta|cartão|carta|kaart|kort)"
)
# A group of four digits, or the start of an IBAN, right before: this is the middle of a longer number. Years are not.
_GROUP_BEFORE = re.compile(r"(?:^|[^0-9A-Za-z/.])(?!(?:19|20)\d\d)[0-9A-Za-z]{2}\d\d([ ./_-])$", re.ASCII)
_ITEM_BEFORE = re.compile(r"\d[ ./_-]{1,3}$", re.ASCII)
_ITEM_AFTER = re.compile(r"[ ./_-]{1,3}\d", re.ASCII)
_GLUED_BEHIND = re.compile(r"exp|cvv|cvc|csc|valid|gültig|\^[A-Z]", re.IGNORECASE)  # "^" on a magnetic stripe
_DATED = re.compile(
    r"[\W_]{0,4}(?:exp|cvv|cvc|csc|valid|gültig|visa|mastercard|amex)"
    r"|[\s,;|*(]{1,4}(?:0[1-9]|1[0-2]) ?/ ?(?:20)?[2-4]\d(?!\d)",
    re.IGNORECASE,
)
"""What stands behind a card's number: its expiry date, its code or its issuer."""
_CONTINUES = re.compile(r"[-_]{1,2}[0-9A-Za-z]")
_WORD_BEFORE = re.compile(r"[A-Za-z]{1,24}_?$")
_WORD_BEHIND = re.compile(r"_?[A-Za-z]{1,24}(?![0-9A-Za-z-])")
_NAME_IN_WORD = re.compile(
    r"visa|card|karte|carte|tarjeta|carta|kaart|kort|amex|maestro|cc(?:num|no)?$|mc$|pan$|^(?:number|no|nr|num)$"
)
_SENTENCE_WORD = re.compile(r"(?=[A-Fa-f]{0,24}[G-Zg-z])[A-Za-z][a-z]{2,23}(?![0-9A-Za-z])")
_WITH_CODE = re.compile(r"\d{19,26}(?!\d)", re.ASCII)
_SHAPES = frozenset(
    {(4, 4, 5), (6, 11), (6, 12), (4, 6, 5), (4, 6, 4), (6, 13), (8, 8), (6, 10), (4, 4, 8), (4, 12), (4, 8, 4)}
    | {(4, 4, 5, 4), (8, 4, 4), (4, 4, 4, 2, 2), (4, 2, 2, 2, 2, 2, 2), (6, 4, 4, 4)}
)
"""Digits of the groups that cards are printed in, and a few that people make."""
_OF_THIRTEEN = re.compile(r"4\d{3}([ -])\d{4}\1\d{5}", re.ASCII)
_NO_DIGIT = re.compile(r"\D")
FOUR = 4
PREFIX = 6
"""Digits that name the issuer."""
GLUED_CHARS = 26
MIN_DIGITS, MAX_DIGITS = 12, 19


def card_length(found: re.Match[str], before: str) -> int:
    """Length of the card number at a match of `PATTERN`, 0 for none; `before` is the text that precedes it."""
    if not is_issued(found, before):
        return 0
    run, end = found[1], found.end(1)
    follows = found.string[end : end + 1]
    if (whole := _WITH_CODE.match(found.string, found.start(1))) and is_named(before):
        digits = next((whole[0][:size] for size in (16, 15) if is_card(whole[0][:size], named=True)), "")
        if digits:
            return len(whole[0])
    named: bool | None = None
    for size, digits in reversed([*group_ends(run, "" if follows.isalpha() or follows == "_" else follows)]):
        if len(digits) < MIN_DIGITS or not is_card(digits, named=True):
            continue
        named = _is_named_around(before, found.string[end : end + GLUED_CHARS]) if named is None else named
        after = found.string[found.start(1) + size : found.start(1) + size + GLUED_CHARS]
        issued = is_card(digits, named=named or _is_of_thirteen(run[:size]))
        if issued and _stands_alone(run[:size], before, after, named=named):
            return size
    return 0


def card_named_behind_length(found: re.Match[str], before: str) -> int:
    """Length of the card number at a match of `PATTERN` that is called a card behind it; 0 for none."""
    after = found.string[found.end(1) : found.end(1) + 2 * AFTER_CHARS]
    if not is_issued(found, before) or not named_behind(after, CARD_WORDS):
        return 0
    ends = [*group_ends(found[1], after[:1])]
    if not ends or not is_card(ends[-1][1], named=True):
        return 0
    return ends[-1][0] if _stands_alone(found[1], before, after, named=True) else 0


def is_issued(found: re.Match[str], _before: str) -> bool:
    """Whether there is an issuer whose numbers begin so."""
    return bool(_issuers(_NO_DIGIT.sub("", found[1][:40])))


def is_card(digits: str, *, named: bool) -> bool:
    """Whether an issuer has such a number, and its check digit is right; `named`: a card's name stands before it."""
    size = len(digits)
    known = any(size in issuer.lengths or (named and size in issuer.named) for issuer in _issuers(digits))
    return known and luhn.is_valid(digits)


def _issuers(digits: str) -> list[Issuer]:
    prefix = int(digits[:6])
    return [one for one in BY_PREFIX.get(prefix // 1000, ()) if one.first <= prefix <= one.last]


def _is_named_around(before: str, after: str) -> bool:
    """Whether a card's name stands before the number, or touches it."""
    word = _WORD_BEFORE.search(before)
    if is_dated(after) or (word and _NAME_IN_WORD.search(word[0].strip("_").casefold())):
        return True
    return is_named(before)


def is_named(before: str) -> bool:
    """Whether a card's name stands before the number, or another card's number that it is linked to."""
    return in_words(normalized_words(before)) or is_linked(before, CARD_MARK)


def is_dated(after: str) -> bool:
    """Whether a card's expiry date, code or issuer follows the number."""
    return _DATED.match(after) is not None


def in_words(words: str) -> bool:
    """Whether a card's name is among these words."""
    return any(word in words for word in CARD_WORDS)


def _stands_alone(written: str, before: str, after: str, *, named: bool) -> bool:
    """Whether its groups are those of a card, and no context shows that it is another number."""
    if not named and (before[-1:] == "_" or _SERVICE.search(before)):
        return False
    stripe = before[-1:] == "B" and after[:1] == "^"
    if _is_joined_well(after, named=named):
        after = ""
    in_a_table = named and written.isdigit()  # a comma behind is none of an amount
    if is_fragment(before, "" if in_a_table else after) or _touches(before, after):
        return False
    word = _WORD_BEFORE.search(before)
    if (
        word
        and not stripe
        and not (named and (word[0].islower() or _NAME_IN_WORD.search(word[0].strip("_").casefold())))
    ):
        return False
    if not named and _CONTINUES.match(after):
        return False
    if labelled(before, ORDER_LABELS if written.isdigit() else PARCEL_LABELS) and not _CARD_NUMBER.search(before):
        return False
    if written.isdigit():
        return True
    return _is_grouped(written, before, after, named=named)


def _is_joined_well(after: str, *, named: bool) -> bool:
    """Whether letters that touch its end are another word: one behind a card's name, or one of a sentence."""
    if _GLUED_BEHIND.match(after) or _SENTENCE_WORD.match(after):
        return True
    word = _WORD_BEHIND.match(after)
    return named and word is not None and (word[0].islower() or len(word[0]) == 1)


def _touches(before: str, after: str) -> bool:
    """Whether a currency sign, or a word behind, touches the number."""
    return beside_currency_sign(before, after) or re.match(r"_?[0-9A-Za-z]", after) is not None


def _is_grouped(written: str, before: str, after: str, *, named: bool) -> bool:
    """Whether the groups are those of a card, and no list of figures."""
    shape = tuple(map(len, re.findall(r"\d{1,19}", written)))
    if not named and is_series(re.findall(r"\d{1,19}", written)):
        return False
    if shape[0] == FOUR:
        group = _GROUP_BEFORE.search(before[-6:])
        if group and group[1] == written[FOUR] and not named:
            return False
        if _is_even(shape) or (shape in _SHAPES and "." not in written):
            return True
    if named:
        return True
    # A list of numbers looks like this, too: only where nothing else is in it.
    if _ITEM_BEFORE.search(before[-4:]) or _ITEM_AFTER.match(after) or ("\n" in written and shape != (8, 8)):
        return False
    one_gap = len(set(re.findall(r"\D{1,3}", written))) == 1
    return one_gap and "." not in written and (shape in _SHAPES or _is_even(shape))


def _is_of_thirteen(written: str) -> bool:
    """Whether it is in the groups of a card of 13 digits, in which no code of a product or a book is printed."""
    return _OF_THIRTEEN.fullmatch(written) is not None


def is_series(groups: list[str]) -> bool:
    """Whether the groups are figures: all round, or each as much more than the last."""
    numbers = [int(group) for group in groups]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(groups) > 2 and (all(number % 10 == 0 for number in numbers) or (len(steps) == 1 and 0 not in steps))


def _is_even(shape: tuple[int, ...]) -> bool:
    """Whether the groups are equally long, and the last one no longer."""
    return len(set(shape[:-1])) == 1 and shape[-1] <= shape[0]
