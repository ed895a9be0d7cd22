"""By when something is to come: "by the 30th", "at the end of December", "before Christmas", "in two weeks"."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from nodes.questions.amounts import Ahead
from nodes.questions.periods import MONTHS, NUMBERS, SHORT, month_of, unit_of

TO_COME = re.compile(
    r"\b(?:will(?! you)|won't|\w+'ll|gonna|going to|expect(?!ed)|(?<!than )(?<!than i )(?<!than we )expected"
    r"|forecast\w*|predict\w*|project(?:ed|ions?|ing)|estimate\w*|likely|outlook|at this (?:rate|pace)"
    r"|on (?:track|course) (?:to|for)|heading|if (?:i|we|things|it|this) (?:keep|carry|go(?:es)?|continue)\w*)\b"
)
"""Asks for what is to come."""
_MONTH = "|".join(sorted([*MONTHS, *SHORT], key=len, reverse=True))
_YEAR = r"(?:,? (?P<year>20\d\d))?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_BY = r"\b(?:(?:by|at|on|until|till|til|to|before|through|as of|up to|towards?|between now and|from now) )+"
_WHENEVER = rf"(?:{_BY}|\b(?:for|over|during) )?"
_UNIT = r"(?P<unit>week|month|quarter|year)"
_WEEKDAYS = ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")
_FEASTS = {"christmas": (12, 24), "xmas": (12, 24), "new year": (12, 31)}
_A_DAY = timedelta(days=1)


def find_end(text: str, today: date) -> Ahead | None:
    """The day by which something is to come, and the question with a mark in its place; None where it names none."""
    for pattern, day_of in _FORMS:
        for found in pattern.finditer(text):
            day = _valid(day_of, found, today)
            if day and day >= today:
                rest = f"{text[: found.start()].rstrip()} AHEAD {text[found.end() :].lstrip()}"
                return Ahead(day, None, rest.strip())
    return None


DayOf = Callable[[re.Match[str], date], date]


def _valid(day_of: DayOf, found: re.Match[str], today: date) -> date | None:
    """The day; None where there is none such, as the 31st of November."""
    try:
        return day_of(found, today)
    except ValueError:
        return None


def _of_unit(found: re.Match[str], today: date) -> date:
    said = found.groupdict()
    last = unit_of(found["unit"], today)[1]
    return unit_of(found["unit"], last + _A_DAY)[1] if said.get("next") else last


def _year_of(found: re.Match[str], today: date, month: int, day: int) -> int:
    """The year that is said, else the one in which this day comes next."""
    said = found.groupdict().get("year")
    return int(said) if said else today.year + ((month, day) < (today.month, today.day))


def _feast(found: re.Match[str], today: date) -> date:
    month, day = _FEASTS[found["feast"]]
    return date(_year_of(found, today, month, day), month, day)


def _number_of(found: re.Match[str]) -> int:
    return MONTHS.get(found["month"]) or SHORT[found["month"]]


def _months_end(found: re.Match[str], today: date) -> date:
    month = _number_of(found)
    return month_of(_year_of(found, today, month, 31), month)[1]


def _before_month(found: re.Match[str], today: date) -> date:
    month = _number_of(found)
    return date(_year_of(found, today, month, 1), month, 1) - _A_DAY


def _dated(found: re.Match[str], today: date) -> date:
    month, day = _number_of(found), int(found["day"])
    return date(_year_of(found, today, month, day), month, day)


def _iso(found: re.Match[str], _today: date) -> date:
    return date.fromisoformat(found["iso"])


def _of_this_month(found: re.Match[str], today: date) -> date:
    """The next such day of a month."""
    day = int(found["day"] or found["ordinal"])
    month = today if day >= today.day else month_of(today.year, today.month)[1] + _A_DAY
    return month.replace(day=day)


def _weekday(found: re.Match[str], today: date) -> date:
    ahead = (_WEEKDAYS.index(found["weekday"]) - today.weekday()) % 7
    return today + timedelta(days=ahead)


def _later(found: re.Match[str], today: date) -> date:
    said, unit = found["count"], found["unit"]
    count = 1 if said in ("a", "an") else NUMBERS.get(said) or int(said)
    if unit == "month":
        number = today.year * 12 + today.month - 1 + count
        last = month_of(number // 12, number % 12 + 1)[1]
        return last.replace(day=min(last.day, today.day))
    return today + timedelta(days=count * {"day": 1, "week": 7, "fortnight": 14}[unit])


_FORMS: tuple[tuple[re.Pattern[str], DayOf], ...] = tuple(
    (re.compile(pattern), day_of)
    for pattern, day_of in (
        ((rf"{_WHENEVER}\b(?:the )?(?:very |absolute )?(?:end|close|last day|rest|remainder)(?: of)?"
         rf" (?:the |this |(?P<next>next )|current )*{_UNIT}\b"), _of_unit),
        (rf"{_WHENEVER}\b(?:the |this )?{_UNIT}(?:'?s)?[- ](?:end|close)\b", _of_unit),
        (rf"\b(?:by the time|when|before|until) (?:the|this) {_UNIT} (?:(?:is|has) )?(?:over|out|up|end(?:ed|s))\b",
         _of_unit),
        (rf"{_BY}(?:the )?(?P<feast>christmas|xmas|new year)(?:'?s)?(?: (?:eve|day|time))?\b", _feast),
        (rf"{_BY}(?:the )?(?:very )?(?:end|close|last day) of (?P<month>{_MONTH})\b{_YEAR}", _months_end),
        (rf"\bend of (?P<month>{_MONTH})\b{_YEAR}", _months_end),
        (rf"{_WHENEVER}\b(?:the )?(?P<month>{_MONTH})(?:'?s)?[- ]end\b", _months_end),
        (rf"{_BY}(?P<iso>20\d\d-\d\d-\d\d)\b", _iso),
        (rf"{_BY}(?:the )?{_DAY}(?: of)? (?P<month>{_MONTH})\b{_YEAR}", _dated),
        (rf"{_BY}(?P<month>{_MONTH}) (?:the )?{_DAY}\b{_YEAR}", _dated),
        (rf"{_BY}(?:the {_DAY}|(?P<ordinal>\d{{1,2}})(?:st|nd|rd|th))\b(?! ?(?:%|eur|euro|pound|dollar))",
         _of_this_month),
        (rf"{_BY}(?:next |this |the )?(?P<weekday>{'|'.join(_WEEKDAYS)})day\b", _weekday),
        (rf"\bin (?P<count>\d{{1,2}}|an?|{'|'.join(NUMBERS)}) (?P<unit>day|week|fortnight|month)s?(?:'? time)?\b",
         _later),
        (rf"\b(?:by|until|till|before) (?P<month>{_MONTH})\b{_YEAR}", _before_month),
    )
)  # fmt: skip
"""How an end is said, the longest forms first."""
