"""References and proposals over HTTP: what a tool computed is opened, and what one proposes waits for a yes."""

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.support.app import Frontdesk
from tests.support.desk import fill
from tests.support.model_script import Calls, Text, streaming
from tests.support.model_server import ModelServer

PAYMENTS = (
    ("2026-03-03", "-412.50", "Corner Market"),
    ("2026-03-09", "-37.50", "Cinema"),
    ("2026-04-02", "-8.00", "Corner Market"),
)


async def computed(
    frontdesk: Frontdesk, model: ModelServer, user: UUID, employee: str, tool: str, **arguments: Any
) -> dict[str, Any]:
    """The event of a tool's result, in an answer of the employee."""
    model.queue(Calls([(tool, arguments)]), streaming)
    model.queue(Text("There you are."), streaming)
    answer = await frontdesk.chat(user, "Please look.", employee=employee)
    [result] = answer.named("tool_result")
    return result


async def opened(client: httpx.AsyncClient, reference_id: str) -> dict[str, Any]:
    """A reference."""
    answer = await client.get(f"/references/{reference_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_figure_is_opened(frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """The words, the rows, and the transactions; and whether it is still so."""
    await fill(frontdesk.service.url, ada, *PAYMENTS)
    result = await computed(frontdesk, model, ada, "crystal", "totals", since="2026-03-01", until="2026-03-31")
    path = f"/references/{result['reference_id']}"
    async with frontdesk.client(ada) as client:
        found = await opened(client, result["reference_id"])
        assert (found["words"], found["tool"], found["changed"]) == (result["words"], "totals", False)
        assert found["figures"][0] == {"name": "Spending", "value": "-450.00", "currency": "EUR"}
        listed = (await client.get(f"/transactions?{found['transactions']}")).json()["items"]
        assert [one["amount"] for one in listed] == ["-37.50", "-412.50"]
        narrowed = (await client.get(f"/transactions?{found['transactions']}&q=cinema")).json()["items"]
        assert [one["amount"] for one in narrowed] == ["-37.50"]
        totals = (await client.get(f"/transactions/totals?{found['transactions']}")).json()["items"]
        assert totals == [
            {
                "currency": "EUR",
                "count": 2,
                "spent": "-450.00",
                "received": "0.00",
                "first_on": "2026-03-03",
                "last_on": "2026-03-09",
            }
        ]
        table = list(csv.reader(io.StringIO((await client.get(f"{path}/csv")).text)))
        assert table[1:] == found["rows"]
        await fill(frontdesk.service.url, ada, ("2026-03-20", "-1.00", "Kiosk"))
        assert (await opened(client, result["reference_id"]))["changed"] is True
    async with frontdesk.client(bob) as client:
        answers = [
            await client.get(path), await client.get(f"{path}/csv"),
            await client.get(f"/transactions?reference={result['reference_id']}"),
            await client.get(f"/transactions/totals?reference={uuid4()}"),
        ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [404] * 4


async def test_a_proposal_is_accepted_once_and_undone(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """Nothing is written before; nobody else decides it."""
    async with frontdesk.client(ada) as client:
        await client.post("/categories", json={"name": "Food", "kind": "expense"})
        await fill(frontdesk.service.url, ada, *PAYMENTS)
        rule = {"field": "any", "match": "contains", "pattern": "corner market", "category": "groceries"}
        result = await computed(frontdesk, model, ada, "tag", "propose_rule", **rule)
        path = f"/proposals/{result['proposal_id']}"
        assert [one["proposal_id"] for one in (await client.get("/proposals")).json()["items"]] == [
            result["proposal_id"]
        ]
        assert (await client.get("/rules")).json()["items"] == []
        async with frontdesk.client(bob) as other:
            assert [
                (await other.get(path)).status_code,
                *[(await other.post(f"{path}/{what}")).status_code for what in ("accept", "refuse", "undo")],
            ] == [404] * 4
        for _twice in range(2):
            assert (await client.post(f"{path}/accept")).json()["status"] == "accepted"
        assert [one["pattern"] for one in (await client.get("/rules")).json()["items"]] == ["corner market"]
        assert (await client.post(f"{path}/refuse")).json()["status"] == "accepted"
        assert (await client.post(f"{path}/undo")).json()["status"] == "undone"
        assert (await client.get("/rules")).json()["items"] == []
        assert (await client.post(f"{path}/accept")).json()["status"] == "undone"
        assert (await opened(client, result["reference_id"]))["proposal_id"] == result["proposal_id"]


async def test_a_proposal_is_refused(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Then it waits no more."""
    async with frontdesk.client(ada) as client:
        await client.post("/categories", json={"name": "Food", "kind": "expense"})
        await fill(frontdesk.service.url, ada, *PAYMENTS)
        rule = {"field": "any", "match": "contains", "pattern": "cinema", "category": "groceries"}
        result = await computed(frontdesk, model, ada, "tag", "propose_rule", **rule)
        assert (await client.post(f"/proposals/{result['proposal_id']}/refuse")).json()["status"] == "refused"
        assert (await client.get("/proposals")).json() == {"items": []}
        assert (await client.get("/transactions", params={"category": "groceries"})).json()["items"] == []
