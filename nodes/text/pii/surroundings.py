"""What stands around a number says what it is not: an amount, a piece of something longer, an order, a phone."""

import re

REACH = 40
"""Characters before a number that can say what it is. Those after it are read as far as they touch it."""

WORD = "[0-9A-Za-z_]"
"""What makes a longer word of a number it touches. Not every letter: Chinese and Korean write up to the digits."""

_SIGN = r"[$¢£¤¥֏؋৳฿₠-⃀﷼￠￡￥￦元円원]"
_CODE = (
    r"(?:AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|SEK|SGD|THB|TRY|USD|ZAR"
    r"|Ft|Kč|kr|lei|Rs|TL|zł|dollars?|euros?|pounds?|francs?|pesos|reais|rupees|kronor|kroner|złotych|yen)"
)
_SIGN_BESIDE = re.compile(_SIGN)
_MONEY_BEFORE = re.compile(rf"(?:{_SIGN}|(?<!\w){_CODE}\.?) ?$")
_MONEY_AFTER = re.compile(rf" ?(?:{_SIGN}(?! ?\d)|{_CODE}(?!\w))")
_PIECE_BEFORE = re.compile(
    r"(?:\d[-/]|(?:\d|^|\s)\.|\+ ?"
    r"|(?<![\w./-])\d{1,2},)$"  # "0,4539…" is a fraction; "2024-01-02,4539…" is a line of a CSV file
)
# A bracket after a separator may be a number masked before: it must bar this one as that number did.
_PIECE_AFTER = re.compile(r"\.\d|,\d{1,2}(?![\d/])|[.,/-]\[")
_GOES_ON = re.compile(r"[/-]\w")
# Marks are no word characters to `re`, and stand inside the words of Indic scripts.
_BETWEEN_WORDS = re.compile(r"[^\w\u0300-\u036f\u0900-\u0dff]+")

ORDERS = frozenset(
    """order orders invoice invoices tracking shipment parcel receipt confirmation reference ref booking ticket
    transaction imei isbn serial pedido factura fattura ordine commande facture colis bestellung bestellnummer
    rechnung rechnungsnummer sendung sendungsnummer factuur zamówienie faktura fatura замовлення заказ""".split()  # noqa: SIM905 (words read better as a text)
)
"""What the numbers of orders, invoices and parcels are called."""

PHONES_AND_ACCOUNTS = frozenset(
    """phone phones telephone tel mobile cell fax whatsapp call text dial ring téléphone portable teléfono móvil
    telefono cellulare telefone celular telefon handy handynummer telefonnummer telefoon mobiel mobil llama llame
    llámame account accounts acct konto kontonummer compte cuenta conto conta rekening routing""".split()  # noqa: SIM905
)
"""What the numbers of phones and bank accounts are called."""

_FILLERS = frozenset(
    "number numbers num no nr n° nº número numéro numero nummer id code is was me us at on al au".split()  # noqa: SIM905
)


def touches_sign(before: str, after: str) -> bool:
    """A currency's sign right beside it, as in "$4111111111111111"."""
    return bool(_SIGN_BESIDE.match(before[-1:]) or _SIGN_BESIDE.match(after))


def touches_money(before: str, after: str) -> bool:
    """A currency's sign or code beside it, as in "$ 123 456 782" and "123 456 782 kr"."""
    return bool(_MONEY_BEFORE.search(before[-8:]) or _MONEY_AFTER.match(after))


def is_piece(before: str, after: str) -> bool:
    """Digits and a dash before it, a plus sign, or a decimal point on either side make it part of something longer."""
    return bool(_PIECE_BEFORE.search(before[-5:]) or _PIECE_AFTER.match(after))


def goes_on(after: str) -> bool:
    """A dash or a slash and more right behind it, as in "123-45-6789-01"."""
    return bool(_GOES_ON.match(after))


def words(before: str) -> str:
    """What precedes a number as words with single spaces around them: as they are written, then without capitals.

    It ends in "#", so that " sin #" is found only right before the number.
    """
    plain = _BETWEEN_WORDS.sub(" ", before.replace("_", " "))
    return f" {plain} | {plain.casefold()} #".replace("  ", " ")


def called(before: str, names: frozenset[str]) -> bool:
    """Introduced by one of the names, as in "Order no. 4539…": at most three small words come between."""
    line = before.rpartition("\n")[2]
    spoken = _BETWEEN_WORDS.sub(" ", line.replace("_", " ").casefold()).split()[-4:]
    while spoken and spoken[-1] in _FILLERS:
        spoken.pop()
    return bool(spoken) and spoken[-1] in names
