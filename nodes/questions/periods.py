"""Periods as people say them in English: "last month", "in march", "since january", "1 to 15 june", "q2"."""

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if name}
SHORT = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4}
NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "couple of": 2, "few": 3,
}  # fmt: skip
_MONTH = "|".join(sorted([*MONTHS, *(name for name in SHORT if name != "may")], key=len, reverse=True))
_NUMBER = rf"\d{{1,3}}|{'|'.join(NUMBERS)}"
_YEAR = r"(?:19|20)\d\d"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"(?:{_YEAR}-\d{{1,2}}-\d{{1,2}}|(?:the )?{_DAY} (?:of )?(?:{_MONTH})(?:,? {_YEAR})?"
    rf"|(?:{_MONTH}) {_DAY}(?:,? {_YEAR})?|(?:the )?{_DAY}(?! ?(?:%|eur|euro|dollar|pound|usd|gbp|transaction|month)))"
)
_POINT = rf"(?:{_DATE}|(?:{_MONTH})(?: {_YEAR})?|{_YEAR})"


class Period(NamedTuple):
    """A period, and what is left of the question without it."""

    since: date | None
    until: date | None
    rest: str


def find_period(text: str, today: date, mark: str = "") -> Period | None:
    """The first period that a question names; None where it names none.

    Args:
        text: in lower case.
        today: what "last month" is counted from.
        mark: what stands in its place in what is left.
    """
    for pattern, read in _FORMS:
        if found := pattern.search(text):
            period = read(found, today)
            if period is None and read is _on:
                return None  # there is no such day
            if period is None:
                continue
            since, until = period
            rest = f"{text[: found.start()].rstrip()} {mark} {text[found.end() :].lstrip()}".strip()
            return Period(since, until, re.sub(r"\s+", " ", rest))
    return None


def find_periods(text: str, today: date, mark: str = "") -> list[Period]:
    """All periods that a question names, in the order in which they are found; the last one's rest is what is left."""
    found: list[Period] = []
    while len(found) < 4 and (period := find_period(found[-1].rest if found else text, today, mark)):
        found.append(period)
    return found


def month_of(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month."""
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def before(since: date, until: date) -> tuple[date, date]:
    """The period of the same length before: the calendar month or year before one, else as many days."""
    if (since, until) == month_of(since.year, since.month):
        last = since - timedelta(days=1)
        return month_of(last.year, last.month)
    if since == date(since.year, 1, 1) and until == date(since.year, 12, 31):
        return date(since.year - 1, 1, 1), date(since.year - 1, 12, 31)
    return since - (until - since) - timedelta(days=1), since - timedelta(days=1)


def year_back(day: date) -> date:
    """The same day a year earlier; the last of February for its last."""
    if (day.month, day.day) in ((2, 28), (2, 29)):
        return month_of(day.year - 1, 2)[1]
    return day.replace(year=day.year - 1)


Read = Callable[[re.Match[str], date], tuple[date | None, date | None] | None]


def _named_month(name: str, year: str | None, today: date) -> tuple[date, date]:
    """A month; without a year the last one of that name that has begun."""
    month = MONTHS.get(name) or SHORT[name]
    chosen = int(year) if year else today.year if month <= today.month else today.year - 1
    return month_of(chosen, month)


def _month(found: re.Match[str], today: date) -> tuple[date, date] | None:
    if found[0] == "may":
        return None  # the verb, far more often
    return _named_month(found["month"], found["year"], today)


def _quarter(found: re.Match[str], today: date) -> tuple[date, date]:
    number = int(found["digit"]) if found["digit"] else ORDINALS[found["word"]]
    year = int(found["year"]) if found["year"] else today.year if number * 3 - 2 <= today.month else today.year - 1
    return date(year, number * 3 - 2, 1), month_of(year, number * 3)[1]


def _this(found: re.Match[str], today: date) -> tuple[date, date]:
    return unit_of(found["unit"], today)


def _last(found: re.Match[str], today: date) -> tuple[date, date]:
    since, _ = unit_of(found["unit"], today)
    return unit_of(found["unit"], since - timedelta(days=1))


def _before_last(found: re.Match[str], today: date) -> tuple[date, date]:
    since, _ = _last(found, today)
    return unit_of(found["unit"], since - timedelta(days=1))


def unit_of(unit: str, day: date) -> tuple[date, date]:
    """The week, month, quarter or year that a day is in; weeks begin on Mondays."""
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if unit == "month":
        return month_of(day.year, day.month)
    if unit == "quarter":
        first = (day.month - 1) // 3 * 3 + 1
        return date(day.year, first, 1), month_of(day.year, first + 2)[1]
    return date(day.year, 1, 1), date(day.year, 12, 31)


def _last_units(found: re.Match[str], today: date) -> tuple[date, date] | None:
    """The last three months are the complete ones before this; days and weeks end today."""
    count = int(found["count"]) if found["count"].isdigit() else NUMBERS[found["count"]]
    unit = found["unit"]
    if not count:
        return None
    if unit in ("day", "week"):
        return today - timedelta(days=count * (7 if unit == "week" else 1) - 1), today
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    _, until = unit_of("month", today.replace(day=1) - timedelta(days=1))
    number = until.year * 12 + until.month - months
    return date(number // 12, number % 12 + 1, 1), until


def _near_day(found: re.Match[str], today: date) -> tuple[date, date]:
    day = today - timedelta(days={"today": 0, "yesterday": 1}[found[0]])
    return day, day


def _year(found: re.Match[str], today: date) -> tuple[date, date]:  # noqa: ARG001 - as the others
    return date(int(found["year"]), 1, 1), date(int(found["year"]), 12, 31)


def _to_date(found: re.Match[str], today: date) -> tuple[date, date]:
    return unit_of(found["unit"], today)[0], today


def _since(found: re.Match[str], today: date) -> tuple[date, date] | None:
    point = _point(found["point"], today)
    return (point[0], today) if point and point[0] <= today else None


def _until(found: re.Match[str], today: date) -> tuple[None, date] | None:
    point = _point(found["point"], today)
    return (None, point[0] - timedelta(days=1)) if point else None


def _between(found: re.Match[str], today: date) -> tuple[date, date] | None:
    """From one day, month or year to another, both included."""
    last = _point(found["last"], today)
    if last is None:
        return None
    first = _point(found["first"], today, like=last[0])
    if first is None:
        return None
    if first[0] > last[1]:  # from november to february
        first = (year_back(first[0]), year_back(first[1]))
    return first[0], last[1]


def _on(found: re.Match[str], today: date) -> tuple[date, date] | None:
    return _point(found["point"], today)


def _point(text: str, today: date, like: date | None = None) -> tuple[date, date] | None:
    """The first and the last day of a date, a month or a year. A bare day takes its month from `like`."""
    text = text.removeprefix("the ").strip()
    try:
        if found := re.fullmatch(rf"({_YEAR})-(\d{{1,2}})-(\d{{1,2}})", text):
            day = date(*map(int, found.groups()))
            return day, day
        if re.fullmatch(_YEAR, text):
            return date(int(text), 1, 1), date(int(text), 12, 31)
        month = re.search(rf"\b({_MONTH})\b", text)
        year = re.search(rf"\b{_YEAR}\b", text)
        number = re.search(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", text)
        if month:
            default = str(like.year) if like and not year else None
            first, last = _named_month(month[1], year[0] if year else default, today)
            if number is None:
                return first, last
            day = first.replace(day=int(number[1]))
            return day, day
        if number and like:
            day = like.replace(day=int(number[1]))
            return day, day
    except ValueError:  # the 31st of a month that has no such day
        return None
    return None


_FORMS: tuple[tuple[re.Pattern[str], Read], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"\b(?:between|from)\s+(?P<first>{_POINT})\s*(?:and|to|until|till|through|-|–)\s*(?P<last>{_POINT})\b",
         _between),
        (rf"\b(?P<first>{_DATE}|(?:{_MONTH})(?: {_YEAR})?)\s*(?:to|until|till|through|–|-)\s*(?P<last>{_POINT})\b",
         _between),
        (rf"\b(?:since|from)\s+(?:the (?:start|beginning) of )?(?P<point>{_POINT})(?:\s+on)?\b", _since),
        (rf"\b(?:before|up to|until)\s+(?P<point>{_POINT})\b", _until),
        ((rf"\b(?:in |over |during |for )?(?:the )?(?:last|past|previous) (?P<count>{_NUMBER})"
         r" (?P<unit>day|week|month|quarter|year)s?\b"), _last_units),
        (r"\b(?:the )?(?P<unit>week|month|quarter|year) before last\b", _before_last),
        ((r"\b(?:so far )?(?:in |for |over |during |of )?(?:this|the current) (?P<unit>week|month|quarter|year)"
         r"(?:'s|s)?(?: so far)?\b"), _this),
        (r"\b(?P<unit>week|month|quarter|year)[ -]to[ -]date\b", _to_date),
        (r"\b(?:in |over |during |for )?(?:the )?(?:last|past|previous) (?P<unit>week|month|quarter|year)(?:'s|s)?\b",
         _last),
        (r"\b(?:today|yesterday)\b", _near_day),
        ((rf"\b(?:in |during |for )?(?:the )?(?:q(?P<digit>[1-4])|(?P<word>first|1st|second|2nd|third|3rd|fourth|4th)"
         rf" quarter)(?:(?: of)? (?P<year>{_YEAR}))?\b"), _quarter),
        (rf"\b(?:on )(?P<point>{_DATE})\b", _on),
        ((rf"\b(?P<point>{_YEAR}-\d{{1,2}}-\d{{1,2}}|(?:the )?{_DAY} (?:of )?(?:{_MONTH})(?:,? {_YEAR})?"
         rf"|(?:{_MONTH}) {_DAY}(?:,? {_YEAR})?)\b"), _on),
        (rf"\b(?:in |during |for |of )?(?P<month>{_MONTH})(?:'s)?(?:,? (?P<year>{_YEAR}))?\b", _month),
        (rf"\b(?:in |during |for |of )(?P<year>{_YEAR})\b", _year),
        (rf"\b(?P<year>{_YEAR})(?![\d.,-])\b", _year),
    )
)  # fmt: skip
"""How a period may be said, the longest forms first."""
