"""The national ids that are known here: how each is checked, and what people call it."""

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


class Id(NamedTuple):
    """One country's number: whether it is one, written in capitals without spaces and dots, and what it is called.

    A name with a space at an end is a whole word there; see `surroundings.words`.
    """

    valid: Callable[[str], bool]
    names: tuple[str, ...]


def _is_sin(number: str) -> bool:
    """As stdnum has it, and those with a leading 0, which it refuses for never being issued: people write them."""
    digits = number.replace("-", "")
    return sin.is_valid(digits) or (digits.startswith("0") and int(digits) > 0 and luhn.is_valid(digits))


def _is_ric(number: str) -> bool:
    """By birth date and check digit: `ric.is_valid` raises a KeyError on a region that has no counties."""
    born = re.fullmatch(r"\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", number)
    return born is not None and ric.calc_check_digit(number) == number[-1]


def _is_ssn(number: str) -> bool:
    """A social security number, or the number that the IRS gives those who have none."""
    return ssn.is_valid(number) or itin.is_valid(number)


def _is_dni(number: str) -> bool:
    """Of a citizen (DNI) or of a foreigner (NIE)."""
    return dni.is_valid(number) or nie.is_valid(number)


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
    idnr.is_valid,
    (" idnr ", " steuerid", " steuer id", " steuernummer", " steuernr", " steuerliche id", " tin ", " tax id "),
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
RIC = Id(_is_ric, ("身份证", "身分證", " resident id", " shenfenzheng "))
RRN = Id(rrn.is_valid, ("주민등록번호", "주민번호", " rrn ", " resident registration"))
RUT = Id(rut.is_valid, (" rut ", " run "))
# "sin" is Spanish for "without", and a NAS keeps files: only in capitals, or where nothing else can be meant.
SIN = Id(
    _is_sin,
    (" SIN ", " NAS ", " my sin ", " sin number ", " sin is ", " sin #", " social insurance ", " assurance sociale "),
)
SSN = Id(_is_ssn, (" ssn ", " ssns ", " itin ", " social security ", " my social ", " seguro social "))
TCKN = Id(tckimlik.is_valid, (" kimlik", " tckn ", " tc no ", " t c no "))
TEUDAT_ZEHUT = Id(teudat_zehut.is_valid, ("תעודת זהות", " teudat zehut ", " israeli id "))
TFN = Id(tfn.is_valid, (" tfn ", " tax file "))
ZA_ID = Id(za_id.is_valid, (" sa id ", " south african id ", " id number ", " id nommer ", " identity number "))

CODICE_FISCALE = Id(codicefiscale.is_valid, (" codice fiscale ", " cf ", " c f ", " cod fisc"))
CURP = Id(curp.is_valid, (" curp ",))
DNI = Id(_is_dni, (" dni ", " nie ", " nif "))
NINO = Id(_is_nino, (" nino ", " national insurance ", " ni number ", " ni no "))
PPS = Id(pps.is_valid, (" pps ", " ppsn ", " personal public service "))
