"""National ids: the numbers that states give to people, in the form people write them.

A form of its own ("231.002.999-00") or letters with a checksum speak for themselves. Bare digits, and forms that
amounts and phones share, are an id only with one of its usual names in the characters before them.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from stdnum import luhn
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.il import idnr as teudat_zehut
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.jp import in_ as my_number
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import itin, ssn
from stdnum.za import idnr as za_id

from nodes.guarding.surroundings import ORDERS, PHONES_AND_ACCOUNTS, WORD, called, is_piece, touches_money, words


class Id(NamedTuple):
    """One country's number: whether it is one, written in capitals without spaces and dots, and what it is called.

    A name with a space at an end is a whole word there; see `words`.
    """

    valid: Callable[[str], bool]
    names: tuple[str, ...]


class Form(NamedTuple):
    """A way to write numbers, and the ids written so: those believed as they stand, and those that need a name."""

    pattern: str
    believed: tuple[Id, ...]
    named: tuple[Id, ...] = ()


def _is_sin(number: str) -> bool:
    """As stdnum has it, and those with a leading 0, which it refuses for never being issued: people write them."""
    digits = number.replace("-", "")
    return sin.is_valid(digits) or (digits.startswith("0") and int(digits) > 0 and luhn.is_valid(digits))


def _is_nino(number: str) -> bool:
    """No checksum, but prefixes that are never given: HMRC's National Insurance Manual, NIM39110."""
    return re.fullmatch(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]", number) is not None


AADHAAR = Id(aadhaar.is_valid, (" aadhaar", " aadhar", " adhar ", " uidai ", "आधार"))
AHV = Id(ahv.is_valid, (" ahv ", " avs ", " sozialversicherung"))
BSN = Id(bsn.is_valid, (" bsn ", " burgerservice", " sofi"))
CNP = Id(cnp.is_valid, (" cnp ", " cod numeric personal"))
CPF = Id(cpf.is_valid, (" cpf ", " cadastro de pessoas"))
CPR = Id(cpr.is_valid, (" cpr ", " personnummer"))
EGN = Id(egn.is_valid, (" егн ", " egn "))
FODSELSNUMMER = Id(fodselsnummer.is_valid, (" fødselsnummer", " fodselsnummer", " personnummer", " fnr "))
HETU = Id(hetu.is_valid, (" henkilötunnu", " hetu ", " personbeteckning"))
IDNR = Id(
    idnr.is_valid, (" idnr ", " steuerid", " steuer id", " steuernummer", " steuernr", " steuerliche id", " tin ", " tax id ")
)
MY_NUMBER = Id(my_number.is_valid, ("マイナンバー", "個人番号", " my number "))
NHS = Id(nhs.is_valid, (" nhs ",))
NIF = Id(nif.is_valid, (" nif ", " contribuinte "))
NIR = Id(nir.is_valid, (" nir ", " sécurité sociale ", " securite sociale ", " sécu ", " secu ", " carte vitale "))
NN = Id(nn.is_valid, (" rijksregister", " registre national", " numéro national", " niss ", " insz ", " rrn "))
OIB = Id(oib.is_valid, (" oib ",))
PERSONNUMMER = Id(personnummer.is_valid, (" personnummer", " personnr ", " pnr ", " personal identity number "))
PESEL = Id(pesel.is_valid, (" pesel",))
RC = Id(rc.is_valid, (" rodné číslo ", " rodného čísla ", " rč "))
RIC = Id(ric.is_valid, ("身份证", "身分證", " resident id", " shenfenzheng "))
RRN = Id(rrn.is_valid, ("주민등록번호", "주민번호", " rrn ", " resident registration"))
RUT = Id(rut.is_valid, (" rut ", " run "))
# "sin" is Spanish for "without", and a NAS keeps files: only in capitals, or where nothing else can be meant.
SIN = Id(
    _is_sin, (" SIN ", " NAS ", " my sin ", " sin number ", " sin is ", " sin #", " social insurance ", " assurance sociale ")
)
SSN = Id(lambda number: ssn.is_valid(number) or itin.is_valid(number), (" ssn ", " itin ", " social security ", " seguro social "))
TCKN = Id(tckimlik.is_valid, (" kimlik", " tckn ", " tc no ", " t c no "))
TEUDAT_ZEHUT = Id(teudat_zehut.is_valid, ("תעודת זהות", " teudat zehut ", " israeli id "))
TFN = Id(tfn.is_valid, (" tfn ", " tax file "))
ZA_ID = Id(za_id.is_valid, (" sa id ", " south african id ", " id number ", " id nommer ", " identity number "))

CODICE_FISCALE = Id(codicefiscale.is_valid, (" codice fiscale ", " cf ", " c f ", " cod fisc"))
CURP = Id(curp.is_valid, (" curp ",))
DNI = Id(lambda number: dni.is_valid(number) or nie.is_valid(number), (" dni ", " nie ", " nif "))
NINO = Id(_is_nino, (" nino ", " national insurance ", " ni number ", " ni no "))
PPS = Id(pps.is_valid, (" pps ", " ppsn ", " personal public service "))

# Not before another group of as many digits: then it is a longer amount.
_THREES = r"\d{3}(?P<three>[ -])\d{3}(?P=three)\d{3}(?!(?P=three)\d{3}(?![.-]?\d))"
_FOURS = r"\d{4}(?P<four>[ -])\d{4}(?P=four)\d{4}(?!(?P=four)\d{4}(?![.-]?\d))"

DIGITS = {
    "ssn": Form(r"\d{3}-\d\d-\d{4}", (SSN,)),
    "ssn_spaced": Form(r"\d{3} \d\d \d{4}", (), (SSN,)),
    "threes": Form(_THREES, (SIN,), (TFN, BSN, NIF)),
    "dotted_threes": Form(r"\d{3}\.\d{3}\.\d{3}", (), (BSN,)),
    "bsn": Form(r"\d{4}\.\d\d\.\d{3}", (BSN,)),
    "cpf": Form(r"\d{3}\.\d{3}\.\d{3}-\d\d", (CPF,)),
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
    return "|".join(f"(?P<{name}>(?:{form.pattern})(?!{WORD}))" for name, form in forms.items())


SHAPE = re.compile(
    rf"(?<!{WORD})(?=(?=\d)(?:{_either(DIGITS)})|(?=[A-Z])(?:{_either(LETTERS)}))", re.ASCII | re.IGNORECASE
)
"""Where an id may start; the group that matched is named after its form."""


def id_length(found: re.Match[str], before: str) -> int:
    """How many characters from a match of `SHAPE` are an id, 0 for none; `before` is what precedes it."""
    form = found.lastgroup or ""
    written: str = found[form]
    after = found.string[found.start() + len(written) :][:6]
    if is_piece(before, after) or touches_money(before, after) or called(before, ORDERS | PHONES_AND_ACCOUNTS):
        return 0
    return len(written) if _is_id(FORMS[form], written, before) else 0


def _is_id(form: Form, written: str, before: str) -> bool:
    number = written.replace(" ", "").replace(".", "").upper()
    spoken = words(before)
    for an_id in form.believed + form.named:
        named = any(name in spoken for name in an_id.names)
        if (named or (an_id in form.believed and _stands_alone(written, before))) and an_id.valid(number):
            return True
    return False


def _stands_alone(written: str, before: str) -> bool:
    """Without a name: in capitals, not behind a code and its dash ("INV-"), not behind other digits of an amount."""
    if written != written.upper() or re.search(r"[A-Za-z]-$", before[-2:]):
        return False
    return " " not in written or not re.search(r"\d $", before[-2:])
