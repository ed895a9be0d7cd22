"""Documents of users: the files as they came, what became of reading them, and their pages."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple, TypedDict, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.connections import Connection
from storage.errors import Gone
from storage.finance.accounts import NoSuchAccount
from storage.finance.lock import locked_finances
from storage.finance.statements import take_rows_back
from storage.pool import Pool
from storage.users import ensure_user

DocumentStatus = Literal["waiting", "reading", "ready", "failed", "undone"]
MAX_DOCUMENTS = 5000
"""Of a user."""
MAX_TOTAL_BYTES = 2 * 1024**3
"""Of a user's documents together."""


class Document(TypedDict):
    """A document, without its content."""

    document_id: UUID
    name: str
    media_type: str
    size: int
    """Bytes."""
    kind: Literal["statement", "receipt", "text"] | None
    """None until it is read."""
    status: DocumentStatus
    error_code: str | None
    error_detail: str | None
    progress: float
    """Of reading it, 0 to 1."""
    understood: Mapping[str, Any] | None
    """How its table was read; None where it has none."""
    rejected: Sequence[Mapping[str, Any]]
    """Lines that are no rows."""
    receipt: Mapping[str, Any] | None
    rows_added: int
    rows_known: int
    """That other documents had brought before."""
    rows_entered: int
    """That the user had entered by hand."""
    has_content: bool
    """False once the file was deleted and what was read from it kept."""
    created_at: datetime
    read_at: datetime | None


class NewDocument(NamedTuple):
    """A file that was sent, with what its user said of it."""

    name: str
    media_type: str
    content: bytes
    shape: Mapping[str, Any] | None = None
    """How its table is to be read."""
    account_id: UUID | None = None
    """Whose rows it has."""


class DocumentCursor(NamedTuple):
    """Position in the list of documents: the last one on the page before."""

    created_at: datetime
    document_id: UUID


class TooManyDocuments(Exception):
    """The user has as many documents, or as many bytes of them, as they may."""


class Documents:
    """Documents of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, user_id: UUID, new: NewDocument) -> tuple[Document, bool]:
        """Keep a file until it is read; returns the document, and whether it is new.

        The same file is the same document. One that failed or was undone is read again, and so is one for which
        something else is said of it now.

        Raises:
            TooManyDocuments, NoSuchAccount: nothing is kept.
            ImportRunning: what is said of a document is not changed, see `locked_finances`.
            Gone: it was deleted meanwhile.
        """
        values = {
            "user_id": user_id, "name": new.name, "media_type": new.media_type, "size": len(new.content),
            "hash": hashlib.sha256(new.content).digest(), "content": new.content,
            "shape": Jsonb(new.shape) if new.shape else None, "account_id": new.account_id,
            "documents": MAX_DOCUMENTS, "bytes": MAX_TOTAL_BYTES,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            await ensure_user(conn, user_id)
            await conn.execute(_ONE_AT_A_TIME, values)
            if new.account_id and not await _has_account(conn, values):
                raise NoSuchAccount
            known = await (await conn.execute(_SAME, values)).fetchone()
            if known is None:
                added = await (await conn.execute(_INSERT, values)).fetchone()
                if added is None:
                    raise TooManyDocuments
                document_id = added["document_id"]
            else:
                document_id = known["document_id"]
                if known["gone"]:
                    await conn.execute(_AGAIN, {**values, "document_id": document_id})
            found = await _find(conn, user_id, document_id)
        if known and known["otherwise"] and not known["gone"]:
            async with locked_finances(self._pool, user_id) as conn:
                await _begin_again(conn, {**values, "document_id": document_id})
                found = await _find(conn, user_id, document_id)
        if found is None:
            raise Gone
        return found, known is None

    async def list(
        self, user_id: UUID, *, limit: int, after: DocumentCursor | None = None, account_ids: Sequence[UUID] = ()
    ) -> list[Document]:
        """The user's documents, the newest first; those that have rows of accounts, where some are named."""
        values = {
            "user_id": user_id, "limit": limit, "accounts": [*account_ids],
            "at": after.created_at if after else None, "id": after.document_id if after else None,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_LIST, values)).fetchall()
        return cast("list[Document]", rows)

    async def find(self, user_id: UUID, document_id: UUID) -> Document | None:
        """A document; None where the user has no such one."""
        async with self._pool.as_user(user_id) as conn:
            return await _find(conn, user_id, document_id)

    async def content(self, user_id: UUID, document_id: UUID) -> bytes | None:
        """The file as it came; None where it is not kept."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select content from finance_documents where user_id = %(user_id)s and document_id = %(document_id)s",
                {"user_id": user_id, "document_id": document_id},
            )
            row = await cursor.fetchone()
        return row["content"] if row else None

    async def read_again(
        self, user_id: UUID, document_id: UUID, *, shape: Mapping[str, Any] | None, account_id: UUID | None = None
    ) -> Document | None:
        """Take back what was read, and read it anew in this shape; None where there is no such file.

        Raises:
            NoSuchAccount, ImportRunning: nothing is changed.
        """
        values = {
            "user_id": user_id, "document_id": document_id, "account_id": account_id,
            "shape": Jsonb(shape) if shape else None, "content": None,
        }  # fmt: skip
        async with locked_finances(self._pool, user_id) as conn:
            if account_id and not await _has_account(conn, values):
                raise NoSuchAccount
            found = await _find(conn, user_id, document_id)
            if found is None or not found["has_content"]:
                return None
            await _begin_again(conn, values)
            return await _find(conn, user_id, document_id)

    async def undo(self, user_id: UUID, document_id: UUID) -> int | None:
        """Take back exactly what was read from a document; returns how many transactions went.

        The document stays. None where there is no such one.

        Raises:
            ImportRunning: nothing is changed.
        """
        values = {"user_id": user_id, "document_id": document_id}
        async with locked_finances(self._pool, user_id) as conn:
            cursor = await conn.execute(_UNDO, values)
            if not cursor.rowcount:
                return None
            return await _take_back(conn, values)

    async def delete(self, user_id: UUID, document_id: UUID) -> bool:
        """Delete a document with all that was read from it; returns whether it existed.

        Raises:
            ImportRunning: nothing is changed.
        """
        values = {"user_id": user_id, "document_id": document_id}
        async with locked_finances(self._pool, user_id) as conn:
            await take_rows_back(conn, user_id, document_id)
            cursor = await conn.execute(
                "delete from finance_documents where user_id = %(user_id)s and document_id = %(document_id)s", values
            )
            return cursor.rowcount == 1

    async def delete_content(self, user_id: UUID, document_id: UUID) -> bool:
        """Delete the file, and keep what was read from it; returns whether the document is one that was read."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "update finance_documents set content = null"
                " where user_id = %(user_id)s and document_id = %(document_id)s and status = 'ready'",
                {"user_id": user_id, "document_id": document_id},
            )
            return cursor.rowcount == 1


async def _has_account(conn: Connection, values: Mapping[str, object]) -> bool:
    cursor = await conn.execute(
        "select from finance_accounts where user_id = %(user_id)s and account_id = %(account_id)s", values
    )
    return cursor.rowcount == 1


async def _find(conn: Connection, user_id: UUID, document_id: UUID) -> Document | None:
    cursor = await conn.execute(_FIND, {"user_id": user_id, "document_id": document_id})
    return cast("Document | None", await cursor.fetchone())


async def _take_back(conn: Connection, values: Mapping[str, Any]) -> int:
    gone = await take_rows_back(conn, values["user_id"], values["document_id"])
    await conn.execute(
        "delete from finance_document_pages where user_id = %(user_id)s and document_id = %(document_id)s", values
    )
    return gone


async def _begin_again(conn: Connection, values: Mapping[str, Any]) -> None:
    await _take_back(conn, values)
    await conn.execute(_AGAIN, values)


_COLUMNS: LiteralString = (
    "document_id, name, media_type, size, kind, status, error_code, error_detail, progress, understood, rejected,"
    " receipt, rows_added, rows_known, rows_entered, content is not null as has_content, created_at, read_at"
)
_FIND: LiteralString = (
    f"select {_COLUMNS} from finance_documents"  # noqa: S608 (of literals)
    " where user_id = %(user_id)s and document_id = %(document_id)s"
)
_LIST: LiteralString = (
    f"select {_COLUMNS} from finance_documents where user_id = %(user_id)s"  # noqa: S608 (of literals)
    " and (%(at)s::timestamptz is null or (created_at, document_id) < (%(at)s, %(id)s::uuid))"
    " and (cardinality(%(accounts)s::uuid[]) = 0 or exists ("
    "  select from finance_transaction_sources s join finance_transactions t using (user_id, transaction_id)"
    "  where s.user_id = %(user_id)s and s.document_id = finance_documents.document_id"
    "  and t.account_id = any(%(accounts)s)))"
    " order by created_at desc, document_id desc limit %(limit)s"
)
# Sums of what is kept are right, and the rows of another document may be stored meanwhile, which takes its time.
_ONE_AT_A_TIME: LiteralString = "select pg_advisory_xact_lock(hashtextextended(%(user_id)s::text, 11))"
_SAME: LiteralString = (
    "select document_id, status in ('failed', 'undone') as gone,"
    " %(shape)s::jsonb is distinct from shape and %(shape)s::jsonb is not null"
    "  or %(account_id)s::uuid is distinct from account_id and %(account_id)s::uuid is not null as otherwise"
    " from finance_documents where user_id = %(user_id)s and content_hash = %(hash)s"
)
_INSERT: LiteralString = (
    "insert into finance_documents (user_id, name, media_type, size, content_hash, content, shape, account_id)"
    " select %(user_id)s, %(name)s, %(media_type)s, %(size)s, %(hash)s, %(content)s, %(shape)s, %(account_id)s"
    " from (select count(*) as documents, coalesce(sum(size), 0) as bytes from finance_documents"
    "  where user_id = %(user_id)s) kept"
    " where kept.documents < %(documents)s and kept.bytes + %(size)s <= %(bytes)s returning document_id"
)
_AGAIN: LiteralString = (
    "update finance_documents set status = 'waiting', error_code = null, error_detail = null, progress = 0,"
    " kind = null, understood = null, rejected = '[]', receipt = null, rows_added = 0, rows_known = 0,"
    " rows_entered = 0,"
    " lease_expires = null, attempts = 0, read_at = null,"
    " shape = coalesce(%(shape)s::jsonb, shape), account_id = coalesce(%(account_id)s::uuid, account_id),"
    " content = coalesce(content, %(content)s)"
    " where user_id = %(user_id)s and document_id = %(document_id)s"
)
_UNDO: LiteralString = (
    "update finance_documents set status = 'undone', error_code = null, error_detail = null, rows_added = 0,"
    " rows_known = 0, rows_entered = 0, lease_expires = null"
    " where user_id = %(user_id)s and document_id = %(document_id)s"
)
