"""What a message asks of the tools, understood without a model that answers: by its likeliest frame."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.employees import Slug
from nodes.errors import EmbeddingUnavailable
from nodes.questions.asked import Asked, Facts, NotUnderstood
from nodes.questions.building import build
from nodes.questions.choosing import choices, chosen
from nodes.questions.follow_up import follow_up, only_changes
from nodes.questions.frames import FindFrames
from nodes.questions.mending import Knows
from nodes.questions.names import FOOD, KnownNames, Name
from nodes.questions.reading import Reading, read
from nodes.questions.restrictions import known_words, restricting, unknown_nouns
from nodes.questions.suggestions import MOST, near, suggested
from nodes.questions.vocabulary import WORDS
from nodes.tools.registry import TOOLS
from nodes.tools.tool import Desk
from storage.errors import StorageError
from storage.finance.plans import Debt
from storage.finance.references import References
from storage.finance.transactions import TransactionFilter

log = get_logger(__name__)

SECONDS = 3.0
"""For reading names and the question before."""
MOST_UNEXPLAINED = 2
_BILL = re.compile(r"\b(?:bills?|receipts?|invoices?)\b")
FORMULAS = frozenset({"monthly_amount", "reached_when", "pay_off", "vat"})
"""What is computed from the message alone."""


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
    unexplained: list[str]
    """The words that were not understood, where they are few."""
    could_ask: list[str]
    """Questions that the employee can answer, where this one is not understood."""


Understand = Callable[[UUID, str, Slug, date, Sequence[str], bool], Awaitable[Question]]
"""Understands a message: whose it is, what it says, who answers, today, the turns before, whether there is a desk."""


class Understood(NamedTuple):
    """What a message asks, or what keeps it from being understood."""

    asked: Asked | None = None
    took: Sequence[str] = ()
    """What was taken for what."""
    unexplained: Sequence[str] = ()
    """Words."""
    near: Sequence[str] = ()
    """Questions that it is nearest to."""


class Questions:
    """Understands questions.

    Args:
        knows: whether a word is a common one, which is not mended.
        frames: finds what a question asks.
    """

    def __init__(self, desk: Desk, references: References, knows: Knows, frames: FindFrames) -> None:
        self._desk = desk
        self._references = references
        self._knows = knows
        self._frames = frames

    async def __call__(
        self, user_id: UUID, message: str, slug: Slug, today: date, earlier: Sequence[str], has_desk: bool
    ) -> Question:
        """What the message asks for."""
        try:
            async with asyncio.timeout(SECONDS):
                names, facts = await self._known(user_id, today) if has_desk else (_no_names(), Facts(today))
                found = await self._asked(user_id, message, names, facts, earlier)
                if found.asked and (has_desk or _is_formula(found.asked)):
                    return _question(found.asked, found.took)
                unexplained = list(found.unexplained)
                usual = await suggested(self._desk, user_id, slug, today) if has_desk else []
                could_ask = list(dict.fromkeys([*found.near, *usual]))[:MOST] if has_desk else []
        except (StorageError, TimeoutError):
            log.warning("question not understood: the user's names cannot be read", exc_info=True)
            unexplained, could_ask = [], []
        return Question(
            tool=None, arguments={}, aspect=None, focus=None, took=[], unexplained=unexplained, could_ask=could_ask
        )

    async def _asked(
        self, user_id: UUID, message: str, names: KnownNames, facts: Facts, earlier: Sequence[str]
    ) -> Understood:
        """What the message asks, or what keeps it from being understood."""
        reading = read(message, names, facts.today, self._knows)
        if reading is None:
            return Understood()
        previous = await self._references.latest(user_id, [UUID(one) for one in earlier]) if earlier else None
        if previous and (changed := follow_up(reading, previous, facts)):
            called = changed.arguments.get("merchant")
            other = {one.took for one in reading.names if called and one.merchant == called}
            return Understood(changed, [said for said in reading.took if said not in other])
        if only_changes(reading, computed=previous is not None):
            return Understood()  # by itself it would be about more, whatever the question before was about
        likely = await self._frames(reading)
        asked = chosen(choices(likely, reading, facts))
        words = restricting(reading, asked) if asked else unknown_nouns(reading)
        if asked and not words:
            return Understood(await self._of_rows(user_id, asked, reading, facts), reading.took)
        return Understood(unexplained=words if len(words) <= MOST_UNEXPLAINED else (), near=near(likely, reading))

    async def _of_rows(self, user_id: UUID, asked: Asked, reading: Reading, facts: Facts) -> Asked:
        """What is asked, where the user's rows say that something near it is meant."""
        asked = await self._paid_instead(user_id, asked, reading, facts)
        if asked.tool == "recurring" and asked.arguments.get("categories"):
            return await self._recurring(user_id, asked)
        return await self._directed(user_id, asked)

    async def _directed(self, user_id: UUID, asked: Asked) -> Asked:
        """The sum of what a merchant paid, where the user never paid it anything."""
        merchant = asked.focus if asked.tool == "recurring" else asked.arguments.get("merchant")
        directed = asked.tool in ("totals", "payments", "recurring") and asked.arguments.get("what") == "spent"
        if not directed or not merchant:
            return asked
        words = merchant.lower().split()
        if await self._desk.figures.totals(user_id, TransactionFilter(words=words, sign="spent")):
            return asked
        if not await self._desk.figures.totals(user_id, TransactionFilter(words=words, sign="received")):
            return asked
        return replace(asked, arguments={**asked.arguments, "what": "received"})

    async def _paid_instead(self, user_id: UUID, asked: Asked, reading: Reading, facts: Facts) -> Asked:
        """The payments that a bill or a receipt is looked for of, where no document says it."""
        bill = _BILL.search(reading.plain) and reading.named("merchant")
        if asked.tool != "find_in_documents" or not bill:
            return asked
        about, kind = str(asked.arguments["about"]), asked.arguments.get("kind")
        try:
            listed = build("list", reading, facts)
            if await self._desk.pages.find(user_id, about, await self._desk.embed(about), limit=1, kind=kind):
                return asked
        except (NotUnderstood, EmbeddingUnavailable):
            return asked
        return replace(listed, took=(f"I found no document about “{about}”, so these are payments.",))

    async def _recurring(self, user_id: UUID, asked: Asked) -> Asked:
        """What recurs in a category; in all where no transaction has it, which is said."""
        categories = asked.arguments["categories"]
        if await self._desk.figures.totals(user_id, TransactionFilter(categories=categories, sign="spent")):
            return asked
        arguments = {name: value for name, value in asked.arguments.items() if name != "categories"}
        took = f"No transaction is in the category “{categories[0]}”, so these are all that recur."
        return replace(asked, arguments=arguments, took=(*asked.took, took))

    async def _known(self, user_id: UUID, today: date) -> tuple[KnownNames, Facts]:
        desk, names = self._desk, _no_names()
        categories = await desk.categories.list(user_id)
        for one in categories:
            names.add_category(one["category"], one["name"])
        if set(FOOD) <= {one["category"] for one in categories}:
            took = "I took “food” as groceries and eating out together."
            names.phrases.setdefault("food", []).append(Name("category", ",".join(FOOD), "food", took))
        for merchant in await desk.merchants.names(user_id):
            names.add_merchant(merchant)
        for text in await desk.merchants.descriptions(user_id):
            names.add_description(text)
        accounts = await desk.accounts.list(user_id)
        names.add_account_kinds([(one["name"], one["kind"]) for one in accounts])
        for account in accounts:
            names.add("account", account["name"])
            if account["number_end"]:
                names.add_account_number(account["number_end"])
        goals = [one["name"] for one in await desk.plans.goals(user_id)]
        debts = {one["name"]: one for one in await desk.plans.debts(user_id)}
        for goal in goals:
            names.add("goal", goal)
        for debt in debts:
            names.add("debt", debt)
        income = [one["category"] for one in categories if one["kind"] == "income"]
        return names, Facts(today, income, goals, list(debts), {name: _owed(one) for name, one in debts.items()})


def _no_names() -> KnownNames:
    return KnownNames(WORDS, known_words())


def _owed(debt: Debt) -> dict[str, str]:
    """A stored debt as an argument of `pay_off`, with its currency."""
    return {
        "name": debt["name"], "balance": str(debt["balance"]), "annual_rate": str(debt["annual_rate"]),
        "minimum": str(debt["minimum"]), "currency": debt["currency"],
    }  # fmt: skip


def _is_formula(asked: Asked) -> bool:
    """Whether it can be computed for a user without rows."""
    arguments = asked.arguments
    return asked.tool in FORMULAS and bool(arguments.keys() & {"target", "debts", "amount"}) and "goal" not in arguments


def _question(asked: Asked, took: Sequence[str]) -> Question:
    return Question(
        tool=asked.tool,
        arguments=dict(asked.arguments),
        aspect=asked.aspect,
        focus=asked.focus,
        took=[*took, *asked.took],
        unexplained=[],
        could_ask=[],
    )


def employee_for(tool: str, slug: Slug) -> Slug:
    """Who runs a tool: the chosen employee, else the first who has it."""
    found = next(one for one in TOOLS if one.name == tool)
    return slug if slug in found.employees else found.employees[0]
