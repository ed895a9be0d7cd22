"""Transactions, accounts, categories, rules and plans over HTTP."""

import csv
import io
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.test_documents import amounts, imported
from tests.support.app import Frontdesk

YEAR = """Date;Payee;Text;Amount;Currency
2026-01-05;Market;Food 1;-20.10;EUR
2026-01-06;=HYPERLINK("x");Food 2;-5.00;EUR
2026-02-01;Employer;Salary;2000.00;EUR
2026-02-03;Café Rio;Lunch;-30.00;BRL
2026-03-01;Market;Food 3;-40.05;EUR
"""


async def listed(client: httpx.AsyncClient, **params: Any) -> list[Mapping[str, Any]]:
    """Transactions that match."""
    answer = await client.get("/transactions", params=params)
    assert answer.status_code == 200, answer.text
    found: list[Mapping[str, Any]] = answer.json()["items"]
    return found


async def test_transactions_are_filtered_and_summed_up(frontdesk: Frontdesk, ada: UUID) -> None:
    """Page by page, and by currency."""
    async with frontdesk.client(ada) as client:
        await imported(client, YEAR)
        assert await amounts(client, q="market food") == ["-40.05", "-20.10"]
        assert await amounts(client, since="2026-02-01", until="2026-02-28") == ["-30.00", "2000.00"]
        assert await amounts(client, sign="spent", at_most="-20", currency="EUR") == ["-40.05", "-20.10"]
        assert len(await amounts(client, category="none")) == 5
        totals = (await client.get("/transactions/totals")).json()["items"]
        assert totals == [
            {
                "currency": "EUR", "count": 4, "spent": "-65.15", "received": "2000.00",
                "first_on": "2026-01-05", "last_on": "2026-03-01",
            },
            {
                "currency": "BRL", "count": 1, "spent": "-30.00", "received": "0.00",
                "first_on": "2026-02-03", "last_on": "2026-02-03",
            },
        ]  # fmt: skip
        first = (await client.get("/transactions", params={"limit": 3})).json()
        rest = (await client.get("/transactions", params={"limit": 3, "cursor": first["next_cursor"]})).json()
        assert [len(page["items"]) for page in (first, rest)] == [3, 2]
        assert rest["next_cursor"] is None
        for wrong in ({"since": "yesterday"}, {"currency": "euro"}, {"cursor": "x"}, {"account": "mine"}, {"limit": 0}):
            assert (await client.get("/transactions", params=wrong)).status_code == 400


async def test_transfers_between_own_accounts_are_not_spending(frontdesk: Frontdesk, ada: UUID) -> None:
    """They are summed up only where their category is named, as in answers."""
    async with frontdesk.client(ada) as client:
        await imported(client, YEAR)
        items = await listed(client, currency="EUR", since="2026-03-01")
        ids = [one["transaction_id"] for one in items]
        body = {"transaction_ids": ids, "category": "transfers"}
        assert (await client.post("/transactions/categorise", json=body)).status_code == 200
        [euros] = (await client.get("/transactions/totals", params={"currency": "EUR"})).json()["items"]
        [moved] = (await client.get("/transactions/totals", params={"category": "transfers"})).json()["items"]
    assert (euros["count"], euros["spent"]) == (4, "-25.10")
    assert (moved["count"], moved["spent"]) == (1, "-40.05")


async def test_transactions_are_saved_as_csv(frontdesk: Frontdesk, ada: UUID) -> None:
    """All that match; a spreadsheet takes no cell for a formula."""
    async with frontdesk.client(ada) as client:
        await imported(client, YEAR)
        answer = await client.get("/transactions/csv", params={"currency": "EUR"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["amount"] for row in rows] == ["-40.05", "2000.00", "-5.00", "-20.10"]
    assert rows[2]["counterparty"].startswith("'=HYPERLINK")


async def test_a_category_is_changed_for_many_and_undone(frontdesk: Frontdesk, ada: UUID) -> None:
    """Once; what was changed since stays."""
    async with frontdesk.client(ada) as client:
        await imported(client, YEAR)
        found = await listed(client, q="food")
        ids = [one["transaction_id"] for one in found]
        done = await client.post("/transactions/categorise", json={"transaction_ids": ids, "category": "groceries"})
        assert [one["category"] for one in await listed(client, q="food")] == ["groceries"] * 3
        one = await client.patch(f"/transactions/{ids[0]}", json={"category": "gifts", "note": "For Bo"})
        assert (one.json()["category"], one.json()["category_by"], one.json()["note"]) == ("gifts", "user", "For Bo")
        undo = f"/transactions/changes/{done.json()['change_id']}/undo"
        assert [(await client.post(undo)).json() for _twice in range(2)] == [{"transactions": 2}, {"transactions": 0}]
        assert [one["category"] for one in await listed(client, q="food")] == ["gifts", None, None]
        wrong = [
            await client.post("/transactions/categorise", json={"transaction_ids": ids, "category": "no_such"}),
            await client.post("/transactions/categorise", json={"transaction_ids": [], "category": None}),
            await client.post("/transactions/categorise", json={"transaction_ids": [str(uuid4())], "category": None}),
            await client.patch(f"/transactions/{ids[0]}", json={}),
            await client.patch(f"/transactions/{uuid4()}", json={"note": "x"}),
        ]
        assert [answer.status_code for answer in wrong] == [400, 400, 404, 400, 404]


async def test_categories_and_rules(frontdesk: Frontdesk, ada: UUID) -> None:
    """Defaults first; a rule says what it would change, changes it, and takes it back with itself."""
    async with frontdesk.client(ada) as client:
        assert "groceries" in [one["category"] for one in (await client.get("/categories")).json()["items"]]
        await imported(client, YEAR)
        added = await client.post("/categories", json={"name": "Pets & Co"})
        assert (added.status_code, added.json()["category"]) == (201, "pets_co")
        assert (await client.post("/categories", json={"name": "pets co"})).status_code == 409
        changed = await client.patch("/categories/pets_co", json={"name": "Animals", "deductible": True})
        assert changed.json() == {"category": "pets_co", "name": "Animals", "kind": "expense", "deductible": True}
        rule = {"pattern": "MARKET", "category": "pets_co"}
        assert (await client.post("/rules/preview", json=rule)).json() == {"matching": 2, "changed": 2}
        rule_id = (await client.post("/rules", json=rule)).json()["rule_id"]
        assert (await client.post("/rules", json=rule)).status_code == 409
        assert await amounts(client, category="pets_co") == ["-40.05", "-20.10"]
        assert (await client.get("/rules")).json()["items"][0]["transactions"] == 2
        assert (await client.delete(f"/rules/{rule_id}")).status_code == 204
        assert await amounts(client, category="pets_co") == []
        assert (await client.delete("/categories/pets_co")).status_code == 204
        for wrong in ({"name": "…"}, {"name": ""}, {"name": "a", "kind": "yacht"}):
            assert (await client.post("/categories", json=wrong)).status_code == 400


async def test_accounts_are_renamed_and_deleted(frontdesk: Frontdesk, ada: UUID) -> None:
    """With their transactions."""
    async with frontdesk.client(ada) as client:
        await imported(client, YEAR)
        (account,) = (await client.get("/accounts")).json()["items"]
        assert (account["name"], account["transactions"], account["last_on"]) == ("march", 5, "2026-03-01")
        path = f"/accounts/{account['account_id']}"
        assert (await client.patch(path, json={"name": "Giro", "kind": "savings"})).status_code == 204
        assert (await client.get("/accounts")).json()["items"][0]["name"] == "Giro"
        assert (await client.patch(path, json={})).status_code == 400
        assert [(await client.delete(path)).status_code for _twice in range(2)] == [204, 404]
        assert await amounts(client) == []


async def test_accounts_have_the_balance_that_a_statement_says(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """With the day that it is of; without one it is not known. Another user sees neither."""
    async with frontdesk.client(ada) as client, frontdesk.client(bob) as other:
        cash = {"name": "Wallet", "kind": "cash", "currency": "EUR"}
        assert (await client.put(f"/accounts/{uuid4()}", json=cash)).status_code == 204
        await imported(client, "Date;Payee;Amount;Balance;Currency\n2026-03-01;A;-20.00;80.00;EUR\n"
                               "2026-03-02;B;-9.50;70.50;EUR\n2026-03-03;C;-0.50;70.00;EUR\n")  # fmt: skip
        found = [
            (one["total"], one["balance"], one["balance_as_of"])
            for one in (await client.get("/accounts")).json()["items"]
        ]
        assert sorted(found) == [("-30.00", "70.00", "2026-03-03"), ("0.00", None, None)]
        assert (await other.get("/accounts")).json()["items"] == []


async def test_plans_are_put_and_deleted(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """Amounts come back as exact as they were sent; nobody sees another user's."""
    goal = {"name": "Bike", "target": "900.10", "saved": "1", "currency": "EUR", "due_on": "2027-03-01"}
    debt = {"name": "Card", "balance": "100", "currency": "EUR", "annual_rate": "19.9", "minimum": "5"}
    paths = {f"/goals/{uuid4()}": goal, f"/debts/{uuid4()}": debt, "/budgets/groceries/EUR": {"amount": "300"}}
    async with frontdesk.client(ada) as client:
        for path, body in paths.items():
            for _twice in range(2):
                assert (await client.put(path, json=body)).status_code == 204
        (found,) = (await client.get("/goals")).json()["items"]
        assert (found["target"], found["saved"], found["due_on"]) == ("900.10", "1.00", "2027-03-01")
        assert (await client.get("/debts")).json()["items"][0]["annual_rate"] == "19.9"
        budget = {"category": "groceries", "currency": "EUR", "amount": "300.00"}
        assert (await client.get("/budgets")).json() == {"items": [budget]}
    async with frontdesk.client(bob) as client:
        for path in paths:
            assert (await client.get(path.rsplit("/", 1)[0] if "budgets" not in path else "/budgets")).json() == {
                "items": []
            }
            assert (await client.delete(path)).status_code == 404
    async with frontdesk.client(ada) as client:
        for path in paths:
            assert (await client.delete(path)).status_code == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/goals/{id}", {"name": "Bike", "target": "0", "currency": "EUR"}),
        ("/goals/{id}", {"name": "Bike", "target": "NaN", "currency": "EUR"}),
        ("/goals/{id}", {"name": "Bike", "target": "1e30", "currency": "EUR"}),
        ("/goals/{id}", {"name": "Bike", "target": "1.23456", "currency": "EUR"}),
        ("/goals/{id}", {"name": "Bike", "target": "1", "currency": "eur"}),
        ("/goals/{id}", {"name": "Bike", "target": "1", "currency": "EUR", "due_on": "31.02.2027"}),
        ("/goals/{id}", {"name": "Bike", "target": "1", "currency": "EUR", "due_on": 0}),
        ("/debts/{id}", {"name": "a", "balance": "-1", "currency": "EUR", "annual_rate": "1", "minimum": "1"}),
        ("/debts/{id}", {"name": "a", "balance": "1", "currency": "EUR", "annual_rate": "900", "minimum": "1"}),
        ("/budgets/groceries/euro", {"amount": "1"}),
        ("/budgets/groceries/EUR", {"amount": "-1"}),
        ("/budgets/groceries/EUR", {}),
    ],
)
async def test_bad_plans_are_refused(frontdesk: Frontdesk, ada: UUID, path: str, body: dict[str, str]) -> None:
    """With a problem document."""
    async with frontdesk.client(ada) as client:
        answer = await client.put(path.format(id=uuid4()), json=body)
        unknown = await client.put("/budgets/no_such/EUR", json={"amount": "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text
    assert unknown.status_code == 404
