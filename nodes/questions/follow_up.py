"""Questions that only change the one before, or are about what it computed: "and in may?", "which were those?"."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from nodes.questions.asked import Asked, Facts
from nodes.questions.periods import before, month_of, unit_of, year_back
from nodes.questions.reading import Reading
from storage.finance.references import Reference

_SUMS = frozenset({"totals", "largest", "payments", "compare", "anomalies", "forecast", "vat"})
_FILTER = ("since", "until", "categories", "merchant", "account", "currency", "at_least", "at_most")
MOST_LISTED = 20
MOST_WORDS = 10
_GROUPS = {
    "category": "categor(?:y|ies)",
    "merchant": "merchants?|shops?|stores?|payees?|vendors?|retailers?|compan(?:y|ies)",
    "account": "accounts?",
    "month": "months?",
}
"""How what sums are made by is called."""

Kind = Literal["list", "why", "count", "largest", "total", "average"]
_READ = tomllib.loads(Path(__file__).with_name("follow_up.toml").read_text(encoding="utf-8"))


def _pattern(likes: Sequence[str]) -> re.Pattern[str]:
    whole = "|".join(likes)
    for name, words in _READ["words"].items():
        whole = whole.replace(f"<{name}>", words)
    around = r"(?:and |so |then |but )*(?:{})(?: (?:please|exactly|then|for|all|made of|made up of))*"
    return re.compile(around.replace("{}", whole))


_KINDS: Mapping[Kind, re.Pattern[str]] = {kind: _pattern(likes) for kind, likes in _READ["kinds"].items()}
"""What a question about the same transactions asks for."""
_CHANGES = frozenset[str](_READ["changes"]["words"].split())
_BESIDE_BEFORE = _CHANGES.union(_READ["before"]["words"].split())
_BEFORE = re.compile(
    r"\b(?:the )?(?P<unit>week|month|quarter|year) (?:before(?: (?:that|then))?|earlier|prior)\b(?! last)"
    r"|\bprevious (?P<previous>week|month|quarter|year)\b|\b(?P<that>before that|the one before|one before)\b"
    r"|\bsame (?:month|period|time|quarter|week) (?:the|a|in the|of the) year (?P<year>before|earlier)\b"
)
_AGAINST = re.compile(r"\b(?:compared?|versus|vs|against|more|less|than|higher|lower|difference)\b")
"""Words of a comparison with another period."""


_GOES_ON = re.compile(r"\W*(?:and|also|what about|how about|(?:the )?same)\b", re.IGNORECASE)


def only_changes(reading: Reading, *, computed: bool) -> bool:
    """Whether a message says no more than what is other than in one before it: by itself it would ask for more.

    Args:
        computed: whether something was computed for the one before.
    """
    if not set(re.findall(r"[A-Za-z']+", reading.text)) <= _CHANGES:
        return False
    goes_on = _GOES_ON.match(reading.plain) is not None
    whole = bool(reading.periods and reading.names)
    return (goes_on and (computed or not whole)) or (computed and not reading.names)


def follow_up(reading: Reading, previous: Reference, facts: Facts) -> Asked | None:
    """The question before with what this one changes; None where it is one of its own."""
    tool, arguments = previous["tool"], previous["arguments"]
    if reading.ahead or len(reading.text.split()) > MOST_WORDS:
        return None
    if reading.amounts:
        return _other_payment(arguments, reading, facts) if tool == "pay_off" else None
    if back := _BEFORE.search(reading.plain):
        return _earlier(tool, arguments, reading, back)
    if not reading.periods and not reading.names and (kind := _kind(reading.text)):
        return _about(kind, tool, arguments, reading, facts)
    words, group = re.findall(r"[A-Za-z']+", reading.text), _group(reading.text)
    limited = "limits" in reading.slots()
    if not set(words) <= _CHANGES or not (reading.periods or reading.names or group or limited):
        return None
    if len(reading.periods) > 1 or (limited and tool not in ("totals", "largest")):
        return None
    if tool in _SUMS:
        return _changed_sum(tool, arguments, reading, facts, group)
    if group:
        return None
    return _changed_plan(tool, arguments, reading, facts) or _changed_other(tool, arguments, reading)


def _kind(text: str) -> Kind | None:
    return next((kind for kind, like in _KINDS.items() if like.fullmatch(text)), None)


def _about(kind: Kind, tool: str, arguments: Mapping[str, Any], reading: Reading, facts: Facts) -> Asked | None:
    """Another view of the same transactions."""
    if tool not in ("totals", "largest", "compare") or arguments.get("what") == "net":
        return None
    only = {name: arguments[name] for name in _FILTER if name in arguments}
    what = {"what": arguments.get("what", "spent")}
    only |= _limits(reading)
    match kind:
        case "list":
            return Asked("largest", {**only, **what, "count": MOST_LISTED})
        case "largest":
            one = reading.text.endswith(("one", "payment", "purchase", "expense"))
            return Asked("largest", {**only, **what, "count": reading.number or (1 if one else 5)})
        case "count":
            return Asked("totals", {**only, **what, "group": "all"}, "count")
        case "total":
            return Asked("totals", {**only, **what, "group": "all"})
        case "average":
            kept: dict[str, Any] = {
                name: only[name] for name in ("categories", "merchant", "account", "currency") if name in only
            }
            return None if only.keys() & {"at_least", "at_most"} else Asked(
                "forecast", {**kept, **what, "months": 1}, "average")  # fmt: skip
        case "why":
            return _why(tool, arguments, {**only, **what}, facts)


def _why(tool: str, arguments: Mapping[str, Any], only: Mapping[str, Any], facts: Facts) -> Asked | None:
    """What changed most since the period before: by merchant within a category, else by category."""
    if tool == "largest" or "merchant" in only or only.keys() & {"at_least", "at_most"} or "since" not in only:
        return None
    since, until = date.fromisoformat(only["since"]), date.fromisoformat(only.get("until", str(facts.today)))
    if "before_since" in arguments:
        earlier = (arguments["before_since"], arguments["before_until"])
    else:
        earlier = before(since, until)
    group = "merchant" if "categories" in only else "category"
    took = "I compared it with the period before, to see what changed most."
    return Asked("compare", {
        **only, "until": str(until), "before_since": str(earlier[0]), "before_until": str(earlier[1]), "group": group,
    }, took=(took,))  # fmt: skip


def _earlier(tool: str, arguments: Mapping[str, Any], reading: Reading, back: re.Match[str]) -> Asked | None:
    """The same, of the period before the one that was asked for, or compared with it."""
    rest = _BEFORE.sub(" ", reading.plain)
    against = _AGAINST.search(rest) is not None
    if reading.names or not set(re.findall(r"[a-z']+", rest)) <= _BESIDE_BEFORE:
        return None
    unit = back["unit"] or back["previous"] or ("year" if back["year"] else None)
    if tool in ("overview", "budget_status") and arguments.get("month") and not against:
        first = date.fromisoformat(f"{arguments['month']}-01")
        span = _before(first, month_of(first.year, first.month)[1], unit)
        return Asked(tool, {**arguments, "month": f"{span[0]:%Y-%m}"}) if span else None
    if tool not in ("totals", "largest", "compare", "anomalies") or not {"since", "until"} <= arguments.keys():
        return None
    since, until = (date.fromisoformat(arguments[name]) for name in ("since", "until"))
    if (span := _before(since, until, unit)) is None:
        return None
    earlier = {"before_since": str(span[0]), "before_until": str(span[1])}
    if against and tool in ("totals", "compare"):
        group = "all" if arguments.keys() & {"categories", "merchant"} else "category"
        kept = {name: arguments[name] for name in (*_FILTER, "what") if name in arguments}
        return None if kept.keys() & {"at_least", "at_most"} else Asked("compare", {**kept, **earlier, "group": group})
    if against:
        return None
    if unit == "year" and arguments.get("group") == "month" and (since.month, since.day) == (1, 1):
        span = unit_of("year", span[0])  # of this year only its whole months were averaged
    moved = {**arguments, "since": str(span[0]), "until": str(span[1])}
    if tool == "compare":
        then = before(*span)
        moved |= {"before_since": str(then[0]), "before_until": str(then[1])}
    return Asked(tool, moved)


def _before(since: date, until: date, unit: str | None) -> tuple[date, date] | None:
    """The period before this one; a year before, the same days of that year. None where the unit is another one."""
    own = next((one for one in ("week", "month", "quarter", "year") if (since, until) == unit_of(one, since)), None)
    if unit is None or unit == own:
        return unit_of(own, since - timedelta(days=1)) if own else before(since, until)
    return (year_back(since), year_back(until)) if unit == "year" else None


def _limits(reading: Reading) -> dict[str, str]:
    least, most, currency, _ = reading.limits
    found = {"at_least": least, "at_most": most, "currency": currency}
    return {name: str(value) for name, value in found.items() if value is not None}


def _other_payment(arguments: Mapping[str, Any], reading: Reading, facts: Facts) -> Asked | None:
    """Another debt, or another amount a month, of one debt that was asked for: "and the student loan at 95?"."""
    debts = arguments.get("debts", ())
    named = [one.value for one in reading.named("debt")]
    if len(debts) != 1 or len(named) > 1 or len(reading.amounts) > 1:
        return None
    debt = named[0] if named else debts[0]["name"]
    if debt not in facts.owed:
        return None
    alone = dict(facts.owed[debt])
    currency = alone.pop("currency")
    if reading.amounts:
        alone["minimum"] = str(reading.amounts[0].value)
    return Asked("pay_off", {"debts": [alone], "currency": currency}, focus=debt)


def _changed_plan(tool: str, arguments: Mapping[str, Any], reading: Reading, facts: Facts) -> Asked | None:
    """Another account, debt or goal."""
    accounts, debts, goals = ([one.value for one in reading.named(kind)] for kind in ("account", "debt", "goal"))
    if tool == "balance" and accounts and not reading.periods:
        return Asked(tool, {**arguments, "accounts": accounts})
    if tool == "balance" and reading.periods and reading.periods[0].until:
        return Asked(tool, {**arguments, "on": str(min(reading.periods[0].until, facts.today))})
    if tool == "debts" and len(debts) == 1:
        return Asked(tool, {"debt": debts[0]}, focus=debts[0])
    if tool == "pay_off" and len(debts) == 1:
        return _other_payment(arguments, reading, facts)
    if tool in ("monthly_amount", "reached_when") and len(goals) == 1 and "goal" in arguments:
        return Asked(tool, {**arguments, "goal": goals[0]})
    return None


def _changed_other(tool: str, arguments: Mapping[str, Any], reading: Reading) -> Asked | None:
    category = next((one.value for one in reading.named("category")), None)
    merchant = next((one.value for one in reading.named("merchant")), None)
    if tool == "recurring" and merchant and not reading.periods:
        return Asked(tool, arguments, focus=merchant)
    if tool in ("overview", "budget_status"):
        month = _month(reading)
        if merchant or (reading.periods and month is None) or (category and tool == "overview"):
            return None
        return Asked(tool, {**arguments, **({"month": month} if month else {})}, focus=category)
    if tool == "deductible" and not reading.names and reading.periods:
        since, until = reading.periods[0].since, reading.periods[0].until
        if since and until and since.year == until.year and (until - since).days > 360:
            return Asked(tool, {"year": since.year})
    if tool == "balance" and len(reading.named("account")) == len(reading.names):
        accounts = [one.value for one in reading.named("account")]
        on = reading.periods[0].until if reading.periods else None
        return Asked(
            tool, {**arguments, **({"accounts": accounts} if accounts else {}), **({"on": str(on)} if on else {})}
        )
    return None


def _changed_sum(
    tool: str, before_it: Mapping[str, Any], reading: Reading, facts: Facts, group: str | None
) -> Asked | None:
    arguments = dict(before_it)
    categories = [slug for one in reading.named("category") for slug in one.value.split(",")]
    merchants = [one.value for one in reading.named("merchant")]
    if "merchant" in before_it and (called := [one.merchant for one in reading.named("category") if one.merchant]):
        categories, merchants = [], called[:1]  # "and the kindergarten?" after another merchant
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
    if limits := _limits(reading):
        arguments |= {"count": MOST_LISTED, **limits} if tool == "largest" else limits
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
    found = re.search(rf"\b(?:by|per|each) (?:{'|'.join(_GROUPS.values())})\b", text)
    return next((one for one, words in _GROUPS.items() if found and re.search(rf"(?:{words})$", found[0])), None)


def _month(reading: Reading) -> str | None:
    if not reading.periods:
        return None
    since, until, _ = reading.periods[0]
    whole = since and until and (since, until) == month_of(since.year, since.month)
    return f"{since:%Y-%m}" if whole else None
