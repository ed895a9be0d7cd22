"""By when something is to come is found where words of the future stand."""

from datetime import date

import pytest

from nodes.questions.building import build
from nodes.questions.ends import find_end
from nodes.questions.frames import Frame
from nodes.questions.reading import read
from tests.graph.demo.plain import TODAY
from tests.nodes.questions.household import FACTS, household_names


@pytest.mark.parametrize(
    ("says", "day"),
    [
        ("by the 30th", date(2026, 11, 30)),
        ("by the 3rd", date(2026, 12, 3)),
        ("before christmas", date(2026, 12, 24)),
        ("at the end of december", date(2026, 12, 31)),
        ("by the end of next month", date(2026, 12, 31)),
        ("by year end", date(2026, 12, 31)),
        ("in two weeks", date(2026, 12, 2)),
        ("by friday", date(2026, 11, 20)),
        ("until february", date(2027, 1, 31)),
        ("by the 31st", None),
        ("last month", None),
    ],
)
def test_an_end_is_a_day(says: str, day: date | None) -> None:
    """The next one that is called so; a day that this month does not have is none."""
    found = find_end(f"what will we have spent {says}", TODAY)
    assert (found and found.due_on) == day


@pytest.mark.parametrize(
    ("frame", "says", "arguments"),
    [
        ("forecast", "how much will i have spent by the 30th", {"until": "2026-11-30", "what": "spent"}),
        ("forecast", "will there be enough until payday", {"until": "payday", "what": "balance"}),
        ("net", "what is left of this month", {"until": "2026-11-30", "what": "net"}),
        ("balance", "what will the balance be at the end of december", {"until": "2026-12-31", "what": "balance"}),
    ],
)
def test_what_is_to_come_is_one_call(frame: Frame, says: str, arguments: dict[str, str]) -> None:
    """Whichever frame it is taken for."""
    reading = read(says, household_names(), TODAY, str.isalpha)
    assert reading
    asked = build(frame, reading, FACTS)
    assert (asked.tool, dict(asked.arguments)) == ("forecast", arguments)
