"""Questions of our own, and the names of the user who asks them."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from nodes.questions.asked import Asked, Facts
from nodes.questions.choosing import choices, chosen
from nodes.questions.frames import FindFrames
from nodes.questions.names import FOOD, KnownNames, Name
from nodes.questions.reading import Reading, read
from nodes.questions.restrictions import restricting
from nodes.questions.vocabulary import WORDS
from storage.finance.categories import DEFAULTS

TODAY = date(2026, 11, 30)
LOAN = {"name": "Car loan", "balance": "5000", "annual_rate": "5.5", "minimum": "150", "currency": "EUR"}
INCOME, GOALS = ["salary", "other_income", "refunds"], ["Japan trip", "Emergency fund"]
FACTS = Facts(TODAY, INCOME, GOALS, ["Car loan"], {"Car loan": LOAN})
MERCHANTS = (
    "REWE Markt GmbH", "Netflix.com", "Corner Market 12", "Aldi Süd", "Amazon EU", "Deutsche Bahn", "McDonald's 0123",
    "dm drogerie", "Admiral Taxi", "Spotify AB", "City Gym", "Landlord Ltd", "Shell Station 44", "PAYPAL *STEAM",
)  # fmt: skip
COMMON = frozenset({"send", "lease", "neighbour", "germany", "tesla", "harrods", "yachts", "excluding", "percentage"})
"""Words that are not mended."""


def names(*merchants: str) -> KnownNames:
    """The user's names, with these merchants in place of the usual ones."""
    known = KnownNames(WORDS)
    for one in DEFAULTS:
        known.add_category(one.category, one.name)
    known.phrases["food"] = [Name("category", ",".join(FOOD), "food", "I took both.")]
    for merchant in merchants or MERCHANTS:
        known.add_merchant(merchant)
    for account in ("Everyday", "Visa card"):
        known.add("account", account)
    known.add_account_number("1234")
    for goal in FACTS.goals:
        known.add("goal", goal)
    for debt in FACTS.debts:
        known.add("debt", debt)
    return known


@cache
def _usual_names() -> KnownNames:
    return names()


def reading(says: str, known: KnownNames | None = None) -> Reading:
    """A question, taken apart."""
    found = read(says, known or _usual_names(), TODAY, COMMON.__contains__)
    assert found
    return found


async def asked(found: Reading, frames: FindFrames, facts: Facts = FACTS) -> Asked | None:
    """What a question asks that goes on from none; None where that is not sure, or where a word restricts it."""
    sure = chosen(choices(await frames(found), found, facts))
    return None if sure is None or restricting(found, sure) else sure


def own_questions() -> list[Mapping[str, Any]]:
    """The questions with their tools and arguments."""
    read_file = Path(__file__).with_name("own_questions.toml").read_text(encoding="utf-8")
    questions: list[Mapping[str, Any]] = tomllib.loads(read_file)["question"]
    return questions


def wordings() -> tuple[list[Mapping[str, Any]], list[str]]:
    """Questions to the household with their tools and arguments, and those that are not understood."""
    read_file = tomllib.loads(Path(__file__).with_name("wordings.toml").read_text(encoding="utf-8"))
    return read_file["question"], read_file["not_understood"]
