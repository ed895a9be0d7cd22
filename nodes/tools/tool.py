"""A tool: what a model is told of it, what arguments it takes, and how it is called for one user."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nodes.employees import Slug
from nodes.text.translatable import Translatable, comma_joined, say
from nodes.tools.results import NO_CATEGORY, Result
from storage.finance.accounts import FinanceAccount, FinanceAccounts
from storage.finance.categories import DEFAULT_NAMES, Categories, Category
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


class Which(Arguments):
    """Arguments that name which transactions."""

    categories: list[str] = Field([], max_length=20, description="Slugs of categories; `none` for those without one.")
    merchant: str | None = Field(None, max_length=60, description="Words in the merchant's name or the bank's text.")
    account: str | None = Field(None, max_length=60, description="Part of an account's name.")
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")


class Period(Which):
    """Arguments that also name a period."""

    since: Day | None = Field(None, description="First day; left out: since the first transaction.")
    until: Day | None = Field(None, description="Last day; left out: until today.")

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since is after until")
        return self


Size = Annotated[Decimal, Field(ge=0, le=Decimal("1e12"), decimal_places=2, allow_inf_nan=False)]


class Sized(Period):
    """Arguments that also name how large a transaction is."""

    at_least: Size | None = Field(None, description="Only transactions of this amount or more, without a sign.")
    at_most: Size | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is more than at_most")
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
    untold: tuple[Slug, ...] = ()
    """Employees whose models are told of another tool that does the same; calls of theirs still run."""

    def schema(self) -> dict[str, Any]:
        """As it is offered to a model; the same object each time, not to be changed."""
        return _schema(self)


_UNTOLD = frozenset({"title", "default", "minLength", "maxLength", "maxItems"})


@cache
def _schema(tool: Tool) -> dict[str, Any]:
    parameters = _compact(tool.arguments.model_json_schema())
    del parameters["description"]
    return {"type": "function", "function": {"name": tool.name, "description": tool.does, "parameters": parameters}}


def _compact(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in half as many tokens: without what a model does not need to be told."""
    fields: dict[str, Any] = {name: value for name, value in schema.items() if name not in _UNTOLD}
    if "anyOf" in fields:
        kinds = [_compact(one) for one in fields["anyOf"] if one != {"type": "null"}]
        if kinds[0].get("type") == "number":  # a Decimal, which may be sent as a text, too
            kinds = [{"type": "number"}]
        if len(kinds) == 1:
            fields = {**kinds[0], **{name: value for name, value in fields.items() if name != "anyOf"}}
    for named in ("properties", "$defs"):
        if named in fields:
            fields[named] = {name: _compact(one) for name, one in fields[named].items()}
    if isinstance(fields.get("items"), dict):
        fields["items"] = _compact(fields["items"])
    return fields


async def chosen(call: Call, args: Which, *, sign: Literal["spent", "received"] | None = None) -> TransactionFilter:
    """The transactions that the arguments name; until today, where they name no period.

    Raises:
        BadArguments: the user has no such category or account.
    """
    slugs = await slugs_of(call, [name for name in args.categories if name != "none"])
    at_least, at_most = _signed(args, sign) if isinstance(args, Sized) else (None, None)
    return TransactionFilter(
        words=(args.merchant or "").lower().split(),
        since=args.since if isinstance(args, Period) else None,
        until=(args.until if isinstance(args, Period) else None) or call.today,
        account_ids=[one["account_id"] for one in await accounts_named(call, args.account)] if args.account else (),
        categories=slugs,
        uncategorised="none" in args.categories,
        currency=args.currency,
        at_least=at_least,
        at_most=at_most,
        sign=sign,
    )


def _signed(args: Sized, sign: Literal["spent", "received"] | None) -> tuple[Decimal | None, Decimal | None]:
    """How large an amount is, as it is stored: what is spent is negative."""
    if sign == "received" or (args.at_least is None and args.at_most is None):
        return args.at_least, args.at_most
    if sign is None:
        raise BadArguments("Say whether what was spent or what was received has to be so large.")
    least, most = args.at_most, args.at_least
    return -least if least is not None else None, -most if most is not None else None


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
    known = await call.desk.categories.list(call.user_id)
    return {one["category"]: category_label(one["category"], one["name"]) for one in known}


def category_label(slug: str | None, name: str | None) -> str:
    """The name of a category: one that Frontdesk gave is a text of ours."""
    if name is None:
        return NO_CATEGORY
    return say(name) if slug and DEFAULT_NAMES.get(slug) == name else name


async def filter_words(call: Call, args: Which, only: TransactionFilter) -> list[str | None]:
    """Which transactions are meant, in words, beside their period: as the user calls them."""
    names = await category_names(call) if only.categories else {}
    categories = in_categories([names.get(slug, slug) for slug in only.categories])
    if only.uncategorised:
        categories = (
            say("{categories} or without a category", categories=categories)
            if categories
            else say("without a category")
        )
    return [
        categories,
        say("at “{merchant}”", merchant=args.merchant) if args.merchant else None,
        say("account “{account}”", account=args.account) if args.account else None,
        *(_size_words(args) if isinstance(args, Sized) else ()),
        args.currency,
    ]


def in_categories(names: Sequence[str]) -> Translatable | None:
    """That only these categories count; None where all do."""
    if len(names) == 2:
        return say("in {one} and {other}", one=names[0], other=names[1])
    return say("in {categories}", categories=comma_joined(names)) if names else None


def _size_words(args: Sized) -> list[Translatable]:
    least, most = args.at_least, args.at_most
    return [
        *([say("of {amount} or more each", amount=least)] if least is not None else []),
        *([say("of {amount} or less each", amount=most)] if most is not None else []),
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


async def accounts_named(call: Call, name: str) -> list[FinanceAccount]:
    """The accounts whose names have this part, or whose number ends so.

    Raises:
        BadArguments: there is none.
    """
    known = await call.desk.accounts.list(call.user_id)
    found = [one for one in known if name.casefold() in one["name"].casefold() or name == one["number_end"]]
    if not found:
        raise BadArguments(f"There is no account {name!r}. There are: {', '.join(one['name'] for one in known)}.")
    return found
