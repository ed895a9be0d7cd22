"""Answers about budgets, goals and debts, from their tools' results."""

from decimal import Decimal

from nodes.questions.formatting import (
    MOST_ROWS,
    cell,
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
from nodes.tools.results import Result
from storage.finance.categories import DEFAULT_NAMES, slug_of


def budget(result: Result, question: Question) -> str:
    """Which budgets are spent, then each with what is left of it."""
    focus = question["focus"]
    rows = [row for row in result["rows"] if focus is None or _is_category(row[0] or "", focus)]
    if not rows:
        return f"There is no budget for {plain(focus or '')}."
    figures = {one["name"]: said(one) for one in result["figures"]}
    shown = [
        (category or "", *(money(amount or "0", currency) for amount in (budget, spent, left)),
         figures.get(f"{category}, used", ""), figures.get(f"{category}, left a day", ""))
        for category, budget, spent, left, currency in rows
    ]  # fmt: skip
    over = [f"**{cell(row[0])}** by **{size(row[3] or '0', row[4])}**" for row in rows if Decimal(row[3] or "0") < 0]
    if len(rows) == 1 and not over:
        lead = f"**{shown[0][3]}** of **{shown[0][1]}** are left for {cell(rows[0][0])}."
    else:
        lead = f"Over budget: {listed(over)}." if over else "No budget is used up."
    return joined(lead, markdown(["Category", "Budget", "Spent", "Left", "Used", "Left a day"], shown))


def _is_category(name: str, slug: str) -> bool:
    """Whether a category of this name is the one with this slug."""
    return slug == slug_of(name) or DEFAULT_NAMES.get(slug) == name


def monthly_amount(result: Result, question: Question) -> str:
    """What has to be saved each month, or how far a goal is."""
    if question["aspect"] == "progress":
        names = ("Saved", "Target", "Still missing", "A month", "Months")
        found = {one["name"]: one for one in result["figures"]}
        return "\n".join(f"- {name}: **{said(found[name])}**" for name in names if name in found)
    first, months = result["figures"][0], result["figures"][1]
    if first["name"] != "A month":
        return joined("This goal has no date. Say by when it has to be reached.", figures_of(result))
    return joined(
        f"**{said(first)}** a month, for {said(months)}.",
        figures_of({**result, "figures": result["figures"][2:]}),
    )


def debts(result: Result, question: Question) -> str:
    """What is owed, then each debt with its end."""
    figures = {one["name"]: said(one) for one in result["figures"]}
    owed = listed([f"**{said(one)}**" for one in result["figures"] if one["name"] == "Owed"])
    rows = result["rows"][:MOST_ROWS]
    if question["focus"] and len(rows) == 1:
        name = rows[0][0] or ""
        lines = [
            f"- {text}: **{figures[f'{name}, {figure}']}**"
            for text, figure in (
                ("Rate", "rate"), ("Instalment", "instalment"), ("Interest this month", "interest this month"),
                ("Months left", "months left"), ("Done in", "done in"), ("Interest until then", "interest until then"),
            )
            if f"{name}, {figure}" in figures
        ]  # fmt: skip
        return joined(f"You owe {owed} on {plain(name)}.", "\n".join(lines))
    shown = [
        (name or "", money(amount or "0", currency), f"{rate} %", money(monthly or "0", currency), months or "–",
         money(interest, currency) if interest else "–")
        for name, amount, rate, monthly, months, _, interest, currency in rows
    ]  # fmt: skip
    lead = f"You owe {owed} in all; the instalments come to **{figures['Instalments a month']}** a month."
    return joined(lead, markdown(["Debt", "Owed", "Rate", "Instalment", "Months", "Interest"], shown))


def pay_off(result: Result, question: Question) -> str:
    """When nothing is owed any more by each strategy, and what it costs; then each debt."""
    figures = {one["name"]: said(one) for one in result["figures"]}
    ends = {
        name: f"**{figures[f'{name}, done in']}**, after **{figures[f'{name}, months']}**, with"
        f" **{figures[f'{name}, interest']}** of interest and **{figures[f'{name}, paid in all']}** in all"
        for name in _STRATEGIES if f"{name}, done in" in figures
    }  # fmt: skip
    if len(debts := {row[1] for row in result["rows"]}) == 1:
        return f"**{cell(debts.pop())}** is paid off in {next(iter(ends.values()))}."
    lines = [f"- {way}: {ends[name]}." for name, way in _STRATEGIES.items() if name in ends]
    if saved := figures.get("Interest that avalanche saves"):
        lines.append(f"- The first saves **{saved}** of interest.")
    first = _first_debt(result) if question["aspect"] == "first" else ""
    return joined(first, "\n".join(lines), table(result))


_STRATEGIES = {"Avalanche": "Dearest debt first (avalanche)", "Snowball": "Smallest debt first (snowball)"}
"""Their names in figures, and to readers."""


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
