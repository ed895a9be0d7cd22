"""What a message asks of the tools, understood without a model: by a grammar, else by the nearest example."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.employees import Slug
from nodes.questions.asked import Asked, Facts
from nodes.questions.documents import about_documents
from nodes.questions.follow_up import follow_up
from nodes.questions.grammar import HOW_TO, UNSUPPORTED, Intent, intent_of
from nodes.questions.intents import asked_by
from nodes.questions.mending import Knows
from nodes.questions.names import FOOD, KnownNames, Name
from nodes.questions.reading import Reading, read
from nodes.questions.suggestions import suggested
from nodes.questions.vocabulary import TIMES, TOPICS, WORDS
from nodes.tools.registry import TOOLS
from nodes.tools.tool import Desk
from storage.errors import StorageError
from storage.finance.references import References
from storage.finance.transactions import TransactionFilter

log = get_logger(__name__)

SECONDS = 3.0
"""For reading names and the question before."""
FORMULAS = frozenset({"monthly_amount", "reached_when", "pay_off", "vat"})
"""What is computed from the message alone."""

NearestIntent = Callable[[str], Awaitable[Intent | None]]
"""What the example asks that is nearest to a question; None where none is near."""


ADVICE = re.compile(r"\b(?:should|must|need to|have to|aside)\b")
"""Asks what to do, which only a plan with figures answers."""
_PLANS = re.compile(r"\b(?:GOAL|DEBT|goals?|debts?|loans?)\b")


class Question(TypedDict):
    """What a message asks for."""

    tool: str | None
    """None where it is not understood."""
    arguments: dict[str, Any]
    aspect: str | None
    """What of the result is asked for, where it is not all of it."""
    focus: str | None
    """Of which row."""
    took: list[str]
    """What was taken for what, in sentences."""
    could_ask: list[str]
    """Questions that the employee can answer, where this one is not understood."""


Understand = Callable[[UUID, str, Slug, date, Sequence[str], bool], Awaitable[Question]]
"""Understands a message: whose it is, what it says, who answers, today, the turns before, whether there is a desk."""


async def no_example(text: str) -> Intent | None:  # noqa: ARG001
    """The nearest example where there is no embedding model: none."""
    return None


class Questions:
    """Understands questions.

    Args:
        knows: whether a word is a common one, which is not mended.
        nearest: finds what a question asks that no rule fits.
    """

    def __init__(self, desk: Desk, references: References, knows: Knows, nearest: NearestIntent = no_example) -> None:
        self._desk = desk
        self._references = references
        self._knows = knows
        self._nearest = nearest

    async def __call__(
        self, user_id: UUID, message: str, slug: Slug, today: date, earlier: Sequence[str], has_desk: bool
    ) -> Question:
        """What the message asks for."""
        try:
            async with asyncio.timeout(SECONDS):
                names, facts = (
                    await self._known(user_id, today)
                    if has_desk
                    else (KnownNames(WORDS | TIMES | TOPICS), Facts(today))
                )
                reading = read(message, names, today, self._knows)
                asked = await self._asked(user_id, reading, facts, earlier) if reading else None
                if reading and asked and (has_desk or _is_formula(asked)):
                    return _question(asked, reading)
                could_ask = await suggested(self._desk, user_id, slug, today) if has_desk else []
        except (StorageError, TimeoutError):
            log.warning("question not understood: the user's names cannot be read", exc_info=True)
            could_ask = []
        return Question(tool=None, arguments={}, aspect=None, focus=None, took=[], could_ask=could_ask)

    async def _asked(self, user_id: UUID, reading: Reading, facts: Facts, earlier: Sequence[str]) -> Asked | None:
        previous = await self._references.latest(user_id, [UUID(one) for one in earlier]) if earlier else None
        if previous and (changed := follow_up(reading, previous, facts)):
            return changed
        asked = by_grammar(reading, facts)
        if asked is None and (bare := _bare(reading, self._knows)):
            intent = await self._nearest(reading.text)
            if intent and intent_of(reading.text) in (None, intent):
                asked = asked_by(intent, bare, facts)
        if asked and asked.tool == "recurring" and asked.arguments.get("categories"):
            asked = await self._recurring(user_id, asked)
        return None if asked and _is_of_debts(asked) and not facts.debts else asked

    async def _recurring(self, user_id: UUID, asked: Asked) -> Asked:
        """What recurs in a category; in all where no transaction has it, which is said."""
        categories = asked.arguments["categories"]
        if await self._desk.figures.totals(user_id, TransactionFilter(categories=categories, sign="spent")):
            return asked
        arguments = {name: value for name, value in asked.arguments.items() if name != "categories"}
        took = f"No transaction is in the category “{categories[0]}”, so these are all that recur."
        return replace(asked, arguments=arguments, took=(*asked.took, took))

    async def _known(self, user_id: UUID, today: date) -> tuple[KnownNames, Facts]:
        desk, names = self._desk, KnownNames(WORDS | TIMES | TOPICS)
        categories = await desk.categories.list(user_id)
        for one in categories:
            names.add_category(one["category"], one["name"])
        if set(FOOD) <= {one["category"] for one in categories}:
            took = "I took “food” as groceries and eating out together."
            names.phrases.setdefault("food", []).append(Name("category", ",".join(FOOD), "food", took))
        for merchant in await desk.merchants.names(user_id):
            names.add_merchant(merchant)
        for account in await desk.accounts.list(user_id):
            names.add("account", account["name"])
            if account["number_end"]:
                names.add_account_number(account["number_end"])
        goals = [one["name"] for one in await desk.plans.goals(user_id)]
        debts = [one["name"] for one in await desk.plans.debts(user_id)]
        for goal in goals:
            names.add("goal", goal)
        for debt in debts:
            names.add("debt", debt)
        income = [one["category"] for one in categories if one["kind"] == "income"]
        return names, Facts(today, income, goals, debts)


def by_grammar(reading: Reading, facts: Facts) -> Asked | None:
    """The tool that the grammar finds for a question."""
    if _is_out_of_reach(reading):
        return None
    intent = intent_of(reading.text)
    if intent not in ("deductible", "match_receipts", "import_report") and (found := about_documents(reading)):
        return found
    return asked_by(intent, reading, facts) if intent else None


def _is_out_of_reach(reading: Reading) -> bool:
    how_to = HOW_TO.search(reading.text) and not (reading.periods and "compare" in reading.text)
    advice = ADVICE.search(reading.text) and not reading.amounts and not _PLANS.search(reading.text)
    return bool(how_to or advice or UNSUPPORTED.search(reading.text))


def _is_of_debts(asked: Asked) -> bool:
    """Whether it needs debts that are stored."""
    return asked.tool == "pay_off" and not asked.arguments.get("debts")


def _is_formula(asked: Asked) -> bool:
    """Whether it can be computed for a user without rows."""
    arguments = asked.arguments
    return asked.tool in FORMULAS and bool(arguments.keys() & {"target", "debts", "amount"}) and "goal" not in arguments


def _bare(reading: Reading, knows: Knows) -> Reading | None:
    """The question without the words that no rule knows; None where one of them may be a name."""
    if _is_out_of_reach(reading):
        return None
    words = reading.text.split()
    kept: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if word.isupper() or word in WORDS or word in TIMES:
            kept.append(word)
        elif word in TOPICS or not word.isalpha() or not knows(word) or before in ("at", "to", "from", "on", "for"):
            return None
    return reading._replace(text=" ".join(kept))


def _question(asked: Asked, reading: Reading) -> Question:
    return Question(
        tool=asked.tool,
        arguments=dict(asked.arguments),
        aspect=asked.aspect,
        focus=asked.focus,
        took=[*reading.took, *asked.took],
        could_ask=[],
    )


def employee_for(tool: str, slug: Slug) -> Slug:
    """Who runs a tool: the chosen employee, else the first who has it."""
    found = next(one for one in TOOLS if one.name == tool)
    return slug if slug in found.employees else found.employees[0]
