"""Cards between signs of punctuation, letters typed for digits, and ids of more countries."""

import pytest

from nodes.text.pii.masking import mask

GAPS = ("|", " | ", ":", "*", "~", " · ", "; ", "\\", "...", "__", "=", "#", " -> ", "\n\n", "\n- ", "<br>", ", ")


@pytest.mark.parametrize("gap", GAPS)
def test_any_punctuation_may_stand_between_the_groups(gap: str) -> None:
    """With a card's name, and without it where the groups are no figures."""
    number = gap.join(("4111", "1111", "1111", "1111"))
    assert mask(f"my card is {number} ok").text == "my card is [card •1111] ok"
    assert mask(f"take {number} please").text == "take [card •1111] please"


@pytest.mark.parametrize(
    "text",
    [
        "card [4111] [1111] [1111] [1111]",
        'card "4111", "1111", "1111", "1111"',
        "card 4O12 8888 8888 1881",
        "card 4lll llll 1111 1111",
        "card ⁴¹¹¹¹¹¹¹¹¹¹¹¹¹¹¹",
        "card 4111\u200b1111\u200b1111\u200b1111",
        "visa4111111111111111cvv123",
        "It starts with 4111, goes on with 1111 1111 and ends in 1111",
        "card\n1. 4111\n2. 1111\n3. 1111\n4. 1111",
        "karta cztery jeden jeden jeden jeden jeden jeden jeden jeden jeden jeden jeden jeden jeden jeden jeden",
        "4111, 1111, 1111, 1111",
        "4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 is my card",
    ],
)
def test_a_card_is_found_however_it_is_typed(text: str) -> None:
    """In brackets, with letters, invisible characters, raised digits, in a numbered list, in Polish."""
    assert mask(text).kinds == ("card",)


@pytest.mark.parametrize(
    "text",
    [
        "HKID G123456(A)",
        "NRIC S1234567D",
        "my pan is ABCPK1234F",
        "CNPJ 11.222.333/0001-81",
        "ABN 51 824 753 556",
        "IRD 49-091-850",
        "RFC GOMC900514QX3",
        "kennitala 120174-3399",
        "isikukood 37605030299",
        "asmens kodas 33309240064",
        "JMBG 0101006500006",
        "CNIC 35202-1234567-1",
        "СНИЛС 112-233-445 95",
        "passport no. 533380006",
        "Rentenversicherungsnummer 65170839J003",
        "my NI number is JW 12 34 56",
        "sécurité sociale 1810266347822",
        "SSN536904399",
        "tax id 536904399",
        "ID: 7503305044089",
        "111222333 is mijn BSN",
    ],
)
def test_ids_of_more_countries_are_found(text: str) -> None:
    """Behind their name, or before it."""
    assert mask(text).kinds == ("national_id",)


@pytest.mark.parametrize(
    "text",
    [
        "4500, 4700, 4900, 5100 and 5300",
        "4800 | 3200 | 5600 | 4400",
        "Sales: 4666; 2418; 1389; 6518; 6068",
        "6011 6012 6013 6014",
        "4000 4100 4200 4300",
        "from 4000 to 5000 and then from 5000 to 6000",
        "first month 4100, second month 4200, third month 4300, fourth month 4400",
        "Passport fee 82.50 and 34 photos",
        "the part number is S1234567A",
        "10 lol 20 oil 30",
    ],
)
def test_lists_and_series_are_left(text: str) -> None:
    """Figures that are round, in a series, or part of a longer list."""
    assert mask(text).text == text
