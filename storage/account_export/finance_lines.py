"""Lines of an export about documents, accounts, transactions and plans, validated when they are read."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from storage.account_export.line import Line, Name, Text, Time
from storage.finance.accounts import AccountKind
from storage.finance.categories import CategoryKind
from storage.finance.documents import DocumentStatus
from storage.finance.proposals import ProposalKind, ProposalStatus
from storage.finance.rules import RuleField, RuleMatch
from storage.finance.transactions import CategorySource

Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4, allow_inf_nan=False, strict=False)]
Day = Annotated[date, Field(strict=False)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Slug = Annotated[str, Field(pattern="^[a-z0-9]+(_[a-z0-9]+)*$", max_length=60)]
Number = Annotated[int, Field(ge=0, le=2_147_483_647)]
RowKey = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class FinanceAccountLine(Line):
    """An account."""

    type: Literal["finance_account"]
    account_id: UUID
    name: Name
    kind: AccountKind
    currency: Currency
    number_hash: Hash | None
    number_end: Annotated[str, Field(max_length=4)] | None
    brought_by: UUID | None
    created_at: Time


class CategoryLine(Line):
    """A category."""

    type: Literal["category"]
    category: Slug
    name: Annotated[Name, Field(max_length=60)]
    kind: CategoryKind
    deductible: bool
    created_at: Time


class RuleLine(Line):
    """A rule."""

    type: Literal["rule"]
    rule_id: UUID
    field: RuleField
    match: RuleMatch
    pattern: Annotated[Name, Field(min_length=2, max_length=100)]
    category: Slug
    created_at: Time


class DocumentLine(Line):
    """A document, without its file."""

    type: Literal["document"]
    document_id: UUID
    name: Name
    media_type: Name
    size: Number
    content_hash: Hash
    account_id: UUID | None
    format: Name | None
    kind: Literal["statement", "receipt", "text"] | None
    status: DocumentStatus
    error_code: Name | None
    error_detail: Text | None
    shape: dict[str, Any] | None
    understood: dict[str, Any] | None
    rejected: list[dict[str, Any]]
    receipt: dict[str, Any] | None
    rows_added: Number
    rows_known: Number
    rows_entered: Number = 0
    """Missing in exports of older releases."""
    created_at: Time
    read_at: Time | None


class DocumentPartLine(Line):
    """The next part of a document's file."""

    type: Literal["document_part"]
    document_id: UUID
    data: Annotated[str, Field(pattern="^[A-Za-z0-9+/]+={0,2}$")]
    """In base64."""


class DocumentPageLine(Line):
    """The text of a page."""

    type: Literal["document_page"]
    document_id: UUID
    page: Number
    text: Text
    suspicious: bool


class TableShapeLine(Line):
    """What is remembered of tables with the same header."""

    type: Literal["table_shape"]
    fingerprint: Name
    shape: dict[str, Any] | None
    account_id: UUID | None
    updated_at: Time


class TransactionLine(Line):
    """A transaction."""

    type: Literal["transaction"]
    transaction_id: UUID
    account_id: UUID
    booked_on: Day
    value_on: Day | None
    amount: Amount
    currency: Currency
    counterparty: Text
    text: Text
    suspicious: bool
    row_key: RowKey
    occurrence: Annotated[int, Field(ge=1, le=2_147_483_647)]
    category: Slug | None
    category_by: CategorySource | None
    rule_id: UUID | None
    receipt_id: UUID | None
    note: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")] | None
    created_at: Time
    updated_at: Time


class TransactionSourceLine(Line):
    """That a document has a transaction."""

    type: Literal["transaction_source"]
    document_id: UUID
    transaction_id: UUID
    line: Number
    row_key: RowKey
    occurrence: Annotated[int, Field(ge=1, le=2_147_483_647)]
    words: dict[str, Any] | None
    entered: bool = False
    """Missing in exports of older releases."""


class BalanceLine(Line):
    """What a document says of an account's balance."""

    type: Literal["balance"]
    document_id: UUID
    account_id: UUID
    as_of: Day
    amount: Amount
    currency: Currency


class BudgetLine(Line):
    """A budget."""

    type: Literal["budget"]
    category: Slug
    currency: Currency
    amount: Amount
    created_at: Time


class GoalLine(Line):
    """A goal."""

    type: Literal["goal"]
    goal_id: UUID
    name: Name
    target: Amount
    saved: Amount
    currency: Currency
    due_on: Day | None
    created_at: Time


class DebtLine(Line):
    """A debt."""

    type: Literal["debt"]
    debt_id: UUID
    name: Name
    balance: Amount
    currency: Currency
    annual_rate: Amount
    minimum: Amount
    created_at: Time


class ReferenceLine(Line):
    """What an employee computed for an answer."""

    type: Literal["reference"]
    reference_id: UUID
    turn_id: UUID | None
    tool: Name
    arguments: dict[str, Any]
    result: dict[str, Any]
    created_at: Time


class ProposalLine(Line):
    """What an employee proposed, and what became of it."""

    type: Literal["proposal"]
    proposal_id: UUID
    turn_id: UUID | None
    kind: ProposalKind
    content: dict[str, Any]
    status: ProposalStatus
    undo: dict[str, Any] | None
    created_at: Time
    decided_at: Time | None


FinanceLine = (
    FinanceAccountLine
    | CategoryLine
    | RuleLine
    | DocumentLine
    | DocumentPartLine
    | DocumentPageLine
    | TableShapeLine
    | TransactionLine
    | TransactionSourceLine
    | BalanceLine
    | BudgetLine
    | GoalLine
    | DebtLine
    | ReferenceLine
    | ProposalLine
)
