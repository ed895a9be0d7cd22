"""National ids that have few written forms of their own, so that mostly their name tells them from other numbers."""

import re

from stdnum import luhn
from stdnum.ar import cuit
from stdnum.at import vnr
from stdnum.au import abn
from stdnum.br import cnpj
from stdnum.ec import ci
from stdnum.ee import ik
from stdnum.gb import utr
from stdnum.gr import amka
from stdnum.gr import vat as afm
from stdnum.id import nik
from stdnum.in_ import pan
from stdnum.is_ import kennitala
from stdnum.lt import asmens
from stdnum.lv import pvn
from stdnum.mx import rfc
from stdnum.my import nric as mykad
from stdnum.nz import ird
from stdnum.pk import cnic
from stdnum.ru import inn
from stdnum.si import emso
from stdnum.th import pin
from stdnum.us import ein

from nodes.text.pii.id_type import IdType

_NRIC_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
_NRIC_LETTERS = {"S": "JZIHGFEDCBA", "T": "GFEDCBAJZIH", "F": "XWUTRQPNMLK", "G": "RTUWXKLMNPQ", "M": "KLJNPQRTUWX"}
_HKID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SNILS_MOD = 101


def _is_nric(number: str) -> bool:
    """Singapore's NRIC and FIN: a weighted sum chooses the last letter."""
    if not re.fullmatch(r"[STFGM]\d{7}[A-Z]", number, re.ASCII):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[1:8], _NRIC_WEIGHTS, strict=True))
    first = number[0]
    return _NRIC_LETTERS[first][(total + {"T": 4, "G": 4, "M": 3}.get(first, 0)) % 11] == number[-1] or first == "M"


def _is_hkid(number: str) -> bool:
    """Hong Kong's identity card: a weighted sum of letters (10 to 35, a missing one 36) and digits, modulo 11."""
    plain = re.sub(r"[()-]", "", number)
    if not re.fullmatch(r"[A-Z]{1,2}\d{6}[\dA]", plain, re.ASCII):
        return False
    values = [_HKID_LETTERS.index(char) for char in plain[:-1]]
    values = values if len(values) == 8 else [36, *values]
    check = 10 if plain[-1] == "A" else int(plain[-1])
    return (sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True)) + check) % 11 == 0


def _is_snils(number: str) -> bool:
    """Russia's pension number: nine digits weighted 9 to 1, modulo 101."""
    if not re.fullmatch(r"\d{11}", number, re.ASCII):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:9], range(9, 0, -1), strict=True))
    return total % _SNILS_MOD % 100 == int(number[9:])


def _is_emirates(number: str) -> bool:
    """The card of the United Arab Emirates: the country, the year of birth, and Luhn's check digit."""
    digits = number.replace("-", "")
    return re.fullmatch(r"784(?:19|20)\d{10}", digits, re.ASCII) is not None and luhn.is_valid(digits)


def _never(_number: str) -> bool:
    return False


ABN = IdType(abn.is_valid, (" abn ", " a b n ", " australian business number "))
AFM = IdType(afm.is_valid, (" afm ", " αφμ "))
AMKA = IdType(amka.is_valid, (" amka ", " αμκα "))
ASMENS = IdType(asmens.is_valid, (" asmens kod",))
CEDULA = IdType(ci.is_valid, (" cédula", " cedula"), r"\d{10}")
CNIC = IdType(cnic.is_valid, (" cnic ",))
CNPJ = IdType(cnpj.is_valid, (" cnpj ",))
CUIT = IdType(cuit.is_valid, (" cuit ", " cuil "))
EIN = IdType(ein.is_valid, (" EIN ", " employer identification "))
EMIRATES = IdType(_is_emirates, (" emirates id", "الهوية"))
EMSO = IdType(emso.is_valid, (" emšo ", " emso ", " jmbg ", " јмбг "))
HKID = IdType(_is_hkid, (" hkid ", " hk id ", " hong kong id", "香港身份證"))
IK = IdType(ik.is_valid, (" isikukood",))
INN = IdType(inn.is_valid, (" инн ", " inn #"))
IRD = IdType(ird.is_valid, (" ird ", " inland revenue "))
KENNITALA = IdType(kennitala.is_valid, (" kennital",))
MYKAD = IdType(mykad.is_valid, (" mykad ", " kad pengenalan", " IC "))
NIK = IdType(nik.is_valid, (" NIK ", " nik #", " ktp "), r"\d{6}(?:[04][1-9]|[1256]\d|[37][01])(?:0[1-9]|1[0-2])\d{6}")
NRIC = IdType(_is_nric, (" nric ", " FIN ", " ic number ", " ic no ", " singapore id", " singapore ic ", " IC "))
PAN = IdType(
    pan.is_valid,
    (" PAN ", " pan card ", " pan no ", " pan number ", " my pan ", " pan is ", " pan #", " permanent account "),
)
PASSPORT = IdType(
    _never,
    (
        " passport #",
        " passport no #",
        " passport number #",
        " passport number is #",
        " passport is #",
        " reisepass #",
        " reisepass nr #",
        " reisepassnummer #",
        " my passport number ",
        " ausweis #",
        " ausweisnummer #",
        " personalausweis #",
        " passeport #",
        " pasaporte #",
        " passaporto #",
    ),
    r"\d{9}|(?!IS|NO|NR)[A-Z]{1,2}\d{6,7}|[CFGHJKLMNPRTVWXYZ](?=[A-Z]{0,3}\d)[0-9CFGHJKLMNPRTVWXYZ]{8}\d?",
)
PENSION = IdType(
    _never,
    (" rentenversicherung", " sozialversicherung", " sv nummer", " rv nummer", " svnr ", " ssnr ", " rvnr "),
    r"\d{8}[A-Z]\d{3}",
)
LICENCE = IdType(
    _never,
    (" driving licen", " driver s licen", " drivers licen", " driver licen", " führerschein", " permis de conduire "),
    r"[A-Z9]{5}\d{6}[A-Z9]{2}[0-9A-Z]{3}|[A-Z]\d{7,13}|[A-Z]\d{2}[0-9A-Z]{8}",
)
MEDICARE = IdType(
    _never,
    (" medicare ", " mbi "),
    r"[1-9][AC-HJ-NP-RT-Y][0-9AC-HJ-NP-RT-Y]\d[AC-HJ-NP-RT-Y]"
    r"[0-9AC-HJ-NP-RT-Y]\d[AC-HJ-NP-RT-Y]{2}\d\d|[2-6]\d{9}",  # in the United States, and in Australia
)
PK = IdType(pvn.is_valid, (" personas kod",))
RFC = IdType(rfc.is_valid, (" rfc ",), r"[A-ZÑ&]{3,4}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[0-9A-Z]{3}")
NSS = IdType(_never, (" seguridad social ",), r"\d{12}")
RU_PASSPORT = IdType(_never, (" паспорт",), r"\d{10}")
SPI = IdType(_never, (" numéro fiscal ",), r"[0-3]\d{12}")
SNILS = IdType(_is_snils, (" снилс ", " snils "))
THAI = IdType(pin.is_valid, (" thai id", "ประชาชน"))
UTR = IdType(utr.is_valid, (" utr ", " unique taxpayer"))
VNR = IdType(vnr.is_valid, (" svnr ", " sozialversicherung", " vsnr "))

MORE_TYPES = tuple(value for value in list(vars().values()) if isinstance(value, IdType))
MORE_WITH_LETTERS = (HKID, LICENCE, MEDICARE, NRIC, PAN, PASSPORT, PENSION, RFC)
