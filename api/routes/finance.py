"""Accounts, categories and rules of a user."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from litestar import Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from api.auth.user import User
from api.openapi import SIGNED_IN, refusals
from api.parameters import CategorySlug, Currency, Switch, clean_and_mask
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from storage.finance.accounts import (
    MAX_ACCOUNTS,
    AccountKind,
    AccountWithBalance,
    NewAccount,
    OtherCurrency,
    TooManyAccounts,
)
from storage.finance.categories import MAX_CATEGORIES, Category, CategoryExists, CategoryKind, TooManyCategories
from storage.finance.rules import (
    MAX_RULES,
    NewRule,
    Rule,
    RuleExists,
    RuleField,
    RuleMatch,
    RulePreview,
    TooManyRules,
)
from storage.finance.transactions import NoSuchCategory

Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(clean_and_mask)]


class AccountList(TypedDict):
    """The user's accounts."""

    items: list[AccountWithBalance]


class AccountChanges(BaseModel):
    """What to change of an account; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name | None = None
    kind: AccountKind | None = None

    @model_validator(mode="after")
    def _is_a_change(self) -> Self:
        if self.name is None and self.kind is None:
            raise ValueError("names nothing to change")
        return self


class AccountRequest(BaseModel):
    """An account without files, such as cash."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    kind: AccountKind = "cash"
    currency: Currency


class CategoryList(TypedDict):
    """The user's categories."""

    items: list[Category]


class NewCategory(BaseModel):
    """A category to be added."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    kind: CategoryKind = "expense"
    deductible: Switch = False


class CategoryChanges(BaseModel):
    """What to change of a category; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name | None = None
    kind: CategoryKind | None = None
    deductible: Switch | None = None


class RuleRequest(BaseModel):
    """A rule: what it is for, and the category that it gives."""

    model_config = ConfigDict(extra="forbid", strict=True)

    field: RuleField = "any"
    match: RuleMatch = "contains"
    pattern: Annotated[str, Field(min_length=2, max_length=100), AfterValidator(clean_and_mask)]
    category: CategorySlug


class RuleList(TypedDict):
    """The user's rules, in their order."""

    items: list[Rule]


class AddedRule(TypedDict):
    """A rule that was added."""

    rule_id: UUID


@get("/accounts", responses=refusals())
async def accounts(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> AccountList:
    """Your accounts, each with its number of transactions and its balance, where a statement says one."""
    return AccountList(items=await user_data.desk.accounts.with_balances(user.user_id, datetime.now(UTC).date()))


@put("/accounts/{account_id:uuid}", guards=[require_json], status_code=204, responses=refusals(404, 409, 413, 415))
async def put_account(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    account_id: FromPath[UUID],
    data: JSONBody[AccountRequest],
) -> None:
    """Add an account under an id that you choose, or change its name and kind; the same request twice adds one."""
    try:
        await user_data.desk.accounts.put(user.user_id, account_id, NewAccount(data.name, data.kind, data.currency))
    except TooManyAccounts:
        raise Problem(409, "too_many", f"You have {MAX_ACCOUNTS} accounts; delete one first.") from None
    except OtherCurrency:
        raise Problem(400, "invalid_request", "currency: the account has another one") from None


@patch("/accounts/{account_id:uuid}", guards=[require_json], status_code=204, responses=refusals(404, 413, 415))
async def change_account(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    account_id: FromPath[UUID],
    data: JSONBody[AccountChanges],
) -> None:
    """Rename an account, or say what kind it is."""
    if not await user_data.desk.accounts.change(user.user_id, account_id, name=data.name, kind=data.kind):
        raise _missing("account")


@delete("/accounts/{account_id:uuid}", responses=refusals(404))
async def delete_account(
    user: NamedDependency[User], user_data: NamedDependency[UserData], account_id: FromPath[UUID]
) -> None:
    """Delete an account with all its transactions."""
    if not await user_data.desk.accounts.delete(user.user_id, account_id):
        raise _missing("account")


@get("/categories", responses=refusals())
async def categories(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> CategoryList:
    """Your categories."""
    return CategoryList(items=await user_data.desk.categories.list(user.user_id))


@post("/categories", guards=[require_json], responses=refusals(409, 413, 415))
async def add_category(
    user: NamedDependency[User], user_data: NamedDependency[UserData], data: JSONBody[NewCategory]
) -> Category:
    """Add a category."""
    try:
        return await user_data.desk.categories.add(user.user_id, data.name, data.kind, deductible=data.deductible)
    except CategoryExists:
        raise Problem(409, "known", "You have a category of this name.") from None
    except TooManyCategories:
        raise Problem(409, "too_many", f"You have {MAX_CATEGORIES} categories; delete one first.") from None
    except ValueError as error:
        raise Problem(400, "invalid_request", f"name: {error}") from None


@patch("/categories/{category:str}", guards=[require_json], responses=refusals(404, 413, 415))
async def change_category(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    category: FromPath[str],
    data: JSONBody[CategoryChanges],
) -> Category:
    """Change the name of a category, its kind, or whether what is in it may lower taxes."""
    changed = await user_data.desk.categories.change(
        user.user_id, category, name=data.name, kind=data.kind, deductible=data.deductible
    )
    if changed is None:
        raise _missing("category")
    return changed


@delete("/categories/{category:str}", responses=refusals(404))
async def delete_category(
    user: NamedDependency[User], user_data: NamedDependency[UserData], category: FromPath[str]
) -> None:
    """Delete a category with its rules and its budget. Its transactions have none then."""
    if not await user_data.desk.categories.delete(user.user_id, category):
        raise _missing("category")


@get("/rules", responses=refusals())
async def rules(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> RuleList:
    """Your rules: the oldest that matches a transaction gives it its category."""
    return RuleList(items=await user_data.desk.rules.list(user.user_id))


@post("/rules/preview", guards=[require_json], status_code=200, responses=refusals(413, 415))
async def preview_rule(
    user: NamedDependency[User], user_data: NamedDependency[UserData], data: JSONBody[RuleRequest]
) -> RulePreview:
    """What a rule would change, without adding it."""
    return await user_data.desk.rules.preview(user.user_id, _new_rule(data))


@post("/rules", guards=[require_json], responses=refusals(409, 413, 415))
async def add_rule(
    user: NamedDependency[User], user_data: NamedDependency[UserData], data: JSONBody[RuleRequest]
) -> AddedRule:
    """Add a rule, and apply it to what is there. It changes no category that you gave."""
    try:
        return AddedRule(rule_id=await user_data.desk.rules.add(user.user_id, _new_rule(data)))
    except NoSuchCategory:
        raise Problem(400, "invalid_request", "category: there is no such category") from None
    except RuleExists:
        raise Problem(409, "known", "You have a rule for the same words.") from None
    except TooManyRules:
        raise Problem(409, "too_many", f"You have {MAX_RULES} rules; delete one first.") from None


@delete("/rules/{rule_id:uuid}", responses=refusals(404))
async def delete_rule(
    user: NamedDependency[User], user_data: NamedDependency[UserData], rule_id: FromPath[UUID]
) -> None:
    """Delete a rule, and take back the categories that it gave."""
    if not await user_data.desk.rules.delete(user.user_id, rule_id):
        raise _missing("rule")


def _new_rule(data: RuleRequest) -> NewRule:
    return NewRule(field=data.field, match=data.match, pattern=data.pattern, category=data.category)


def _missing(what: Literal["account", "category", "rule"]) -> Problem:
    return Problem(404, "not_found", f"There is no such {what}.")


router = Router(
    "/",
    route_handlers=[
        accounts, put_account, change_account, delete_account, categories, add_category, change_category,
        delete_category, rules, preview_rule, add_rule, delete_rule,
    ],
    security=SIGNED_IN,
    tags=["transactions"],
)  # fmt: skip
