"""An answer from a tool's result, by templates: the figures as the tool says them, and a short table."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from nodes.questions import lookup_sentences, plan_sentences
from nodes.questions.formatting import (
    MOST_ROWS,
    cell,
    day_of,
    figures_of,
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
    say = _TEMPLATES.get(tool or "")
    if aspect == "price_rises":
        say = _price_rises
    parts = [say(result, question) if say else figures_of(result)]
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
        if arguments.get("categories") == ["none"]:
            parts = [f"**{number}** {_transactions(number)} ({amount})" for amount, number in counted]
            return f"Without a category: {listed(parts)}. Ask Tag to propose categories for them."
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


def _largest(result: Result, _: Question) -> str:
    if not result["rows"]:
        return "I found no transaction for this."
    first = result["rows"][0]
    if len(result["rows"]) == 1:
        return f"**{cell(first[1])}**: **{size(first[2] or '0', first[3])}**, on {day_of(first[0])}."
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
    if question["aspect"] != "missing":
        return figures_of(result)
    count = said(result["figures"][-1])
    return joined(f"Without a receipt: **{count}** {_transactions(count)}.", table(result))


def _why_category(result: Result, _: Question) -> str:
    """The category and the reason, where all of a merchant's transactions have the same."""
    same = {(row[1], row[4], row[5]) for row in result["rows"]}
    if len(same) != 1 or len(result["rows"]) != result["row_count"]:
        return figures_of(result)
    ((merchant, category, reason),) = same
    return joined(f"**{cell(merchant)}** is in **{cell(category)}**: {cell(reason)}", table(result))


def _find_in_documents(result: Result, _: Question) -> str:
    if not result["rows"]:
        return "I found nothing about this in your documents."
    document, page = result["rows"][0][:2]
    return joined(f"Best match: **{cell(document)}**, page {page}.", table(result))


_TEMPLATES: dict[str, Callable[[Result, Question], str]] = {
    "totals": _totals, "compare": _compare, "largest": _largest, "recurring": _recurring, "forecast": _forecast,
    "anomalies": _anomalies, "deductible": _deductible, "overview": _overview, "why_category": _why_category,
    "find_in_documents": _find_in_documents, "budget_status": plan_sentences.budget,
    "monthly_amount": plan_sentences.monthly_amount, "pay_off": plan_sentences.pay_off, "debts": plan_sentences.debts,
    "balance": lookup_sentences.balance, "due": lookup_sentences.due, "payments": lookup_sentences.payments,
    "charged_twice": lookup_sentences.charged_twice,
}  # fmt: skip
