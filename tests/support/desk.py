"""Accounts, transactions and documents of a user of a running application."""

from decimal import Decimal
from uuid import UUID, uuid4

import psycopg


async def fill(url: str, user: UUID, *payments: tuple[str, str, str], words: str = "", currency: str = "EUR") -> None:
    """Give the user an account with these payments: day, amount, and merchant.

    Args:
        words: the bank's words of each.
    """
    account = uuid4()
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await conn.execute("insert into chat_users (user_id) values (%s) on conflict do nothing", [user])
        await conn.execute(
            "insert into finance_accounts (user_id, account_id, name, currency) values (%s, %s, 'Everyday', %s)",
            [user, account, currency],
        )
        for day, amount, merchant in payments:
            await conn.execute(
                "insert into finance_transactions"
                " (user_id, account_id, booked_on, amount, currency, counterparty, body, row_key)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [user, account, day, Decimal(amount), currency, merchant, words, uuid4().bytes],
            )


async def add_page(url: str, user: UUID, name: str, body: str) -> None:
    """Give the user a document that was read, with one page."""
    document = uuid4()
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await conn.execute("insert into chat_users (user_id) values (%s) on conflict do nothing", [user])
        await conn.execute(
            "insert into finance_documents"
            " (user_id, document_id, name, media_type, size, content_hash, kind, status)"
            " values (%s, %s, %s, 'text/plain', %s, sha256(%s), 'text', 'ready')",
            [user, document, name, len(body), document.bytes],
        )
        await conn.execute(
            "insert into finance_document_pages (user_id, document_id, page, body, search)"
            " values (%s, %s, 1, %s, to_tsvector('simple', %s))",
            [user, document, body, body],
        )
