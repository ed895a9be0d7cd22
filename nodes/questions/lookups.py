"""Questions for balances, payments that are to come, debts, and single payments."""

import re
from datetime import date, timedelta
from typing import Any, Literal

from nodes.questions.asked import Asked, Facts, NotUnderstood, one_period
from nodes.questions.grammar import Intent, explain
from nodes.questions.outlook import AHEAD, to_the_end
from nodes.questions.periods import month_of
from nodes.questions.reading import Reading
from nodes.questions.sums import of_rows

_EARNED = re.compile(
    r"\b(?:earn\w*|incomes?|salar(?:y|ies)|wages?|pay ?days?|pay ?checks?|refunds?|receiv\w*|got paid|get paid"
    r"|(?:much|my|our|any) pay (?:is|will|still)|(?:pays?|paid|sent|gave) (?:me|us)|com(?:e|es|ing) in|came in"
    r"|deposit\w*)\b"
)


def balance(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """What is in accounts, now, at the end of a period, or what will be."""
    if AHEAD.search(reading.text) and (ahead := to_the_end(reading, facts)):
        return ahead
    if reading.amounts or reading.slots() - {"account", "period"}:
        raise NotUnderstood
    explain(reading.text, intent)
    since, until = one_period(reading.periods)
    on = until if until and until < facts.today else None
    if on is None and since and since != facts.today and (since.day, until) != (1, facts.today):
        raise NotUnderstood  # since a day, or of one that is to come
    accounts = list(dict.fromkeys(one.value for one in reading.named("account")))
    return Asked("balance", {**({"accounts": accounts} if accounts else {}), **({"on": str(on)} if on else {})})


def due(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """What is still to come: by the month's end, in a period, or next from a merchant."""
    which = of_rows(intent, reading._replace(periods=[]))
    if _EARNED.search(reading.plain) or _is_income(reading, facts):
        which["what"] = "received"
    return Asked("due", {**which, **_to_come(reading, facts.today)})


def _to_come(reading: Reading, today: date) -> dict[str, str]:
    """The period that is to come: of one that is over the same a year later."""
    if found := re.search(r"\bnext (week|month|quarter|year)\b", reading.plain):
        if found[1] not in ("week", "month"):
            raise NotUnderstood
        monday = today + timedelta(days=7 - today.weekday())
        month = month_of(today.year + today.month // 12, today.month % 12 + 1)
        first, last = (monday, monday + timedelta(days=6)) if found[1] == "week" else month
        return {"since": str(first), "until": str(last)}
    since, until = one_period(reading.periods)
    if since is None or until is None or (since.day, until) == (1, today):
        this_month = re.search(r"\b(?:this|the|of the) month\b|\bmonth'?s? end\b", reading.plain) or reading.periods
        return {"until": str(month_of(today.year, today.month)[1])} if this_month else {}
    if until < today:
        since, until = since.replace(year=since.year + 1), until.replace(year=until.year + 1)
    if until < today:
        raise NotUnderstood
    return {**({"since": str(since)} if since > today else {}), "until": str(until)}


def debt_sum(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """What is owed, altogether or for one debt, and when it ends at an instalment."""
    debts = {one.value for one in reading.named("debt")}
    if not facts.debts or len(debts) > 1 or reading.named("merchant") or reading.periods or len(reading.amounts) > 1:
        raise NotUnderstood
    explain(reading.text, intent)
    monthly, debt = reading.amount("monthly", "plain"), next(iter(debts), None)
    if reading.amounts and (monthly is None or debt is None):
        raise NotUnderstood
    arguments = {"debt": debt, "monthly": monthly and str(monthly.value)}
    return Asked("debts", {name: value for name, value in arguments.items() if value}, focus=debt)


def average_payment(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """How large one payment is on average."""
    return Asked("payments", {**of_rows(intent, reading), "what": _what(reading, facts)}, "average")


def charged_twice(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    """Pairs of payments."""
    which = of_rows(intent, reading)
    if which.keys() - {"since", "until", "merchant"}:
        raise NotUnderstood
    return Asked("charged_twice", which)


def find_amount(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """Payments of an amount."""
    if len(reading.amounts) != 1:
        raise NotUnderstood
    (amount,) = reading.amounts
    which: dict[str, Any] = {**of_rows(intent, reading._replace(amounts=[])), "amount": str(amount.value)}
    if amount.currency:
        which["currency"] = amount.currency
    return Asked("payments", {**which, "what": _what(reading, facts)})


def when_last(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """The last payment, or the first one."""
    which = of_rows(intent, reading)
    if not which.keys() & {"categories", "merchant"} or any(one.took for one in reading.named("category")):
        raise NotUnderstood  # of which payments, is not sure
    if re.search(r"\b(?:up|down|change\w*|rise|rose|risen|increas\w*)\b", reading.text):
        raise NotUnderstood
    first = re.search(r"\b(?:first|earliest|oldest)\b", reading.plain)
    order = "earliest" if first else "latest"
    return Asked("payments", {**which, "what": _what(reading, facts), "order": order, "count": 5}, "one")


def _is_income(reading: Reading, facts: Facts) -> bool:
    categories = {slug for one in reading.named("category") for slug in one.value.split(",")}
    return bool(categories) and categories <= set(facts.income)


def _what(reading: Reading, facts: Facts) -> Literal["spent", "received"]:
    return "received" if _is_income(reading, facts) or _EARNED.search(reading.text) else "spent"
