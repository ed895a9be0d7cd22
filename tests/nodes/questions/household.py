"""The names of the made-up household."""

from functools import cache

from graph.demo.household import ACCOUNTS
from graph.demo.sorting import DEBTS, goals
from nodes.questions.asked import Facts
from nodes.questions.names import FOOD, KnownNames, Name
from nodes.questions.restrictions import known_words
from nodes.questions.vocabulary import WORDS
from storage.finance.categories import DEFAULTS
from tests.graph.demo.plain import HOME, TODAY

GOALS = [str(one["name"]) for one in goals(TODAY).values()]
OWED = {
    name: {
        "name": name, "balance": str(one["balance"]), "annual_rate": str(one["annual_rate"]),
        "minimum": str(one["minimum"]), "currency": one["currency"],
    }
    for name, one in DEBTS.items()
}  # fmt: skip
FACTS = Facts(TODAY, [one.category for one in DEFAULTS if one.kind == "income"], GOALS, list(DEBTS), OWED)


@cache
def household_names() -> KnownNames:
    """As a server would read them from the household's rows."""
    known = KnownNames(WORDS, known_words())
    for category in DEFAULTS:
        known.add_category(category.category, category.name)
    known.phrases["food"] = [Name("category", ",".join(FOOD), "food", "I took both.")]
    for payee in dict.fromkeys(one.payee for one in HOME.movements):
        known.add_merchant(payee)
    for words in dict.fromkeys(one.words for one in HOME.movements):
        known.add_description(words)
    for account in ACCOUNTS.values():
        known.add("account", account.name)
    known.add_account_kinds([(one.name, one.kind) for one in ACCOUNTS.values()])
    for goal in GOALS:
        known.add("goal", goal)
    for debt in DEBTS:
        known.add("debt", debt)
    return known
