import pytest

from nodes.text.pii.detection import Masked
from nodes.text.pii.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("536-90-4399", "[id •4399]"),
        ("900-70-1234", "[id •1234]"),
        ("SIN 046 454 286", "SIN [id •4286]"),
        ("123-456-782", "[id •6782]"),
        ("390.533.447-05", "[id •4705]"),
        ("2341 2341 2346", "[id •2346]"),
        ("880320-0016", "[id •0016]"),
        ("19880320-0016", "[id •0016]"),
        ("131052-308T", "[id •308T]"),
        ("900101/1239", "[id •1239]"),
        ("85.07.30-033.28", "[id •3328]"),
        ("756.9217.0769.85", "[id •6985]"),
        ("2 95 10 99 126 111 93", "[id •1193]"),
        ("1112.22.333", "[id •2333]"),
        ("12.531.909-2", "[id •9092]"),
        ("54362315K", "[id •315K]"),
        ("54362315-K", "[id •315K]"),
        ("X2482300W", "[id •300W]"),
        ("RCCMNL83S18D969H", "[id •969H]"),
        ("BOXW310820HNERXN09", "[id •XN09]"),
        ("AB123456C", "[id •456C]"),
        ("AB 12 34 56 C", "[id •456C]"),
        ("SSN 078-05-1121 is hers", "SSN [id •1121] is hers"),
    ],
)
def test_an_id_in_a_distinctive_form_is_masked(text: str, masked: str) -> None:
    """With its usual separators, or letters and a checksum, it needs no label."""
    assert mask(text) == Masked(masked, ("national_id",))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SSN: {}", "536904399"),
        ("my social security number is {}", "536904399"),
        ("SIN {}", "046454286"),
        ("my sin: {}", "123456782"),
        ("numéro d'assurance sociale {}", "046454286"),
        ("TFN {}", "123 456 782"),
        ("BSN van mijn vrouw: {}", "111222333"),
        ("PESEL: {}", "44051401359"),
        ("Meine Steuer-Identifikationsnummer lautet {}", "36574261809"),
        ("Steuer-ID {}", "36 574 261 809"),
        ("numéro de sécurité sociale : {}", "295109912611193"),
        ("CPF {}", "39053344705"),
        ("मेरा आधार {}", "234123412346"),
        ("personnummer {}", "8803200016"),
        ("numéro national {}", "85073003328"),
        ("South African ID {}", "7503305044089"),
        ("TC kimlik no {}", "17291716060"),
        ("身份证号码{}", "11010519491231002X"),
        ("mi dni es {}", "54362315k"),
    ],
)
def test_bare_digits_are_masked_only_with_a_label(text: str, number: str) -> None:
    """The label is the id's name in its languages; without it the same digits are left."""
    last = number.replace(" ", "")[-4:].upper()
    assert mask(text.format(number)) == Masked(text.format(f"[id •{last}]"), ("national_id",))
    if number.isdigit():
        assert mask(f"it says {number} there") == Masked(f"it says {number} there", ())


def test_a_label_counts_within_forty_characters() -> None:
    """A label further away belongs to something else."""
    near, far = "SSN " + "." * 35 + " 536904399", "SSN " + "." * 60 + " 536904399"
    assert mask(near).kinds == ("national_id",)
    assert mask(far) == Masked(far, ())


@pytest.mark.parametrize(
    "text",
    [
        "000-12-3456",
        "666-12-3456",
        "536-90-43991",
        "536-90-4399-01",
        "PO-536-90-4399",
        "046 454 287",
        "846 454 283",
        "000 000 000",
        "$123 456 782",
        "123 456 782 €",
        "123 456 782 dollars",
        "CAD 123 456 782",
        "123 456 782,50",
        "123 456 782.50",
        "123 456 782 000",
        "2 123 456 782",
        "call me at 123-456-782",
        "Tel.: 123 456 782",
        "+48 123 456 782",
        "account 123-456-782",
        "390.533.447-06",
        "2341 2341 2347",
        "tracking number 2341 2341 2346",
        "2341 2341 2346 2341",
        "order 880320-0016",
        "12345678A",
        "x54362315K",
        "GB123456C",
        "factura sin iva 123456782",
        "36 574 261 809",
        "021000021",
    ],
)
def test_a_number_that_only_resembles_an_id_is_left(text: str) -> None:
    """Amounts, phones, accounts and orders share the forms of ids; their context tells them apart."""
    assert mask(text) == Masked(text, ())
