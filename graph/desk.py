"""What tools read, over a pool of connections."""

from collections.abc import Awaitable, Callable

from nodes.tools.tool import Desk
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


def desk_over(pool: Pool, embed: Callable[[str], Awaitable[list[float]]], embedding_model: str) -> Desk:
    """The documents, accounts, transactions and plans of all users."""
    return Desk(
        figures=Figures(pool),
        transactions=Transactions(pool),
        accounts=FinanceAccounts(pool),
        categories=Categories(pool),
        rules=Rules(pool),
        merchants=Merchants(pool),
        plans=Plans(pool),
        documents=Documents(pool),
        pages=DocumentPages(pool, embedding_model),
        proposals=Proposals(pool),
        embed=embed,
    )
