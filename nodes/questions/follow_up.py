"""Questions that only change the one before: "and in may?", "only groceries", "and last year?"."""

import re
from collections.abc import Mapping
from typing import Any

from nodes.questions.asked import Asked, Facts
from nodes.questions.grammar import GROUPS
from nodes.questions.periods import before, month_of
from nodes.questions.reading import Reading
from nodes.questions.vocabulary import FOLLOW_UP
from storage.finance.references import Reference

_SUMS = frozenset({"totals", "largest", "compare", "anomalies", "forecast", "vat"})


def follow_up(reading: Reading, previous: Reference, facts: Facts) -> Asked | None:
    """The question before with what this one changes; None where it is one of its own."""
    words = re.findall(r"[A-Za-z']+", reading.text)
    group = _group(reading.text)
    if not set(words) <= FOLLOW_UP or len(words) > 8 or not (reading.periods or reading.names or group):
        return None
    if reading.amounts or reading.ahead or len(reading.periods) > 1:
        return None
    tool, arguments = previous["tool"], previous["arguments"]
    if tool in _SUMS:
        return _changed_sum(tool, arguments, reading, facts, group)
    if group:
        return None
    category = next((one.value for one in reading.named("category")), None)
    merchant = next((one.value for one in reading.named("merchant")), None)
    if tool == "recurring" and merchant and not reading.periods:
        return Asked(tool, arguments, focus=merchant)
    if tool in ("overview", "budget_status"):
        month = _month(reading)
        if merchant or (reading.periods and month is None) or (category and tool == "overview"):
            return None
        return Asked(tool, {**arguments, **({"month": month} if month else {})}, focus=category)
    if tool == "deductible" and not reading.names:
        since, until = reading.periods[0].since, reading.periods[0].until
        if since and until and since.year == until.year and (until - since).days > 360:
            return Asked(tool, {"year": since.year})
    return None


def _changed_sum(
    tool: str, before_it: Mapping[str, Any], reading: Reading, facts: Facts, group: str | None
) -> Asked | None:
    arguments = dict(before_it)
    categories = [slug for one in reading.named("category") for slug in one.value.split(",")]
    merchants = [one.value for one in reading.named("merchant")]
    accounts = [one.value for one in reading.named("account")]
    if len(merchants) > 1 or len(accounts) > 1 or (group and tool not in ("totals", "compare")):
        return None
    if categories or merchants:
        arguments.pop("categories", None)
        arguments.pop("merchant", None)
        if arguments.get("group") not in ("all", "month", None) and not group:
            arguments["group"] = "category" if len(categories) > 1 else "all"
        if arguments.get("what") in ("spent", "received"):
            income = bool(categories) and set(categories) <= set(facts.income)
            arguments["what"] = "received" if income else "spent"
    arguments |= {"categories": categories} if categories else {}
    arguments |= {"merchant": merchants[0]} if merchants else {}
    arguments |= {"account": accounts[0]} if accounts else {}
    arguments |= {"group": group} if group else {}
    return _with_period(tool, arguments, reading)


def _with_period(tool: str, arguments: dict[str, Any], reading: Reading) -> Asked | None:
    if not reading.periods:
        return Asked(tool, arguments)
    since, until, _ = reading.periods[0]
    if tool == "forecast" or (tool == "compare" and not (since and until)):
        return None
    arguments |= {"since": str(since) if since else None, "until": str(until) if until else None}
    if tool == "compare" and since and until:
        earlier = before(since, until)
        arguments |= {"before_since": str(earlier[0]), "before_until": str(earlier[1])}
    return Asked(tool, {name: value for name, value in arguments.items() if value is not None})


def _group(text: str) -> str | None:
    found = re.search(rf"\b(?:by|per|each) (?:{'|'.join(GROUPS.values())})\b", text)
    return next((one for one, words in GROUPS.items() if found and re.search(rf"(?:{words})$", found[0])), None)


def _month(reading: Reading) -> str | None:
    if not reading.periods:
        return None
    since, until, _ = reading.periods[0]
    whole = since and until and (since, until) == month_of(since.year, since.month)
    return f"{since:%Y-%m}" if whole else None
