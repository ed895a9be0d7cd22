"""Frames of questions about what comes again, is to come, is planned, owed, or there."""

import re
from datetime import date, timedelta
from typing import Any

from nodes.questions.amounts import Amount
from nodes.questions.asked import Asked, Aspect, Facts, NotUnderstood
from nodes.questions.ends import TO_COME
from nodes.questions.forecasts import forecast, left_of
from nodes.questions.periods import month_of, unit_of
from nodes.questions.reading import Reading
from nodes.questions.rows import spent, when_last
from nodes.questions.slots import earned, is_present, month_argument, period_of, rows_of, sign, year_argument

_PAY = re.compile(r"\b(?:(?:my|our|much|the) pay\b(?! for)|pay is)\b")
"""What somebody earns."""


def recurring(reading: Reading, facts: Facts) -> Asked:
    """What comes again."""
    if earned(reading) or _PAY.search(reading.masked):
        return recurring_income(reading, facts)
    merchant = next((one.value for one in reading.named("merchant")), None)
    categories = {one.value for one in reading.named("category") if not (merchant and one.took)}
    if re.search(r"\bsubscriptions?\b", reading.masked):
        categories.add("subscriptions")
    if (
        categories - {"subscriptions"}
        or reading.named("account")
        or (reading.periods and not is_present(reading, facts))
    ):
        raise NotUnderstood
    if merchant and _ENDED.search(reading.masked):
        return when_last(reading, facts)  # what has ended recurs no more
    which = {"categories": sorted(categories)} if categories and not merchant else {}
    return Asked("recurring", {"what": "spent", **which}, focus=merchant)


_ENDED = re.compile(r"\b(?:stopped|ended|cancell?ed|finished)\b")


def recurring_income(reading: Reading, facts: Facts) -> Asked:
    """What income comes again."""
    if reading.names or (reading.periods and not is_present(reading, facts)):
        raise NotUnderstood
    return Asked("recurring", {"what": "received"})


def price_rises(reading: Reading, facts: Facts) -> Asked:
    """What of it became dearer, or what income rose."""
    merchant = next((one.value for one in reading.named("merchant")), None)
    categories = {one.value for one in reading.named("category")}
    if re.search(r"\bsubscriptions?\b", reading.masked) and not merchant:
        categories.add("subscriptions")
    if len(categories) > 1 or reading.named("account"):
        raise NotUnderstood
    which = {"categories": sorted(categories)} if categories and not merchant else {}
    is_income = categories <= set(facts.income) if categories and not merchant else earned(reading)
    if not is_income and re.search(r"\ba (?:pay |salary )?(?:raise|rise)\b", reading.masked):
        raise NotUnderstood  # of somebody's pay
    return Asked("recurring", {"what": "received" if is_income else "spent", **which}, "price_rises", merchant)


def overview(reading: Reading, facts: Facts) -> Asked:
    """A month, or what was left of another period by category."""
    try:
        return Asked("overview", month_argument(reading, facts))
    except NotUnderstood:
        period = period_of(reading, facts.today)
        return Asked("totals", {**period, "what": "net", "group": "category"})


def budget(reading: Reading, facts: Facts) -> Asked:
    """Budgets, or that of a category; what is left of a month without either is no budget."""
    if left := left_of(reading, facts):
        return left
    categories = {one.value for one in reading.named("category")}
    if re.search(r"\bsubscriptions?\b", reading.masked):
        categories.add("subscriptions")
    if len(categories) > 1:
        raise NotUnderstood
    return Asked("budget_status", month_argument(reading, facts), focus=next(iter(categories), None))


def deductible(reading: Reading, facts: Facts) -> Asked:
    """What may be deducted, or what was spent in the categories that are named."""
    rows = rows_of(reading)
    rows["categories"] = [slug for slug in rows.get("categories", ()) if slug != "taxes"]
    if rows["categories"]:
        return spent(reading, facts)
    return Asked("deductible", {"year": year_argument(reading, facts)})


def missing_receipts(reading: Reading, facts: Facts) -> Asked:
    """The receipts that are missing for it."""
    return Asked("deductible", {"year": year_argument(reading, facts)}, "missing")


def _goal_of(reading: Reading, facts: Facts) -> str | None:
    goal = next((one.value for one in reading.named("goal")), None)
    if goal is None and not reading.amounts and len(facts.goals) == 1:
        return next(iter(facts.goals))
    return goal


def _target(reading: Reading, facts: Facts) -> dict[str, Any]:
    """What is saved for: a goal, an amount, or an amount for a goal."""
    goal, plain, saved = _goal_of(reading, facts), reading.amount("plain"), reading.amount("saved")
    if goal is None and plain is None:
        plain, saved = saved, None
    if goal is None and plain is None:
        raise NotUnderstood
    currency = next((one.currency for one in reading.amounts if one.currency), None) or reading.currency
    found = {"goal": goal, "target": plain and str(plain.value), "saved": saved and str(saved.value)}
    found |= {"currency": currency, "annual_rate": str(reading.rate) if reading.rate else None}
    return {name: value for name, value in found.items() if value}


def monthly_amount(reading: Reading, facts: Facts) -> Asked:
    """What has to be saved each month."""
    if any(one.role in ("monthly", "extra", "owed") for one in reading.amounts) or len(reading.amounts) > 2:
        raise NotUnderstood
    found, ahead = _target(reading, facts), reading.ahead
    if ahead:
        found |= {"due_on": str(ahead.due_on)} if ahead.due_on else {"months": ahead.months}
    elif "goal" not in found or reading.periods:
        raise NotUnderstood
    return Asked("monthly_amount", found)


def goal_progress(reading: Reading, facts: Facts) -> Asked:
    """How far a goal is."""
    goal = _goal_of(reading, facts)
    if goal is None or reading.amounts:
        raise NotUnderstood
    return Asked("monthly_amount", {"goal": goal}, "progress")


def reached_when(reading: Reading, facts: Facts) -> Asked:
    """When it is reached at an amount a month."""
    monthly = [one for one in reading.amounts if one.role in ("monthly", "extra")]
    if len(monthly) != 1 or len(reading.amounts) > 3:
        raise NotUnderstood
    others = reading._replace(amounts=[one for one in reading.amounts if one is not monthly[0]])
    return Asked("reached_when", {**_target(others, facts), "monthly": str(monthly[0].value)})


def pay_off(reading: Reading, facts: Facts) -> Asked:
    """When debts are paid off: one at its own instalment, or all of them together."""
    debts = {one.value for one in reading.named("debt")}
    amounts = [one for one in reading.amounts if one.role in ("monthly", "extra")]
    owed = [one for one in reading.amounts if one not in amounts]
    if len(debts) > 1 or len(amounts) > 1 or len(owed) > 1:
        raise NotUnderstood
    debt, amount = next(iter(debts), None), next(iter(amounts), None)
    if owed and amount and not debt:
        return _of_amounts(reading, owed[0], amount)
    amount = amount or next(iter(owed), None)
    if not facts.owed or (owed and amounts):
        raise NotUnderstood
    extra = {"extra": str(amount.value)} if amount else {}
    if debt is None:
        took = () if amount is None or amount.role == "extra" else (_BESIDE,)
        return Asked("pay_off", extra, took=took)
    alone = dict(facts.owed[debt])
    if amount and amount.role != "extra":  # instead of the instalment
        alone["minimum"], extra = str(amount.value), {}
    currency = alone.pop("currency")
    return Asked("pay_off", {"debts": [alone], "currency": currency, **extra}, focus=debt)


def _of_amounts(reading: Reading, owed: Amount, monthly: Amount) -> Asked:
    """A debt that is not stored, of the amounts of the question."""
    debt = {"name": "the debt", "balance": str(owed.value), "annual_rate": str(reading.rate or 0)}
    arguments: dict[str, Any] = {"debts": [{**debt, "minimum": str(monthly.value)}]}
    if currency := owed.currency or monthly.currency:
        arguments["currency"] = currency
    return Asked("pay_off", arguments, took=() if reading.rate else ("You named no interest rate, so I took none.",))


_BESIDE = "I took the amount as paid each month beside the minimum payments."


def debt_order(reading: Reading, facts: Facts) -> Asked:
    """Which debt comes first."""
    if not facts.owed or len(reading.amounts) > 1:
        raise NotUnderstood
    extra = next((str(one.value) for one in reading.amounts), None)
    named = set(re.findall(r"\b(?:avalanche|snowball)\b", reading.masked))
    compared = len(named) > 1 or re.search(r"\b(?:sav\w+|better|cheaper)\b", reading.masked)
    arguments = {"strategy": next(iter(named))} if named and not compared else {}
    aspect: Aspect | None = None if arguments or named else "first"
    return Asked("pay_off", {**arguments, **({"extra": extra} if extra else {})}, aspect)


def balance(reading: Reading, facts: Facts) -> Asked:
    """What is in accounts, now or at the end of a period."""
    if TO_COME.search(reading.plain):
        return forecast(reading, facts)
    if reading.named("merchant") or reading.named("category") or reading.ahead:
        raise NotUnderstood
    period = period_of(reading, facts.today, ends=True)
    until = period.get("until")
    on = {"on": until} if until and until < str(facts.today) else {}
    accounts = list(dict.fromkeys(one.value for one in reading.named("account")))
    return Asked("balance", {**({"accounts": accounts} if accounts else {}), **on})


def due(reading: Reading, facts: Facts) -> Asked:
    """What is still to come."""
    rows = rows_of(reading)
    if rows.keys() & {"at_least", "at_most"}:
        raise NotUnderstood
    what = {"what": "received"} if _PAY.search(reading.masked) or sign(rows, reading, facts) == "received" else {}
    return Asked("due", {**rows, **what, **_to_come(reading, facts.today)})


def _to_come(reading: Reading, today: date) -> dict[str, str]:
    """The period that is to come; a month that is over is meant a year later."""
    if re.search(r"\bnext month\b", reading.plain):
        after = month_of(today.year + today.month // 12, today.month % 12 + 1)
        return {"since": str(after[0]), "until": str(after[1])}
    if re.search(r"\bnext week\b", reading.plain):
        monday = unit_of("week", today)[1] + timedelta(days=1)
        return {"since": str(monday), "until": str(monday + timedelta(days=6))}
    spans = [(one.since, one.until) for one in reading.periods]
    if not spans:
        if re.search(r"\b(?:next (?:year|quarter)|tomorrow|today|tonight)\b", reading.plain):
            raise NotUnderstood
        soon = re.search(r"\b(?:this|the|of the) month\b|\bmonth'?s? end\b", reading.plain)
        return {"until": str(month_of(today.year, today.month)[1])} if soon else {}
    since, until = spans[0]
    if len(spans) > 1 or until is None:
        raise NotUnderstood
    if since and until < today and (since, until) == month_of(since.year, since.month):
        since, until = month_of(since.year + 1, since.month)
    if until < today:
        raise NotUnderstood
    return {**({"since": str(since)} if since and since > today else {}), "until": str(until)}


def debt_sum(reading: Reading, facts: Facts) -> Asked:
    """What is owed."""
    debts = {one.value for one in reading.named("debt")}
    if not facts.owed or len(debts) > 1 or reading.amounts:
        raise NotUnderstood
    debt = None if _OF_ALL.search(reading.masked) else next(iter(debts), None)
    return Asked("debts", {"debt": debt} if debt else {}, focus=debt)


_OF_ALL = re.compile(
    r"\b(?:total|altogether|overall|all in all|all (?:of )?(?:the |my |our )?(?:loans|debts))\b.*"
    r"\b(?:and|plus) (?:the |that |this |my |our )?DEBT\b"
)
