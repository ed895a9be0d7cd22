"""Periods said by seasons, feasts and counting back, rewritten as the dates that periods.py reads."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from nodes.questions.periods import MONTHS, NUMBERS, ORDINALS, SHORT, month_of, unit_of

Rewrite = Callable[[re.Match[str], date], str | None]
_MONTH = "|".join(sorted([*MONTHS, *SHORT], key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d"
_COUNT = rf"\d{{1,2}}|an?|{'|'.join(NUMBERS)}"
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The first of three months."""
_COMPARED = re.compile(
    r"\bcompar|\bdiffer|\bchang|\bthan\b|\bvs\b|\bversus\b|\bagainst\b|creased?\b"
    r"|\b(?:go|goes|went|gone|going|moved?) (?:up|down)\b|\b(?:rise|rose|risen|grow|grew|grown|fall|fell|fallen)\b"
    r"|\b(?:trend|drop|dropped|climb(?:ed)?|jump(?:ed)?|evolved?|develop(?:ed)?)\b"
)
"""Words of a question in which "from May to June" are two periods."""
_AT = r"(?:in|over|during|at|around|on|through|throughout) (?:the )?"

_BEFORE_DATES = re.compile(
    rf"\b(?:in|over|during|for|at|on|of|within|throughout)(?: the)? (?=from {_YEAR}-\d\d-\d\d to )"
)


def easter(year: int) -> date:
    """Easter Sunday, by Gauss's rule for the Gregorian calendar."""
    golden, century = year % 19, year // 100
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (year % 100 // 4) - moon - year % 100 % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def as_dates(text: str, today: date) -> str:
    """The question with its seasons, feasts and counted periods as dates."""
    for pattern, rewrite in _FORMS:
        text = pattern.sub(partial(_rewritten, rewrite, today), text)
    text = _BEFORE_DATES.sub("", text).strip()
    return _compared(text) if _COMPARED.search(text) else text


def _rewritten(rewrite: Rewrite, today: date, found: re.Match[str]) -> str:
    return rewrite(found, today) or found[0]


def _compared(text: str) -> str:
    """Two periods that are compared, each with its preposition."""
    text = re.sub(rf"\b(?:between|from) (?!{_YEAR}-)(.+?) (?:and|to) ", r"in \1 and ", text)
    year = rf"((?:\b(?:{_MONTH}|in) )?)\b({_YEAR}) (vs|versus|compared|against)\b"
    text = re.sub(year, lambda one: one[0] if one[1] else f"in {one[0]}", text)
    return re.sub(rf"\b(compare|with|and|vs|versus|to|than) ({_YEAR})\b(?!-)", r"\1 in \2", text)


def _span(since: date, until: date) -> str:
    return f"from {since} to {until}"


def _feast(found: re.Match[str], today: date) -> str | None:
    name, since = found["feast"], found["since"]

    def days(year: int) -> tuple[date, date, date]:
        """The days of the feast, and the one from which "since" counts."""
        if name.startswith("christmas"):
            return date(year, 12, 24), date(year, 12, 26), date(year, 12, 25)
        if name.startswith("new year"):
            return date(year - 1, 12, 31), date(year, 1, 1), date(year, 1, 1)
        sunday = easter(year)
        return sunday - timedelta(days=2), sunday + timedelta(days=1), sunday

    year = int(found["year"]) if found["year"] else today.year
    if not found["year"] and days(year)[0] > today:
        year -= 1
    first, last, chief = days(year)
    return f"since {chief}" if since else _span(first, last)


def _season(found: re.Match[str], today: date) -> str:
    month = _SEASONS[found["season"]]
    year = (
        int(found["year"]) if found["year"] else today.year if date(today.year, month, 1) <= today else today.year - 1
    )
    end = month_of(year + 1, 2) if month == 12 else month_of(year, month + 2)
    return _span(date(year, month, 1), end[1])


def _number(said: str) -> int:
    return 1 if said in ("a", "an") else NUMBERS.get(said) or int(said)


def _ago(found: re.Match[str], today: date) -> str | None:
    """The week, month, quarter or year that was so many of them ago."""
    day, unit = today, found["unit"]
    if unit == "year" and _number(found["count"]) == 1:
        return None  # a year back from another period, or from today
    for _ in range(_number(found["count"])):
        day = unit_of(unit, day)[0] - timedelta(days=1)
    return _span(*unit_of(unit, day)) if unit != "day" else _span(day, day)


def _first_days(found: re.Match[str], today: date) -> str | None:
    """The first or last days or weeks of a month, counted from its first or last day."""
    name = found["month"]
    month = MONTHS.get(name) or SHORT[name]
    year = int(found["year"]) if found["year"] else today.year if month <= today.month else today.year - 1
    since, until = month_of(year, month)
    days = (_number(found["count"]) if found["count"] else 1) * (7 if found["unit"] == "week" else 1)
    if not 1 <= days <= 28:
        return None
    if found["which"] == "last":
        return _span(until - timedelta(days=days - 1), until)
    start = since + timedelta(days=days * (ORDINALS[found["which"]] - 1))
    return None if start.month != month else _span(start, min(start + timedelta(days=days - 1), until))


def _months_of(found: re.Match[str], today: date) -> str:  # noqa: ARG001 - as the others
    count, year = min(12, _number(found["count"])), int(found["year"])
    if found["which"] == "first":
        return _span(date(year, 1, 1), month_of(year, count)[1])
    return _span(date(year, 13 - count, 1), date(year, 12, 31))


def _half(found: re.Match[str], today: date) -> str:
    said = found["year"] or "this year"
    year = int(said) if said.isdigit() else today.year - (said == "last year")
    first = (found["which"] or found["digit"]) in ("first", "1st", "1")
    return _span(date(year, 1, 1), date(year, 6, 30)) if first else _span(date(year, 7, 1), date(year, 12, 31))


def _half_of_month(found: re.Match[str], today: date) -> str:
    """The first fifteen days of a month, or the others."""
    month = MONTHS.get(found["month"]) or SHORT[found["month"]]
    year = int(found["year"]) if found["year"] else today.year if month <= today.month else today.year - 1
    since, until = month_of(year, month)
    first = found["which"] in ("first", "1st")
    return _span(since, since.replace(day=15)) if first else _span(since.replace(day=16), until)


def _month_of_year(found: re.Match[str], today: date) -> str:
    return f"{found['month']} {today.year - (found['which'] == 'last')}"


def _last_named(found: re.Match[str], today: date) -> str:
    month = MONTHS.get(found["month"]) or SHORT[found["month"]]
    return f"{found['month']} {today.year - (month >= today.month)}"


def _quarter_of_year(found: re.Match[str], today: date) -> str:
    return f"q{found['digit']} {today.year - (found['which'] == 'last')}"


def _since_last(found: re.Match[str], today: date) -> str | None:
    if _COMPARED.search(found.string):
        return None  # what changed since last month compares this one with it
    since, _ = unit_of(found["unit"], unit_of(found["unit"], today)[0] - timedelta(days=1))
    return f"since {since}"


def _after(found: re.Match[str], today: date) -> str:
    month = MONTHS.get(found["month"]) or SHORT[found["month"]]
    year = int(found["year"]) if found["year"] else today.year if month < today.month else today.year - 1
    return f"since {month_of(year, month)[1] + timedelta(days=1)}"


_REWRITES: tuple[tuple[Rewrite, *tuple[str, ...]], ...] = (
    (lambda one, _: f"{one[1]} ",
     rf"\b(to|until|till|through|and) (?:the )?(?:very )?end of (?=(?:{_MONTH})\b|{_YEAR}\b|this |last )"),
    (lambda one, _: f"{one[1]} ",
     r"\b(from|since|between) (?:the )?(?:start|beginning|first(?: day)?) of ",
     rf"(?=(?:{_MONTH})\b|{_YEAR}\b|this |last )"),
    (lambda _, __: " ", r"\b(?:for|in|over|during|within) the (?:period|time|stretch|timeframe|window)(?: of| from)? ",
     rf"(?=(?:the )?\d|from |between |(?:{_MONTH})\b)"),
    (lambda one, _: f"since {one[1]}", rf"\bbetween ((?:the )?[\w ,-]*?(?:{_MONTH}|{_YEAR})(?:,? {_YEAR})?) and ",
     r"(?:today|now|the present)\b"),
    (lambda one, _: f"in {one[1]}",
     rf"\b(?:(?:in|during|for|over|throughout) )?(?:the )?calendar (?:year )?({_YEAR})\b"),
    (lambda one, _: f"since {one[1]}",
     rf"\b(?:from )?((?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)? )?(?:{_MONTH})(?: {_YEAR})?)",
     r" (?:to|until|till|til|through|up to) (?:now|today|date|the present)\b"),
    (lambda _, __: " ", r"\bthus far\b"),
    (lambda _, __: "on ", rf"\b(?:per|as of|as at|at) (?=(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})\b)"),
    (lambda one, _: f"in {one[1]}", rf"\bbefore ({_MONTH}|this month|this year|the month|the year) (?:is|gets) ",
     r"(?:out|over|up|through|done)\b"),
    (lambda one, _: f"in {one[1]} vs in {one[2]}", rf"\b({_MONTH}) (?:v|vs|versus) ({_MONTH})\b"),
    (lambda one, _: f"last {one[1]}",
     rf"\bthis (?:past|last) (month|week|quarter|year|{_MONTH}|summer|winter|autumn|spring)\b"),
    (lambda one, _: f"in may {one[1]} in {one[2]}",
     rf"(?<!between )(?<!from )\b(?:in )?may (or|and|v|vs|versus|against) (?:in )?({_MONTH})\b"),
    (lambda one, _: f"in {one[1]} {one[2]} in may",
     rf"(?<!between )(?<!from )\b(?:in )?({_MONTH}) (or|and|v|vs|versus|against) (?:in )?may\b"),
    (_half_of_month, r"\b(?:in |for |over |during )?(?:the )?(?P<which>first|1st|second|2nd|last|latter|other) half",
     rf" of (?P<month>{_MONTH})(?: (?P<year>{_YEAR}))?\b"),
    (_months_of, r"\b(?:in |over |for )?(?:the )?(?P<which>first|last) ",
     rf"(?P<count>{_COUNT}) months (?:of|in) (?P<year>{_YEAR})\b"),
    (lambda one, _: f"{one[1]} in ",
     r"\b((?:payments|transactions|purchases|bookings|ones|bills|expenses|everything|anything|all)\b.*?) from",
     rf" (?=(?:{_MONTH})\b(?: {_YEAR})?(?! ?(?:on\b|onwards?|to\b|until|till|thr|and|-|\d)))"),
    (lambda one, _: {"y": "year", "m": "month"}[one[1]] + " to date", r"\b([ym])td\b"),
    (lambda one, _: f"{one[1]} to date",
     r"\bsince (?:the )?(?:start|beginning) of (?:the|this) (year|month|quarter)\b"),
    (lambda one, _: one[1] or one[2], rf"\b(?:the )?(?:year ({_YEAR})|month of ({_MONTH}))\b"),
    (_feast, rf"(?:\b(?P<since>since) |\b{_AT})(?P<feast>christmas(?: time)?|easter|new year(?:'?s)?(?: eve)?)",
     rf"(?: (?P<year>{_YEAR}))?\b"),
    (_season, rf"\b(?:{_AT})?(?:this |last |past )?(?:the )?(?P<season>summer|winter|autumn|spring)",
     rf"(?: of)? (?P<year>{_YEAR})\b"),
    (_season, rf"\b(?:(?:{_AT})(?:this |last |past )?|this |last |past )",
     r"(?P<season>summer|winter|autumn|spring|fall)(?P<year>)\b(?! holiday)"),
    (lambda _, __: "this year", rf"\b(?:of|in) the year\b(?! {_YEAR})(?! (?:before|to|over|on))"),
    (_half, r"\b(?:in )?(?:the )?(?:(?P<which>first|1st|second|2nd) half|h(?P<digit>[12]))(?: of)?",
     rf"(?: (?:the year )?(?P<year>{_YEAR}|this year|last year|the year))?\b"),
    (_first_days, rf"\b(?:in )?(?:the )?(?P<which>first|second|third|fourth|last) (?:(?P<count>{_COUNT}) )?",
     rf"(?P<unit>week|day)s? (?:of|in) (?P<month>{_MONTH})(?: (?P<year>{_YEAR}))?\b"),
    (_ago, rf"\b(?P<count>{_COUNT}) (?P<unit>day|week|month|quarter|year)s? ago\b(?! (?:today|until|to))"),
    (lambda _, today: f"on {today - timedelta(days=2)}", r"\bthe day before yesterday\b"),
    (_month_of_year, rf"\b(?P<month>{_MONTH})(?: of)? (?P<which>last|this) year\b"),
    (_last_named, rf"\b(?:in )?last (?P<month>{_MONTH})\b(?! \d)"),
    (lambda one, today: f"{one['month']} {today.year}", rf"\bthis (?P<month>{_MONTH})\b"),
    (_quarter_of_year, r"\bq(?P<digit>[1-4])(?: of)? (?P<which>last|this) year\b"),
    (_since_last, r"\bsince (?:the )?last (?P<unit>week|month|quarter|year)\b"),
    (_after, rf"\bafter (?P<month>{_MONTH})(?: (?P<year>{_YEAR}))?\b"),
    (lambda _, __: "last 6 months", r"\b(?:last|past) half(?:[ -]| a )year\b"),
    (lambda _, __: "last 14 days", r"\b(?:last|past) fortnight\b"),
    (lambda one, _: f"last {one[1]}",
     r"\b(?:last|previous) (?:full|complete|whole|calendar) (month|quarter|year|week)\b"),
    (lambda _, __: "in ",
     r"\b(?:(?:in|over|during|for) )?(?:all|the whole|throughout|all through|across|for all|over all) (?:of )?",
     r"(?=(?:19|20)\d\d\b|last |this )"),
    (lambda one, _: f"in {one[1]}", rf"^({_YEAR})(?= )"),
)  # fmt: skip
"""How each form of a period is rewritten, with its pattern in pieces."""
_FORMS = [(re.compile("".join(pattern)), rewrite) for rewrite, *pattern in _REWRITES]
"""What is rewritten, in this order."""
