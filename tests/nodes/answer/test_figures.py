"""Figures of an answer: how they are written, what is none, and which of them come from nowhere."""

import pytest

from nodes.answer.figures import figures_in, unverified_figures
from nodes.tools.results import Result, cells, columns, figure
from tests.nodes.tools.results import a_result


@pytest.mark.parametrize(
    ("written", "values", "units"),
    [
        ("1,234.50", ["1234.50"], None),
        ("1.234,50 €", ["1234.50"], ("EUR",)),
        ("1 234,50 €", ["1234.50"], ("EUR",)),
        ("1\u202f234,50\u00a0€", ["1234.50"], ("EUR",)),
        ("CHF 1'234.50", ["1234.50"], ("CHF",)),
        ("1,234", ["1234", "1.234"], None),
        ("1.234.567", ["1234567"], None),
        ("12,34,567.00", ["1234567.00"], None),
        ("0.234", ["0.234"], None),
        ("-12.90", ["12.90"], None),
        ("£12", ["12"], ("GBP",)),
        ("12 EUR", ["12"], ("EUR",)),
        ("12 euros", ["12"], ("EUR",)),
        ("10 cents", ["10"], None),
        ("12 %", ["12"], ("percent",)),
        ("12.5%", ["12.5"], ("percent",)),
        ("12 percent", ["12"], ("percent",)),
        ("12,5 Prozent", ["12.5"], ("percent",)),
        ("12k", ["12000"], None),
        ("$1.2 million", ["1200000"], ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN")),
        ("EUR 2026", ["2026"], ("EUR",)),
        ("3", ["3"], None),
    ],
)
def test_a_figure_is_read_as_people_write_it(written: str, values: list[str], units: tuple[str, ...] | None) -> None:
    """Within a sentence, with its sign; what may mean two numbers is both."""
    [found] = figures_in(f"So it is **{written}**, all told.")
    assert found.text == written
    assert [f"{value:f}" for value in found.values] == values
    assert found.units == units


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-03-01 and 31.12.2026, 3/14/26, 31.12.",
        "on 3 March 2026, March 3rd, 3. März, le 1er mai, from 1 to 31 March 2026",
        "in 2026, since 1998, 2025/26, in Q1",
        "at 10:30, 5 pm, 10.30 Uhr",
        "1. First\n2) Second\n  - 3. Third\n(4) Fourth",
        "the 3rd, step 2, option 1, page 12, #7, form 1099",
        "W2, SA303, MT940, COVID19, 3D, a 30-year loan, a 401(k)",
        "https://example.com/12/34?n=5 [card •1111] 50/30/20 24/7",
        "no figures at all",
    ],
)
def test_these_are_no_figures(text: str) -> None:
    """Dates, years, times, numbers of entries, ordinals, words with digits, addresses and what is masked."""
    assert [found.text for found in figures_in(text)] == []


MARCH: Result = {
    **a_result("Spending on groceries, 1 to 31 March 2026"),
    "figures": [
        figure("Spending", -450, "EUR"),
        figure("Change", 12, unit="percent"),
        figure("Payments", 7, unit="count"),
    ],
    "columns": columns(("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"), ("Share", "percent")),
    "rows": [cells("Market 24", "-412.55", "EUR", "91.7"), cells("Tokyo Foods", "-5000", "JPY", None)],
    "row_count": 14,
    "notes": ["The periods are not equally long: 31 and 28 days."],
}


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("You spent 450 €, 12 % more, in 7 payments; 412.55 € at one shop.", []),
        ("You spent -450.00 EUR.", []),
        ("About 413 € or 92 % went to one, of 14.", []),
        ("31 days against 28.", []),
        ("¥5,000 or 5.000 ¥", []),
        ("You spent 451 €.", ["451 €"]),
        ("You spent $450.", ["$450"]),
        ("You spent 412.50 €.", ["412.50 €"]),
        ("450 % more, 12 € each, 7 € fee.", ["450 %", "12 €", "7 €"]),
        ("That is 5,400 € a year, 5,400 € in all, and 15 payments.", ["5,400 €", "15"]),
        ("Of your 600 € budget 150 € are left.", ["150 €"]),
    ],
)
def test_what_comes_from_nowhere_is_named(answer: str, missing: list[str]) -> None:
    """Currency and per cent must agree, whole units may be rounded, and each is named once."""
    assert unverified_figures(answer, [MARCH], ["My budget is 600."]) == missing


def test_without_a_result_only_what_the_user_said_is_known() -> None:
    """In whatever form it was said."""
    assert unverified_figures("1.234,50 € less 20% is 987.60 €", [], ["I pay 1,234.5 euros", "20 percent off"]) == [
        "987.60 €"
    ]


def test_a_long_answer_is_read_in_linear_time() -> None:
    """Nothing in it makes the patterns try again and again."""
    for piece in ("1 ", "1.", "1 234 ", "€ ", "12-", "March 1 ", "1/", "[card "):
        assert len(unverified_figures(piece * (32_000 // len(piece)), [], [])) <= 50
