"""Receipts: what their words say, and how well letters are recognised in pictures."""

import sys
from datetime import date
from decimal import Decimal

import pytest

from graph.documents.contents import Unreadable
from graph.documents.readers import picture
from graph.documents.receipt import looks_like_receipt, read_receipt
from tests.graph.documents.pdfs import pdf
from tests.graph.documents.receipts import draw
from tests.graph.documents.test_bank_files import read

PICTURES = 30
FLOOR = 28
"""Two below what was found when it was last measured: 30 of 30."""


def test_total_and_day_of_drawn_receipts_are_recognised() -> None:
    """Of thirty pictures in ten layouts, with noise and slightly turned, nearly all are read right."""
    right = 0
    for number in range(PICTURES):
        drawn = draw(number)
        receipt = read(drawn.data).receipt
        assert receipt is not None
        right += (receipt.total, receipt.bought_on) == (drawn.total, drawn.bought_on)
    assert right >= FLOOR


@pytest.mark.parametrize(
    ("lines", "total", "day", "currency"),
    [
        (
            ["SHOP", "03/04/2026", "Subtotal 9.00", "Tax 1.00", "TOTAL $ 10.00", "CASH 20.00"],
            "10.00",
            date(2026, 3, 4),
            "USD",
        ),
        (["LADEN", "03.04.26", "Summe", "1.234,56 EUR", "BAR 2.000,00"], "1234.56", date(2026, 4, 3), "EUR"),
        (
            ["Bar Roma", "3 aprile 2026", "Caffè 1,20", "Totale complessivo 4,70", "di cui IVA 0,43"],
            "4.70",
            date(2026, 4, 3),
            None,
        ),
        (
            ["Shop", "Total items 3", "2026-04-03", "Tea £2.50", "Total £2.50", "Total savings £9.00"],
            "2.50",
            date(2026, 4, 3),
            "GBP",
        ),
        (["Kiosk", "3 avr. 2026", "Journal 2,80"], "2.80", date(2026, 4, 3), None),
        (["Café", "TOTAL EUR 15,50", "14.11.202612:31"], "15.50", date(2026, 11, 14), "EUR"),
        (["Shop", "Order 12345", "thank you"], None, None, None),
    ],
)
def test_the_total_is_beside_its_word(
    lines: list[str], total: str | None, day: date | None, currency: str | None
) -> None:
    """Subtotals, taxes, cash and savings are no totals, and days are read as the currency's country writes them."""
    receipt = read_receipt(lines, score=1.0)
    assert (receipt.total, receipt.bought_on, receipt.currency) == (total and Decimal(total), day, currency)


def test_a_bank_statement_is_no_receipt() -> None:
    """Whatever totals it has."""
    assert looks_like_receipt(["Shop", "2026-04-03", "Total 2.50"])
    assert not looks_like_receipt(["Account statement", "2026-04-03", "Total 2.50"])


def test_a_short_pdf_with_a_total_is_a_receipt() -> None:
    """Its words are those of its text; a PDF without a total stays a text."""
    receipt = read(pdf(1, "Invoice of 2026-04-03: total EUR 12.50, page")).receipt
    assert receipt is not None
    assert (receipt.total, receipt.bought_on, receipt.currency) == (Decimal("12.50"), date(2026, 4, 3), "EUR")
    assert read(pdf(1, "Dear Ada, of 2026-04-03")).kind == "text"


def test_without_the_extra_pictures_are_of_an_unknown_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was installed without its recogniser says so."""
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    picture._recogniser.cache_clear()
    with pytest.raises(Unreadable, match="This server does not read pictures") as caught:
        read(draw(0).data)
    assert caught.value.code == "unknown_kind"
