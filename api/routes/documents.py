"""/documents: files that employees work with, and what became of reading them."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body, FromPath, JSONBody, QueryParameter
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.auth.user import User
from api.limits import RequestLimits
from api.openapi import SIGNED_IN, refusals
from api.parameters import Cursor, Limit, clean_and_mask, decode_cursor, paginate, search_words
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.documents.contents import MAX_BYTES, Shape
from graph.service import Service
from storage.finance.accounts import NoSuchAccount
from storage.finance.documents import (
    MAX_DOCUMENTS,
    Document,
    DocumentCursor,
    NewDocument,
    TooManyDocuments,
)
from storage.finance.pages import FoundPage

MAX_FORM_BYTES = MAX_BYTES + 64 * 1024


@dataclass
class DocumentForm:
    """A document that is sent."""

    file: UploadFile
    account_id: UUID | None = None
    """Whose rows it has; None: the account that it names, or that such tables had last."""


class ReadAgain(BaseModel):
    """How a document is to be read instead."""

    model_config = ConfigDict(extra="forbid", strict=True)

    shape: dict[str, Any] | None = None
    """What `understood.shape` is to be; it is remembered for tables with the same header."""
    account_id: Annotated[UUID, Field(strict=False)] | None = None


class DocumentPage(TypedDict):
    """Documents, the newest first."""

    items: list[Document]
    next_cursor: str | None


class FoundPages(TypedDict):
    """Pages in which something was found, best first."""

    items: list[FoundPage]


class Undone(TypedDict):
    """What went with an import."""

    transactions: int


@post("/", request_max_body_size=MAX_FORM_BYTES, responses=refusals(404, 409, 413, 429))
async def add_document(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    limits: NamedDependency[RequestLimits],
    service: NamedDependency[Service],
    data: Annotated[DocumentForm, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Document]:
    """Send a file to be read: 201, or 200 where it is there already. Ask for it again to see what became of it."""
    await limits.take("upload")
    content = await data.file.read()
    if not content:
        raise Problem(400, "invalid_request", "The file is empty.")
    if len(content) > MAX_BYTES:
        raise Problem(413, "body_too_large", f"A file may have {MAX_BYTES // 1024**2} MiB.")
    name = _name(data.file.filename, service)
    new = NewDocument(name, data.file.content_type[:200], content, account_id=data.account_id)
    try:
        document, is_new = await user_data.desk.documents.add(user.user_id, new)
    except TooManyDocuments:
        said = f"You have {MAX_DOCUMENTS} documents or 2 GiB of them; delete one first."
        raise Problem(409, "too_many_documents", said) from None
    except NoSuchAccount:
        raise Problem(404, "not_found", "There is no such account.") from None
    user_data.document_arrived()
    return Response(document, status_code=201 if is_new else 200)


@get("/", responses=refusals())
async def documents(
    user: NamedDependency[User], user_data: NamedDependency[UserData], limit: Limit = 20, cursor: Cursor = None
) -> DocumentPage:
    """Your documents, the newest first."""
    found = await user_data.desk.documents.list(
        user.user_id, limit=limit + 1, after=decode_cursor(cursor, DocumentCursor)
    )
    items, next_cursor = paginate(found, limit, lambda one: DocumentCursor(one["created_at"], one["document_id"]))
    return DocumentPage(items=items, next_cursor=next_cursor)


@get("/search", responses=refusals(429))
async def search_documents(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    limits: NamedDependency[RequestLimits],
    q: Annotated[str, QueryParameter(min_length=1, max_length=200, description="Words, or what the page is about.")],
    limit: Limit = 20,
) -> FoundPages:
    """Pages of your documents that have these words, or are about the same."""
    await limits.take("search")
    words = search_words(q)
    return FoundPages(items=await user_data.find_pages(user.user_id, words, limit=limit) if words else [])


@get("/{document_id:uuid}", responses=refusals(404))
async def document(
    user: NamedDependency[User], user_data: NamedDependency[UserData], document_id: FromPath[UUID]
) -> Document:
    """One document: whether it is read, and how it was understood."""
    return _found(await user_data.desk.documents.find(user.user_id, document_id))


@get(
    "/{document_id:uuid}/content",
    media_type="application/octet-stream",
    responses={
        200: ResponseSpec(
            bytes, description="The file.", media_type="application/octet-stream", generate_examples=False
        ),
        **refusals(404),
    },
)
async def document_content(
    user: NamedDependency[User], user_data: NamedDependency[UserData], document_id: FromPath[UUID]
) -> Response[bytes]:
    """The file as it came, to be saved: no browser shows it in this server's name."""
    found = _found(await user_data.desk.documents.find(user.user_id, document_id))
    content = await user_data.desk.documents.content(user.user_id, document_id)
    if content is None:
        raise Problem(404, "not_found", "The file of this document was deleted.")
    disposition = f"attachment; filename*=UTF-8''{quote(found['name'], safe='')}"
    return Response(content, media_type="application/octet-stream", headers={"Content-Disposition": disposition})


@post("/{document_id:uuid}/read", guards=[require_json], status_code=202, responses=refusals(404, 409, 413, 415, 429))
async def read_again(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    limits: NamedDependency[RequestLimits],
    document_id: FromPath[UUID],
    data: JSONBody[ReadAgain],
) -> Document:
    """Take back what was read, and read the file anew: in another shape, or for another account."""
    await limits.take("upload")
    try:
        shape = msgspec.convert(data.shape, Shape) if data.shape else None
    except msgspec.ValidationError as error:
        raise Problem(400, "invalid_request", f"shape: {error}") from None
    plain = msgspec.to_builtins(shape) if shape else None
    try:
        found = await user_data.desk.documents.read_again(
            user.user_id, document_id, shape=plain, account_id=data.account_id
        )
    except NoSuchAccount:
        raise Problem(404, "not_found", "There is no such account.") from None
    user_data.document_arrived()
    return _found(found)


@post("/{document_id:uuid}/undo", status_code=200, responses=refusals(404, 409))
async def undo_import(
    user: NamedDependency[User], user_data: NamedDependency[UserData], document_id: FromPath[UUID]
) -> Undone:
    """Take back exactly what was read from a document. The document stays."""
    gone = await user_data.desk.documents.undo(user.user_id, document_id)
    if gone is None:
        raise _missing()
    return Undone(transactions=gone)


@delete("/{document_id:uuid}", responses=refusals(404, 409))
async def delete_document(
    user: NamedDependency[User], user_data: NamedDependency[UserData], document_id: FromPath[UUID]
) -> None:
    """Delete a document with all that was read from it."""
    if not await user_data.desk.documents.delete(user.user_id, document_id):
        raise _missing()


@delete("/{document_id:uuid}/content", responses=refusals(404))
async def delete_content(
    user: NamedDependency[User], user_data: NamedDependency[UserData], document_id: FromPath[UUID]
) -> None:
    """Delete the file of a document that was read, and keep what was read from it."""
    if not await user_data.desk.documents.delete_content(user.user_id, document_id):
        raise _missing()


def _name(given: str, service: Service) -> str:
    """A file's name, without folders and what cannot be shown; of a long one the end stays, which says its kind."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    try:
        name = clean_and_mask(re.sub(r"\s+", " ", last), also=service.dependencies.options.mask)
    except ValueError:
        return "document"
    return name if len(name) <= 200 else f"{name[:150]}…{name[-40:]}"


def _found(document: Document | None) -> Document:
    if document is None:
        raise _missing()
    return document


def _missing() -> Problem:
    return Problem(404, "not_found", "There is no such document.")


router = Router(
    "/documents",
    route_handlers=[
        add_document, documents, search_documents, document, document_content, read_again, undo_import, delete_document,
        delete_content,
    ],
    security=SIGNED_IN,
    tags=["documents"],
)  # fmt: skip
