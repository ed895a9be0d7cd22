"""Questions for figures over transactions: which tool, and which period, categories, merchant and account."""

import re
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from nodes.questions.asked import Asked, Facts, NotUnderstood, one_period
from nodes.questions.grammar import GROUPS, Intent, unknown_words
from nodes.questions.names import Name
from nodes.questions.periods import NUMBERS, before, month_of
from nodes.questions.reading import Reading
from nodes.questions.vocabulary import NO_NAMES, TIMES, TOPICS


def of_rows(intent: Intent, reading: Reading) -> dict[str, Any]:
    """The arguments that name a period, and which transactions."""
    since, until = one_period(reading.periods)
    found: dict[str, Any] = {"since": since and str(since), "until": until and str(until), **_which(reading)}
    text = _ON_DEBTS.sub("", _NO_CATEGORY.sub("", reading.text))
    text = re.sub(
        r"(CATEGORY|MERCHANT) bills?\b|\bbills? (?:from|of|by|for) (?=(?:the )?(?:CATEGORY|MERCHANT))", r"\1", text
    )
    unknown = unknown_words(text, intent)
    if unknown and not found["merchant"]:
        words, unknown = _free_words(reading.text, unknown)
        found |= {"merchant": words} if words else {}
    if unknown or reading.amounts or reading.rate or reading.ahead or reading.named("goal") or reading.named("debt"):
        raise NotUnderstood
    return {name: value for name, value in found.items() if value}


_NO_CATEGORY = re.compile(r"\buncategorised\b|\b(?:without|no) (?:an? |any )?category\b")
_ON_DEBTS = re.compile(r"\b(?:on|towards?|for|into) (?:my |our |the |all )*(?:debts|loans)\b")


def _which(reading: Reading) -> dict[str, Any]:
    categories = [slug for one in reading.named("category") for slug in one.value.split(",")]
    if _NO_CATEGORY.search(reading.text):
        categories.append("none")
    if _ON_DEBTS.search(reading.text):
        categories.append("debt_payments")
    merchants = {one.value for one in reading.named("merchant")}
    accounts = {one.value for one in reading.named("account")}
    if len(merchants) > 1 or len(accounts) > 1:
        raise NotUnderstood
    return {
        "categories": list(dict.fromkeys(categories)),
        "merchant": next(iter(merchants), None),
        "account": next(iter(accounts), None),
        "currency": reading.currency,
    }


def _free_words(text: str, unknown: list[str]) -> tuple[str | None, list[str]]:
    """Unknown words right after a preposition, which may be in the bank's words; and the other unknown words."""
    for found in re.finditer(r"\b(?:at|to|from|on|with) (?:the |my )?(?P<words>[^A-Z]+)", text):
        words: list[str] = []
        for word in found["words"].split():
            if word not in unknown or word in TOPICS | TIMES | NO_NAMES or not word[0].isalpha():
                break
            words.append(word)
        if words and len(words) <= 4:
            return " ".join(words), [word for word in unknown if word not in words]
    return None, unknown


def _what(reading: Reading, facts: Facts) -> Literal["spent", "received"]:
    """Spending, unless the question is about income."""
    categories = {one.value for one in reading.named("category")}
    earned = re.search(
        r"\b(?:earn\w*|incomes?|receiv\w*|got paid|get paid|(?:pays?|paid|sent|gave) (?:me|us)"
        r"|(?:come|comes|came) (?:in|from)|incoming|deposits?|revenue)\b",
        reading.text,
    )
    return "received" if earned or (categories and categories <= set(facts.income)) else "spent"


def totals(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """Sums, or how many transactions there are."""
    subscriptions = {one.value for one in reading.named("category")} == {"subscriptions"} and not reading.periods
    if subscriptions and re.search(r"\b(?:a|per|each|every) (?:year|month)\b", reading.text):
        return Asked("recurring", {"what": "spent", "categories": ["subscriptions"]})
    if re.search(r"\b(?:categories|merchants|shops|stores|payees|vendors|retailers|companies)\b", reading.text):
        return grouped("grouped", reading, facts)
    arguments = of_rows(intent, reading)
    what = "net" if intent == "net" else "received" if intent == "income" else _what(reading, facts)
    if intent == "net" and (arguments.keys() & {"categories", "merchant"} or not reading.periods):
        raise NotUnderstood  # without a period it asks for a balance, which is not known
    if intent == "count" and re.search(r"\btransactions?\b", reading.text):
        what = "net"
    if arguments.get("categories") == ["none"]:
        what = "net"
    if not reading.names and re.search(r"\b(?:transfer|transferred|move|moved)\b", reading.text):
        raise NotUnderstood
    group = "category" if len(arguments.get("categories", ())) > 1 else "all"
    return Asked("totals", {**arguments, "what": what, "group": group}, "count" if intent == "count" else None)


def grouped(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """Sums by category, merchant, account or month."""
    text = reading.text
    if re.search(r"\boften\b", text):
        raise NotUnderstood
    named = [group for group, words in GROUPS.items() if re.search(rf"\b(?:{words})\b", text)]
    if re.search(r"\bmonthly\b|\bmonth by month\b", text):
        named.append("month")
    by = re.search(
        rf"\b(?:by|per|each|every|which|what|top|largest|biggest) (?:\w+ )?(?:{'|'.join(GROUPS.values())})\b", text
    )
    group = next((one for one, words in GROUPS.items() if by and re.search(rf"(?:{words})$", by[0])), None)
    shopped = re.search(r"\bwhere (?:did|do|have) (?:i|we)\b|\bwho\b", text)
    group = group or next(iter(named), "merchant" if shopped else "category")
    net = re.search(r"\bnet\b|\bleft\b|\bsaved?\b|\bcash ?flow\b|\bincome and\b|\bin the (?:red|black)\b", text)
    arguments = {**of_rows(intent, reading), "what": "net" if net else _what(reading, facts), "group": group}
    most = re.search(r"\b(?:most|mostly|top|which|what|largest|biggest|highest|more)\b", text)
    return Asked("totals", arguments, "most" if most else None)


def largest(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """The largest payments, or a list of them."""
    arguments = of_rows(intent, reading)
    one = re.search(
        r"\b(?:largest|biggest|highest|most expensive|top|greatest|dearest|priciest|costliest)(?: single)? (?:\w+ )?"
        r"(?:payment|purchase|transaction|expense|income|bill|charge|cost|item|thing|deposit|order|visit|withdrawal)\b",
        reading.text,
    )  # fmt: skip
    listed = not re.search(
        r"\b(?:largest|biggest|highest|expensive|top|greatest|dearest|priciest|costliest|main)\b", reading.text
    )
    count = reading.number or (1 if one else 20 if listed else 5)
    if not 1 <= count <= 50 or re.search(r"\blabels?\b", reading.text):
        raise NotUnderstood
    return Asked("largest", {**arguments, "what": _what(reading, facts), "count": count})


def compare(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """Two periods."""
    which = of_rows(intent, reading._replace(periods=[]))
    if len(which.get("categories", ())) > 1 and len(reading.periods) < 2:
        return grouped("grouped", reading, facts)
    later, earlier = _two_periods(reading, facts.today)
    by = re.search(rf"\bby (?:{'|'.join(GROUPS.values())})\b", reading.text)
    group = next((one for one, words in GROUPS.items() if by and re.search(rf"(?:{words})$", by[0])), None)
    what = "net" if re.search(r"\bnet\b|\bsaved?\b|\bleft over\b", reading.text) else _what(reading, facts)
    several = len(which.get("categories", ())) > 1
    return Asked("compare", {
        **which, "since": str(later[0]), "until": str(later[1]), "before_since": str(earlier[0]),
        "before_until": str(earlier[1]), "what": what,
        "group": group or ("category" if several or not which.keys() & {"categories", "merchant"} else "all"),
    })  # fmt: skip


def _two_periods(reading: Reading, today: date) -> tuple[tuple[date, date], tuple[date, date]]:
    spans = [(one.since, one.until) for one in reading.periods if one.since and one.until]
    if len(spans) != len(reading.periods) or len(spans) > 2:
        raise NotUnderstood
    if not spans:
        if not re.search(r"\bchang|\bcompar|\b(?:up|down)\b|creased?\b", reading.text):
            raise NotUnderstood
        spans = [before(*month_of(today.year, today.month))]  # the last month that is whole
    if re.search(r"\byear (?:before|ago|earlier)\b", reading.plain) and len(spans) == 1:
        return spans[0], (_year_back(spans[0][0]), _year_back(spans[0][1]))
    if re.search(r"\bsame (?:month|period|quarter|time)\b.*\blast year\b", reading.plain) and len(spans) == 2:
        kept = next((one for one in spans if one[1].month - one[0].month < 11), spans[0])
        return kept, (_year_back(kept[0]), _year_back(kept[1]))
    if len(spans) == 1 and re.search(r"\b(?:than|compared? (?:to|with)|vs|versus|since)$", reading.text):
        return _now(reading.plain, today), spans[0]
    if len(spans) == 1 or spans[0] == spans[1]:
        return spans[0], before(*spans[0])
    earlier, later = sorted(spans)
    return later, earlier


def _now(plain: str, today: date) -> tuple[date, date]:
    """The month or year that a comparison with the last one is of."""
    if re.search(r"\b(?:last|previous) month\b", plain):
        return month_of(today.year, today.month)
    if re.search(r"\b(?:last|previous) year\b", plain):
        return date(today.year, 1, 1), date(today.year, 12, 31)
    raise NotUnderstood


def _year_back(day: date) -> date:
    if (day.month, day.day) in ((2, 28), (2, 29)):
        return month_of(day.year - 1, 2)[1]
    return day.replace(year=day.year - 1)


def forecast(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """The next months."""
    months, text = 3, reading.text
    number = "|".join(NUMBERS)
    if found := re.search(rf"\bnext (\d{{1,2}}|{number}) months?\b", text):
        months = int(found[1]) if found[1].isdigit() else NUMBERS[found[1]]
    elif re.search(r"\bnext month\b", text):
        months = 1
    elif re.search(r"\bnext year\b", text):
        months = 12
    elif re.search(
        r"\b(?:this|rest of the|end of|end of the) (?:month|year|quarter|week)\b|\b(?:tomorrow|next week)\b",
        reading.plain,
    ):
        raise NotUnderstood
    text = re.sub(rf"\bnext (?:\d{{1,2}}|{number})\b", "next", text)
    if not 1 <= months <= 12 or reading.periods:
        raise NotUnderstood
    what = "net" if re.search(r"\bnet\b|\bcash ?flow\b|\bleft\b|\bsaved?\b", text) else _what(reading, facts)
    which = of_rows(intent, reading._replace(text=text))
    return Asked("forecast", {**which, "months": months, "what": what})


def average(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """What a month comes to, of whole months up to now."""
    look_back: int | None = None
    if reading.periods:
        since, until = one_period(reading.periods)
        last = before(*month_of(facts.today.year, facts.today.month))[1]
        if since is None or until is None or until != last or since.day != 1:
            raise NotUnderstood
        look_back = (until.year - since.year) * 12 + until.month - since.month + 1
        if not 3 <= look_back <= 24:
            raise NotUnderstood
    groups = "|".join(words for group, words in GROUPS.items() if group != "month")
    if re.search(rf"\b(?:year|week|day|transaction|payment|purchase|size|basket|{groups})\b", reading.text):
        raise NotUnderstood
    which = of_rows(intent, reading._replace(periods=[]))
    what = "net" if re.search(r"\bsaved?\b|\bleft\b|\bnet\b", reading.text) else _what(reading, facts)
    found = {**which, "months": 1, "what": what, **({"look_back": look_back} if look_back else {})}
    return Asked("forecast", found, "average")


_STANDING = frozenset({"housing", "insurance", "phone_internet", "subscriptions", "utilities"})
"""Categories of payments that come again, so that a rise is one of the price."""


def recurring(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """What comes again, or became dearer."""
    merchant = next((one.value for one in reading.named("merchant")), None)
    categories = {one.value for one in reading.named("category")}
    if re.search(r"\bsubscriptions?\b", reading.text) and not merchant:
        categories.add("subscriptions")
        if reading.periods and intent == "recurring" and not re.search(r"\b(?:which|what|new|list)\b", reading.text):
            took = ("I took “subscriptions” as the category.",)
            named = reading._replace(
                names=[*reading.names, Name("category", "subscriptions", "subscriptions", None)],
                text=re.sub(r"\bsubscriptions?\b", "CATEGORY", reading.text),
            )
            return replace(totals("totals", named, facts), took=took)
    rise = intent == "price_rises" and not re.search(r"\bspen\w+\b|\bmore\b(?! expensive)", reading.text)
    if rise and categories and len(reading.periods) == 1 and categories <= _STANDING and "compare" not in reading.text:
        raise NotUnderstood  # whether a price rose in a period, which no sum says
    priced = rise and not reading.periods and categories <= _STANDING
    if categories and not (categories == {"subscriptions"} or priced):
        if intent == "price_rises":
            return compare("compare", reading, facts)
        return grouped("grouped", reading, facts)
    if reading.periods and merchant and intent == "recurring":
        return totals("totals", reading, facts)
    if (
        intent == "price_rises"
        and not merchant
        and not categories
        and not re.search(r"\b(?:subscr|recurring|contract|bill|price)", reading.text)
    ):
        return compare("compare", reading, facts)
    if reading.periods or reading.named("account") or re.search(r"\b(?:aside|save)\b", reading.text):
        raise NotUnderstood
    unknown = unknown_words(reading.text, intent)
    if unknown:
        raise NotUnderstood
    what = "received" if intent == "recurring_income" else "spent"
    which = {"categories": sorted(categories)} if categories else {}
    return Asked("recurring", {"what": what, **which}, "price_rises" if intent == "price_rises" else None, merchant)


def anomalies(intent: Intent, reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    """What is unusual."""
    return Asked("anomalies", of_rows(intent, reading))
