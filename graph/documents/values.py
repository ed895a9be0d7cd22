"""Dates, amounts and currencies as files write them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

DecimalMark = Literal[".", ","]

CURRENCIES = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
    VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG""".split()  # noqa: SIM905
)
SYMBOLS = {
    "€": "EUR", "£": "GBP", "R$": "BRL", "A$": "AUD", "C$": "CAD", "US$": "USD", "$": "USD", "₹": "INR", "Rs.": "INR",
    "Rs": "INR", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "₺": "TRY", "₽": "RUB", "₴": "UAH", "¥": "JPY", "Fr.": "CHF",
    "SFr.": "CHF", "kr": "", "kr.": "", ",-": "",
}  # fmt: skip
"""Currencies of signs; "" is one of several."""

DATE_FORMATS = (
    "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y",
    "%d/%b/%Y", "%b %d %Y", "%d%m%Y", "%y-%m-%d", "%y/%m/%d",
)  # fmt: skip

_MONTHS = {
    1: "january januar janvier enero janeiro gennaio januari styczen stycznia sty jan ene jänner",
    2: "february februar fevrier febrero fevereiro febbraio februari luty lutego lut feb fev",
    3: "march marz maerz mars marzo marco maart marzec marca mar mrt mrz",
    4: "april avril abril aprile kwiecien kwietnia kwi apr abr avr",
    5: "may mai mayo maio maggio mei maj maja mag",
    6: "june juni juin junio junho giugno czerwiec czerwca cze jun giu",
    7: "july juli juillet julio julho luglio lipiec lipca lip jul lug juil",
    8: "august aout agosto augustus augusti sierpien sierpnia sie aug ago",
    9: "september septembre septiembre setembro settembre wrzesien wrzesnia wrz sep sept set",
    10: "october oktober octobre octubre outubro ottobre pazdziernik pazdziernika paz oct okt out ott",
    11: "november novembre noviembre novembro listopad listopada lis nov",
    12: "december dezember decembre diciembre dezembro dicembre grudzien grudnia gru dec dez dic des",
}
MONTHS = {name: number for number, names in _MONTHS.items() for name in names.split()}
_SHORT = "_ Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905

_TIME = re.compile(r"[T ,]+\d{1,2}[:.]\d{2}([:.]\d{2}.*)?( ?[AaPp][Mm])?( ?[A-Z]{3,4}|Z)?$")
_DATE = re.compile(r"\d{1,4}[-./ ,]+(\d{1,2}|[^\W\d]{3,12}\.?)[-./ ,]+\d{2,4}|[^\W\d]{3,12}\.? \d{1,2},? \d{4}|\d{8}")
_WORD = re.compile(r"[^\W\d_]+\.?")


LONGEST_VALUE = 60
"""Characters of a date or an amount; in longer texts none is looked for."""


def plain(text: str) -> str:
    """Lower-case words without accents and punctuation, as names are compared by."""
    without = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss").replace("ł", "l").replace("ø", "o"))
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in without if not unicodedata.combining(c))))


@lru_cache(maxsize=20_000)
def read_date(text: str, format: str) -> date | None:
    """The day; a time after it does not count. None where the text is no such date."""
    if len(text) > LONGEST_VALUE:
        return None
    text = _TIME.sub("", text.strip().strip("'"))
    if not _DATE.fullmatch(text):
        return None
    if "%b" in format:
        text = _WORD.sub(_english_month, text.replace(",", " "))
        text = " ".join(text.split())
    try:
        found = datetime.strptime(text, format).date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None
    return found if 1950 <= found.year <= 2100 else None


def _english_month(match: re.Match[str]) -> str:
    number = MONTHS.get(plain(match.group()))
    return _SHORT[number] if number else match.group()


class Money(NamedTuple):
    """What an amount says."""

    value: Decimal
    currency: str | None
    """ISO 4217, where it has a sign or code of one."""
    spent: bool | None
    """What a letter beside the number says, such as CR and DR."""


SPENT = frozenset(
    """d dr deb debit debet debito dbit s soll lastschrift af afschrijving w withdrawal out ausgang belastung debito
    obciazenie uttag cargo dare sortie outgoing""".split()  # noqa: SIM905
)
"""Words by which banks say that an amount was spent."""
RECEIVED = frozenset(
    """c cr cre cred credit kredit credito crdt h haben gutschrift bij bijschrijving deposit in eingang uznanie
    insattning abono avere entree incoming""".split()  # noqa: SIM905
)

_SIGNS = "|".join(re.escape(s) for s in sorted(SYMBOLS, key=len, reverse=True))
_CURRENCY = rf"(?:{_SIGNS}|[A-Za-z]{{3}}(?![A-Za-z]))"
_AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+])?(?P<before>{_CURRENCY})? ?(?P<sign2>[-+])?(?P<digits>\d[\d.,' ]*|[.,]\d+)"
    rf" ?(?P<sign3>[-+])?(?P<close>\))? ?(?P<after>{_CURRENCY})?(?P<sign4>[-+])? ?(?P<letters>CR|DR|Cr|Dr|C|D|S|H)?\.?"
)
_DIGITS = {
    mark: re.compile(
        rf"(?:\d+|\d{{1,3}}(?:(?P<s>[{other}' ])\d{{3}})(?:(?P=s)\d{{3}})*|\d{{1,2}}(?:{lakh}\d{{2}})*{lakh}\d{{3}})?"
        rf"(?:[{mark}]\d+|[{mark}])?"
    )
    for mark, other, lakh in ((".", ",", ","), (",", ".", r"\."))
}
_SPACES = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2212": "-", "\u2013": "-", "’": "'", "`": "'"})
_PLAIN = {mark: re.compile(rf"-?\d{{1,14}}(?:[{mark}]\d{{1,4}})?") for mark in (".", ",")}


def read_money(text: str, mark: DecimalMark) -> Money | None:
    """An amount with whatever stands beside it; None where the text is none, or has another decimal mark."""
    if _PLAIN[mark].fullmatch(text):
        return Money(Decimal(text.replace(",", ".")), None, None)
    if len(text) > LONGEST_VALUE:
        return None
    found = _AMOUNT.fullmatch(text.translate(_SPACES).strip().strip("'\""))
    if found is None:
        return None
    digits = found["digits"].strip()
    if not _DIGITS[mark].fullmatch(digits) or len(digits) > 24 or bool(found["open"]) != bool(found["close"]):
        return None
    kept = "".join(c for c in digits if c.isdigit() or c == mark).replace(",", ".")
    signs = [found[name] for name in ("sign", "sign2", "sign3", "sign4") if found[name]]
    currency = found["before"] or found["after"]
    letters = (found["letters"] or "").casefold()
    if currency and currency not in SYMBOLS and currency.upper() not in CURRENCIES:
        return None
    if len(signs) > 1 or (found["before"] and found["after"] and found["after"] != ",-"):
        return None
    value = -Decimal(kept) if "-" in signs or found["open"] else Decimal(kept)
    return Money(value, currency_of(currency), None if not letters else letters in SPENT)


def currency_of(word: str | None) -> str | None:
    """ISO 4217 of a code or sign; None where it is neither or is used for several currencies."""
    if not word:
        return None
    word = word.strip()
    return word.upper() if word.upper() in CURRENCIES else SYMBOLS.get(word) or None


_IN_TEXT = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])|R\$|€|£|₹|zł|\$|Fr\.")


def currencies_in(text: str) -> Sequence[str]:
    """Currencies that a text names, in its order."""
    return [code for word in _IN_TEXT.findall(text) if (code := currency_of(word))]


def date_formats(texts: Iterable[str]) -> Sequence[str]:
    """Formats by which every one of the texts is a date; none where there are no texts."""
    left: Sequence[str] = DATE_FORMATS
    seen = False
    for text in texts:
        seen = True
        left = [known for known in left if read_date(text, known) is not None]
        if not left:
            break
    return left if seen else []


def is_date(text: str) -> bool:
    """Whether the text is a date in some format."""
    return (
        len(text) <= LONGEST_VALUE
        and bool(_DATE.match(text.strip().strip("'")))
        and any(read_date(text, known) for known in DATE_FORMATS)
    )


def is_money(text: str) -> bool:
    """Whether the text is an amount with some decimal mark."""
    return read_money(text, ".") is not None or read_money(text, ",") is not None
