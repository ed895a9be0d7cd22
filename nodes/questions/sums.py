"""Questions for figures over transactions: which tool, and which period, categories, merchant and account."""

import re
from datetime import date
from typing import Any, Literal

from nodes.questions.asked import Asked, Facts, NotUnderstood, Unexplained, one_period
from nodes.questions.grammar import GROUP, GROUPS, Intent, explain, unknown_words
from nodes.questions.periods import NUMBERS, before, month_of, year_back
from nodes.questions.reading import Reading
from nodes.questions.vocabulary import NO_NAMES, WORDS


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
        words, unknown = _free_words(reading, unknown)
        found |= {"merchant": words} if words else {}
    if unknown:
        raise Unexplained
    if re.search(
        r"\ban? CATEGORY\b|\b(?:is|are|was|were) (?:the |my |our )?(?:CATEGORY|MERCHANT) (?:for|about)$", text
    ):
        raise NotUnderstood  # one of many things, or what something was for
    least, most = reading.limits.at_least, reading.limits.at_most
    if least is not None or most is not None:
        if intent not in _SIZED:
            raise NotUnderstood
        found |= {"at_least": least and str(least), "at_most": most and str(most)}
    if reading.amounts or reading.rate or reading.ahead or reading.named("goal") or reading.named("debt"):
        raise NotUnderstood
    return {name: value for name, value in found.items() if value}


_SIZED = frozenset[Intent]({"totals", "count", "income", "grouped", "largest"})
"""Questions that may say how large a transaction is."""
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


def _free_words(reading: Reading, unknown: list[str]) -> tuple[str | None, list[str]]:
    """Unknown words right after a preposition, which may be in the bank's words; and the other unknown words."""
    for found in re.finditer(r"\b(?:at|to|from|on) (?:the |my )?(?P<words>[^A-Z]+)", reading.text):
        words: list[str] = []
        for word in found["words"].split():
            if word not in unknown or word in WORDS | NO_NAMES or not word[0].isalpha():
                break
            words.append(word)
        before = found[0][: found.start("words") - found.start()]
        if words and len(words) <= 4 and f"{before}{' '.join(words)}" in reading.plain:
            return " ".join(words), [word for word in unknown if word not in words]
    return None, unknown


_EARNED = re.compile(
    r"\b(?:earn\w*|incomes?|receiv\w*|got paid|get paid|(?:pays?|paid|sent|gave) (?:me|us)"
    r"|(?:come|comes|came) (?:in|from)|incoming|deposits?|revenue)\b"
)


def what_of(reading: Reading, facts: Facts, *, earned: bool = False) -> Literal["spent", "received"]:
    """Spending, unless the question is about income.

    Raises:
        NotUnderstood: it is about income in a category of spending: what came back has categories of its own.
    """
    categories = {slug for one in reading.named("category") for slug in one.value.split(",")}
    income = categories <= set(facts.income)
    if earned or _EARNED.search(reading.text):
        if not income:
            raise NotUnderstood
        return "received"
    return "received" if categories and income else "spent"


def totals(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """Sums, or how many transactions there are."""
    subscriptions = {one.value for one in reading.named("category")} == {"subscriptions"} and not reading.periods
    if subscriptions and re.search(r"\b(?:a|per|each|every) (?:year|month)\b", reading.text):
        explain(reading.text, "recurring")
        return Asked("recurring", {"what": "spent", "categories": ["subscriptions"]})
    if re.search(r"\b(?:categories|merchants|shops|stores|payees|vendors|retailers|companies)\b", reading.text):
        return grouped("grouped", reading, facts)
    what = "net" if intent == "net" else what_of(reading, facts, earned=intent == "income")
    arguments = of_rows("income" if intent == "totals" and what == "received" else intent, reading)
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
    if re.search(r"\boften\b", text) or re.fullmatch(rf"(?:(?:and|by|per|each|the|my|our) ?)*(?:{GROUP})", text):
        raise NotUnderstood  # it does not say what is summed up
    if re.match(
        r"what (?!did|do|does|have|has|is|was|were|are)\w+ .*\b(?:each|every|per|a) month\b|what does MERCHANT", text
    ):
        raise NotUnderstood  # what comes again each month, or what one payment is
    named = [group for group, words in GROUPS.items() if re.search(rf"\b(?:{words})\b", text)]
    if re.search(r"\bmonthly\b|\bmonth by month\b", text):
        named.append("month")
    by = re.search(
        rf"\b(?:by|per|each|every|which|what|top|largest|biggest) (?:\w+ )?(?:{'|'.join(GROUPS.values())})\b", text
    )
    group = next((one for one, words in GROUPS.items() if by and re.search(rf"(?:{words})$", by[0])), None)
    shopped = re.search(r"\bwhere (?:did|do|have) (?:i|we)\b|\bwho\b", text)
    group = group or next(iter(named), "merchant" if shopped else "category")
    net = re.search(
        r"\bnet\b|\bleft\b|\bsaved?\b|\bcash ?flow\b|\bincome and (?:spending|expenses|outgoings|costs)\b"
        r"|\bin the (?:red|black)\b",
        text,
    )
    arguments = {**of_rows(intent, reading), "what": "net" if net else what_of(reading, facts), "group": group}
    most = re.search(r"\b(?:most|mostly|top|which|what|largest|biggest|highest|more)\b", text)
    return Asked("totals", arguments, "most" if most else None)


def largest(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """The largest payments, or a list of them."""
    arguments = of_rows(intent, reading)
    one = re.search(
        r"\b(?:largest|biggest|highest|most expensive|top|greatest|dearest|priciest|costliest)(?: single)? (?:\w+ )?"
        r"(?:payment|purchase|transaction|expense|amount|income|bill|charge|cost|item|thing|deposit|order|visit|withdrawal)\b",
        reading.text,
    )  # fmt: skip
    listed = not re.search(
        r"\b(?:largest|biggest|highest|expensive|top|greatest|dearest|priciest|costliest|main)\b", reading.text
    )
    count = reading.number or (1 if one else 20 if listed else 5)
    if not 1 <= count <= 50 or re.search(r"\blabels?\b", reading.text):
        raise NotUnderstood
    return Asked("largest", {**arguments, "what": what_of(reading, facts), "count": count})


def compare(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """Two periods."""
    text = re.sub(r"\b(?:biggest|largest|greatest|top|main) (?=(?:changes?|differences?)\b)", "", reading.text)
    which = of_rows(intent, reading._replace(text=text, periods=[]))
    if _EARNED.search(reading.text) and re.search(
        r"\b(?:spen[dt]\w*|cost\w*|expenses|outgoings|went|goes?|gone)\b", reading.text
    ):
        if which.keys() & {"categories", "merchant"} or len(reading.periods) != 1:
            raise NotUnderstood
        return Asked("totals", {**of_rows(intent, reading), "what": "net", "group": "all"})
    if len(which.get("categories", ())) > 1 and len(reading.periods) < 2:
        if not re.search(r"\b(?:more|less|or|than|versus|vs|with|to|and)\b", reading.text):
            raise NotUnderstood
        return grouped(intent, reading, facts)
    later, earlier = _two_periods(reading, facts.today)
    by = re.search(rf"\b(?:by|which) (?:{'|'.join(GROUPS.values())})\b", reading.text)
    group = next((one for one, words in GROUPS.items() if by and re.search(rf"(?:{words})$", by[0])), None)
    what = "net" if re.search(r"\bnet\b|\bsaved?\b|\bleft over\b", reading.text) else what_of(reading, facts)
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
        return spans[0], (year_back(spans[0][0]), year_back(spans[0][1]))
    if re.search(r"\bsame (?:month|period|quarter|time)\b.*\blast year\b", reading.plain) and len(spans) == 2:
        kept = next((one for one in spans if one[1].month - one[0].month < 11), spans[0])
        return kept, (year_back(kept[0]), year_back(kept[1]))
    if len(spans) == 1 and re.search(r"\b(?:than|compared? (?:to|with)|vs|versus|since)$", reading.text):
        return _now(reading.plain, spans[0], today), spans[0]
    if len(spans) == 1 and spans[0][1] == today:
        raise NotUnderstood  # since a day, which says not with what it is compared
    if len(spans) == 1 or spans[0] == spans[1]:
        return spans[0], before(*spans[0])
    earlier, later = sorted(spans)
    return later, earlier


def _now(plain: str, then: tuple[date, date], today: date) -> tuple[date, date]:
    """The month or year that a comparison with the last one is of."""
    if re.search(r"\b(?:last|previous) month\b", plain):
        return month_of(today.year, today.month)
    if then == (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)):
        return date(today.year, 1, 1), date(today.year, 12, 31)
    raise NotUnderstood


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
    what = "net" if re.search(r"\bnet\b|\bcash ?flow\b|\bleft\b|\bsaved?\b", text) else what_of(reading, facts)
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
    if re.search(
        r"\b(?:average|mean|typical|usual|normal) (?:\w+ )?(?:bill|trip|shop|ticket|meal|receipt|order|payment)\b",
        reading.plain,
    ):
        raise NotUnderstood  # of one payment, not of a month
    if re.search(
        rf"\b(?:year|week|day|transaction|payment|purchase|order|visit|trip|bill|expense|item|charge|{groups})\b",
        reading.text,
    ):
        raise NotUnderstood
    which = of_rows(intent, reading._replace(periods=[]))
    what = "net" if re.search(r"\bsaved?\b|\bleft\b|\bnet\b", reading.text) else what_of(reading, facts)
    found = {**which, "months": 1, "what": what, **({"look_back": look_back} if look_back else {})}
    return Asked("forecast", found, "average")
