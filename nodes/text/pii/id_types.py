"""The supported types of national ids: how each is validated, and what people call it."""

import re

import re2
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

from nodes.text.pii.context import ID_MARK, has_initials, is_linked, normalized_words
from nodes.text.pii.id_type import IdType
from nodes.text.pii.more_id_types import HKID, MORE_TYPES, MORE_WITH_LETTERS, NRIC


def _is_sin(number: str) -> bool:
    """As in stdnum, plus numbers with a leading 0, which stdnum refuses because none is issued: people write them."""
    digits = number.replace("-", "")
    return sin.is_valid(digits) or (
        digits.isdecimal() and digits.startswith("0") and int(digits) > 0 and luhn.is_valid(digits)
    )


def _is_ric(number: str) -> bool:
    """Checks birth date and check digit: `ric.is_valid` raises KeyError for a region without counties."""
    born = re.fullmatch(r"\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", number)
    return born is not None and ric.calc_check_digit(number) == number[-1]


def _is_ssn(number: str) -> bool:
    """A social security number, or the taxpayer number (ITIN) of people without one."""
    return ssn.is_valid(number) or itin.is_valid(number)


def _is_dni(number: str) -> bool:
    """A citizen's DNI or a foreigner's NIE."""
    return dni.is_valid(number) or nie.is_valid(number)


def _is_hetu(number: str) -> bool:
    """As in stdnum, plus numbers whose sign for the century was left out or taken for a gap."""
    return hetu.is_valid(number) or any(hetu.is_valid(number[:6] + sign + number[6:]) for sign in "-A")


def _is_nino(number: str) -> bool:
    """No checksum, but excluded prefixes: HMRC's National Insurance Manual, NIM39110."""
    return re.fullmatch(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]", number) is not None


_RRN = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[1-8]\d{6}"
"""Numbers given out since October 2020 have no check digit."""

AADHAAR = IdType(aadhaar.is_valid, (" aadhaar", " aadhar", " adhar ", " adhaar ", " uidai ", " UID #", "आधार"))
AHV = IdType(ahv.is_valid, (" ahv", " avs ", " navs", " sozialversicherung"))
BSN = IdType(bsn.is_valid, (" bsn ", " bsnr ", " bsn nr ", " burgerservice", " sofi", " citizen service number "))
CNP = IdType(cnp.is_valid, (" cnp ", " cod numeric personal"))
CPF = IdType(cpf.is_valid, (" cpf ", " cadastro de pessoas"))
CPR = IdType(cpr.is_valid, (" cpr ", " cprnr ", " personnummer"))
EGN = IdType(egn.is_valid, (" егн ", " egn ", " единен граждански "))
FODSELSNUMMER = IdType(
    fodselsnummer.is_valid,
    (" fødselsnummer", " fodselsnummer", " personnummer", " fnr ", " fødselsnr ", " norwegian national "),
)
HETU = IdType(_is_hetu, (" henkilötunnu", " hetu", " personbeteckning"))
IDNR = IdType(
    idnr.is_valid,
    (
        " idnr ",
        " steuerid",
        " steuer id",
        " stid ",
        " steuernummer",
        " steuernr",
        " steuerliche id",
        " identifikationsnummer ",
        " tin ",
        " tax id ",
        " tax number ",
        " tax identification ",
    ),
)
MY_NUMBER = IdType(my_number.is_valid, ("マイナンバー", "個人番号", " my number "))
NHS = IdType(nhs.is_valid, (" nhs ",))
NIF = IdType(nif.is_valid, (" nif ", " contribuinte ", " nif pt#"))
NIR = IdType(
    nir.is_valid,
    (
        " nir ",
        " sécurité sociale ",
        " securite sociale ",
        " sécu ",
        " n ss ",
        " secu ",
        " carte vitale ",
        " insee ",
        " french social security ",
    ),
    r"[12]\d\d(?:0[1-9]|1[0-2])\d{8}",
)
NN = IdType(
    nn.is_valid,
    (" rijksregister", " registre national", " numéro national", " belgian national ", " niss ", " insz ", " rrn "),
)
OIB = IdType(oib.is_valid, (" oib ",))
PERSONNUMMER = IdType(personnummer.is_valid, (" personnummer", " personnr ", " pnr ", " personal identity number "))
PESEL = IdType(pesel.is_valid, (" pesel", " polish id "))
RC = IdType(rc.is_valid, (" rodné číslo ", " rodného čísla ", " rč "))
RIC = IdType(_is_ric, ("身份证", "身分證", " resident id", " shenfenzheng ", " chinese id"))
RRN = IdType(rrn.is_valid, ("주민등록번호", "주민번호", " rrn ", " resident registration", " korean "), _RRN)
RUT = IdType(rut.is_valid, (" rut ", " run "))
# "sin" is Spanish for "without", and a NAS is also a file server: only in capitals or in an unambiguous phrase.
SIN = IdType(
    _is_sin,
    (" SIN ", " NAS ", " my sin ", " sin number ", " sin is ", " sin #", " social insurance ", " assurance sociale "),
)
SSN = IdType(
    _is_ssn,
    (
        " ssn ",
        " ssns ",
        " itin ",
        " social security ",
        " my social ",
        " social #",
        " social is #",
        " social no ",
        " social number ",
        " soc sec",
        " social sec ",
        " ss number ",
        " ss no ",
        " ss #",
        " seguro social ",
        " tax id #",
        " tax id is #",
        " taxpayer id ",
    ),
    r"\d{9}",
)
TCKN = IdType(tckimlik.is_valid, (" kimlik", " tckn ", " tc no ", " t c no ", " TC ", " turkish id"))
TEUDAT_ZEHUT = IdType(teudat_zehut.is_valid, ("תעודת זהות", " תז ", " ת ז ", " teudat zehut ", " israeli id "))
TFN = IdType(tfn.is_valid, (" tfn ", " tax file "))
ZA_ID = IdType(za_id.is_valid, (" sa id ", " south african id ", " id number ", " id nommer ", " identity number "))

CODICE_FISCALE = IdType(codicefiscale.is_valid, (" codice fiscale ", " cf ", " c f ", " cod fisc"))
CURP = IdType(curp.is_valid, (" curp ",))
DNI = IdType(_is_dni, (" dni ", " nie ", " nif ", " documento nacional ", " identidad "))
NINO = IdType(
    _is_nino,
    (" nino ", " national insurance ", " ni number", " ni no ", " NI #", " n i number ", " insurance number ", " nin "),
    r"[A-Z]{2}\d{6}[A-D]|(?!NR)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}",
)
PPS = IdType(pps.is_valid, (" pps ", " ppsn ", " pps no", " personal public service "))

ID_TYPES = (*(value for value in list(vars().values()) if isinstance(value, IdType)), *MORE_TYPES)
WITH_LETTERS = (CODICE_FISCALE, CURP, DNI, HETU, NINO, NIR, PPS, RIC, RUT, *MORE_WITH_LETTERS)
_ANY_ID = (
    " national id ", " national identity ", " national identification ", " personal id ", " identity card ",
    " citizen id ", " carte d identité ", " documento de identidad ", " carta d identità ", " personalausweis",
)  # fmt: skip
_ID = (" id ", " ID ", " id card ", " identification number ")
_BY_DATE = (CNP, EGN, FODSELSNUMMER, PESEL, RIC, RRN, TCKN, ZA_ID, HKID, NRIC)
"""What a mere "ID" may name: a date or two check digits tell them from other numbers."""

_LINKED = (SSN, SIN, BSN, CPF, IDNR, DNI, NINO, PESEL, CODICE_FISCALE, AADHAAR)
"""What is read behind a masked id that a number is linked to; all types would take too long in a list of ids."""

_LABELS = tuple({label.rstrip("#") for one in ID_TYPES for label in one.labels} | {*_ANY_ID, *_ID})


LABEL_WORDS = frozenset(word for label in _LABELS for word in label.casefold().split())
"""The words of the labels."""
_WITH_DIGITS = r"(?:ssn|sin|cpf|bsn|pesel)[0-9]"
_ANY_LABEL = re2.compile("|".join([*map(re.escape, _LABELS), _WITH_DIGITS]))
_BEGIN, _END = "(?:^|[^A-Za-z])", "(?:[^A-Za-z]|$)"
_MAYBE_LABEL = re2.compile(
    "|".join(
        f"{_BEGIN * label.startswith(' ')}{re.escape(label.strip())}{_END * label.endswith(' ')}" for label in _LABELS
    )
    + f"|{_WITH_DIGITS}"
)
"""The same where a digit may touch a label's end."""


def may_be_labelled(text: str) -> bool:
    """Whether there may be a number in a text that `is_labelled`: it is asked once, and not for each number."""
    if f"{ID_MARK}]" in text or has_initials(text):
        return True
    return _MAYBE_LABEL.search(normalized_words(text)) is not None


def has_label(words: str) -> bool:
    """Whether any label stands in a text, as `normalized_words` writes it."""
    return _ANY_LABEL.search(words) is not None


def is_labelled(before: str) -> bool:
    """Whether any label stands before a number, or a masked id that the number is linked to."""
    return has_label(normalized_words(before)) or is_linked(before, ID_MARK)


def named_types(before: str) -> list[IdType]:
    """The types that have a label in the text before a number."""
    words = normalized_words(before)
    if any(label in words for label in _ANY_ID):
        return list(ID_TYPES)
    mere = any(label in words for label in _ID)
    named = [one for one in ID_TYPES if (mere and one in _BY_DATE) or any(label in words for label in one.labels)]
    return [*named, *_LINKED] if is_linked(before, ID_MARK) else named
