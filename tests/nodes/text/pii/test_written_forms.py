"""Cards, IBANs and ids in the many ways in which people write them."""

import random
import re
from collections.abc import Iterator

import pytest
from stdnum import luhn

from nodes.text.pii.detection import Masked
from nodes.text.pii.masking import mask

BRANDS = {
    "Visa": [("4", 16), ("4", 19)],
    "Mastercard": [("51", 16), ("55", 16), ("2221", 16), ("2720", 16)],
    "American Express": [("34", 15), ("37", 15)],
    "Diners Club": [("300", 14), ("3095", 14), ("36", 14), ("38", 14), ("39", 14)],
    "Discover": [("6011", 16), ("644", 16), ("65", 16)],
    "JCB": [("3528", 16), ("3589", 16), ("1800", 15), ("2131", 15)],
    "UnionPay": [("62", 16), ("62", 17), ("62", 18), ("62", 19), ("81", 16)],
    "Maestro": [("6759", length) for length in range(12, 20)] + [("5018", 12), ("5020", 16), ("6304", 19)],
    "RuPay": [("60", 16), ("652", 16), ("817", 16), ("508", 16), ("353", 16), ("356", 16)],
    "Mir": [("2200", 16), ("2204", 19)],
    "Troy": [("9792", 16), ("65", 16)],
    "Elo": [("636368", 16), ("5067", 16), ("509", 16)],
    "Hipercard": [("606282", 16), ("637095", 16), ("384100", 16)],
    "Bancontact": [("6703", 16)],
}
NAMED_ONLY = {"Visa": [("4", 13)], "Maestro": [("5018", 13), ("5038", 13), ("56", 12)], "Hipercard": [("606282", 13)]}
"""Numbers that product codes look like."""
GAPS = (" ", "-", ".", "_", "  ", " - ", "/", " / ", "--", "\n", " \n", "–", "\N{NO-BREAK SPACE}", "·", "•", " • ")
WORDS = "zero one two three four five six seven eight nine".split()  # noqa: SIM905


def a_card(prefix: str, length: int, rng: random.Random) -> str:
    """A valid number of this length."""
    body = prefix + "".join(rng.choices("0123456789", k=length - 1 - len(prefix)))
    return body + luhn.calc_check_digit(body)


def cut(number: str, size: int, gap: str) -> str:
    """The number in groups of this size."""
    return gap.join(re.findall(rf".{{1,{size}}}", number))


def written(card: str) -> Iterator[str]:
    """A card's number in many forms."""
    yield card
    yield from (cut(card, 4, gap) for gap in GAPS)
    for gap in " -":
        yield from (cut(card, size, gap) for size in (1, 2, 3, 8))
    yield cut(card, 4, " ").translate({ord("0") + digit: chr(ord("０") + digit) for digit in range(10)})
    yield cut(card, 4, " ").translate({ord("0") + digit: chr(0x966 + digit) for digit in range(10)})
    yield cut(card, 4, " ").replace(" ", "\n", 2).replace("\n", " ", 1)
    if card[0] != "1":  # "one" is an ordinary word
        words = [WORDS[int(digit)] for digit in card]
        yield " ".join(words)
        yield ". ".join(" ".join(words[place : place + 4]) for place in range(0, len(words), 4))


def left(text: str) -> int:
    """Digits that masking leaves of a text, or 99 where nothing was taken for a card."""
    result = mask(text)
    return sum(map(str.isdigit, result.text)) if result.kinds == ("card",) else 99


@pytest.mark.parametrize("brand", BRANDS)
def test_a_card_is_masked_in_every_form(brand: str) -> None:
    """All lengths of the brand, without its name: nothing but the last four digits is left."""
    rng = random.Random(brand)  # noqa: S311 - nothing is secret
    texts = [
        f"it is {form}, thanks" for prefix, length in BRANDS[brand] for form in written(a_card(prefix, length, rng))
    ]
    assert [text for text in texts if left(text) > 4] == []


@pytest.mark.parametrize("brand", BRANDS)
def test_an_expiry_date_behind_digits_tells_that_they_are_a_card(brand: str) -> None:
    """In groups of four, whatever stands between them; of the date nothing is masked."""
    rng = random.Random(brand)  # noqa: S311
    cards = [a_card(prefix, length, rng) for prefix, length in BRANDS[brand]]
    gaps = (",", ", ", "|", ";", "...", "#", "+", "~")
    texts = [f"{cut(card, 4, gap)} {date}" for card in cards for gap in gaps for date in ("09/27", "(04/2028)")]
    masked = re.compile(r"\[card •\d{4}\] \(?\d\d/(?:20)?\d\d\)?")
    assert [text for text in texts if not masked.fullmatch(mask(text).text)] == []


def test_a_card_of_13_digits_is_masked_in_its_groups() -> None:
    """Four, four and five, as no product's code is printed; without its name nothing else of that length."""
    rng = random.Random(13)  # noqa: S311 - nothing is secret
    for number in (a_card("4", 13, rng) for _ in range(20)):
        grouped = f"{number[:4]} {number[4:8]} {number[8:]}"
        assert mask(f"it's old, {grouped}, is it valid?").text == f"it's old, [card •{number[-4:]}], is it valid?"
        assert mask(grouped.replace(" ", "-")).text == f"[card •{number[-4:]}]"
        for other in (f"{number[0]} {number[1:7]} {number[7:]}", f"5{grouped[1:]}", number):
            assert mask(f"it's old, {other}, is it valid?").kinds == ()


@pytest.mark.parametrize("brand", NAMED_ONLY)
def test_a_card_as_long_as_a_product_code_is_masked_behind_its_name(brand: str) -> None:
    """In every form; without a name its digits are left."""
    rng = random.Random(brand)  # noqa: S311
    cards = [a_card(prefix, length, rng) for prefix, length in NAMED_ONLY[brand]]
    texts = [f"my {brand} card: {form}" for card in cards for form in written(card)]
    assert [text for text in texts if left(text) > 4] == []
    assert [mask(f"it is {card}").kinds for card in cards] == [()] * len(cards)


@pytest.mark.parametrize(
    "text",
    [
        "card 4111, 1111, 1111, 1111",
        "my visa: 4111 then 1111 then 1111 and then 1111",
        "first four 4111, next four 1111, next four 1111, last four 1111",
        "visa block 1: 4111 block 2: 1111 block 3: 1111 block 4: 1111",
        "4111 1111 (Visa) 1111 1111",
        "4111 dash 1111 dash 1111 dash 1111",
        "my card is four one one one, one one one one, 1111, one one one one",
        "card number four triple one double one double one double one double one double one double one one",
        "forty-one eleven eleven eleven eleven eleven eleven eleven",
        "four oh one two eight eight eight eight eight eight eight eight one eight eight one",
        "mi tarjeta: cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno",
        "ma carte : quatre un un un un un un un un un un un un un un un",
        "meine Karte: einundvierzig elf elf elf elf elf elf elf",
        "卡号 四一一一 一一一一 一一一一 一一一一",
        "4222222222222 is my old Visa card",
        "card_number_4111-1111-1111-1111",
        "VISA4111111111111111",
        "the card number on my receipt is 4111111111111111",
    ],
)
def test_a_dictated_card_is_masked(text: str) -> None:
    """In words, in digits with words between, or with its name behind."""
    assert mask(text).kinds == ("card",)
    assert "1111" not in re.sub(r"•\d{4}", "", mask(text).text)


@pytest.mark.parametrize(
    "text",
    [
        "one two three, one two three, four five six",
        "I spent 2500 then 4000 then 1200 then 3000",
        "my card was charged 4500, 1200, 3400 and 5600 times",
        "twenty twenty-four was a good year, and twenty twenty-five was one, too",
        "the card ending in 1739 was charged £63155012 on 1994-08-19",
        "409940.0937852792",
    ],
)
def test_other_spelt_numbers_are_left(text: str) -> None:
    """Counting, amounts and years."""
    assert mask(text) == Masked(text, ())


@pytest.mark.parametrize("gap", ["", " ", "-", ".", "_", "  ", " - ", "/", "\n", ", "])
@pytest.mark.parametrize("iban", ["DE89370400440532013000", "gb29nwbk60161331926819", "NO9386011117947"])
def test_an_iban_is_masked_in_any_grouping(iban: str, gap: str) -> None:
    """Groups of up to six characters, in either case; the country stays where it is in lower case."""
    for size in (2, 3, 4, 6) if len(gap) > 1 or gap == "\n" else (1, 3, 4, 6):
        text = mask(f"to {cut(iban, size, gap)}, please")
        country = re.split("[0-9]", cut(iban, size, gap))[0] if iban.islower() else ""
        assert text == Masked(f"to {country}[IBAN •{iban[-4:].upper()}], please", ("iban",))


IDS = {
    "SSN": "536904399", "SIN": "046454286", "TFN": "123456782", "BSN": "111222333", "CPF": "39053344705",
    "PESEL": "44051401359", "Steuer-ID": "36574261809", "Aadhaar": "234123412346", "NHS number": "9434765870",
    "AHV": "7569217076985", "DNI": "54362315K", "NIE": "X2482300W", "NINO": "AB123456C", "RUT": "125319092",
    "NIR": "295109912611193", "codice fiscale": "RCCMNL83S18D969H", "my national ID": "44051401359",
}  # fmt: skip


@pytest.mark.parametrize("label", IDS)
def test_an_id_is_masked_in_any_grouping_behind_its_name(label: str) -> None:
    """Groups of one to five characters, whatever stands between."""
    number = IDS[label]
    for gap in ("", " ", "-", ".", "_", "  ", " - ", "/", "\n", ", "):
        for size in (1, 2, 3, 5):
            result = mask(f"{label} is {cut(number, size, gap)}")
            assert result == Masked(f"{label} is [id •{number[-4:]}]", ("national_id",)), (gap, size)


@pytest.mark.parametrize(
    "text",
    [
        "SSN 078-05-1120",
        "my ssn is 219-09-9999",
        "S.S.N. 123456789",
        "NI number QQ 12 34 56 C",
        "my social is five three six, nine oh, four three nine nine",
        "seguro social: cinco tres seis nueve cero cuatro tres nueve nueve",
        "NINO A B one two three four five six C",
        "ssn area 536 group 90 serial 4399",
        "536904399 is my SSN",
        "046454286 (my SIN)",
        "ssn_536904399",
        "536 - 90 - 4399",
    ],
)
def test_a_specimen_or_dictated_id_is_masked(text: str) -> None:
    """A published specimen, words for digits, and a name behind the number."""
    assert mask(text).kinds == ("national_id",)
    assert not re.search(r"\d", re.sub(r"•\w{4}", "", mask(text).text))


@pytest.mark.parametrize(
    "text",
    [
        "SSN for 2 people, 3 cars and 12 dogs in 1999",
        "the account in my SSN's name is account 123456789",
        "my social life costs 1,234.50 a month",
        "123456789, SSN 536",
    ],
)
def test_a_number_beside_an_ids_name_is_left(text: str) -> None:
    """The name belongs to another number, or to none."""
    assert mask(text) == Masked(text, ())
