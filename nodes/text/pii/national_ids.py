"""Detection of national ids in the forms people write them.

A distinctive form ("390.533.447-05"), or letters with a checksum, is enough. Bare digits, and forms that amounts and
phones share, count as an id only with one of its labels before them.
"""

import re
from typing import NamedTuple

from nodes.text.pii.context import (
    CONTEXT_CHARS,
    ORDER_LABELS,
    PHONE_AND_ACCOUNT_LABELS,
    WORD_CHAR,
    beside_currency,
    continues,
    is_fragment,
    labelled,
    normalized_words,
)
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
    ZA_ID,
    IdType,
)


class Form(NamedTuple):
    """A written form and the ids written so: those recognised by the form alone, and those that need a label."""

    pattern: str
    by_form: tuple[IdType, ...]
    by_label: tuple[IdType, ...] = ()


NON_ID_LABELS = ORDER_LABELS | PHONE_AND_ACCOUNT_LABELS

# Not before another group of as many digits, which makes it a longer amount.
_THREES = r"\d{3}(?P<three>[ -])\d{3}(?P=three)\d{3}(?!(?P=three)\d{3}(?![.-]?\d))"
_FOURS = r"\d{4}(?P<four>[ -])\d{4}(?P=four)\d{4}(?!(?P=four)\d{4}(?![.-]?\d))"

# The first form that matches wins: a form comes before those that start like it.
DIGITS = {
    "cpf": Form(r"\d{3}\.\d{3}\.\d{3}-\d\d", (CPF,)),
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
    "eighteen": Form(r"\d{18}", (), (RIC,)),
}
LETTERS = {
    "nie": Form(r"[XYZ]-?\d{7}-?[A-Z]", (DNI,)),
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


def id_length(found: re.Match[str], before: str) -> int:
    """Length of the id at a match of `PATTERN`, 0 for none; `before` is the text that precedes it."""
    form = found.lastgroup or ""
    written: str = found[form]
    end = found.start() + len(written)
    after = found.string[end : end + CONTEXT_CHARS]
    if (
        is_fragment(before, after)
        or continues(after)
        or beside_currency(before, after)
        or labelled(before, NON_ID_LABELS)
    ):
        return 0
    return len(written) if _is_id(FORMS[form], written, before) else 0


def _is_id(form: Form, written: str, before: str) -> bool:
    number = written.replace(" ", "").replace(".", "").upper()
    words = normalized_words(before)
    for id_type in form.by_form + form.by_label:
        has_label = any(label in words for label in id_type.labels)
        recognised = has_label or (id_type in form.by_form and _needs_no_label(written, before))
        if recognised and id_type.valid(number):
            return True
    return False


def _needs_no_label(written: str, before: str) -> bool:
    """In capitals, not behind the prefix of a reference ("INV-"), and not behind other digits of an amount."""
    if written != written.upper() or re.search(r"[A-Za-z]-$", before[-2:]):
        return False
    return " " not in written or not re.search(r"\d $", before[-2:])
