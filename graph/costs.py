"""What turns cost: the tokens of answers, summaries and facts at the price of their model, by day, model and so on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NotRequired, TypedDict, TypeVar, cast
from uuid import UUID

from graph.prices import Price, Prices
from nodes.answer.fallback import COMPUTED, PREPARED
from storage.metrics_window import TimeWindow, TurnFilter
from storage.pool import Pool
from storage.token_usage import Tokens, TokenUsageQueries

TOP_USERS = 20
"""Users that are listed, those with most tokens."""

Row = TypeVar("Row", bound=Tokens)


class Cost(TypedDict):
    """Tokens of answers, and of the summaries and facts that follow them, and what they cost."""

    turns: int
    """Turns that a model answered."""
    estimated_turns: int
    """Those whose tokens the model did not count."""
    unpriced_turns: int
    """Those whose model has no known price; `cost` leaves them out."""
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    cost: float | None
    """US dollars; None where no price is known."""


class DayCost(Cost):
    """Of one day in UTC."""

    day: date


class ModelCost(Cost):
    """Of one model, with its price for a million tokens on the last day."""

    model: str
    input_price: float | None
    cached_price: float | None
    output_price: float | None
    price_source: Literal["settings", "genai-prices"] | None


class EmployeeCost(Cost):
    """Of one employee."""

    employee_slug: str


class UserCost(Cost):
    """Of one user, under an opaque id."""

    user_key: str


class CostReport(TypedDict):
    """What the turns of a time window cost."""

    since: datetime
    until: datetime
    currency: Literal["USD"]
    total: Cost
    days: list[DayCost]
    """The first one first."""
    models: list[ModelCost]
    """From here on, the one with most tokens first."""
    employees: list[EmployeeCost]
    users: NotRequired[list[UserCost]]
    """For administrators, the `TOP_USERS` with most tokens."""


PriceList = Mapping[tuple[str, date], Price | None]


class Costs:
    """What the turns of a user cost, or those of all users."""

    def __init__(self, pool: Pool, prices: Prices) -> None:
        self._usage = TokenUsageQueries(pool)
        self._prices = prices

    async def of_user(self, user_id: UUID, window: TimeWindow, only: TurnFilter) -> CostReport:
        """Those of the user's own turns."""
        used = await self._usage.of_user(user_id, window, only)
        rows = _of_models(used.rows)
        return _report(used.since, used.until, rows, await self._find(rows))

    async def of_all_users(self, admin_id: UUID, window: TimeWindow, only: TurnFilter) -> CostReport:
        """Those of everyone's turns, with the users who used most, for an administrator."""
        used = await self._usage.of_all_users(window, only)
        rows = _of_models(used.rows)
        users = _of_models(await self._usage.by_user(admin_id, used.since, used.until, only, limit=TOP_USERS))
        prices = await self._find([*rows, *users])
        report = _report(used.since, used.until, rows, prices)
        report["users"] = [
            UserCost(user_key=key, **cost) for key, cost in _largest(_by(users, lambda row: row["user_key"], prices))
        ]
        return report

    async def _find(self, rows: Sequence[Tokens]) -> PriceList:
        return await self._prices.find({(row["model"], row["day"]) for row in rows})


def _of_models(rows: Sequence[Row]) -> list[Row]:
    """Without answers that were prepared or computed, which cost nothing."""
    return [row for row in rows if row["model"] not in (PREPARED, COMPUTED)]


def _report(since: datetime, until: datetime, rows: Sequence[Row], prices: PriceList) -> CostReport:
    last_day = {row["model"]: row["day"] for row in sorted(rows, key=lambda row: row["day"])}
    employees = _by(rows, lambda row: str(cast("Mapping[str, object]", row)["employee_slug"]), prices)
    return CostReport(
        since=since,
        until=until,
        currency="USD",
        total=_sum(rows, prices),
        days=[DayCost(day=day, **cost) for day, cost in sorted(_by(rows, lambda row: row["day"], prices).items())],
        models=[
            _model_cost(model, cost, prices[model, last_day[model]])
            for model, cost in _largest(_by(rows, lambda row: row["model"], prices))
        ],
        employees=[EmployeeCost(employee_slug=slug, **cost) for slug, cost in _largest(employees)],
    )


def _model_cost(model: str, cost: Cost, price: Price | None) -> ModelCost:
    return ModelCost(
        model=model,
        **cost,
        input_price=price.input if price else None,
        cached_price=price.cached if price else None,
        output_price=price.output if price else None,
        price_source=price.source if price else None,
    )


Key = TypeVar("Key", str, date)


def _by(rows: Iterable[Row], key: Callable[[Row], Key], prices: PriceList) -> dict[Key, Cost]:
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {name: _sum(group, prices) for name, group in groups.items()}


def _largest(costs: Mapping[str, Cost]) -> list[tuple[str, Cost]]:
    return sorted(costs.items(), key=lambda one: (-one[1]["prompt_tokens"] - one[1]["completion_tokens"], one[0]))


def _sum(rows: Sequence[Tokens], prices: PriceList) -> Cost:
    priced = [(row, price) for row in rows if (price := prices[row["model"], row["day"]])]
    amounts = [price.of(row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"]) for row, price in priced]
    turns = sum(row["turns"] for row in rows)
    return Cost(
        turns=turns,
        estimated_turns=sum(row["estimated"] for row in rows),
        unpriced_turns=turns - sum(row["turns"] for row, _ in priced),
        prompt_tokens=sum(row["prompt_tokens"] for row in rows),
        cached_tokens=sum(row["cached_tokens"] for row in rows),
        completion_tokens=sum(row["completion_tokens"] for row in rows),
        cost=round(sum(amounts), 6) if amounts else None,
    )
