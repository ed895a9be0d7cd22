"""An answer from a tool's result, by templates: the figures as the tool says them, and a short table."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from nodes.questions import lookup_sentences
from nodes.questions.formatting import (
    MOST_ROWS,
    cell,
    day_of,
    joined,
    listed,
    markdown,
    money,
    plain,
    said,
    size,
    table,
)
from nodes.questions.understanding import Question
from nodes.tools.results import Figure, Result

_ERRORS = {
    "The user has no budget yet.": "You have set no budget yet. Set one for a category, and ask again.",
    "The user has marked no category as deductible.": "You have marked no category as deductible yet.",
    "The user has no debt stored; ask for balance, rate and minimum payment of each.": "You have stored no debt yet.",
}
"""What tools tell a model, as it is told to a user."""


def answer(question: Question, result: Result) -> str:
    """The answer to a question."""
    tool, aspect = question["tool"], question["aspect"]
    say = _TEMPLATES.get(tool or "", _figures)
    parts = [say(result, question) if aspect != "price_rises" else _price_rises(result, question)]
    parts.append(f"Counted here: {plain(result['words'])}. {result['method']}")
    return "\n\n".join(part for part in [*parts[:1], *_remarks(question, result), parts[1]] if part)


def refusal(error: str) -> str:
    """What is said where the tool has no result, and said why."""
    return _ERRORS.get(error, error)


def not_understood(said: str, unexplained: str, question: Question) -> str:
    """What is said where a message is not understood: that, by which words, and what could be asked.

    Args:
        unexplained: a sentence about `{words}`.
    """
    asks = "\n".join(f"- {one}" for one in question["could_ask"])
    words = listed([f"“{cell(word)}”" for word in question["unexplained"]])
    return joined(unexplained.format(words=words) if words else "", said, asks)


def _remarks(question: Question, result: Result) -> list[str]:
    notes = [plain(note) for note in [*question["took"], *result["notes"]]]
    if len(result["rows"]) > MOST_ROWS and question["tool"] != "totals" and question["aspect"] != "price_rises":
        notes.append("The table shows only the first of them; open the result for all.")
    return [" ".join(notes)] if notes else []


def _figures(result: Result, _: Question) -> str:
    """All figures as a list, then the rows."""
    lines = [f"- {plain(one['name'])}: **{said(one)}**" for one in result["figures"][:24]]
    return joined("\n".join(lines), table(result))


def _totals(result: Result, question: Question) -> str:
    arguments = question["arguments"]
    what, group = arguments.get("what", "spent"), arguments.get("group", "all")
    label = {"spent": "Spending", "received": "Income", "net": "Income less spending"}[what]
    sums = [one for one in result["figures"] if one["name"] == label]
    if not sums:
        return "I found no transaction for this."
    show = money if what == "net" else size
    if group == "all":
        counted = [(show(amount or "0", currency), number) for _, amount, currency, number in result["rows"]]
        if question["aspect"] == "count":
            parts = [f"**{number}** {_transactions(number)} ({amount})" for amount, number in counted]
            return f"There are {listed(parts)}."
        amounts = listed([f"**{amount}** ({number} {_transactions(number)})" for amount, number in counted])
    else:
        amounts = listed([f"**{show(one['value'], one['currency'])}**" for one in sums])
    verb = {"spent": "You spent", "received": "You received", "net": "Income less spending is"}[what]
    lead = f"{verb} {amounts}{'' if group == 'all' else ' in all'}."
    if group == "all":
        return lead
    rows = [
        (label or "", show(amount or "0", currency), number or "") for label, amount, currency, number in result["rows"]
    ]
    means = [one for one in result["figures"] if one["name"] == "A month, on average"]
    if monthly := [f"**{show(one['value'], one['currency'])}**" for one in means]:
        average = f"A month comes to {listed(monthly)} on average."
        lead = f"{average} {lead}" if question["aspect"] == "average" else f"{lead} {average}"
    if question["aspect"] == "most":
        top = max(result["rows"], key=lambda row: abs(Decimal(row[1] or "0"))) if len(sums) == 1 else None
        if top:
            lead = f"The most: **{plain(top[0] or '')}**, {show(top[1] or '0', top[2])}. {lead}"
    shown = rows if group == "month" else rows[:MOST_ROWS]
    more = (
        ""
        if len(shown) == result["row_count"]
        else f"\n\nThese are the largest; there are {result['row_count']} in all."
    )
    return joined(lead, markdown([result["columns"][0]["name"], "Amount", "Transactions"], shown) + more)


def _transactions(number: str | None) -> str:
    return "transaction" if number == "1" else "transactions"


def _compare(result: Result, question: Question) -> str:
    what = question["arguments"].get("what", "spent")
    show = money if what == "net" else size
    figures, lines = result["figures"], list[str]()
    starts = [at for at, one in enumerate(figures) if one["name"] == "Difference"]
    for at in starts:
        later, earlier, difference = figures[at - 2], figures[at - 1], figures[at]
        change = figures[at + 1] if at + 1 < len(figures) and figures[at + 1]["name"] == "Change" else None
        share = f" ({change['value'].removeprefix('-')} %)" if change else ""
        lines.append(
            f"{later['name']}: **{show(later['value'], later['currency'])}**. "
            f"{earlier['name']}: **{show(earlier['value'], earlier['currency'])}**. "
            f"That is **{_difference(difference['value'], difference['currency'], what)}**{share}."
        )
    if not lines:
        return "I found no transaction for this."
    rows = [
        (
            label or "",
            show(now or "0", currency),
            show(before or "0", currency),
            _difference(change or "0", currency, what),
        )
        for label, now, before, change, currency in result["rows"][:MOST_ROWS]
    ]
    names = [result["columns"][0]["name"], "Later", "Before", "Difference"]
    lines += [changed] if (changed := _changed_most(figures, what)) else []
    return joined("\n\n".join(lines), markdown(names, rows) if rows else "")


def _changed_most(figures: Sequence[Figure], what: str) -> str:
    """What rose and what fell most in each currency, where there are several."""
    changed = [one for one in figures if one["name"].startswith(("More: ", "Less: "))]
    if len(changed) < 2:
        return ""
    first = {(one["currency"], one["name"][:6]): one for one in reversed(changed)}
    found = [one for one in changed if one in first.values()]
    return "The largest changes: " + listed([
        f"**{plain(one['name'][6:])}**, {_difference(one['value'], one['currency'], what)}" for one in found
    ]) + "."  # fmt: skip


def _difference(value: str, currency: str | None, what: str) -> str:
    amount = Decimal(value)
    if not amount:
        return "the same"
    more = amount < 0 if what == "spent" else amount > 0
    return f"{size(value, currency)} {'more' if more else 'less'}"


def _largest(result: Result, question: Question) -> str:
    if not result["rows"]:
        return "I found no transaction for this."
    first = result["rows"][0]
    if len(result["rows"]) == 1:
        return f"**{cell(first[1])}**: **{size(first[2] or '0', first[3])}**, on {day_of(first[0])}."
    del question
    rows = [(day_of(day), name or "", size(amount or "0", currency), category or "")
            for day, name, amount, currency, category in result["rows"][:MOST_ROWS]]  # fmt: skip
    lead = f"The largest is **{cell(first[1])}**, **{size(first[2] or '0', first[3])}**, on {day_of(first[0])}."
    return joined(lead, markdown(["Date", "Merchant", "Amount", "Category"], rows))


def _recurring(result: Result, question: Question) -> str:
    focus = question["focus"]
    rows = [row for row in result["rows"] if not focus or all(word in (row[0] or "").lower() for word in focus.split())]
    if not rows:
        name = f" to “{plain(focus)}”" if focus else ""
        return f"I found no recurring payment{name}."
    lead = ""
    if not focus:
        count = next(one for one in result["figures"] if one.get("unit") == "count")
        a_month, a_year = (_together(result, unit) for unit in ("month", "year"))
        together = f"together they come to {a_month} a month, {a_year} a year"
        lead = f"There are **{said(count)}** recurring payments; {together}."
    return joined(lead, _recurring_table(rows))


def _together(result: Result, unit: str) -> str:
    """What all recurring payments cost a month or a year, in each currency."""
    totals = [one for one in result["figures"] if one["name"] == f"All together, a {unit}"]
    return listed([f"**{size(one['value'], one['currency'])}**" for one in totals])


def _recurring_table(rows: Sequence[Sequence[str | None]]) -> str:
    shown = [
        (name or "", every or "", size(amount or "0", currency), size(before, currency) if before else "",
         day_of(changed) if changed else "", day_of(last))
        for name, every, amount, currency, before, changed, last in rows[:MOST_ROWS]
    ]  # fmt: skip
    return markdown(["Merchant", "Every", "Amount", "Before", "Changed on", "Last on"], shown)


def _price_rises(result: Result, question: Question) -> str:
    focus = question["focus"]
    rows = [
        row for row in result["rows"]
        if row[4] and row[2] and abs(Decimal(row[2])) > abs(Decimal(row[4]))
        and (not focus or all(word in (row[0] or "").lower() for word in focus.split()))
    ]  # fmt: skip
    rose = "rose" if question["arguments"].get("what") == "received" else "became dearer"
    if rows:
        return joined(f"These {rose} with their last change:", _recurring_table(rows))
    return joined(f"None of these {rose} with its last change.", _recurring(result, question) if focus else "")


def _forecast(result: Result, question: Question) -> str:
    if "until" in question["arguments"]:
        return lookup_sentences.outlook(result, question)
    what = question["arguments"].get("what", "spent")
    show, lines = money if what == "net" else size, list[str]()
    figures = result["figures"]
    for at in range(0, len(figures), 5):
        average, whole, low, high, used = figures[at : at + 5]
        month = show(average["value"], average["currency"])
        ahead = (
            ""
            if question["aspect"] == "average"
            else f" For {whole['name']}: **{show(whole['value'], whole['currency'])}**."
        )
        lines.append(
            f"A month comes to **{month}** on average, of {said(used)} whole months.{ahead} The lowest month was"
            f" {show(low['value'], low['currency'])}, the highest {show(high['value'], high['currency'])}."
        )
    return "\n\n".join(lines) or "There are too few months for a forecast."


def _anomalies(result: Result, _: Question) -> str:
    if not result["rows"]:
        return "I found no payment that stands out."
    rows = [(day_of(day), name or "", size(amount or "0", currency), why or "")
            for day, name, amount, currency, why in result["rows"][:MOST_ROWS]]  # fmt: skip
    count = next(one for one in result["figures"] if one.get("unit") == "count")
    lead = f"Payments that stand out: **{said(count)}**."
    return joined(lead, markdown(["Date", "Merchant", "Amount", "Why"], rows))


def _budget(result: Result, question: Question) -> str:
    focus = question["focus"]
    rows = [row for row in result["rows"] if focus in (None, row[0])]
    if not rows:
        return f"There is no budget for {plain(focus or '')}."
    shown = [
        (category or "", *(money(amount or "0", currency) for amount in (budget, spent, left)))
        for category, budget, spent, left, currency in rows
    ]
    figures = [
        f"- {plain(one['name'])}: **{said(one)}**" for one in result["figures"]
        if (focus is None or one["name"].startswith(f"{focus}, ")) and one["name"].endswith(("left a day", "used"))
    ]  # fmt: skip
    return joined(markdown(["Category", "Budget", "Spent", "Left"], shown), "\n".join(figures))


def _monthly_amount(result: Result, question: Question) -> str:
    if question["aspect"] == "progress":
        names = ("Saved", "Target", "Still missing", "A month", "Months")
        found = {one["name"]: one for one in result["figures"]}
        return "\n".join(f"- {name}: **{said(found[name])}**" for name in names if name in found)
    first, months = result["figures"][0], result["figures"][1]
    if first["name"] != "A month":
        return joined("This goal has no date. Say by when it has to be reached.", _figures(result, question))
    return joined(
        f"**{said(first)}** a month, for {said(months)}.",
        _figures({**result, "figures": result["figures"][2:]}, question),
    )


def _overview(result: Result, _: Question) -> str:
    lines = [
        f"- {'Transactions without a category' if one.get('unit') == 'count' else one['name']}: **{_unsigned(one)}**"
        for one in result["figures"]
        if one.get("unit") or one["name"] in ("Income", "Spending", "Left")
    ]
    rows = [(label or "", size(amount or "0", currency), number or "")
            for label, amount, currency, number in result["rows"][:MOST_ROWS]]  # fmt: skip
    return joined("\n".join(lines), markdown(["Category", "Spent", "Transactions"], rows) if rows else "")


def _unsigned(one: Figure) -> str:
    return size(one["value"], one["currency"]) if one["name"] == "Spending" else said(one)


def _deductible(result: Result, question: Question) -> str:
    figures = result["figures"]
    if question["aspect"] == "missing":
        figures = figures[-1:]
    return _figures({**result, "figures": figures}, question)


def _pay_off(result: Result, question: Question) -> str:
    if question["aspect"] == "first":
        return joined(_first_debt(result), _figures(result, question))
    rows = [row for row in result["rows"] if question["focus"] in (None, row[1])]
    return _figures({**result, "rows": rows or result["rows"]}, question)


def _first_debt(result: Result) -> str:
    """Which debt gets what is left beside the minimums, by each strategy, and why."""
    first = {row[0]: row for row in result["rows"] if row[2] == "1"}
    currency = next((one["currency"] for one in result["figures"] if one["currency"]), None)
    said = list[str]()
    if row := first.get("avalanche"):
        said.append(
            f"Put what you have beside the minimums into **{plain(row[1] or '')}** first: at {row[4]} % it has the"
            " highest rate, so paying it first costs least interest (avalanche)."
        )
    if row := first.get("snowball"):
        same = row[1] == first.get("avalanche", row)[1] and bool(said)
        name = "It is also" if same else f"**{plain(row[1] or '')}** is"
        said.append(f"{name} the smallest, {money(row[3] or '0', currency)}, with which snowball begins.")
    return " ".join(said)


_TEMPLATES: dict[str, Callable[[Result, Question], str]] = {
    "totals": _totals, "compare": _compare, "largest": _largest, "recurring": _recurring, "forecast": _forecast,
    "anomalies": _anomalies, "budget_status": _budget, "monthly_amount": _monthly_amount, "deductible": _deductible,
    "pay_off": _pay_off, "overview": _overview, "balance": lookup_sentences.balance, "due": lookup_sentences.due,
    "debts": lookup_sentences.debts, "payments": lookup_sentences.payments,
    "charged_twice": lookup_sentences.charged_twice,
}  # fmt: skip
