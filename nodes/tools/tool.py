"""A tool: what a model is told of it, what arguments it takes, and how it is called for one user."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nodes.employees import Slug
from nodes.tools.results import Result
from storage.finance.accounts import FinanceAccount, FinanceAccounts
from storage.finance.categories import Categories, Category
from storage.finance.documents import Documents
from storage.finance.figures import Figures
from storage.finance.merchants import Merchants
from storage.finance.pages import DocumentPages
from storage.finance.plans import Plans
from storage.finance.proposals import Proposals
from storage.finance.rules import Rules
from storage.finance.transactions import TransactionFilter, Transactions

EARLIEST, LATEST = date(1970, 1, 1), date(2100, 12, 31)
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]


@dataclass(frozen=True)
class Desk:
    """What tools read: the rows of all users, of which each method gives one user's."""

    figures: Figures
    transactions: Transactions
    accounts: FinanceAccounts
    categories: Categories
    rules: Rules
    merchants: Merchants
    plans: Plans
    documents: Documents
    pages: DocumentPages
    proposals: Proposals
    embed: Callable[[str], Awaitable[list[float]]]


@dataclass(frozen=True)
class Call:
    """Whose tool call it is, and when."""

    desk: Desk
    user_id: UUID
    today: date
    turn_id: UUID | None
    """None where no turn asks."""


class Arguments(BaseModel):
    """Arguments of a tool, which a model may get wrong."""

    model_config = ConfigDict(extra="forbid")


class BadArguments(Exception):
    """The arguments name something that the user does not have; the message is for the model."""


class Period(Arguments):
    """Arguments that name a period, and which transactions."""

    since: Day | None = Field(None, description="First day, ISO 8601. Left out: since the first transaction.")
    until: Day | None = Field(None, description="Last day, included. Left out: until today.")
    categories: list[str] = Field([], max_length=20, description="Slugs of categories; `none` for those without one.")
    merchant: str | None = Field(None, max_length=60, description="Words in the merchant's name or the bank's text.")
    account: str | None = Field(None, max_length=60, description="Part of an account's name.")
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since is after until")
        return self


@dataclass(frozen=True)
class Tool:
    """A tool of some employees."""

    name: str
    employees: tuple[Slug, ...]
    does: str
    """For the model, in one or two sentences."""
    arguments: type[Arguments]
    run: Callable[[Call, Any], Awaitable[Result]]
    needs_desk: bool = True
    """Whether it looks at the user's rows; formulas do not."""

    def schema(self) -> dict[str, Any]:
        """As it is offered to a model; the same object each time, not to be changed."""
        return _schema(self)


@cache
def _schema(tool: Tool) -> dict[str, Any]:
    parameters = _compact(tool.arguments.model_json_schema())
    del parameters["description"]
    return {"type": "function", "function": {"name": tool.name, "description": tool.does, "parameters": parameters}}


def _compact(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in half as many tokens: without what a model does not need to be told."""
    fields = {
        name: value for name, value in schema.items() if name not in ("title", "default", "maxLength", "maxItems")
    }
    if "anyOf" in fields:
        kinds = [_compact(one) for one in fields["anyOf"] if one != {"type": "null"}]
        if len(kinds) == 1:
            fields = {**kinds[0], **{name: value for name, value in fields.items() if name != "anyOf"}}
    if "properties" in fields:
        fields["properties"] = {name: _compact(one) for name, one in fields["properties"].items()}
    if isinstance(fields.get("items"), dict):
        fields["items"] = _compact(fields["items"])
    return fields


async def chosen(call: Call, args: Period, *, sign: Literal["spent", "received"] | None = None) -> TransactionFilter:
    """The transactions that the arguments name.

    Raises:
        BadArguments: the user has no such category or account.
    """
    slugs = await slugs_of(call, [name for name in args.categories if name != "none"])
    return TransactionFilter(
        words=(args.merchant or "").lower().split(),
        since=args.since,
        until=args.until or call.today,
        account_ids=[account["account_id"] for account in await _accounts(call, args.account)] if args.account else (),
        categories=slugs,
        uncategorised="none" in args.categories,
        currency=args.currency,
        sign=sign,
    )


async def slugs_of(call: Call, names: list[str]) -> list[str]:
    """The slugs of the categories with these slugs or names.

    Raises:
        BadArguments: there is no such category.
    """
    if not names:
        return []
    known = await call.desk.categories.list(call.user_id)
    return [category_named(known, name) for name in names]


async def category_names(call: Call) -> dict[str | None, str]:
    """The names of the user's categories by slug."""
    return {one["category"]: one["name"] for one in await call.desk.categories.list(call.user_id)}


async def filter_words(call: Call, args: Period, only: TransactionFilter) -> list[str | None]:
    """Which transactions are meant, in words, beside their period: as the user calls them."""
    names = await category_names(call) if only.categories else {}
    categories = [f"in {' and '.join(names.get(slug, slug) for slug in only.categories)}"] if only.categories else []
    if only.uncategorised:
        categories.append("without a category")
    return [
        " or ".join(categories),
        f"at “{args.merchant}”" if args.merchant else None,
        f"account “{args.account}”" if args.account else None,
        args.currency,
    ]


def category_named(known: list[Category], name: str) -> str:
    """The slug of the category with this slug or name.

    Raises:
        BadArguments: there is none.
    """
    wanted = name.casefold().replace(" ", "_")
    for one in known:
        if wanted in (one["category"], one["name"].casefold().replace(" ", "_")):
            return one["category"]
    raise BadArguments(f"There is no category {name!r}. There are: {', '.join(one['category'] for one in known)}.")


async def _accounts(call: Call, name: str) -> list[FinanceAccount]:
    known = await call.desk.accounts.list(call.user_id)
    found = [one for one in known if name.casefold() in one["name"].casefold() or name == one["number_end"]]
    if not found:
        raise BadArguments(f"There is no account {name!r}. There are: {', '.join(one['name'] for one in known)}.")
    return found
