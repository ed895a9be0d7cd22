"""Context rules: what around a number shows that it is an amount, part of a longer number, an order or a phone."""

import re

CONTEXT_CHARS = 40
"""Characters before a number that are read as its context. Behind it, only what touches it is read."""

WORD_CHAR = "[0-9A-Za-z_]"
"""A character that makes an adjacent number part of a word. Only ASCII: Chinese and Korean put no space there."""

_SIGN = r"[$¢£¤¥֏؋৳฿₠-⃀﷼￠￡￥￦元円원]"
_CODE = (
    r"(?:AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|SEK|SGD|THB|TRY|USD|ZAR"
    r"|Ft|Kč|kr|lei|Rs|TL|zł|dollars?|euros?|pounds?|francs?|pesos|reais|rupees|kronor|kroner|złotych|yen)"
)
_CURRENCY_SIGN = re.compile(_SIGN)
_CURRENCY_BEFORE = re.compile(rf"(?:{_SIGN}|(?<!\w){_CODE}\.?) ?$")
_CURRENCY_AFTER = re.compile(rf" ?(?:{_SIGN}(?! ?\d)|{_CODE}(?!\w))")
_FRAGMENT_BEFORE = re.compile(
    r"(?:\d[-/]|(?:\d|^|\s)\.|\+ ?"
    r"|(?<![\w./-])\d{1,2},)$"  # "0,4539…" is a fraction; "2024-01-02,4539…" is a line of a CSV file
)
# A bracket behind a separator may be a masked number; it counts as that number did, so that masking is idempotent.
_FRAGMENT_AFTER = re.compile(r"\.\d|,\d{1,2}(?![\d/])|[.,/-]\[")
_CONTINUATION = re.compile(r"[/-]\w")
# `re` does not count combining marks as word characters, but they stand inside the words of Indic scripts.
_BETWEEN_WORDS = re.compile(r"[^\w\u0300-\u036f\u0900-\u0dff]+")

ORDER_LABELS = frozenset(
    """order orders invoice invoices tracking shipment parcel receipt confirmation reference ref booking ticket
    transaction imei isbn serial pedido factura fattura ordine commande facture colis bestellung bestellnummer
    rechnung rechnungsnummer sendung sendungsnummer factuur zamówienie faktura fatura замовлення заказ""".split()  # noqa: SIM905 (words read better as a text)
)
"""Labels of order, invoice and parcel numbers."""

PHONE_AND_ACCOUNT_LABELS = frozenset(
    """phone phones telephone tel mobile cell fax whatsapp call text dial ring téléphone portable teléfono móvil
    telefono cellulare telefone celular telefon handy handynummer telefonnummer telefoon mobiel mobil llama llame
    llámame account accounts acct konto kontonummer compte cuenta conto conta rekening routing""".split()  # noqa: SIM905
)
"""Labels of phone and bank account numbers."""

_FILLERS = frozenset(
    "number numbers num no nr n° nº número numéro numero nummer id code is was me us at on al au".split()  # noqa: SIM905
)


def beside_currency_sign(before: str, after: str) -> bool:
    """Whether a currency sign touches the number, as in "$4111111111111111"."""
    return bool(_CURRENCY_SIGN.match(before[-1:]) or _CURRENCY_SIGN.match(after))


def beside_currency(before: str, after: str) -> bool:
    """Whether a currency sign or code stands beside the number, as in "$ 123 456 782" and "123 456 782 kr"."""
    return bool(_CURRENCY_BEFORE.search(before[-8:]) or _CURRENCY_AFTER.match(after))


def is_fragment(before: str, after: str) -> bool:
    """Whether it is part of a longer number: behind digits and a dash, behind a plus sign, or at a decimal point."""
    return bool(_FRAGMENT_BEFORE.search(before[-5:]) or _FRAGMENT_AFTER.match(after))


def continues(after: str) -> bool:
    """Whether a dash or slash and more characters follow directly, as in "123-45-6789-01"."""
    return bool(_CONTINUATION.match(after))


def normalized_words(before: str) -> str:
    """The words before a number, with single spaces around them: first as written, then in lower case.

    Ends in "#", so that " sin #" matches only directly before the number.
    """
    plain = _BETWEEN_WORDS.sub(" ", before.replace("_", " "))
    return f" {plain} | {plain.casefold()} #".replace("  ", " ")


def labelled(before: str, labels: frozenset[str]) -> bool:
    """Whether one of the labels introduces the number, as in "Order no. 4539…", with up to three fillers between."""
    line = before.rpartition("\n")[2]
    words = _BETWEEN_WORDS.sub(" ", line.replace("_", " ").casefold()).split()[-4:]
    while words and words[-1] in _FILLERS:
        words.pop()
    return bool(words) and words[-1] in labels
