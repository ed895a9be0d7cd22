"""Bank statements that a user of a page sends."""

from typing import Any

from playwright.async_api import BrowserContext, FilePayload

HEADER = "Date;Payee;Text;Amount;Currency\n"
HALF_A_YEAR = HEADER + "".join(
    f"{day:02d}.{month:02d}.2026;{payee};{text};{amount};EUR\n"
    for month in range(1, 7)
    for day, payee, text, amount in (
        (3, "Corner Market", "Card payment", f"-{40 + month},50"),
        (9, "Cinema", "Tickets", "-37,50"),
        (12, "Employer", "Salary", "2500,00"),
    )
)
"""18 transactions; -489.00 EUR was spent."""


def statement(content: str = HALF_A_YEAR, name: str = "statement.csv") -> FilePayload:
    """A file to be picked."""
    return {"name": name, "mimeType": "text/csv", "buffer": content.encode()}


async def import_statement(context: BrowserContext, url: str, content: str = HALF_A_YEAR) -> str:
    """Send a statement as the user of this browser, and wait until it is read; returns the document's id."""
    sent = await context.request.post(f"{url}/documents", multipart={"file": statement(content)})
    assert sent.ok, await sent.text()
    document: dict[str, Any] = await sent.json()
    while document["status"] in ("waiting", "reading"):
        document = await (await context.request.get(f"{url}/documents/{document['document_id']}")).json()
    assert document["status"] == "ready", document
    return str(document["document_id"])
