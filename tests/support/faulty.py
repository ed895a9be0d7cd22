"""A database with a fault of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg

from tests.support.app import Frontdesk


@asynccontextmanager
async def refusing_answers(frontdesk: Frontdesk) -> AsyncGenerator[None]:
    """For the length of the block no answer can be written down."""
    async with await psycopg.AsyncConnection.connect(frontdesk.service.url, autocommit=True) as conn:
        await conn.execute("alter table chat_messages add constraint faulty check (role <> 'assistant') not valid")
        yield
        await conn.execute("alter table chat_messages drop constraint faulty")
