"""A user's rows, and calls of tools over them."""

from datetime import date
from typing import Any
from uuid import UUID

from nodes.employees import Slug
from nodes.tools.registry import call
from nodes.tools.results import Result
from nodes.tools.tool import Call, Desk
from storage.finance.accounts import FinanceAccounts
from storage.finance.categories import Categories
from storage.finance.documents import Documents
from storage.finance.figures import Figures
from storage.finance.merchants import Merchants
from storage.finance.pages import DocumentPages
from storage.finance.plans import Plans
from storage.finance.proposals import Proposals
from storage.finance.rules import Rules
from storage.finance.transactions import Transactions
from storage.pool import Pool
from tests.storage.finance.importing import MODEL

TODAY = date(2026, 3, 31)


async def embed(_: str) -> list[float]:
    """The vector of every text."""
    return [1.0, 0.0]


def context(pool: Pool, user: UUID) -> Call:
    """A call for this user."""
    desk = Desk(
        figures=Figures(pool), transactions=Transactions(pool), accounts=FinanceAccounts(pool),
        categories=Categories(pool), rules=Rules(pool), merchants=Merchants(pool), plans=Plans(pool),
        documents=Documents(pool), pages=DocumentPages(pool, MODEL), proposals=Proposals(pool), embed=embed,
    )  # fmt: skip
    return Call(desk=desk, user_id=user, today=TODAY, turn_id=None)


async def ask(pool: Pool, user: UUID, slug: Slug, tool: str, **arguments: Any) -> Result:
    """The result of a tool."""
    return await call(context(pool, user), slug, tool, arguments)


def figures(result: Result) -> dict[str, str]:
    """The figures of a result, by name; amounts with their currency."""
    return {one["name"]: " ".join(filter(None, [one["value"], one["currency"]])) for one in result["figures"]}
