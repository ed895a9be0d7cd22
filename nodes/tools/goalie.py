"""Goalie's tools: what to save for a target, when it is reached, how debts end, and how a budget stands."""

import calendar
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nodes.text.translatable import Money as Amount
from nodes.text.translatable import comma_joined, period, say
from nodes.tools.formulas import (
    MOST_MONTHS,
    NeverPaid,
    Owed,
    Plan,
    Strategy,
    after_months,
    monthly_amount,
    months_between,
    months_until,
    pay_off,
)
from nodes.tools.results import Figure, Result, behind, cells, columns, figure, percent
from nodes.tools.tool import Arguments, BadArguments, Call, Day, Tool, category_names
from storage.finance.figures import GroupTotal
from storage.finance.plans import Budget
from storage.finance.transactions import TransactionFilter

Money = Annotated[Decimal, Field(ge=0, le=Decimal("1e12"), decimal_places=2, allow_inf_nan=False)]
Rate = Annotated[Decimal, Field(ge=0, le=200, allow_inf_nan=False)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class Target(Arguments):
    """What is saved for: a goal of the user's by its name, or amounts."""

    goal: str | None = Field(None, max_length=100, description="Part of the name of one of the user's goals.")
    target: Money | None = None
    saved: Money | None = Field(None, description="What is there already.")
    currency: Currency | None = None
    annual_rate: Rate = Field(Decimal(0), description="Interest on savings, per cent a year; 0 where nobody said.")

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if self.goal is None and self.target is None:
            raise ValueError("name a goal, or say target")
        return self


class MonthlyAmount(Target):
    """Arguments of `monthly_amount`."""

    due_on: Day | None = Field(None, description="When it has to be there; the goal's own date where left out.")
    months: Annotated[int, Field(ge=1, le=MOST_MONTHS)] | None = Field(None, description="Instead of due_on.")


async def saving(call: Call, args: MonthlyAmount) -> Result:
    """What has to be saved each month for a target."""
    name, target, saved, currency, due_on = await _target(call, args)
    due_on = args.due_on or due_on
    if args.months is None and due_on is None:
        if args.goal is None:
            raise BadArguments("Say when it is to be reached: due_on or months.")
        return _without_date(name, target, saved, currency)
    if args.months is None and due_on is not None and due_on <= call.today:
        raise BadArguments(f"{due_on} is not in the future.")
    months = args.months or months_between(call.today, due_on or call.today)
    amount = monthly_amount(target, saved, months, args.annual_rate)
    figures = [
        figure(say("A month"), amount, currency),
        figure(say("Months"), months, unit="months"),
        figure(say("Still missing"), max(target - saved, Decimal("0.00")), currency),
        figure(say("Target"), target, currency),
        figure(say("Saved"), saved, currency),
    ]
    return Result(
        words=say(
            "What to save a month for {name}: {target} in {months} months",
            name=name,
            target=Amount(target, currency),
            months=months,
        ),
        method=say("(Target − saved) ÷ months, rounded up to the cent{rate}.", rate=_at(args.annual_rate)),
        figures=figures,
        columns=[],
        rows=[],
        row_count=0,
        behind=None,
        notes=[] if months > 1 or args.months else [say("There is less than a month left; it counts as one.")],
    )


def _without_date(name: str, target: Decimal, saved: Decimal, currency: str) -> Result:
    """How far a goal is that has no date: then no amount a month is computed."""
    return Result(
        words=say("What is missing for {name}: {target}", name=name, target=Amount(target, currency)),
        method=say("Target − saved."),
        figures=[
            figure(say("Still missing"), max(target - saved, Decimal("0.00")), currency),
            figure(say("Target"), target, currency),
            figure(say("Saved"), saved, currency),
        ],
        columns=[],
        rows=[],
        row_count=0,
        behind=None,
        notes=[say("This goal has no date; an amount a month needs due_on or months.")],
    )


class ReachedWhen(Target):
    """Arguments of `reached_when`."""

    monthly: Annotated[Money, Field(gt=0)]


async def reached_when(call: Call, args: ReachedWhen) -> Result:
    """When a target is reached."""
    name, target, saved, currency, _ = await _target(call, args)
    try:
        months = months_until(target, saved, args.monthly, args.annual_rate)
    except NeverPaid:
        raise BadArguments("At this amount the target is not reached within a hundred years.") from None
    return Result(
        words=say(
            "When {name} ({target}) is reached with {amount} a month",
            name=name,
            target=Amount(target, currency),
            amount=Amount(args.monthly, currency),
        ),
        method=say("Month by month until the target is there{rate}.", rate=_at(args.annual_rate)),
        figures=[
            figure(say("Months"), months, unit="months"),
            figure(say("Reached in"), after_months(call.today, months), unit="date"),
            figure(say("A month"), args.monthly, currency),
            figure(say("Still missing"), max(target - saved, Decimal("0.00")), currency),
        ],
        columns=[],
        rows=[],
        row_count=0,
        behind=None,
        notes=[],
    )


class DebtArgument(BaseModel):
    """A debt that is not stored."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    balance: Money
    annual_rate: Rate
    minimum: Money


class PayOff(Arguments):
    """Arguments of `pay_off`."""

    debts: list[DebtArgument] = Field([], max_length=20, description="Left out: the user's debts as they are stored.")
    extra: Money = Field(Decimal(0), description="What can be paid each month beside the minimums.")
    strategy: Strategy | None = Field(None, description="Left out: both are compared.")
    currency: Currency | None = None


async def paying_off(call: Call, args: PayOff) -> Result:
    """How debts are paid off, by one strategy or both."""
    owed, currency = await _owed(call, args)
    strategies: list[Strategy] = [args.strategy] if args.strategy else ["avalanche", "snowball"]
    try:
        plans: dict[Strategy, Plan] = {strategy: pay_off(owed, args.extra, strategy) for strategy in strategies}
    except NeverPaid:
        raise BadArguments("With these payments the debts never end: they do not cover the interest.") from None
    figures = []
    for strategy, plan in plans.items():
        label = say(strategy.capitalize())
        figures += [
            figure(say("{strategy}, months", strategy=label), plan.months, unit="months"),
            figure(say("{strategy}, done in", strategy=label), after_months(call.today, plan.months), unit="date"),
            figure(say("{strategy}, interest", strategy=label), plan.interest, currency),
            figure(say("{strategy}, paid in all", strategy=label), plan.paid, currency),
        ]
    if len(plans) == 2:
        saved = plans["snowball"].interest - plans["avalanche"].interest
        figures.append(figure(say("Interest that avalanche saves"), saved, currency))
    return Result(
        words=say(
            "Paying off {count} debts with {amount} a month beside the minimums",
            count=len(owed), amount=Amount(args.extra, currency),
        ),
        method=say(
            "Each month a twelfth of the yearly interest is added, rounded to the cent, then all minimums are paid, "
            "and the rest goes to the dearest debt (avalanche) or the smallest (snowball)."
        ),
        figures=figures,
        columns=columns(("Strategy", "text"), ("Debt", "text"), ("Order", "number"), ("Owed", "amount"),
                        ("Rate", "percent"), ("Done in", "date"), ("Interest", "amount"), ("Paid", "amount"),
                        ("Currency", "text")),
        rows=[row for strategy, plan in plans.items() for row in _plan_rows(call.today, strategy, plan, currency)],
        row_count=sum(len(plan.debts) for plan in plans.values()),
        behind=None,
        notes=[say("Rates are taken to stay as they are.")],
    )  # fmt: skip


class BudgetStatus(Arguments):
    """Arguments of `budget_status`."""

    month: Annotated[str, Field(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")] | None = Field(
        None, description="As 2026-03; left out: this month."
    )


async def budget_status(call: Call, args: BudgetStatus) -> Result:
    """Each budget against what was spent in a month."""
    first = date.fromisoformat(f"{args.month}-01") if args.month else call.today.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    only = TransactionFilter(since=first, until=min(last, call.today) if first <= call.today else last)
    budgets = await call.desk.plans.budgets(call.user_id)
    if not budgets:
        raise BadArguments("The user has no budget yet.")
    spent = await call.desk.figures.totals(call.user_id, only, "category")
    days_left = max(0, (last - call.today).days) if first <= call.today <= last else 0
    names = await category_names(call)
    rows = [(budget, _spent(spent, budget)) for budget in budgets]
    return Result(
        words=comma_joined([say("Budgets against spending"), period(only.since, only.until)]),
        method=say("What was spent in each category less what came back, against its budget of the month."),
        figures=[one for budget, used in rows for one in _budget_figures(budget, used, names, days_left)],
        columns=columns(("Category", "text"), ("Budget", "amount"), ("Spent", "amount"), ("Left", "amount"),
                        ("Currency", "text")),
        rows=[
            cells(names.get(budget["category"], budget["category"]), budget["amount"], used, budget["amount"] - used,
                  budget["currency"])
            for budget, used in rows
        ],
        row_count=len(rows),
        behind=behind(TransactionFilter(since=only.since, until=only.until,
                                        categories=[budget["category"] for budget in budgets])),
        notes=[say("Days of the month that are left: {count}.", count=days_left)] if days_left else [],
    )  # fmt: skip


def _budget_figures(budget: Budget, used: Decimal, names: Mapping[str | None, str], days_left: int) -> list[Figure]:
    name, currency, left = (
        names.get(budget["category"], budget["category"]),
        budget["currency"],
        budget["amount"] - used,
    )
    figures = [
        figure(say("{category}, budget", category=name), budget["amount"], currency),
        figure(say("{category}, spent", category=name), used, currency),
        figure(say("{category}, left", category=name), left, currency),
    ]
    if days_left and left > 0:
        a_day = (left / days_left).quantize(Decimal("0.01"))
        figures.append(figure(say("{category}, left a day", category=name), a_day, currency))
    if (share := percent(used, budget["amount"])) is not None:
        figures.append(figure(say("{category}, used", category=name), share, unit="percent"))
    return figures


def _spent(totals: list[GroupTotal], budget: Budget) -> Decimal:
    """What was spent of a budget, what came back taken off."""
    nets = [one["net"] for one in totals if (one["key"], one["currency"]) == (budget["category"], budget["currency"])]
    return max(-sum(nets, Decimal("0.00")), Decimal("0.00"))


async def _target(call: Call, args: Target) -> tuple[str, Decimal, Decimal, str, date | None]:
    """What is saved for: name, target, saved, currency and date."""
    if args.goal is None:
        assert args.target is not None
        return say("the target"), args.target, args.saved or Decimal("0.00"), args.currency or "EUR", None
    goals = await call.desk.plans.goals(call.user_id)
    found = next((goal for goal in goals if args.goal.casefold() in goal["name"].casefold()), None)
    if found is None:
        raise BadArguments(f"There is no goal {args.goal!r}. There are: {', '.join(goal['name'] for goal in goals)}.")
    saved = found["saved"] if args.saved is None else args.saved
    return found["name"], args.target or found["target"], saved, found["currency"], found["due_on"]


async def _owed(call: Call, args: PayOff) -> tuple[list[Owed], str]:
    if args.debts:
        given = [Owed(one.name, one.balance, one.annual_rate, one.minimum) for one in args.debts]
        return given, args.currency or "EUR"
    stored = await call.desk.plans.debts(call.user_id)
    currencies = {debt["currency"] for debt in stored if args.currency in (None, debt["currency"])}
    if not stored or not currencies:
        raise BadArguments("The user has no debt stored; ask for balance, rate and minimum payment of each.")
    if len(currencies) > 1:
        raise BadArguments(f"The debts are in several currencies; say currency: {', '.join(sorted(currencies))}.")
    (currency,) = currencies
    chosen = [debt for debt in stored if debt["currency"] == currency]
    return [Owed(one["name"], one["balance"], one["annual_rate"], one["minimum"]) for one in chosen], currency


def _plan_rows(today: date, strategy: Strategy, plan: Plan, currency: str) -> list[list[str | None]]:
    return [
        cells(
            say(strategy),
            debt.name,
            debt.place,
            debt.owed,
            debt.annual_rate,
            after_months(today, debt.months),
            debt.interest,
            debt.paid,
            currency,
        )
        for debt in plan.debts
    ]


def _at(rate: Decimal) -> str:
    if not rate:
        return ""
    return say(", with {rate} % interest a year, a twelfth each month", rate=rate.normalize())


TOOLS = (
    Tool(
        "monthly_amount", ("goalie", "prime"),
        "What has to be saved each month so that a target is reached by a date.",
        MonthlyAmount, saving, needs_desk=False,
    ),
    Tool(
        "reached_when", ("goalie",), "When a target is reached with a monthly amount.", ReachedWhen, reached_when,
        needs_desk=False,
    ),
    Tool(
        "pay_off", ("goalie",),
        "Plans how debts are paid off, dearest first (avalanche) or smallest (snowball), with dates and interest.",
        PayOff, paying_off, needs_desk=False,
    ),
    Tool(
        "budget_status", ("goalie", "prime"), "Budgets of a month against what was spent.", BudgetStatus, budget_status
    ),
)  # fmt: skip
