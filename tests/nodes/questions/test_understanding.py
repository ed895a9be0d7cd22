"""Questions are understood as they are meant, or not at all."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from graph.models.factory import LocalModels
from nodes.questions.amounts import find_ahead, find_amounts
from nodes.questions.asked import Facts, NotUnderstood
from nodes.questions.building import build
from nodes.questions.follow_up import follow_up, only_changes
from nodes.questions.frames import Frames
from nodes.questions.mending import Knows
from nodes.questions.reading import Reading, read
from storage.finance.references import Reference
from tests.graph.demo import plain
from tests.nodes.questions import household
from tests.nodes.questions.household import household_names
from tests.nodes.questions.understanding import FACTS, TODAY, asked, names, own_questions, reading, wordings

Meant = tuple[str, dict[str, Any], str | None, str | None]
NO_MODEL_ANSWERS = 0.95
"""Of these questions, which are learned."""


def questions(knows: Knows) -> Iterator[tuple[Reading, Facts, Meant | None]]:
    """Our own questions and those to the household, with the tool, arguments, aspect and focus that are meant."""
    known, others = wordings()
    for question in own_questions():
        yield reading(question["says"]), FACTS, meant(question)
    for question in [*known, *({"says": says} for says in others)]:
        found = read(question["says"], household_names(), plain.TODAY, knows)
        assert found
        yield found, household.FACTS, meant(question)


def meant(question: Mapping[str, Any]) -> Meant | None:
    """The answer of a question; None where no tool has one."""
    if "tool" not in question:
        return None
    return question["tool"], question["arguments"], question.get("aspect"), question.get("focus")


async def test_questions_are_understood_as_they_are_meant(local: LocalModels) -> None:
    """Each with its tool and its arguments; what no tool computes is not understood."""
    wrong = dict[str, Any]()
    for found, facts, means in questions(local.knows):
        sure = await asked(found, local.frames, facts)
        said = (sure.tool, dict(sure.arguments), sure.aspect, sure.focus) if sure else None
        if said != means:
            wrong[found.plain] = said
    assert wrong == {}
    known, others = wordings()
    assert len(known) + len(others) >= 625  # none is lost


async def test_without_an_embedding_model_fewer_are_understood(local: LocalModels) -> None:
    """By their words alone, and none as something else than what is meant."""
    frames, wrong, counts = Frames.load(), dict[str, Any](), Counter[bool]()
    for found, facts, means in questions(local.knows):
        sure = await asked(found, frames, facts)
        said = (sure.tool, dict(sure.arguments), sure.aspect, sure.focus) if sure else None
        if said not in (None, means):
            wrong[found.plain] = said
        elif means:
            counts[said == means] += 1
    assert wrong == {}
    assert counts[True] >= NO_MODEL_ANSWERS * counts.total()


CHANGING = ("except", "excluding", "never", "half of", "half our", "median", "tuesdays", "second largest", "per person")


@pytest.mark.parametrize("changing", CHANGING)
async def test_a_word_that_restricts_any_question_makes_it_one_that_is_not_understood(changing: str) -> None:
    """Wherever it stands: no figure is of something else than what was asked for."""
    free = {"find_in_documents", "list_documents", "why_category"}  # have words of their own
    frames = Frames.load()
    answered = [
        says for question in own_questions() if question.get("tool", "why_category") not in free
        for says in (f"{changing} {question['says']}", f"{question['says'].rstrip('?.! ')} {changing}?")
        if await asked(reading(says), frames)
    ]  # fmt: skip
    assert answered == []


MARCH = {"since": "2026-03-01", "until": "2026-03-31", "what": "spent", "group": "all"}
COMPARED = {**MARCH, "before_since": "2026-02-01", "before_until": "2026-02-28", "group": "category"}


@pytest.mark.parametrize(
    ("tool", "before", "says", "changed"),
    [
        ("totals", MARCH, "and in may?", {**MARCH, "since": "2026-05-01", "until": "2026-05-31"}),
        ("totals", MARCH, "And last year?", {**MARCH, "since": "2025-01-01", "until": "2025-12-31"}),
        ("totals", MARCH, "only groceries", {**MARCH, "categories": ["groceries"]}),
        ("totals", {**MARCH, "categories": ["car"]}, "what about Netflix?", {**MARCH, "merchant": "netflix"}),
        ("totals", {**MARCH, "merchant": "netflix"}, "and the landlord?", {**MARCH, "merchant": "landlord"}),
        ("balance", {"accounts": ["Visa card"]}, "and the Everyday account?", {"accounts": ["Everyday"]}),
        ("totals", MARCH, "and salary?", {**MARCH, "categories": ["salary"], "what": "received"}),
        ("totals", MARCH, "by category", {**MARCH, "group": "category"}),
        ("largest", {"count": 5}, "and on the Visa card?", {"count": 5, "account": "Visa card"}),
        ("compare", COMPARED, "and april?", {
            **COMPARED, "since": "2026-04-01", "until": "2026-04-30", "before_since": "2026-03-01",
            "before_until": "2026-03-31"}),
        ("overview", {"month": "2026-03"}, "and the month before last?", {"month": "2026-09"}),
        ("deductible", {"year": 2026}, "and in 2025?", {"year": 2025}),
        ("totals", MARCH, "and the month before?", {**MARCH, "since": "2026-02-01", "until": "2026-02-28"}),
        ("totals", MARCH, "and a year earlier?", {**MARCH, "since": "2025-03-01", "until": "2025-03-31"}),
        ("totals", MARCH, "same for groceries", {**MARCH, "categories": ["groceries"]}),
        ("compare", COMPARED, "the month before", {
            **COMPARED, "since": "2026-02-01", "until": "2026-02-28", "before_since": "2026-01-01",
            "before_until": "2026-01-31"}),
        ("balance", {"accounts": ["Savings"]}, "and on the Visa card?", {"accounts": ["Visa card"]}),
        ("balance", {"accounts": ["Savings"]}, "and in may?", {"accounts": ["Savings"], "on": "2026-05-31"}),
        ("payments", {"merchant": "netflix", "what": "spent"}, "and groceries?", {
            "categories": ["groceries"], "what": "spent"}),
        ("largest", {"count": 5}, "only the ones above 50", {"count": 20, "at_least": "50.01"}),
    ],
)  # fmt: skip
def test_a_question_may_change_the_one_before(
    tool: str, before: dict[str, Any], says: str, changed: dict[str, Any]
) -> None:
    """Its period, its category, its merchant or what sums are made by."""
    found = follow_up(reading(says), a_reference(tool, before), FACTS)
    assert found
    assert (found.tool, dict(found.arguments)) == (tool, changed)


OF_MARCH = {"since": "2026-03-01", "until": "2026-03-31", "what": "spent"}


@pytest.mark.parametrize(
    ("says", "tool", "arguments", "aspect"),
    [
        ("which were those?", "largest", {**OF_MARCH, "count": 20}, None),
        ("which of those were above 50 euros", "largest", {
            **OF_MARCH, "at_least": "50.01", "currency": "EUR", "count": 20}, None),
        ("how many was that", "totals", {**OF_MARCH, "group": "all"}, "count"),
        ("and the biggest one?", "largest", {**OF_MARCH, "count": 1}, None),
        ("and on average?", "forecast", {"what": "spent", "months": 1}, "average"),
        ("why so much?", "compare", {**COMPARED}, None),
        ("compared to the month before?", "compare", {**COMPARED}, None),
        ("is that more than a year earlier?", "compare", {
            **COMPARED, "before_since": "2025-03-01", "before_until": "2025-03-31"}, None),
    ],
)  # fmt: skip
def test_a_question_may_be_about_what_was_just_computed(
    says: str, tool: str, arguments: dict[str, Any], aspect: str | None
) -> None:
    """Its payments, how many they were, or what changed most."""
    found = follow_up(reading(says), a_reference("totals", MARCH), FACTS)
    assert found
    assert (found.tool, dict(found.arguments), found.aspect) == (tool, arguments, aspect)


@pytest.mark.parametrize(
    "says",
    ["How much did I spend in May?", "thanks", "and why not?", "and in may or june?", "and tomorrow's weather in may"],
)
def test_a_question_of_its_own_follows_none(says: str) -> None:
    """It has words that change nothing, or changes nothing."""
    assert follow_up(reading(says), a_reference("totals", MARCH), FACTS) is None


@pytest.mark.parametrize("says", ["n sept?", "Goodness. And in July?", "and groceries in may?", "sept?"])
def test_what_only_changes_a_question_is_none_by_itself(says: str) -> None:
    """Where something was computed: by itself it would be about more than the question before was."""
    assert only_changes(reading(says), computed=True)


@pytest.mark.parametrize("says", ["groceries in may?", "how much did i spend in may", "and what did we spend in may?"])
def test_a_question_with_words_or_a_name_stands_by_itself(says: str) -> None:
    """A name with a period is a question, and so is one with words of its own, whatever went before."""
    assert not only_changes(reading(says), computed=True)


@pytest.mark.parametrize(
    ("says", "plain"),
    [
        ("What did Netflix cost in May? I can never remember.", "what did netflix cost in may"),
        ("I've been putting this off. How much did I spend in May, I'm afraid?", "how much did i spend in may"),
        ("Goodness! How much did I spend in May?", "how much did i spend in may"),
        ("How much did I spend in May? Only groceries.", "how much did i spend in may only groceries"),
        ("We were at the Corner Market. How much was it?", "we were at the corner market how much was it"),
        ("I saw higher prices. Which of them rose?", "i saw higher prices which of them rose"),
    ],
)
def test_remarks_beside_a_question_are_left_out(says: str, plain: str) -> None:
    """Not what names or restricts something, or what the question refers to."""
    assert reading(says).plain == plain


def test_a_number_in_the_name_of_a_merchant_is_no_amount() -> None:
    """Nor is it a limit."""
    found = reading("why is shell station 44 under car")
    assert ([one.value for one in found.names], found.amounts) == (["shell station 44", "car"], [])


def a_reference(tool: str, arguments: dict[str, Any]) -> Reference:
    """What was computed before."""
    now = datetime(2026, 11, 30, tzinfo=UTC)
    return Reference(reference_id=UUID(int=1), turn_id=None, tool=tool, arguments=arguments, result={}, created_at=now)


def test_what_was_taken_for_what_is_said() -> None:
    """Another word for a category, a misspelt merchant, and a name that both have."""
    assert reading("rent in may").took == ["I took “rent” as the category Housing."]
    assert reading("how much did i spend at nteflix").took == ["I read “nteflix” as “netflix”."]
    both = names("Groceries Direct", "Rewe")
    [said] = reading("how much did I spend on groceries?", both).took
    assert said == "I took “groceries” as the category; there are payments to “groceries”, too."
    [name] = reading("how much did I spend at groceries?", both).names
    assert (name.kind, name.value) == ("merchant", "groceries")


def test_a_short_name_within_another_one_is_not_counted_unsaid() -> None:
    """The whole name is looked for where that tells them apart, else the others are named."""
    assert reading("spending at dm").names[0].value == "dm drogerie"
    [name] = reading("spending at dm", names("dm 12", "dm Berlin", "Admiral Taxi")).names
    assert (name.value, name.took) == ("dm", "“dm” is also part of Admiral Taxi, which is counted with it.")


def test_only_near_words_are_mended() -> None:
    """A shop that is not among the user's is looked for by its own name; of four letters two may be swapped."""
    for says, merchant in (("Aldo", "aldo"), ("Adli", "aldi")):
        found = reading(f"How much did I spend at {says} in October?")
        assert build("spent_total", found, FACTS).arguments["merchant"] == merchant


@pytest.mark.parametrize(
    ("says", "reads"),
    [
        ("spending at city gmy in may", "I read “city gmy” as “city gym”."),
        ("eating otu in may", "I read “eating otu” as “eating out”."),
        ("spending at mc donald's in may", None),
        ("spending at net flix in may", None),
        ("spending at cornerstone market in may", None),
        ("spending at land lord in may", "I read “land lord” as “landlord”."),
    ],
)
def test_two_words_of_a_name_are_mended_together(says: str, reads: str | None) -> None:
    """A short word by the one beside it, and a name that is written in two; which is said."""
    assert [one for one in reading(says).took if one.startswith("I read")] == ([reads] if reads else [])


@pytest.mark.parametrize(
    ("says", "amounts"),
    [
        ("save €1,200.50 with 50 a month", [("1200.50", "EUR", "plain"), ("50", None, "monthly")]),
        ("6k in 2 years, I already have 1500", [("6000", None, "plain"), ("1500", None, "saved")]),
        ("a 5000 loan and 200 extra a month", [("5000", None, "owed"), ("200", None, "extra")]),
        ("top 10 payments in 2026", []),
        ("spending for 2026", []),
    ],
)
def test_amounts_are_found_with_what_they_are(says: str, amounts: list[tuple[str, str | None, str]]) -> None:
    """By the words beside them; years and counts are none."""
    found = [(one.value, one.currency, one.role) for one in find_amounts(says.lower()).amounts]
    assert found == [(Decimal(value), currency, role) for value, currency, role in amounts]


@pytest.mark.parametrize(
    ("says", "due_on", "months"),
    [
        ("by june 2028", "2028-06-01", None),
        ("by the end of june 2028", "2028-06-30", None),
        ("by march", "2027-03-01", None),
        ("by 15 january", "2027-01-15", None),
        ("by the end of next year", "2027-12-31", None),
        ("within a year", "None", 12),
        ("in 18 months", "None", 18),
    ],
)
def test_a_date_ahead_is_found(says: str, due_on: str, months: int | None) -> None:
    """The next one where no year is said."""
    found = find_ahead(says, TODAY)
    assert found
    assert (str(found.due_on), found.months) == (due_on, months)


def test_without_a_stored_goal_none_is_guessed() -> None:
    """Where there are two, one has to be named."""
    says = reading("How far am I with my goal?")
    with pytest.raises(NotUnderstood):
        build("goal_progress", says, FACTS)
    found = build("goal_progress", says, replace(FACTS, goals=["Japan trip"]))
    assert found.arguments == {"goal": "Japan trip"}
