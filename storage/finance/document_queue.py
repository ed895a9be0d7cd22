"""Documents that wait to be read: whichever process has time reads the next one, and stores what it found."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from pgvector.psycopg import HalfVector  # pyright: ignore[reportMissingTypeStubs]
from psycopg.types.json import Jsonb

from storage.connections import Connection
from storage.finance.accounts import account_of
from storage.finance.categories import ensure_categories
from storage.finance.lock import STATEMENT_SECONDS, locked_finances
from storage.finance.statement_rows import Statement
from storage.finance.statements import add_rows
from storage.pool import Pool

LEASE_SECONDS = 10.0
"""For how long a document is the process' that reads it, without a renewal."""
MAX_ATTEMPTS = 3
"""At reading a document: one at which the process died each time is given up."""


class Claimed(NamedTuple):
    """A document that this process is to read."""

    user_id: UUID
    document_id: UUID
    attempts: int
    """This one included."""


class Waiting(NamedTuple):
    """What there is to read."""

    name: str
    content: bytes
    shape: Mapping[str, Any] | None
    """How its table is to be read, where somebody said so."""


class ReadPage(NamedTuple):
    """A page as it is kept: masked, and judged."""

    number: int
    text: str
    suspicious: bool
    vector: Sequence[float] | None


class Reading(NamedTuple):
    """What was found in a document."""

    kind: Literal["statement", "receipt", "text"]
    format: str
    """Rows of two formats are compared by day and amount."""
    statements: Sequence[Statement]
    pages: Sequence[ReadPage]
    receipt: Mapping[str, Any] | None
    understood: Mapping[str, Any] | None
    fingerprint: str | None
    """Of a table's header."""
    rejected: Sequence[Mapping[str, Any]]


class LostDocument(Exception):
    """The document was deleted or undone, or is being read by another process."""


class DocumentQueue:
    """Documents of all users that are to be read.

    Args:
        model: the name of the embedding model that vectors of pages are of.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model

    async def claim(self, without: Sequence[UUID] = ()) -> Claimed | None:
        """The next document for this process to read, in turns between users; None where none waits.

        Args:
            without: users whose documents have to wait.
        """
        rows = await self._pool.call(
            "select * from claim_next_document(%(seconds)s, %(without)s)",
            {"seconds": LEASE_SECONDS, "without": list(without)},
        )
        return Claimed(**rows[0]) if rows else None

    async def open(self, claimed: Claimed) -> Waiting:
        """What there is to read, with the shape that is remembered for such tables left to `shape_of`.

        Raises:
            LostDocument: it is not this process' any more.
        """
        async with self._pool.as_user(claimed.user_id) as conn:
            cursor = await conn.execute(
                "select name, content, shape from finance_documents"  # noqa: S608 (of literals)
                f" where {_MINE} and content is not null",
                claimed._asdict(),
            )
            row = await cursor.fetchone()
        if row is None:
            raise LostDocument
        return Waiting(**row)

    async def shape_of(self, claimed: Claimed, fingerprint: str) -> Mapping[str, Any] | None:
        """How tables with this header are read, where the user corrected that once."""
        async with self._pool.as_user(claimed.user_id) as conn:
            cursor = await conn.execute(
                "select shape from finance_table_shapes where user_id = %(user_id)s and fingerprint = %(fingerprint)s",
                {"user_id": claimed.user_id, "fingerprint": fingerprint},
            )
            row = await cursor.fetchone()
        return row["shape"] if row else None

    async def renew(self, claimed: Claimed, progress: float) -> None:
        """Renew the lease, and say how much of the document is read, 0 to 1.

        A document whose rows are being stored is passed over: it is locked, so no other process can claim it.
        """
        async with self._pool.as_user(claimed.user_id) as conn:
            await conn.execute(_RENEW, {**claimed._asdict(), "progress": progress, "seconds": LEASE_SECONDS})

    async def fail(self, claimed: Claimed, code: str, detail: str) -> None:
        """Give a document up that cannot be read; nothing of it is stored."""
        async with self._pool.as_user(claimed.user_id) as conn:
            await conn.execute(
                "update finance_documents set status = 'failed', error_code = %(code)s, error_detail = %(detail)s,"  # noqa: S608 (of literals)
                f" read_at = now(), lease_expires = null where {_MINE}",
                {**claimed._asdict(), "code": code, "detail": detail},
            )

    async def store(self, claimed: Claimed, reading: Reading, *, currency: str) -> None:
        """Store all that was found, or nothing.

        Args:
            currency: of rows for which neither the file nor their account names one.

        Raises:
            LostDocument: it is not this process' any more, and nothing is stored.
            ImportRunning: rows of other documents of the user were stored all the time.
        """
        async with locked_finances(self._pool, claimed.user_id, wait=STATEMENT_SECONDS) as conn:
            await ensure_categories(conn, claimed.user_id)
            cursor = await conn.execute(
                f"select name, account_id, shape from finance_documents where {_MINE}",  # noqa: S608 (of literals)
                claimed._asdict(),
            )
            document = await cursor.fetchone()
            if document is None:
                raise LostDocument
            # Before its rows, which are compared with those of other formats.
            await conn.execute(_STORE, {**claimed._asdict(), **_described(reading)})
            new = known = entered = 0
            for statement in reading.statements:
                account_id, statement_currency = await _account(conn, claimed, document, reading, statement, currency)
                of_account = msgspec.structs.replace(statement, currency=statement_currency)
                added = await add_rows(
                    conn, claimed.user_id, account_id, claimed.document_id, of_account, format=reading.format
                )
                new, known, entered = new + added.new, known + added.known, entered + added.entered
            await self._store_pages(conn, claimed, reading.pages)
            await conn.execute(
                "update finance_documents set rows_added = %(new)s, rows_known = %(known)s, rows_entered = %(entered)s"
                " where user_id = %(user_id)s and document_id = %(document_id)s",
                {**claimed._asdict(), "new": new, "known": known, "entered": entered},
            )

    async def _store_pages(self, conn: Connection, claimed: Claimed, pages: Sequence[ReadPage]) -> None:
        await conn.cursor().executemany(
            "insert into finance_document_pages (user_id, document_id, page, body, suspicious, search, model,"
            " embedding) values (%(user_id)s, %(document_id)s, %(page)s, %(text)s, %(suspicious)s,"
            " to_tsvector('simple', chat_search_words(%(text)s)), %(model)s, %(vector)s)",
            [
                {
                    "user_id": claimed.user_id, "document_id": claimed.document_id, "page": page.number,
                    "text": page.text, "suspicious": page.suspicious,
                    "model": self._model if page.vector else None,
                    "vector": HalfVector(list(page.vector)) if page.vector else None,
                }
                for page in pages
            ],
        )  # fmt: skip


async def _account(
    conn: Connection,
    claimed: Claimed,
    document: Mapping[str, Any],
    reading: Reading,
    statement: Statement,
    currency: str,
) -> tuple[UUID, str]:
    """Whose rows a statement has, and their currency: as the user said, as the file says, as such a table had last."""
    values = {"user_id": claimed.user_id, "fingerprint": reading.fingerprint}
    account_id: UUID | None = document["account_id"]
    if account_id is None and statement.number is None and reading.fingerprint:
        cursor = await conn.execute(
            "select account_id from finance_table_shapes where user_id = %(user_id)s and fingerprint = %(fingerprint)s",
            values,
        )
        row = await cursor.fetchone()
        account_id = row["account_id"] if row else None
    if account_id is None:
        account_id = await account_of(
            conn,
            claimed.user_id,
            number=statement.number,
            name=statement.name or document["name"].rsplit(".", 1)[0],
            currency=statement.currency or currency,
            document_id=claimed.document_id,
        )
    if reading.fingerprint:
        shape = Jsonb(document["shape"]) if document["shape"] else None
        await conn.execute(_REMEMBER, {**values, "account_id": account_id, "shape": shape})
    cursor = await conn.execute(
        "select currency from finance_accounts where user_id = %(user_id)s and account_id = %(account_id)s",
        {"user_id": claimed.user_id, "account_id": account_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return account_id, statement.currency or row["currency"]


def _described(reading: Reading) -> dict[str, Any]:
    return {
        "kind": reading.kind,
        "format": reading.format,
        "understood": Jsonb(reading.understood) if reading.understood else None,
        "receipt": Jsonb(reading.receipt) if reading.receipt else None,
        "rejected": Jsonb(list(reading.rejected)),
    }


_MINE: LiteralString = (
    "user_id = %(user_id)s and document_id = %(document_id)s and status = 'reading' and attempts = %(attempts)s"
)
"""Condition on a document: this process is still the one that reads it."""
_RENEW: LiteralString = (
    "with mine as (select user_id, document_id from finance_documents"  # noqa: S608 (of literals)
    f" where {_MINE} for no key update skip locked)"
    " update finance_documents d"
    " set progress = %(progress)s, lease_expires = now() + make_interval(secs => %(seconds)s)"
    " from mine where d.user_id = mine.user_id and d.document_id = mine.document_id"
)
_STORE: LiteralString = (
    "update finance_documents set status = 'ready', kind = %(kind)s, format = %(format)s, progress = 1,"  # noqa: S608 (of literals)
    " understood = %(understood)s, receipt = %(receipt)s, rejected = %(rejected)s, read_at = now(),"
    f" lease_expires = null where {_MINE}"
)
_REMEMBER: LiteralString = (
    "insert into finance_table_shapes (user_id, fingerprint, shape, account_id)"
    " values (%(user_id)s, %(fingerprint)s, %(shape)s, %(account_id)s)"
    " on conflict (user_id, fingerprint) do update set account_id = excluded.account_id, updated_at = now(),"
    " shape = coalesce(excluded.shape, finance_table_shapes.shape)"
)
