"""Accounts and transactions that a user enters, over HTTP: cash, and accounts without files."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.test_documents import amounts, imported
from tests.api.test_transactions import YEAR, listed
from tests.support.app import Frontdesk

HEAD = "Date;Payee;Text;Amount;Currency\n"
CASH = {"name": "Wallet", "kind": "cash", "currency": "EUR"}


async def cash(client: httpx.AsyncClient) -> str:
    """Add an account for cash; returns its id."""
    account = str(uuid4())
    for _twice in range(2):
        assert (await client.put(f"/accounts/{account}", json=CASH)).status_code == 204
    return account


def bought(account: str, amount: str = "-3.20", **other: Any) -> dict[str, Any]:
    """A purchase in cash."""
    return {
        "account_id": account,
        "booked_on": "2026-03-01",
        "amount": amount,
        "counterparty": "Bakery Market",
        **other,
    }


async def test_an_account_without_files_is_added_once(frontdesk: Frontdesk, ada: UUID) -> None:
    """The same request again changes its name and kind, and never its currency."""
    async with frontdesk.client(ada) as client:
        account = await cash(client)
        assert (await client.put(f"/accounts/{account}", json={**CASH, "name": "Purse"})).status_code == 204
        (found,) = (await client.get("/accounts")).json()["items"]
        assert found["account_id"] == account
        assert (found["name"], found["kind"], found["currency"]) == ("Purse", "cash", "EUR")
        assert (found["transactions"], found["total"], found["number_end"]) == (0, "0.00", None)
        wrong = [{**CASH, "currency": "USD"}, {**CASH, "currency": "euro"}, {**CASH, "name": ""}, {"name": "x"}]
        answers = [await client.put(f"/accounts/{account}", json=body) for body in wrong]
        assert [(one.status_code, one.json()["code"]) for one in answers] == [(400, "invalid_request")] * 4
        assert (await client.get("/accounts")).json()["items"] == [found]


async def test_a_purchase_in_cash_is_entered_changed_and_deleted(frontdesk: Frontdesk, ada: UUID) -> None:
    """A rule gives it its category, it counts like any other, and the same request twice enters it once."""
    async with frontdesk.client(ada) as client:
        await client.post("/rules", json={"pattern": "bakery", "category": "groceries"})
        account, path = await cash(client), f"/transactions/{uuid4()}"
        for _twice in range(2):
            assert (await client.put(path, json=bought(account))).status_code == 204
        (one,) = await listed(client)
        assert (one["amount"], one["currency"], one["account"], one["by_hand"]) == ("-3.20", "EUR", "Wallet", True)
        assert (one["category"], one["category_by"]) == ("groceries", "rule")
        await client.put(path, json=bought(account, "-4.10"))
        assert await amounts(client, category="groceries") == ["-4.10"]
        assert (await client.get("/transactions/totals")).json()["items"][0]["spent"] == "-4.10"
        assert [(await client.delete(path)).status_code for _twice in range(2)] == [204, 404]
        assert await listed(client) == []


async def test_what_a_document_brought_is_left_to_it(frontdesk: Frontdesk, ada: UUID) -> None:
    """And what was entered is no row of a document, whatever comes, goes or says the same."""
    async with frontdesk.client(ada) as client:
        document = await imported(client, YEAR)
        (account,) = (await client.get("/accounts")).json()["items"]
        theirs = (await listed(client, q="food 3"))[0]
        path = f"/transactions/{theirs['transaction_id']}"
        answers = [await client.put(path, json=bought(account["account_id"])), await client.delete(path)]
        assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "of_document")] * 2
        mine = bought(account["account_id"], "-40.05", counterparty="Market")
        assert (await client.put(f"/transactions/{uuid4()}", json=mine)).status_code == 204
        more = await imported(client, YEAR + "2026-03-02;Market;Food 4;-1.00;EUR\n")
        assert (more["rows_added"], more["rows_known"]) == (1, 5)
        for one in (document, more):
            await client.post(f"/documents/{one['document_id']}/undo")
        assert [(one["amount"], one["by_hand"]) for one in await listed(client)] == [("-40.05", True)]


async def test_a_row_that_was_entered_is_known_again(frontdesk: Frontdesk, ada: UUID) -> None:
    """By amount, a day near, and its words, each once, in another format, too; an undo leaves what was entered."""
    async with frontdesk.client(ada) as client:
        first = await imported(client, HEAD + "2026-03-01;Employer;Salary;2500.00;EUR\n")
        (account,) = (await client.get("/accounts")).json()["items"]
        for day, amount, who in (
            ("2026-03-02", "-4.10", "Bakery Market"),
            ("2026-03-02", "-4.10", "Bakery Market"),
            ("2026-03-02", "-9.00", "Bakery Market"),
            ("2026-02-20", "-7.00", "Bakery Market"),
            ("2026-03-02", "-5.00", "Cinema"),
        ):
            body = {"account_id": account["account_id"], "booked_on": day, "amount": amount, "counterparty": who}
            assert (await client.put(f"/transactions/{uuid4()}", json=body)).status_code == 204
        before = await listed(client)
        content = (
            HEAD
            + "2026-03-03;BAKERY MARKET 0815;Card payment;-4.10;EUR\n"
            + "2026-03-04;Card;Bakery Market, Berlin;-4.10;EUR\n"
            + "2026-03-05;Bakery Market;Card payment;-4.10;EUR\n"
            + "2026-03-03;Bakery Market;Card payment;-7.00;EUR\n"
            + "2026-03-03;Greengrocer;Card payment;-5.00;EUR\n"
        )
        document = await imported(client, content, account_id=account["account_id"])
        assert (document["rows_added"], document["rows_known"], document["rows_entered"]) == (3, 0, 2)
        assert sorted(one["by_hand"] for one in await listed(client, q="bakery market")) == [False] * 4 + [True] * 2
        other = content.replace("Date;Payee", "Booking date;Payee").replace("Card payment", "Card")
        again = await imported(client, other, account_id=account["account_id"])
        assert (again["rows_added"], again["rows_known"] + again["rows_entered"]) == (0, 5)
        for one in (document, again):
            await client.post(f"/documents/{one['document_id']}/undo")
        assert await listed(client) == before
        await client.post(f"/documents/{first['document_id']}/undo")
        assert len(await listed(client)) == 5


async def test_nobody_else_finds_what_was_entered(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """Or changes it, or books into somebody's account; it goes with its user's account."""
    path = f"/transactions/{uuid4()}"
    async with frontdesk.client(ada) as client:
        account = await cash(client)
        await client.put(path, json=bought(account))
        found = await listed(client)
    async with frontdesk.client(bob) as client:
        assert (await client.put(path, json=bought(account))).status_code == 404
        assert (await client.delete(path)).status_code == 404
        assert (await client.patch(f"/accounts/{account}", json={"name": "Mine"})).status_code == 404
        assert (await client.get("/accounts")).json()["items"] == []
    async with frontdesk.client(ada) as client:
        assert await listed(client) == found
        assert (await client.delete("/account")).status_code == 204
        assert await listed(client) == []
        assert (await client.get("/accounts")).json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "NaN"}, {"amount": "1e30"}, {"amount": "1.23456"}, {"booked_on": "31.02.2027"}, {"booked_on": 0},
        {"counterparty": ""}, {"counterparty": "x" * 201}, {"account_id": "mine"}, {"currency": "EUR"},
    ],
)  # fmt: skip
async def test_bad_transactions_are_refused(frontdesk: Frontdesk, ada: UUID, change: dict[str, Any]) -> None:
    """With a problem document."""
    async with frontdesk.client(ada) as client:
        account = await cash(client)
        answer = await client.put(f"/transactions/{uuid4()}", json=bought(account) | change)
        unknown = await client.put(f"/transactions/{uuid4()}", json=bought(str(uuid4())))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text
    assert unknown.status_code == 404
