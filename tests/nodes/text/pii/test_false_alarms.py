"""Numbers of everyday life that must not be masked, several hundred of them, the same in every run."""

import random
import re
from collections.abc import Callable
from uuid import UUID

import pytest

from nodes.text.pii.masking import mask

EACH = 30
"""Texts of each kind."""


def digits(rng: random.Random, count: int, first: str = "0123456789") -> str:
    """So many random digits, the first of them one of `first`."""
    return rng.choice(first) + "".join(rng.choices("0123456789", k=count - 1))


def ean(rng: random.Random, prefix: str = "") -> str:
    """A product code of 13 digits with its check digit."""
    body = prefix + digits(rng, 12 - len(prefix))
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def a_date(rng: random.Random) -> str:
    """A day, as some country writes it."""
    year, month, day = rng.randint(1950, 2035), rng.randint(1, 12), rng.randint(1, 28)
    forms = ("{0}-{1:02}-{2:02}", "{2:02}.{1:02}.{0}", "{1}/{2}/{0}", "{0}{1:02}{2:02}", "{2:02} {1:02} {0}")
    return rng.choice(forms).format(year, month, day)


def an_amount(rng: random.Random) -> str:
    """A sum of money, as some country writes it."""
    whole = rng.randint(1, 99_999_999)
    groups = f"{whole:,}"
    return rng.choice(
        (f"${groups}.50", f"{groups.replace(',', '.')},00 EUR", f"{groups.replace(',', ' ')} kr", f"£{whole}")
    )


def a_phone(rng: random.Random) -> str:
    """A phone number of the United States."""
    return f"{digits(rng, 3, '2468')}-{digits(rng, 3)}-{digits(rng, 4)}"


def a_version(rng: random.Random) -> str:
    """A version number."""
    return f"{rng.randint(1, 30)}.{rng.randint(0, 99)}.{rng.randint(0, 9999)}"


def isbn(rng: random.Random) -> str:
    """A book's number with its dashes."""
    code = ean(rng, "978")
    return f"{code[:3]}-{code[3]}-{code[4:8]}-{code[8:12]}-{code[12]}"


def hexadecimal(rng: random.Random, count: int) -> str:
    """So many random digits of base 16."""
    return "".join(rng.choices("0123456789abcdef", k=count))


def capitals(rng: random.Random, count: int) -> str:
    """So many random capitals."""
    return "".join(rng.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=count))


KINDS: dict[str, Callable[[random.Random], str]] = {
    "dates": lambda rng: f"from {a_date(rng)} to {a_date(rng)}, or {a_date(rng)} at 12:30:45",
    "amounts": lambda rng: f"I paid {an_amount(rng)}, {an_amount(rng)} and {an_amount(rng)}",
    "sums": lambda rng: " + ".join(str(rng.randint(100, 9999)) for _ in range(5)),
    "lists": lambda rng: "my bills: " + ", ".join(str(rng.randint(10, 9999)) for _ in range(8)),
    "orders": lambda rng: f"order number {digits(rng, 16)} and invoice no. {digits(rng, 12)}",
    "shops": lambda rng: f"order {digits(rng, 3)}-{digits(rng, 7)}-{digits(rng, 7)} never came",
    "accounts": lambda rng: f"account {digits(rng, 8)}, sort code {digits(rng, 2)}-{digits(rng, 2)}-{digits(rng, 2)}",
    "routing": lambda rng: f"routing {digits(rng, 9, '012')}, account number {digits(rng, rng.randint(6, 11))}",
    "UPS": lambda rng: f"where is 1Z{digits(rng, 3)}AA1{digits(rng, 10)}?",
    "FedEx": lambda rng: f"FedEx tracking {digits(rng, 12, '789')}",
    "USPS": lambda rng: f"USPS 94001{digits(rng, 17)}",
    "US phones": lambda rng: f"call {a_phone(rng)} or {a_phone(rng)}, or +1 415 555 {digits(rng, 4)}",
    "phones": lambda rng: f"+49 170 {digits(rng, 7)}, +33 6 12 34 56 {digits(rng, 2)}, tel. 020 7946 {digits(rng, 4)}",
    "ISBNs": lambda rng: f"the book is {isbn(rng)}, by the way",
    "EANs": lambda rng: f"barcode {ean(rng)}, and {ean(rng, '50')} on the other",
    "meters": lambda rng: f"meter reading {digits(rng, 6)} {digits(rng, 3)} on {a_date(rng)}",
    "versions": lambda rng: f"version {a_version(rng)} at 10.0.{digits(rng, 2)}.12",
    "endings": lambda rng: f"the card ending in {digits(rng, 4)} was charged {an_amount(rng)} on {a_date(rng)}",
    "words": lambda rng: f"one or two of {rng.randint(3, 9)} accounts had double the three fees of {a_date(rng)}",
    "PIN talk": lambda rng: f"I forgot my PIN on {a_date(rng)} and paid {an_amount(rng)}, {digits(rng, 2)} times",
    "PIN letters": lambda rng: f"the PIN came to flat {digits(rng, 2, '123')}, and the bank charged {an_amount(rng)}",
    "cards with PIN": lambda rng: f"paid by PIN: {an_amount(rng)}; by signature: {an_amount(rng)} on {a_date(rng)}",
    "postal codes": lambda rng: f"postal code {digits(rng, 5)}, area code {digits(rng, 3)}, sort code {digits(rng, 6)}",
    "other codes": lambda rng: f"promo code {digits(rng, 4)}, error code {digits(rng, 4)}, tax code {digits(rng, 4)}L",
    "code fees": lambda rng: f"each SMS code costs {an_amount(rng)}, on {a_date(rng)}; {digits(rng, 3)} codes",
    "CVV questions": lambda rng: f"where is the CVV? The shop wants {an_amount(rng)} by {a_date(rng)}",
    "CVV refusals": lambda rng: f"the CVV was refused on {a_date(rng)}, so {digits(rng, 4)} points were not booked",
    "card ends": lambda rng: f"the PIN of the card ending in {digits(rng, 4)} is blocked since {a_date(rng)}",
    "password rules": lambda rng: f"a password has {digits(rng, 2, '1')} characters, a PIN {rng.randint(4, 8)} digits",
    "password ages": lambda rng: f"my password is {digits(rng, 3, '123')} days old, the oldest is from {a_date(rng)}",
    "security": lambda rng: f"security costs {an_amount(rng)}; social security paid {an_amount(rng)} on {a_date(rng)}",
    "two sums": lambda rng: f"mine is {an_amount(rng)} and my wife's is {an_amount(rng)}, both since {a_date(rng)}",
    "two accounts": lambda rng: f"account {digits(rng, 8)} is mine, and account {digits(rng, 10)} is my wife's",
    "hundreds": lambda rng: f"two hundred and {rng.randint(2, 90)} euros, four thousand on {a_date(rng)}",
    "doubles": lambda rng: f"double room {digits(rng, 3)}, triple price in {rng.randint(2000, 2030)}: {an_amount(rng)}",
    "passwords": lambda rng: f"I lost my password on {a_date(rng)}; password: at least {digits(rng, 2)} letters",
    "UUIDs": lambda rng: f"transaction {UUID(int=rng.getrandbits(128), version=4)} failed on {a_date(rng)}",
    "hashes": lambda rng: f"commit {hexadecimal(rng, 40)}, sha256 {hexadecimal(rng, 64)}, md5 {hexadecimal(rng, 32)}",
    "places": lambda rng: f"parked at {rng.uniform(-90, 90):.6f}, {rng.uniform(-180, 180):.6f}",
    "parts": lambda rng: f"part no. {capitals(rng, 2)}-{digits(rng, 4)}-{capitals(rng, 1)}{digits(rng, 2)}",
    "cars": lambda rng: f"VIN WVWZZZ1KZ{capitals(rng, 2)}{digits(rng, 6)}, plate {capitals(rng, 2)}{digits(rng, 3)}",
    "serials": lambda rng: f"serial number {capitals(rng, 3)}{digits(rng, 9)}, IMEI {digits(rng, 15, '3')}",
    "parcels": lambda rng: f"DHL JJD{digits(rng, 18)}, Royal Mail {capitals(rng, 2)}{digits(rng, 9)}GB",
    "references": lambda rng: f"EREF+{capitals(rng, 4)}{digits(rng, 12)} SVWZ+Miete {a_date(rng)}",
    "charges": lambda rng: f"charge ch_{hexadecimal(rng, 24)} of customer cus_{hexadecimal(rng, 14)} was refunded",
    "receipts": lambda rng: f"AUTH CODE: {digits(rng, 6)} TERMINAL {digits(rng, 8)}, approval code {digits(rng, 6)}",
    "energy": lambda rng: f"{digits(rng, 4, '45')}, {digits(rng, 4)}, {digits(rng, 4)} and {digits(rng, 4)} kWh",
    "keys": lambda rng: f"key dates: {a_date(rng)}, {a_date(rng)}; key to flat {digits(rng, 2)}B: {an_amount(rng)}",
    "tokens": lambda rng: f"I bought {digits(rng, 4)} tokens at {an_amount(rng)}, contract 0x{hexadecimal(rng, 8)}",
    "secrets": lambda rng: f"Victoria's Secret order {digits(rng, 9)}: {an_amount(rng)}; Secret Santa {an_amount(rng)}",
    "files": lambda rng: f"key-figures-{a_date(rng)}-v2-final.pdf, statement_{digits(rng, 8)}_{digits(rng, 10)}.pdf",
    "addresses": lambda rng: f"https://shop.example/orders/{digits(rng, 12)}/items/{hexadecimal(rng, 30)}/edit",
    "securities": lambda rng: f"ISIN US{digits(rng, 10)}, {digits(rng, 2)} shares, WKN A{digits(rng, 5)}",
    "bank lines": lambda rng: f"{a_date(rng)};Lastschrift;{an_amount(rng)};{digits(rng, 12)};Mandat {capitals(rng, 2)}",
    "pinball": lambda rng: f"pinball {an_amount(rng)}, tan shoes {an_amount(rng)}, combo menu {digits(rng, 2)}",
    "stars": lambda rng: f"card **** **** **** {digits(rng, 4)} was used for {an_amount(rng)} on {a_date(rng)}",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_everyday_numbers_are_never_masked(kind: str) -> None:
    """Thirty of each kind."""
    rng = random.Random(kind)  # noqa: S311 - nothing is secret
    texts = [KINDS[kind](rng) for _ in range(EACH)]
    assert [(text, mask(text).text) for text in texts if mask(text).kinds] == []


ID_FORMS = "### ### ###|#### #### ####"
REFERENCES = {
    "parcels": (
        "RN ### ### ### GB|LX ### ### ### FR|CX ### ### ### CA|6A ### ### ### ##|1Z #### #### #### #### ##",
        "{}|Royal Mail ref {}, posted|{} is what they gave me|numéro de suivi {}|Sendungsnummer {}|tracking: {}",
    ),
    "carriers": (
        "#### #### ####|### ### ###|#### #### #### ###",
        "FedEx {}|DHL: {}|my GLS parcel {} is late|UPS says {} came|sent by Hermes, number {}|Paket {} von DPD",
    ),
    "orders": (
        ID_FORMS,
        "order {}|order no. {}|Bestellnr. {}|Bestellnummer {}|Auftragsnummer {}|n° de commande {}|pedido {}",
    ),
    "invoices": (
        ID_FORMS,
        "invoice {}|Rechnungsnr. {}|Rechnungs-Nr. {}|facture n° {}|fattura n. {}|faktura nr {}|bill number {}|Beleg {}",
    ),
    "contracts": (
        ID_FORMS,
        "credit note {}|Aktenzeichen {}|case number {}|claim {}|policy number {}|Vertrag {}|contract no. {}|umowa {}",
    ),
    "meters": (
        ID_FORMS,
        "meter no. {}|my meter is {}|Zählernummer {}|compteur {}|PDL {}|MPAN {}|contador {}|contatore {}|serial no. {}",
    ),
    "customers": (
        ID_FORMS,
        "customer number {}|Kundennr. {}|Kd.-Nr. {}|numéro client {}|codice cliente {}|klantnummer {}|numer klienta {}",
    ),
    "members": (
        ID_FORMS,
        "member number {}|Mitgliedsnummer {}|student number {}|Matrikelnummer {}|employee number {}|Personalnr. {}",
    ),
}
"""Forms of references that ids have, too, and how they are introduced."""


def like_an_id(form: str, rng: random.Random) -> str:
    """A reference of this form with the check digits of an id, if there is one."""
    numbers = ["".join(rng.choice("0123456789") if sign == "#" else sign for sign in form) for _ in range(60)]
    bare = [re.sub(r"\b[0-9A-Z]?[A-Z]\b ?", "", number).strip() for number in numbers]
    return next((number for number, alone in zip(numbers, bare, strict=True) if mask(alone).kinds), numbers[0])


@pytest.mark.parametrize("kind", REFERENCES)
def test_a_reference_with_the_check_digits_of_an_id_is_none(kind: str) -> None:
    """Behind its name in the languages we serve, or with the letters of a parcel's service."""
    rng = random.Random(kind)  # noqa: S311 - nothing is secret
    forms, said = (texts.split("|") for texts in REFERENCES[kind])
    texts = [one.format(like_an_id(form, rng)) for form in forms for one in said]
    assert [(text, mask(text).text) for text in texts if mask(text).kinds] == []
