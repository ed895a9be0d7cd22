"""Tools for what is there and what is owed: the balances of accounts, and debts with their ends."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Self, cast

from pydantic import Field, model_validator

from nodes.text.translatable import Money, comma_joined, period, say
from nodes.tools.formulas import NeverPaid, Owed, after_months, month_interest, pay_off
from nodes.tools.results import SEVERAL_CURRENCIES, Figure, Result, behind, cells, columns, figure
from nodes.tools.tool import Arguments, BadArguments, Call, Day, Size, Tool, accounts_named
from storage.finance.accounts import Balance
from storage.finance.plans import Debt
from storage.finance.transactions import TransactionFilter


class BalanceOf(Arguments):
    """Arguments of `balance`."""

    accounts: list[Annotated[str, Field(max_length=60)]] = Field(
        [], max_length=20, description="Parts of accounts' names; left out: all."
    )
    on: Day | None = Field(None, description="At the end of this day; left out: now.")


async def balance(call: Call, args: BalanceOf) -> Result:
    """What is in accounts, now or at the end of a day."""
    on = args.on or call.today
    if on > call.today:
        raise BadArguments(f"{on} is in the future.")
    ids = [one["account_id"] for name in args.accounts for one in await accounts_named(call, name)]
    found = await call.desk.accounts.balances(call.user_id, ids, on)
    if not found:
        raise BadArguments("The user has no account yet.")
    known = [one for one in found if one["balance"] is not None]
    sums = _sums((one["currency"], one["balance"] or Decimal(0)) for one in known)
    figures = [figure(say("Balance"), amount, currency) for currency, amount in sums.items()]
    if len(found) > 1:
        figures += [figure(one["account"], one["balance"] or Decimal(0), one["currency"]) for one in known]
    return Result(
        words=comma_joined(
            [say("Balance"), *([one["account"] for one in found] if args.accounts else [say("of all accounts")]),
             say("at the end of {day}", day=period(on, on)) if args.on else say("as of {day}", day=period(on, on))]
        ),
        method=say("The balance that a statement says, with the rows between its day and the one that is asked for."),
        figures=figures,
        columns=columns(("Account", "text"), ("Balance", "amount"), ("Currency", "text"), ("Statement of", "date"),
                        ("Rows between", "number")),
        rows=[
            cells(one["account"], one["balance"], one["currency"], one["as_of"], one["rows"]) for one in found[:50]
        ],
        row_count=len(found),
        behind=behind(TransactionFilter(until=on, account_ids=[one["account_id"] for one in known])) if known else None,
        notes=_balance_notes(found, on, several=len(sums) > 1),
    )  # fmt: skip


def _balance_notes(found: Sequence[Balance], on: date, *, several: bool) -> list[str]:
    notes: list[str] = [SEVERAL_CURRENCIES] if several else []
    if unknown := [one["account"] for one in found if one["balance"] is None]:
        accounts = comma_joined(unknown)
        notes.append(say("No balance is known of {accounts}: no statement for that day says one.", accounts=accounts))
    for one in found:
        if one["as_of"] and one["as_of"] < on:
            day = period(one["as_of"], one["as_of"])
            last = say("{account}: the last balance is that of {day}.", account=one["account"], day=day)
            notes.append(last)
        if one["gap"]:
            amount = Money(abs(one["gap"]), one["currency"])
            notes.append(
                say(
                    "{account}: the rows between two statements do not lead from one balance to the other, by"
                    " {amount}. A statement may be missing.",
                    account=one["account"], amount=amount,
                )
            )  # fmt: skip
    return notes


class Debts(Arguments):
    """Arguments of `debts`."""

    debt: str | None = Field(None, max_length=100, description="Part of a debt's name; left out: all.")
    monthly: Size | None = Field(None, description="Paid each month for this debt, instead of its instalment.")

    @model_validator(mode="after")
    def _names_whose_instalment(self) -> Self:
        if self.monthly is not None and self.debt is None:
            raise ValueError("name the debt that monthly is paid for")
        return self


async def debts(call: Call, args: Debts) -> Result:
    """What is owed, and when each debt ends at its instalment."""
    stored = await call.desk.plans.debts(call.user_id)
    if not stored:
        raise BadArguments("The user has no debt stored; ask for balance, rate and minimum payment of each.")
    found = [one for one in stored if args.debt is None or args.debt.casefold() in one["name"].casefold()]
    if not found:
        raise BadArguments(f"There is no debt {args.debt!r}. There are: {', '.join(one['name'] for one in stored)}.")
    if args.monthly is not None:
        found = [cast("Debt", {**one, "minimum": args.monthly}) for one in found]
    owed = _sums((one["currency"], one["balance"]) for one in found)
    paid = _sums((one["currency"], one["minimum"]) for one in found)
    ends = [(one, _end(one)) for one in found]
    figures = [figure(say("Owed"), amount, currency) for currency, amount in owed.items()]
    figures += [figure(say("Instalments a month"), amount, currency) for currency, amount in paid.items()]
    figures += [one for debt, end in ends for one in _debt_figures(call.today, debt, end)]
    endless = [debt["name"] for debt, end in ends if end is None]
    notes: list[str] = [SEVERAL_CURRENCIES] if len(owed) > 1 else []
    if endless:
        notes.append(say("These instalments do not cover the interest: {debts}.", debts=comma_joined(endless)))
    return Result(
        words=comma_joined([say("What is owed"), *([one["name"] for one in found] if args.debt else [])]),
        method=say(
            "The debts as they are stored. Each month a twelfth of the yearly interest is added, rounded to the cent,"
            " and the instalment is paid, until nothing is owed."
        ),
        figures=figures,
        columns=columns(("Debt", "text"), ("Owed", "amount"), ("Rate", "percent"), ("Instalment", "amount"),
                        ("Months", "number"), ("Done in", "date"), ("Interest", "amount"), ("Currency", "text")),
        rows=[
            cells(debt["name"], debt["balance"], debt["annual_rate"].normalize(), debt["minimum"], end and end[0],
                  end and after_months(call.today, end[0]), end and end[1], debt["currency"])
            for debt, end in ends[:50]
        ],
        row_count=len(ends),
        behind=None,
        notes=[*notes, say("Rates are taken to stay as they are.")],
    )  # fmt: skip


def _end(debt: Debt) -> tuple[int, Decimal] | None:
    """After how many months a debt ends, and the interest until then; None where it does not."""
    owed = Owed(debt["name"], debt["balance"], debt["annual_rate"], debt["minimum"])
    try:
        plan = pay_off([owed], Decimal(0), "avalanche")
    except NeverPaid:
        return None
    return plan.months, plan.interest


def _debt_figures(today: date, debt: Debt, end: tuple[int, Decimal] | None) -> list[Figure]:
    name, currency = debt["name"], debt["currency"]
    figures = [
        figure(say("{debt}, owed", debt=name), debt["balance"], currency),
        figure(say("{debt}, rate", debt=name), debt["annual_rate"].normalize(), unit="percent"),
        figure(say("{debt}, instalment", debt=name), debt["minimum"], currency),
        figure(say("{debt}, interest this month", debt=name),
               month_interest(debt["balance"], debt["annual_rate"]), currency),
    ]  # fmt: skip
    if end:
        figures += [
            figure(say("{debt}, months left", debt=name), end[0], unit="months"),
            figure(say("{debt}, done in", debt=name), after_months(today, end[0]), unit="date"),
            figure(say("{debt}, interest until then", debt=name), end[1], currency),
        ]
    return figures


def _sums(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Sums by currency, which are never added up."""
    sums: dict[str, Decimal] = defaultdict(lambda: Decimal("0.00"))
    for currency, amount in amounts:
        sums[currency] += amount
    return dict(sorted(sums.items()))


TOOLS = (
    Tool(
        "balance", ("crystal", "goalie", "prime"), "What is in accounts, now or at the end of a day.",
        BalanceOf, balance,
    ),
    Tool(
        "debts", ("goalie", "prime"),
        "What is owed in all and for each debt: rate, instalment, and months and interest until it ends.",
        Debts, debts,
    ),
)  # fmt: skip
