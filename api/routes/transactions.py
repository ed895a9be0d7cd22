"""/transactions: list, filter, sum up and categorise."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from litestar import Router, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from api.auth.user import User
from api.csv_tables import to_csv
from api.limits import RequestLimits
from api.openapi import SIGNED_IN, refusals
from api.parameters import (
    CategorySlug,
    Cursor,
    Day,
    Limit,
    Search,
    clean_and_mask,
    decode_cursor,
    paginate,
    search_words,
)
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from storage.finance.accounts import NoSuchAccount
from storage.finance.transactions import (
    MAX_CHANGED,
    FromDocument,
    NewTransaction,
    NoSuchCategory,
    Total,
    Transaction,
    TransactionCursor,
    TransactionFilter,
)

PAGE = 1000
"""Rows of a CSV file that are read at once."""


class TransactionPage(TypedDict):
    """Transactions, the newest first."""

    items: list[Transaction]
    next_cursor: str | None


class Totals(TypedDict):
    """Sums of all transactions that match, one for each currency."""

    items: list[Total]


class TransactionChanges(BaseModel):
    """What to change of a transaction; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    category: CategorySlug | None = None
    """Null: none."""
    note: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(clean_and_mask)] | None = None
    """Null: none."""

    @model_validator(mode="after")
    def _is_a_change(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("names nothing to change")
        return self


class TransactionRequest(BaseModel):
    """A transaction that you enter, in the currency of its account."""

    model_config = ConfigDict(extra="forbid", strict=True)

    account_id: Annotated[UUID, Field(strict=False)]
    booked_on: Day
    amount: Annotated[
        Decimal, Field(strict=False, max_digits=18, decimal_places=4, allow_inf_nan=False, examples=["-12.90"])
    ]
    """Negative is what was spent. Exact: send it as a string."""
    counterparty: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(clean_and_mask)]


class Categorise(BaseModel):
    """Many transactions, and their category."""

    model_config = ConfigDict(extra="forbid", strict=True)

    transaction_ids: Annotated[list[Annotated[UUID, Field(strict=False)]], Field(min_length=1, max_length=MAX_CHANGED)]
    category: CategorySlug | None
    """Null: none."""


class Change(TypedDict):
    """A change that can be undone."""

    change_id: UUID


class Undone(TypedDict):
    """What a change was undone of."""

    transactions: int


async def provide_filter(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    q: Search = None,
    since: Annotated[date | None, QueryParameter(description="From this day on.")] = None,
    until: Annotated[date | None, QueryParameter(description="Up to this day.")] = None,
    account: Annotated[list[UUID] | None, QueryParameter(description="Of these accounts.")] = None,
    category: Annotated[
        list[str] | None, QueryParameter(description="In these categories; `none` for those without one.")
    ] = None,
    currency: Annotated[str | None, QueryParameter(pattern="^[A-Z]{3}$")] = None,
    at_least: Annotated[Decimal | None, QueryParameter(description="The amount, with its sign.")] = None,
    at_most: Annotated[Decimal | None, QueryParameter(description="The same.")] = None,
    document: Annotated[UUID | None, QueryParameter(description="Those that this document has.")] = None,
    sign: Annotated[Literal["spent", "received"] | None, QueryParameter(description="Spent or received.")] = None,
    reference: Annotated[
        UUID | None,
        QueryParameter(description="Those that this result is of; `q` narrows them down, nothing else does."),
    ] = None,
) -> TransactionFilter:
    """Dependency `only`: which transactions."""
    words = (search_words(q) or "").split()
    if reference:
        found = await user_data.references.transactions(user.user_id, reference)
        if found is None:
            raise Problem(404, "not_found", "There is no such result of transactions.")
        return replace(found, words=[*found.words, *words])
    categories = category or []
    return TransactionFilter(
        words=words,
        since=since,
        until=until,
        account_ids=account or [],
        categories=[one for one in categories if one != "none"],
        uncategorised="none" in categories,
        currency=currency,
        at_least=at_least,
        at_most=at_most,
        document_id=document,
        sign=sign,
    )


@get("/", responses=refusals(404))
async def transactions(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    only: NamedDependency[TransactionFilter],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> TransactionPage:
    """Your transactions, the newest first."""
    after = decode_cursor(cursor, TransactionCursor)
    found = await user_data.desk.transactions.list(user.user_id, only, limit=limit + 1, after=after)
    items, next_cursor = paginate(found, limit, lambda one: TransactionCursor(one["booked_on"], one["transaction_id"]))
    return TransactionPage(items=items, next_cursor=next_cursor)


@get("/totals", responses=refusals(404))
async def totals(
    user: NamedDependency[User], user_data: NamedDependency[UserData], only: NamedDependency[TransactionFilter]
) -> Totals:
    """The sums of all transactions that match. Currencies are never added up."""
    return Totals(items=await user_data.desk.transactions.totals(user.user_id, only))


@get(
    "/csv",
    media_type="text/csv",
    responses={
        200: ResponseSpec(str, description="CSV.", media_type="text/csv", generate_examples=False),
        **refusals(404, 429),
    },
)
async def transactions_csv(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    limits: NamedDependency[RequestLimits],
    only: NamedDependency[TransactionFilter],
) -> Stream:
    """All transactions that match, as CSV."""
    await limits.take("export")
    first = await user_data.desk.transactions.list(user.user_id, only, limit=PAGE)
    headers = {"Content-Disposition": 'attachment; filename="transactions.csv"', "Cache-Control": "no-store"}
    return Stream(_csv(user, user_data, only, first), media_type="text/csv; charset=utf-8", headers=headers)


@patch("/{transaction_id:uuid}", guards=[require_json], responses=refusals(404, 413, 415))
async def change_transaction(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
    transaction_id: FromPath[UUID],
    data: JSONBody[TransactionChanges],
) -> Transaction:
    """Change the category of a transaction, or its note."""
    if "category" in data.model_fields_set:
        await _categorise(user, user_data, [transaction_id], data.category)
    if "note" in data.model_fields_set:
        note = data.note and clean_and_mask(data.note, also=service.dependencies.options.mask)
        await user_data.desk.transactions.annotate(user.user_id, transaction_id, note)
    found = await user_data.desk.transactions.find(user.user_id, transaction_id)
    if found is None:
        raise _missing()
    return found


@put("/{transaction_id:uuid}", guards=[require_json], status_code=204, responses=refusals(404, 409, 413, 415))
async def put_transaction(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    transaction_id: FromPath[UUID],
    data: JSONBody[TransactionRequest],
) -> None:
    """Enter a transaction under an id that you choose, or change it; the same request twice enters one.

    Your rules give it a category. What a document brought is not changed.
    """
    new = NewTransaction(data.account_id, data.booked_on, data.amount, data.counterparty)
    try:
        await user_data.desk.transactions.put(user.user_id, transaction_id, new)
    except NoSuchAccount:
        raise Problem(404, "not_found", "There is no such account.") from None
    except FromDocument:
        raise _of_document() from None


@delete("/{transaction_id:uuid}", responses=refusals(404, 409))
async def delete_transaction(
    user: NamedDependency[User], user_data: NamedDependency[UserData], transaction_id: FromPath[UUID]
) -> None:
    """Delete a transaction that you entered. What a document brought goes with its import."""
    try:
        if not await user_data.desk.transactions.delete(user.user_id, transaction_id):
            raise _missing()
    except FromDocument:
        raise _of_document() from None


@post("/categorise", guards=[require_json], status_code=200, responses=refusals(404, 413, 415))
async def categorise(
    user: NamedDependency[User], user_data: NamedDependency[UserData], data: JSONBody[Categorise]
) -> Change:
    """Give many transactions a category."""
    return Change(change_id=await _categorise(user, user_data, data.transaction_ids, data.category))


@post("/changes/{change_id:uuid}/undo", status_code=200, responses=refusals(404))
async def undo_change(
    user: NamedDependency[User], user_data: NamedDependency[UserData], change_id: FromPath[UUID]
) -> Undone:
    """Undo a change, for transactions that nothing has changed since; once."""
    undone = await user_data.desk.transactions.undo(user.user_id, change_id)
    if undone is None:
        raise Problem(404, "not_found", "There is no such change.")
    return Undone(transactions=undone)


async def _categorise(user: User, user_data: UserData, ids: list[UUID], category: str | None) -> UUID:
    try:
        change = await user_data.desk.transactions.categorise(user.user_id, ids, category)
    except NoSuchCategory:
        raise Problem(400, "invalid_request", "category: there is no such category") from None
    if change is None:
        raise _missing()
    return change


async def _csv(
    user: User, user_data: UserData, only: TransactionFilter, rows: list[Transaction]
) -> AsyncGenerator[bytes]:
    header = True
    while rows:
        text = to_csv(rows)
        yield (text if header else text.partition("\r\n")[2]).encode()
        header = False
        after = TransactionCursor(rows[-1]["booked_on"], rows[-1]["transaction_id"])
        rows = await user_data.desk.transactions.list(user.user_id, only, limit=PAGE, after=after)


def _of_document() -> Problem:
    return Problem(409, "of_document", "A document brought this transaction. Undo its import, or delete the document.")


def _missing() -> Problem:
    return Problem(404, "not_found", "There is no such transaction.")


router = Router(
    "/transactions",
    route_handlers=[
        transactions, totals, transactions_csv, put_transaction, change_transaction, delete_transaction, categorise,
        undo_change,
    ],
    dependencies={"only": Provide(provide_filter)},
    security=SIGNED_IN,
    tags=["transactions"],
)  # fmt: skip
