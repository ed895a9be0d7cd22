"""Detection of national ids in the forms people write them.

A distinctive form ("390.533.447-05"), or letters with a checksum, is enough. Bare digits, and forms that amounts and
phones share, count as an id only with one of its labels before them.
"""

import re
from typing import NamedTuple

from nodes.text.pii.context import (
    AFTER_CHARS,
    CONTEXT_CHARS,
    NON_ID_LABELS,
    WIDE_GAP,
    WORD_CHAR,
    beside_currency,
    continues,
    group_ends,
    is_fragment,
    is_of_parcel,
    labelled,
    normalized_words,
    words_behind,
)
from nodes.text.pii.id_type import IdType
from nodes.text.pii.id_types import (
    AADHAAR,
    AHV,
    BSN,
    CNP,
    CODICE_FISCALE,
    CPF,
    CPR,
    CURP,
    DNI,
    EGN,
    FODSELSNUMMER,
    HETU,
    ID_TYPES,
    IDNR,
    MY_NUMBER,
    NHS,
    NIF,
    NINO,
    NIR,
    NN,
    OIB,
    PERSONNUMMER,
    PESEL,
    PPS,
    RC,
    RIC,
    RRN,
    RUT,
    SIN,
    SSN,
    TCKN,
    TEUDAT_ZEHUT,
    TFN,
    WITH_LETTERS,
    ZA_ID,
    named_types,
)
from nodes.text.pii.more_id_types import CNPJ, NRIC, PAN
from nodes.text.pii.more_id_types import HKID as HONG_KONG


class Form(NamedTuple):
    """A written form and the ids written so: those recognised by the form alone, and those that need a label."""

    pattern: str
    by_form: tuple[IdType, ...]
    by_label: tuple[IdType, ...] = ()


# Not before another group of as many digits, which makes it a longer amount.
_THREES = r"\d{3}(?P<three>[ -])\d{3}(?P=three)\d{3}(?!(?P=three)\d{3}(?![.-]?\d))"
_FOURS = r"\d{4}(?P<four>[ -])\d{4}(?P=four)\d{4}(?!(?P=four)\d{4}(?![.-]?\d))"

# The first form that matches wins: a form comes before those that start like it.
DIGITS = {
    "cpf": Form(r"\d{3}\.\d{3}\.\d{3}-\d\d", (CPF,)),
    "cnpj": Form(r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d", (CNPJ,)),
    "ssn": Form(r"\d{3}-\d\d-\d{4}", (SSN,)),
    "ssn_spaced": Form(r"\d{3} \d\d \d{4}", (), (SSN,)),
    "threes": Form(_THREES, (SIN,), (TFN, BSN, NIF)),
    "dotted_threes": Form(r"\d{3}\.\d{3}\.\d{3}", (), (BSN,)),
    "bsn": Form(r"\d{4}\.\d\d\.\d{3}", (BSN,)),
    "fours": Form(_FOURS, (AADHAAR,), (MY_NUMBER,)),
    "nhs": Form(r"\d{3} \d{3} \d{4}", (), (NHS,)),
    "born": Form(r"(?:\d\d)?\d{6}[-+]\d{4}", (PERSONNUMMER,), (CPR, HETU)),
    "born_slash": Form(r"\d{6}/\d{4}", (RC,)),
    "born_space": Form(r"\d{6} \d{5}", (FODSELSNUMMER,)),
    "rrn": Form(r"\d{6}-\d{7}", (RRN,)),
    "hetu": Form(r"\d{6}[-+A-FU-Y]\d{3}[A-Z]", (HETU,)),
    "nn": Form(r"\d\d\.\d\d\.\d\d-\d{3}[.-]?\d\d", (NN,)),
    "nir": Form(r"[1-478] \d\d \d\d (?:\d\d|2[AB]) \d{3} \d{3} \d\d|[1-478]\d{4}(?:\d\d|2[AB])\d{6} \d\d", (NIR,)),
    "nir_corsican": Form(r"[1-478]\d{4}2[AB]\d{8}", (NIR,)),
    "idnr": Form(r"\d\d \d{3} \d{3} \d{3}", (), (IDNR,)),
    "ahv": Form(r"756\.\d{4}\.\d{4}\.\d\d", (AHV,)),
    "rut": Form(r"\d{1,2}\.\d{3}\.\d{3}-[\dK]", (RUT, DNI)),
    "rut_plain": Form(r"\d{7,8}-[\dK]", (DNI,), (RUT,)),
    "dni": Form(r"\d{8}-?[A-Z]|\d\d\.\d{3}\.\d{3}-?[A-Z]", (DNI,)),
    "pps": Form(r"\d{7}[A-Z]{1,2}", (), (PPS,)),
    "ric": Form(r"\d{17}X", (RIC,)),
    "nine": Form(r"\d{9}", (), (SSN, SIN, TFN, BSN, NIF, TEUDAT_ZEHUT)),
    "ten": Form(r"\d{10}", (), (PERSONNUMMER, CPR, RC, EGN, NHS)),
    "eleven": Form(r"\d{11}", (), (PESEL, IDNR, CPF, NN, FODSELSNUMMER, OIB, TCKN)),
    "twelve": Form(r"\d{12}", (), (AADHAAR, PERSONNUMMER, MY_NUMBER)),
    "thirteen": Form(r"\d{13}", (), (AHV, CNP, RRN, ZA_ID)),
    "fifteen": Form(r"\d{15}", (), (NIR,)),
    "eighteen": Form(r"\d{18}", (RIC,)),
}
LETTERS = {
    "nie": Form(r"[XYZ]-?\d{7}-?[A-Z]", (DNI,)),
    "pan": Form(r"[A-Z]{3}P[A-Z]\d{4}[A-Z]", (PAN,)),  # a person's
    "nric": Form(r"[FGST]\d{7}[A-Z]", (NRIC,)),
    "nino": Form(r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]", (NINO,)),
    "curp": Form(r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", (CURP,)),
    "codice_fiscale": Form(
        r"[A-Z]{6}[\dL-V]{2}[A-T][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]|[A-Z]{3} [A-Z]{3} \d\d[A-T]\d\d [A-Z]\d{3} ?[A-Z]",
        (CODICE_FISCALE,),
    ),
}
FORMS = DIGITS | LETTERS


def _either(forms: dict[str, Form]) -> str:
    return "|".join(f"(?P<{name}>(?:{form.pattern})(?!{WORD_CHAR}))" for name, form in forms.items())


PATTERN = re.compile(
    rf"(?<!{WORD_CHAR})(?=(?=\d)(?:{_either(DIGITS)})|(?=[A-Z])(?:{_either(LETTERS)}))", re.ASCII | re.IGNORECASE
)
"""Start of a possible id; the group that matched is named after its form."""

SPACED_SSN = re.compile(rf"(?<!{WORD_CHAR})(?=(\d{{3}} - \d\d - \d{{4}})(?!{WORD_CHAR}))", re.ASCII)
"""Start of a social security number with spaces around its dashes."""

HKID = re.compile(
    rf"(?<!{WORD_CHAR})(?=([A-Z]{{1,2}} ?\d{{6}} ?(?:\([\dA]\)|-[\dA](?!{WORD_CHAR}))))", re.ASCII | re.IGNORECASE
)
"""Start of a Hong Kong identity card's number, whose check digit stands in brackets."""

NAMED = re.compile(
    r"(?i:(?<![0-9A-Z])|(?<=ssn)|(?<=sin)|(?<=cpf)|(?<=bsn)|(?<=pesel)|(?<=nif pt))"
    rf"(?=(\d(?:{WIDE_GAP}?+\d){{6,17}}+))",
    re.ASCII,
)
"""Start of digits in any grouping, which are an id behind its label."""

NAMED_WITH_LETTERS = re.compile(
    rf"(?<!{WORD_CHAR})(?=([0-9A-Z](?:{WIDE_GAP}?+[0-9A-Z]){{7,24}}+))", re.ASCII | re.IGNORECASE
)
"""The same with letters among the digits."""

MIN_DIGITS = 4
LONG_ID = 16
"""Characters from which on an id with letters is distinctive in lower case, too."""


def id_length(found: re.Match[str], before: str) -> int:
    """Length of the id at a match of `PATTERN`, 0 for none; `before` is the text that precedes it."""
    form = found.lastgroup or ""
    written: str = found[form]
    after = found.string[found.end(form) : found.end(form) + CONTEXT_CHARS]
    if continues(after) or _is_other_number(before, after):
        return 0
    return len(written) if _is_id(FORMS[form], written, before) else 0


def spaced_ssn_length(found: re.Match[str], before: str) -> int:
    """Length of the social security number at a match of `SPACED_SSN`, 0 for none."""
    number = found[1].replace(" ", "")
    after = found.string[found.end(1) : found.end(1) + CONTEXT_CHARS]
    return 0 if continues(after) or _is_other_number(before, after) or not SSN.valid(number) else len(found[1])


def hkid_length(found: re.Match[str], _before: str) -> int:
    """Length of the Hong Kong identity card's number at a match of `HKID`, 0 for none."""
    return len(found[1]) if HONG_KONG.valid(found[1].replace(" ", "").upper()) else 0


def is_named(_found: re.Match[str], before: str) -> bool:
    """Whether the label of an id stands before the digits."""
    return bool(named_types(before))


def named_id_length(found: re.Match[str], before: str) -> int:
    """Length of the id of digits at a match of `NAMED`, behind one of its labels; 0 for none."""
    return _named_length(found, before, named_types(before))


def named_id_with_letters_length(found: re.Match[str], before: str) -> int:
    """Length of the id at a match of `NAMED_WITH_LETTERS`, behind one of its labels; 0 for none."""
    return _named_length(found, before, [one for one in named_types(before) if one in WITH_LETTERS])


def id_named_behind_length(found: re.Match[str], before: str) -> int:
    """Length of the id at a match of `NAMED` that is called so behind it; 0 for none."""
    types = types_behind(found.string, found.end(1))
    return _named_length(found, before, types) if types else 0


def types_behind(text: str, end: int) -> list[IdType]:
    """The types that a number which ends there is called behind it."""
    words = words_behind(text[end : end + 2 * AFTER_CHARS])
    return [one for one in ID_TYPES if words[0].startswith(one.labels) or words[1].startswith(one.labels)]


def _named_length(found: re.Match[str], before: str, types: list[IdType]) -> int:
    if not types:
        return 0
    other = labelled(before, NON_ID_LABELS)
    run, end = found[1], found.end(1)
    for size, number in reversed([*group_ends(run, found.string[end : end + 1])]):
        after = found.string[found.start(1) + size : found.start(1) + size + CONTEXT_CHARS]
        if sum(map(str.isdigit, number)) < MIN_DIGITS or is_fragment(before, after) or beside_currency(before, after):
            continue
        if other and number == run[:size] and number.isdigit():
            continue  # "the account in my SSN's name: 123456789"
        if any(one.valid(number.upper()) if other else one.is_named(number.upper()) for one in types):
            return size
    return 0


def _is_other_number(before: str, after: str) -> bool:
    return is_fragment(before, after) or beside_currency(before, after) or labelled(before, NON_ID_LABELS)


def _is_id(form: Form, written: str, before: str) -> bool:
    number = written.replace(" ", "").replace(".", "").upper()
    words = normalized_words(before)
    for id_type in form.by_form + form.by_label:
        has_label = any(label in words for label in id_type.labels)
        recognised = has_label or (id_type in form.by_form and _needs_no_label(written, before))
        if recognised and (id_type.is_named(number) if has_label else id_type.valid(number)):
            return True
    return False


def _needs_no_label(written: str, before: str) -> bool:
    """In capitals, and not behind the prefix of a reference ("INV-"), a parcel's carrier, or digits of an amount."""
    if (written != written.upper() and len(written) < LONG_ID) or re.search(r"[A-Za-z]-$", before[-2:]):
        return False
    if is_of_parcel(before):
        return False
    return " " not in written or not re.search(r"\d $", before[-2:])
