"""Documents over HTTP: sent, read in the background, corrected, undone and deleted."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from graph.documents.contents import MAX_BYTES
from tests.graph.documents.pdfs import pdf
from tests.support.app import Frontdesk

MARCH = """Date;Text;Amount;Currency
2026-03-01;Coffee;-3.50;EUR
2026-03-02;Rent;-900.00;EUR
2026-03-03;Salary;2500.00;EUR
"""
MORE = MARCH + "2026-03-04;Cinema;-12.00;EUR\n"


async def send(
    client: httpx.AsyncClient, content: str | bytes, name: str = "march.csv", **fields: str
) -> httpx.Response:
    """Send a file."""
    data = content.encode() if isinstance(content, str) else content
    return await client.post("/documents", files={"file": (name, data, "text/csv")}, data=fields)


async def read(client: httpx.AsyncClient, document_id: str) -> Mapping[str, Any]:
    """The document, once it is read or given up."""
    while True:
        found: Mapping[str, Any] = (await client.get(f"/documents/{document_id}")).json()
        if found["status"] not in ("waiting", "reading"):
            return found


async def imported(client: httpx.AsyncClient, content: str, **fields: str) -> Mapping[str, Any]:
    """Send a file and wait until it is read."""
    sent = await send(client, content, **fields)
    assert sent.status_code in (200, 201), sent.text
    return await read(client, sent.json()["document_id"])


async def amounts(client: httpx.AsyncClient, **params: str) -> list[str]:
    """The amounts of transactions, the newest first."""
    page = (await client.get("/transactions", params=params)).json()
    return [one["amount"] for one in page["items"]]


async def test_files_are_taken_while_the_rows_of_another_are_stored(frontdesk: Frontdesk, ada: UUID) -> None:
    """However long that takes; they are read after it."""
    async with frontdesk.client(ada) as client:
        assert (await imported(client, MARCH))["status"] == "ready"
        async with await psycopg.AsyncConnection.connect(frontdesk.service.url) as storing:
            await storing.execute("select from chat_users where user_id = %s for no key update", [ada])
            sent = [await send(client, content) for content in (MORE, MARCH)]
            assert [one.status_code for one in sent] == [201, 200]
        assert (await read(client, sent[0].json()["document_id"]))["rows_added"] == 1


async def test_a_letter_is_found_by_its_words(frontdesk: Frontdesk, ada: UUID) -> None:
    """A plain text is a document like a PDF."""
    async with frontdesk.client(ada) as client:
        sent = await send(client, "Dear Ada,\nthe landlord wants a deposit of 900 euros.\n", name="letter.txt")
        found = await read(client, sent.json()["document_id"])
        assert (found["status"], found["kind"], found["rows_added"]) == ("ready", "text", 0)
        for asked in ("landlord deposit", "security deposit for the apartment"):
            pages = (await client.get("/documents/search", params={"q": asked})).json()["items"]
            assert [(one["name"], one["page"]) for one in pages] == [("letter.txt", 1)]


async def test_a_statement_becomes_transactions(frontdesk: Frontdesk, ada: UUID) -> None:
    """What was understood is shown; the same file is the same document, and an overlap adds only what is new."""
    async with frontdesk.client(ada) as client:
        first = await send(client, MARCH)
        assert first.status_code == 201
        found = await read(client, first.json()["document_id"])
        assert (found["status"], found["kind"], found["rows_added"]) == ("ready", "statement", 3)
        assert found["understood"]["header"] == ["Date", "Text", "Amount", "Currency"]
        again = await send(client, MARCH, name="another name.csv")
        assert (again.status_code, again.json()["document_id"]) == (200, found["document_id"])
        assert await amounts(client) == ["2500.00", "-900.00", "-3.50"]
        more = await imported(client, MORE)
        assert (more["rows_added"], more["rows_known"]) == (1, 3)
        assert (await client.post(f"/documents/{more['document_id']}/undo")).json() == {"transactions": 1}
        assert await amounts(client) == ["2500.00", "-900.00", "-3.50"]
        listed = (await client.get("/documents", params={"limit": 1})).json()
        assert [one["status"] for one in listed["items"]] == ["undone"]
        rest = (await client.get("/documents", params={"cursor": listed["next_cursor"]})).json()
        assert [one["document_id"] for one in rest["items"]] == [found["document_id"]]


async def test_how_a_table_was_read_can_be_corrected(frontdesk: Frontdesk, ada: UUID) -> None:
    """Here that spending is positive; it is remembered for the next file of that shape."""
    async with frontdesk.client(ada) as client:
        found = await imported(client, MARCH)
        shape = {**found["understood"]["shape"], "negated": True}
        answer = await client.post(f"/documents/{found['document_id']}/read", json={"shape": shape})
        assert answer.status_code == 202
        await read(client, found["document_id"])
        assert await amounts(client) == ["-2500.00", "900.00", "3.50"]
        await imported(client, MARCH.replace("2026-03", "2026-04"))
        assert await amounts(client, since="2026-04-01") == ["-2500.00", "900.00", "3.50"]
        corrections: list[object] = [{"shape": {"header_line": "one"}}, {"account_id": "x"}, {"shapes": {}}]
        for wrong in corrections:
            assert (await client.post(f"/documents/{found['document_id']}/read", json=wrong)).status_code == 400


async def test_a_file_can_be_downloaded_and_deleted(frontdesk: Frontdesk, ada: UUID) -> None:
    """The file alone, or with all that was read from it."""
    async with frontdesk.client(ada) as client:
        found = await imported(client, MARCH)
        path = f"/documents/{found['document_id']}"
        content = await client.get(f"{path}/content")
        assert content.text == MARCH
        assert content.headers["content-type"] == "application/octet-stream"
        assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''march.csv"
        assert (await client.delete(f"{path}/content")).status_code == 204
        assert (await client.get(f"{path}/content")).status_code == 404
        assert (await client.get(path)).json()["has_content"] is False
        assert len(await amounts(client)) == 3
        assert (await client.delete(path)).status_code == 204
        assert await amounts(client) == []
        assert (await client.get("/accounts")).json() == {"items": []}


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"%PDF-1.7\nnothing", "broken"), (b"\x00\x01\x02", "unknown_kind"), (b"PK\x03\x04broken", "broken")],
)
async def test_a_file_that_cannot_be_read_says_why(frontdesk: Frontdesk, ada: UUID, content: bytes, code: str) -> None:
    """As a code and a sentence; sent again it is read again."""
    async with frontdesk.client(ada) as client:
        found = await read(client, (await send(client, content, "file.pdf")).json()["document_id"])
        assert (found["status"], found["error_code"]) == ("failed", code)
        assert found["error_detail"].endswith(".")
        again = await send(client, content, "file.pdf")
        assert (again.status_code, again.json()["status"] in ("waiting", "reading", "failed")) == (200, True)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\bank\march.csv", "march.csv"),
        ("a\u202ecod.exe", "acod.exe"),
        ("   ", "document"),
        ("x" * 300 + ".csv", f"{'x' * 150}…{'x' * 36}.csv"),
    ],
)
async def test_a_file_has_a_name_that_can_be_shown(frontdesk: Frontdesk, ada: UUID, name: str, kept: str) -> None:
    """Without folders, hidden characters and excess."""
    async with frontdesk.client(ada) as client:
        sent = await send(client, MARCH, name)
        assert (sent.status_code, sent.json().get("name")) == (201, kept), sent.text


async def test_bad_uploads_are_refused(frontdesk: Frontdesk, ada: UUID) -> None:
    """Empty, too large, without a file, for an account that does not exist; nothing is kept."""
    async with frontdesk.client(ada) as client:
        answers = [
            await send(client, ""),
            await send(client, b"a" * (MAX_BYTES + 1)),
            await client.post("/documents", data={"account_id": str(uuid4())}),
            await client.post("/documents", json={"file": "a"}),
            await send(client, MARCH, account_id=str(uuid4())),
            await send(client, MARCH, account_id="mine"),
        ]
        assert [answer.status_code for answer in answers] == [400, 413, 400, 400, 404, 400]
        assert [answer.headers["content-type"] for answer in answers] == ["application/problem+json"] * 6
        assert (await client.get("/documents")).json()["items"] == []


async def test_pages_are_found_by_their_words(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """And nobody finds another user's, or reads or changes a document of theirs."""
    letter = pdf(1, "Dear customer, your insurance premium rises to 240 EUR in July.")
    async with frontdesk.client(ada) as client:
        found = await read(client, (await send(client, letter, "letter.pdf")).json()["document_id"])
        assert found["status"] == "ready"
        pages = (await client.get("/documents/search", params={"q": "premium"})).json()["items"]
        assert [(page["name"], page["page"]) for page in pages] == [("letter.pdf", 1)]
        assert "insurance premium" in pages[0]["snippet"]
    path = f"/documents/{found['document_id']}"
    async with frontdesk.client(bob) as client:
        assert (await client.get("/documents/search", params={"q": "premium"})).json() == {"items": []}
        others = [
            await client.get(path), await client.get(f"{path}/content"), await client.delete(path),
            await client.delete(f"{path}/content"), await client.post(f"{path}/undo"),
            await client.post(f"{path}/read", json={}),
        ]  # fmt: skip
        assert [answer.status_code for answer in others] == [404] * 6
