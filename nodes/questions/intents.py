"""From what a question asks for to a tool with its arguments."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from nodes.questions import lookups, outlook, recurring, sums
from nodes.questions.asked import Asked, Facts, NotUnderstood, one_period
from nodes.questions.documents import FILE_NAME
from nodes.questions.grammar import TAKES, Intent, explain
from nodes.questions.periods import month_of
from nodes.questions.reading import Reading
from nodes.questions.vocabulary import WORDS


def asked_by(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """The tool that answers it.

    Raises:
        Unexplained: a word means nothing for this intent.
        NotUnderstood: a part of the question has no place in the tool's arguments.
    """
    if not reading.slots() <= TAKES[intent]:
        raise NotUnderstood
    return _BUILDERS[intent](intent, reading, facts)


def _month(reading: Reading, facts: Facts) -> dict[str, str]:
    """A month as the argument of a tool that takes one."""
    since, until = one_period(reading.periods)
    if since is None and until is None:
        return {}
    this_month = (facts.today.replace(day=1), facts.today)
    if since is None or (since, until) not in (month_of(since.year, since.month), this_month):
        raise NotUnderstood
    return {"month": f"{since:%Y-%m}"}


def _overview(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    other = re.search(r"\bmonth by month\b|\b(?:goals?|budgets?|debts?|tax(?:es)?|deductible)\b", reading.text)
    if reading.names or other or reading.amounts:
        raise NotUnderstood
    explain(reading.text, intent)
    try:
        return Asked("overview", _month(reading, facts))
    except NotUnderstood:
        since, until = one_period(reading.periods)
        period = {"since": since and str(since), "until": until and str(until)}
        return Asked(
            "totals", {**{name: day for name, day in period.items() if day}, "what": "net", "group": "category"}
        )


def _budget(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    categories = [one.value for one in reading.named("category")]
    if len(categories) > 1 or reading.named("merchant") or reading.amounts:
        raise NotUnderstood
    explain(reading.text, intent)
    return Asked("budget_status", _month(reading, facts), focus=next(iter(categories), None))


def _deductible(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    since, until = one_period(reading.periods)
    if reading.named("merchant"):
        raise NotUnderstood
    categories = [one.value for one in reading.named("category") if one.value != "taxes"]
    explain(reading.text, intent)
    year = facts.today.year
    if since and until and (since.month, since.day) == (1, 1) and since.year == until.year:
        if (until.month, until.day) != (12, 31) and until < facts.today:
            raise NotUnderstood
        year = since.year
    elif since or until:
        raise NotUnderstood
    missing = re.search(r"\breceipts?\b", reading.text)
    which = {"categories": list(dict.fromkeys(categories))} if categories else {}
    return Asked("deductible", {"year": year, **which}, "missing" if missing else None)


def _place_amounts(reading: Reading, *places: Collection[str]) -> None:
    """Find a place for each amount: one of some roles each.

    Raises:
        NotUnderstood: an amount has no place, or two have the same.
    """
    roles = [one.role for one in reading.amounts]
    if len(roles) > sum(bool(set(roles) & set(place)) for place in places):
        raise NotUnderstood


def _vat(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    if reading.rate is None or len(reading.amounts) > 1:
        raise NotUnderstood
    amount = reading.amount("plain")
    which = sums.of_rows(intent, reading._replace(amounts=[], rate=None))
    if amount:
        currency = amount.currency or which.get("currency")
        which = {"amount": str(amount.value), **({"currency": currency} if currency else {})}
    return Asked("vat", {**which, "rate": str(reading.rate)})


def _pay_off(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    others = [one for one in reading.named("category") if one.value not in ("fees", "debt_payments")]
    if others or reading.named("merchant") or reading.periods:
        raise NotUnderstood
    explain(reading.text, intent)
    owes = {"owed", "plain"} & {one.role for one in reading.amounts}
    _place_amounts(reading, *([("owed", "plain"), ("monthly",), ("extra",)] if owes else [("monthly", "extra")]))
    both = re.search(r"\bsave\b|\bbetter\b|\bavalanche\b.*\bsnowball\b|\bsnowball\b.*\bavalanche\b", reading.text)
    strategy = re.search(r"\b(?:avalanche|snowball)\b", reading.text)
    arguments: dict[str, Any] = {"strategy": strategy[0]} if strategy and not both else {}
    took: tuple[str, ...] = ()
    owed, monthly, extra = reading.amount("owed", "plain"), reading.amount("monthly"), reading.amount("extra")
    if owed and monthly:
        debt = {"name": "the debt", "balance": str(owed.value), "annual_rate": str(reading.rate or 0)}
        arguments["debts"] = [{**debt, "minimum": str(monthly.value)}]
        if currency := owed.currency or monthly.currency:
            arguments["currency"] = currency
        took = () if reading.rate else ("You named no interest rate, so I took none.",)
    elif owed:
        raise NotUnderstood
    elif monthly and not extra:
        extra, took = monthly, ("I took the amount as paid each month beside the minimum payments.",)
    if extra:
        arguments["extra"] = str(extra.value)
    debt_named = next((one.value for one in reading.named("debt")), None)
    asks_order = debt_named is None and "debts" not in arguments and _WHICH_FIRST.search(reading.text)
    return Asked("pay_off", arguments, "first" if asks_order else None, focus=debt_named, took=took)


_WHICH_FIRST = re.compile(
    r"\b(?:which|what)\b.*\b(?:debts?|loans?|one)\b"
    r".*\b(?:first|start|begin|attack|tackle|focus|prioriti[sz]e|next|before)\b"
    r"|\b(?:first|start|begin)\b.*\bwith which (?:debt|loan)\b|\bwhere\b.*\b(?:start|begin)\b"
    r"|\b(?:what|which)\b.*\border\b|\bin (?:what|which) order\b"
    r"|\b(?:which|what) (?:debt|loan)s? (?:should|do|must|to)\b"
)
"""Asks which debt comes first."""


_PURPOSE = re.compile(
    r"\b(?:(?:for|on|towards?|buy|afford|get) (?:(?:an?|the|my|our|new|used|big|second hand) )*"
    r"|(?:an?|the|my|our) (?:new )?)"
    r"(?P<what>[a-z-]+(?: [a-z-]+)?)(?=$| (?:costs?|for|that|worth|of|by|in|with|if|how|when|and|AMOUNT))"
)
"""What somebody saves for changes nothing of the sums."""


def _unless_known(found: re.Match[str]) -> str:
    """Nothing in place of a purpose; words of the grammar are none, and stay."""
    return found[0] if set(found["what"].split()) & WORDS else " "


def _target(reading: Reading, facts: Facts) -> dict[str, Any]:
    """What is saved for."""
    goal = next((one.value for one in reading.named("goal")), None)
    plain, saved = reading.amount("plain"), reading.amount("saved")
    explain(_PURPOSE.sub(_unless_known, reading.text) if goal is None else reading.text, "goal")
    if goal is None and plain is None:
        if re.search(r"\bgoals?\b", reading.text) and len(facts.goals) == 1:
            goal = next(iter(facts.goals))
        elif saved:
            plain, saved = saved, None
    found: dict[str, Any] = {"goal": goal, "target": plain and str(plain.value), "saved": saved and str(saved.value)}
    currency = next((one.currency for one in reading.amounts if one.currency), None) or reading.currency
    found |= {"currency": currency, "annual_rate": reading.rate and str(reading.rate)}
    if goal is None and plain is None:
        raise NotUnderstood
    return {name: value for name, value in found.items() if value}


def _monthly_amount(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    if reading.amount("monthly") and reading.ahead is None:
        return _reached_when(intent, reading, facts)
    _place_amounts(reading, ("plain",), ("saved",))
    found, ahead = _target(reading, facts), reading.ahead
    if ahead:
        found |= {"due_on": str(ahead.due_on)} if ahead.due_on else {"months": ahead.months}
    elif "goal" not in found or reading.periods:
        raise NotUnderstood
    if reading.amount("monthly"):
        raise NotUnderstood
    return Asked("monthly_amount", found)


def _goal(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    found = _target(reading, facts)
    if "goal" not in found or reading.amounts or reading.periods:
        raise NotUnderstood
    return Asked("monthly_amount", found, "progress")


def _reached_when(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    _place_amounts(reading, ("plain",), ("saved",), ("monthly", "extra"))
    monthly = reading.amount("monthly", "extra")
    if monthly is None or reading.ahead or reading.periods:
        raise NotUnderstood
    return Asked("reached_when", {**_target(reading, facts), "monthly": str(monthly.value)})


_CATEGORISED = re.compile(
    r"\b(?:is|are|was|were|did|does|put|has|have) (?:the |my )?(.+?)"
    r" (?:in|as|under|to|is|are|have|has|belong\w*|into|categor\w+|tagged|filed)\b"
)


def _why_category(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    merchant = next((one.value for one in reading.named("merchant")), None)
    if merchant is None:
        found = _CATEGORISED.search(reading.text)
        merchant = found[1] if found and not set(found[1].split()) <= WORDS and found[1].islower() else None
    if merchant is None or reading.periods:
        raise NotUnderstood
    explain(reading.text.replace(merchant, "MERCHANT"), intent)
    return Asked("why_category", {"merchant": merchant})


def _propose_categories(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    if reading.names or reading.periods:
        raise NotUnderstood
    explain(reading.text, intent)
    return Asked("propose_categories")


def _propose_rule(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    merchants, categories = reading.named("merchant"), reading.named("category")
    if len(merchants) != 1 or len(categories) != 1 or reading.periods:
        raise NotUnderstood
    explain(reading.text, intent)
    return Asked("propose_rule", {"pattern": merchants[0].value, "category": categories[0].value})


def _match_receipts(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    if reading.names or reading.periods:
        raise NotUnderstood
    explain(reading.text, intent)
    return Asked("match_receipts")


def _import_report(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    file = FILE_NAME.search(reading.plain)
    if reading.named("category"):
        raise NotUnderstood
    explain(FILE_NAME.sub("", reading.text), intent)
    return Asked("import_report", {"name": file[0]} if file else {})


_BUILDERS: Mapping[Intent, Callable[[Intent, Reading, Facts], Asked]] = {
    "totals": sums.totals, "count": sums.totals, "income": sums.totals, "net": sums.totals, "grouped": sums.grouped,
    "largest": sums.largest, "compare": sums.compare, "forecast": outlook.forecast, "average": sums.average,
    "recurring": recurring.recurring, "price_rises": recurring.recurring, "recurring_income": recurring.recurring,
    "anomalies": recurring.anomalies, "overview": _overview, "budget_status": _budget, "deductible": _deductible,
    "vat": _vat, "pay_off": _pay_off, "monthly_amount": _monthly_amount, "goal": _goal,
    "reached_when": _reached_when, "why_category": _why_category, "propose_categories": _propose_categories,
    "propose_rule": _propose_rule, "match_receipts": _match_receipts, "import_report": _import_report,
    "balance": lookups.balance, "due": lookups.due, "debt_sum": lookups.debt_sum,
    "average_payment": lookups.average_payment, "charged_twice": lookups.charged_twice,
    "find_amount": lookups.find_amount, "when_last": lookups.when_last,
}  # fmt: skip
