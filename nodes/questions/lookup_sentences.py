"""Answers about balances, payments that are to come, and single payments, from their tools' results."""

from collections.abc import Sequence
from decimal import Decimal

from nodes.questions.formatting import MOST_ROWS, cell, day_of, joined, listed, markdown, money, said, size
from nodes.questions.understanding import Question
from nodes.tools.results import Figure, Result


def balance(result: Result, _: Question) -> str:
    """What is in the accounts: one sum for each currency, then the accounts."""
    known = [row for row in result["rows"] if row[1] is not None]
    if not known:
        return "I know no balance for this."
    sums = listed([f"**{said(one)}**" for one in result["figures"] if one["name"] == "Balance"])
    if len(result["rows"]) == 1:
        return f"The balance of {cell(known[0][0])} is {sums}."
    rows = [(name or "", money(amount or "0", currency), day_of(day)) for name, amount, currency, day, _ in known]
    lead = f"The balance of these accounts together is {sums}."
    return joined(lead, markdown(["Account", "Balance", "Statement of"], rows))


def due(result: Result, question: Question) -> str:
    """What is still to come, with days."""
    paid = question["arguments"].get("what", "spent") == "spent"
    if not result["rows"]:
        return f"Nothing that recurs is expected to {'be paid' if paid else 'come in'}."
    name = "Still to be paid" if paid else "Still to come in"
    sums = listed([f"**{size(one['value'], one['currency'])}**" for one in result["figures"] if one["name"] == name])
    rows = [
        (day_of(on), merchant or "", size(amount or "0", currency), f"{day_of(earliest)} to {day_of(latest)}")
        for on, merchant, amount, currency, earliest, latest, *_ in result["rows"][:MOST_ROWS]
    ]
    if result["row_count"] == 1:
        on, merchant, *_ = rows[0]
        return f"{cell(merchant)}: {sums}, expected on {on}."
    lead = f"{name}: {sums}, in {result['row_count']} payments."
    return joined(lead, markdown(["Expected on", "Merchant", "Amount", "Likely between"], rows))


_ENDS = {"In all by ": "In all {} by {}", "Left by ": "{} will be left by {}", "Balance on ": "The balance is {} on {}"}
"""How a figure of what a period comes to begins, and how it is said."""


def outlook(result: Result, question: Question) -> str:
    """What a period comes to by its end, then what it is made of."""
    what, figures, lines = question["arguments"].get("what", "spent"), result["figures"], list[str]()
    show = size if what in ("spent", "received") else money
    ends = [(at, start) for at, one in enumerate(figures) for start in _ENDS if one["name"].startswith(start)]
    moved = {figures[at]["currency"] for at, _ in ends if any(Decimal(one["value"]) for one in figures[at : at + 3])}
    for at, start in ends:
        one = figures[at]
        if moved and one["currency"] not in moved:
            continue
        likely, least, most = (show(each["value"], each["currency"]) for each in figures[at : at + 3])
        said_so = _ENDS[start].format(f"about **{likely}**", one["name"].removeprefix(start))
        lasts = f"{_lasts(figures[at : at + 2])} " if question["arguments"]["until"] == "payday" else ""
        lines.append(f"{lasts}{said_so[0].upper()}{said_so[1:]}; between {least} and {most}.")
    if not lines:
        return "Too little is known for a forecast."
    rows = [
        (name or "", *(show(amount or "0", currency) for amount in amounts))
        for name, *amounts, currency in result["rows"] if not moved or currency in moved
    ]  # fmt: skip
    return joined("\n\n".join(lines), markdown(["What", "Likely", "At least", "At most"], rows[:MOST_ROWS]))


def _lasts(likely_and_least: Sequence[Figure]) -> str:
    """Whether the money lasts until payday."""
    likely, least = (Decimal(one["value"]) for one in likely_and_least)
    return "Yes, most likely." if least >= 0 else "Perhaps not." if likely >= 0 else "Probably not."


def payments(result: Result, question: Question) -> str:
    """The payments, or one of them, or how large one is on average."""
    if not result["rows"]:
        return "I found no payment for this."
    by_name = [one for one in result["figures"] if one["name"] == "One payment, on average"]
    if question["aspect"] == "average":
        average = listed([f"**{size(one['value'], one['currency'])}**" for one in by_name])
        figures = [one for one in result["figures"] if one["name"] in ("Payments", "The smallest", "The largest")]
        shown = [said(one) if one.get("unit") else size(one["value"], one["currency"]) for one in figures]
        lines = "\n".join(f"- {one['name']}: **{value}**" for one, value in zip(figures, shown, strict=True))
        return joined(f"One payment is {average} on average.", lines)
    rows = [(day_of(day), name or "", size(amount or "0", currency), category or "")
            for day, name, amount, currency, category, _ in result["rows"][:MOST_ROWS]]  # fmt: skip
    day, name, amount, _ = rows[0]
    lead = f"**{cell(name)}**: **{amount}**, on **{day}**."
    if question["aspect"] == "one":
        which = "first" if question["arguments"].get("order") == "earliest" else "last"
        lead = f"The {which} payment was on **{day}**: {cell(name)}, **{amount}**."
    return joined(lead, markdown(["Date", "Merchant", "Amount", "Category"], rows) if len(rows) > 1 else "")


def charged_twice(result: Result, _: Question) -> str:
    """The pairs."""
    if not result["rows"]:
        return "I found no payment that was made twice."
    rows = [(name or "", size(amount or "0", currency), day_of(first), day_of(second), apart or "")
            for name, amount, currency, first, second, apart in result["rows"][:MOST_ROWS]]  # fmt: skip
    lead = f"The same amount twice: **{result['row_count']}** {'time' if len(rows) == 1 else 'times'}."
    return joined(lead, markdown(["Merchant", "Amount", "First on", "Again on", "Days apart"], rows))
