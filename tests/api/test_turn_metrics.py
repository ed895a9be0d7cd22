"""From a figure to a turn: lists of turns, one turn with its steps, and an administrator's audited look inside."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.pages.seed import add_turns
from tests.support.app import Frontdesk, Serve
from tests.support.database import owner, row
from tests.support.model_script import Status, Text, plain, streaming, structured
from tests.support.model_server import ModelServer

STEPS = {"guard_ms", "wait_ms", "route_ms", "memory_ms", "model_ms"}
PRICES = {"gpt-4o-mini": {"input": 10, "cached": 1, "output": 100}}
"""Dollars for a million tokens."""


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The JSON of an answer."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def actions(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """What administrators did, the latest first, but for reading the log."""
    items = (await get(client, "/audit"))["items"]
    return [(entry["action"], entry["detail"]) for entry in items if entry["action"] != "audit"]


async def test_a_failed_turn_leads_to_its_steps(frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """Its user sees it in the list, with what became of it; nobody else does."""
    model.queue(Status(500), streaming)
    model.queue(Status(400), streaming)
    said = (await frontdesk.chat(ada, "Hello", employee="ledger")).named("done")[0]
    well = (await frontdesk.chat(ada, "Hello again", employee="tag")).named("done")[0]
    async with frontdesk.client(ada) as client, frontdesk.client(bob) as other:
        (failed,) = (await get(client, "/turns"))["items"]
        slow = (await get(client, "/turns", order="slow"))["items"]
        details = await get(client, f"/turns/{said['turn_id']}/metrics")
        assert (await get(other, "/turns"))["items"] == []
        assert (await other.get(f"/turns/{said['turn_id']}/metrics")).status_code == 404
        assert (await other.post(f"/turns/{said['turn_id']}/content")).status_code == 403
    assert {one["turn_id"] for one in slow} == {said["turn_id"], well["turn_id"]}
    assert slow == sorted(slow, key=lambda one: -one["latency_ms"])
    assert failed == {name: details[name] for name in failed}
    assert (failed["turn_id"], failed["employee"], failed["outcome"]) == (said["turn_id"], "ledger", "fallback")
    assert (failed["error_code"], failed["attempts"]) == ("model_rejected", 2)
    assert details["timing"].keys() == STEPS
    assert details["timing"] == said["timing"]
    assert details["prompt_version"] == said["prompt_version"]
    assert (details["latency_ms"], details["trace_id"]) == (said["latency_ms"], None)


async def test_an_administrator_looks_into_a_turn_and_leaves_an_entry(
    frontdesk: Frontdesk, ada: UUID, bob: UUID
) -> None:
    """Numbers of everyone's turns without a word; what was said only with an entry, each time."""
    turn = (await frontdesk.chat(ada, "I sell biscuits", employee="ledger")).named("done")[0]["turn_id"]
    async with frontdesk.client(bob, admin=True) as admin:
        (listed,) = (await get(admin, "/turns", order="slow"))["items"]
        details = await get(admin, f"/turns/{turn}/metrics")
        assert "biscuits" not in f"{listed}{details}"
        assert str(ada) not in f"{listed}{details}"
        contents = [(await admin.post(f"/turns/{turn}/content")).json() for _ in range(2)]
        assert (await admin.post(f"/turns/{uuid4()}/content")).status_code == 404
        (unknown, *log) = await actions(admin)
        async with frontdesk.client(ada) as client:
            await client.delete("/account")
        gone = await admin.post(f"/turns/{turn}/content")
        numbers = await get(admin, f"/turns/{turn}/metrics")
    assert contents[0] == contents[1]
    assert contents[0]["message"] == "I sell biscuits"
    assert contents[0]["answer"]
    assert contents[0]["reason"]
    assert unknown[0] == "turn_content"
    assert log == [
        ("turn_content", turn), ("turn_content", turn), ("turn", turn), ("turns", "order=slow&range=24h")
    ]  # fmt: skip
    assert (gone.status_code, numbers["turn_id"]) == (404, turn)


async def test_in_local_mode_nobody_sees_turns_of_another_browser(serve: Serve) -> None:
    """Although each browser sees the figures of all."""
    app = await serve(jwt_secret=None)
    async with app.client(None) as first, app.client(None) as second:
        told = await first.post("/chat", json={"message": "Hello"}, headers={"Accept": "text/event-stream"})
        await app.settled()
        turn = told.headers["x-turn-id"]
        assert (await get(second, "/metrics-summary"))["totals"]["total_requests"] == 1
        assert (await get(second, "/turns", order="slow"))["items"] == []
        assert (await second.get(f"/turns/{turn}/metrics")).status_code == 404
        assert (await second.post(f"/turns/{turn}/content")).status_code == 403
        assert (await first.post(f"/turns/{turn}/content")).status_code == 403
        assert (await get(first, f"/turns/{turn}/metrics"))["turn_id"] == turn


async def test_figures_of_any_range_and_of_what_is_filtered(frontdesk: Frontdesk, ada: UUID) -> None:
    """Beside those of the range before it, and equal to a count of the rows."""
    url = frontdesk.service.url
    for employee, turns, good, ms, hours in (
        ("tag", 7, 4, 900, 30), ("ledger", 5, 5, 2000, 30), ("ledger", 3, 2, 100, 60), ("tag", 2, 2, 50, 90),
    ):  # fmt: skip
        add_turns(url, employee, turns=turns, good=good, ms=ms, hours=hours)
    await owner(url, "update xai_chat_metrics set model = 'another' where latency_ms = 2000")
    now = datetime.now(UTC)
    days = {"from": (now - timedelta(days=2)).isoformat(), "to": (now - timedelta(days=1)).isoformat()}
    async with frontdesk.client(ada, admin=True) as admin:
        found = await get(admin, "/metrics-summary", **days)
        only = await get(admin, "/metrics-summary", **days, employee="Tag", outcome="failed")
        of_model = await get(admin, "/metrics-summary", **days, model="another")
    counted = await row(
        url,
        "select count(*), round(percentile_cont(0.99) within group (order by latency_ms)) from xai_chat_metrics"
        " where created_at >= %(from)s and created_at < %(to)s",
        **days,
    )
    totals = found["totals"]
    assert (totals["total_requests"], totals["p99_latency_ms"]) == (counted[0], int(counted[1])) == (12, 2000)
    assert (found["range"], found["hours"], len(found["series"])) == ("custom", 24, 24)
    assert sum(point["turns"] for point in found["series"]) == 12
    assert (found["previous"]["total_requests"], found["previous"]["success_rate"]) == (3, 66.67)
    assert [(one["model"], one["total_requests"]) for one in found["models"]] == [("a model", 7), ("another", 5)]
    assert (only["totals"]["total_requests"], only["totals"]["outcomes"]["failed"]) == (3, 3)
    assert only["previous"]["total_requests"] == 0
    assert [one["employee_slug"] for one in of_model["data"]] == ["ledger"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"to": "2026-01-01T00:00:00Z"}, "from: is needed with to"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from: must be before to"),
        ({"from": "2026-13-01T00:00:00Z"}, "from: is no time"),
        ({"from": "2001-01-01T00:00:00Z"}, "from: metrics are kept for 90 days"),
        ({"employee": "nobody"}, "employee: there is no such employee"),
    ],
    ids=["no beginning", "the wrong way round", "no date", "longer than kept", "no employee"],
)
async def test_another_period_is_refused(serve: Serve, ada: UUID, query: dict[str, str], detail: str) -> None:
    """With what is wrong."""
    frontdesk = await serve(keep_metrics_days=90)
    async with frontdesk.client(ada) as client:
        for path in ("/metrics-summary", "/turns", "/costs", "/tables/models"):
            refused = await client.get(path, params=query)
            assert (refused.status_code, refused.json()["detail"]) == (400, detail)


async def test_turns_cost_what_their_tokens_cost(serve: Serve, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """Those of answers, summaries and facts, by day, model, employee and user, who has an opaque id.

    A model without a price has tokens only, and says so.
    """
    frontdesk = await serve(chat_model="gpt-4o-mini", prices=PRICES, rate_limit=0)
    model.always(Text(["Yes."], cached=3), streaming)
    model.always(Text("They said hello.", counts=7, cached=2), plain)
    model.always(Text('{"facts": []}', counts=5), structured)
    usages = [
        (await frontdesk.chat(user, "Hello", employee=employee)).named("done")[0]["usage"]
        for user, employee in ((ada, "tag"), (ada, "ledger"), (bob, "ledger"))
    ]
    background = 3 * (7 + 5)
    prompt, completion = (
        sum(one[name] for one in usages) + background for name in ("prompt_tokens", "completion_tokens")
    )
    expected = ((prompt - 15) * 10 + 15 * 1 + completion * 100) / 1_000_000
    add_turns(frontdesk.service.url, "byte", turns=2)
    async with frontdesk.client(bob, admin=True) as admin, frontdesk.client(ada) as client:
        found, own = await get(admin, "/costs"), await get(client, "/costs")
        again = (await get(admin, "/costs", range="7d"))["users"]
        assert ("costs", "range=24h") in await actions(admin)
    total = found["total"]
    assert (total["turns"], total["unpriced_turns"], total["estimated_turns"]) == (5, 2, 2)
    assert (total["prompt_tokens"], total["cached_tokens"]) == (prompt + 20, 15)
    assert total["cost"] == pytest.approx(expected)
    assert sum(day["cost"] for day in found["days"]) == pytest.approx(expected)
    assert sum(one["cost"] or 0 for one in found["employees"]) == pytest.approx(expected)
    models = {one["model"]: (one["cost"], one["price_source"], one["input_price"]) for one in found["models"]}
    assert models == {"gpt-4o-mini": (pytest.approx(expected), "settings", 10), "a model": (None, None, None)}
    assert [one["turns"] for one in found["users"]] == [2, 1]
    assert found["users"] == again
    assert not [user for user in (ada, bob) if str(user) in str(found) or user.hex[:16] in str(found)]
    assert (own["total"]["turns"], "users" in own) == (2, False)


async def test_every_table_comes_as_csv(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """With the figures of the JSON, and without cells that a spreadsheet would compute."""
    model.queue(Status(400), streaming)
    await frontdesk.chat(ada, "Hello", employee="ledger")
    await frontdesk.chat(ada, "Hello", employee="tag")
    renamed = "update xai_chat_metrics set model = '=1+2', background_model = '=1+2' where outcome = 'done'"
    await owner(frontdesk.service.url, renamed)
    async with frontdesk.client(ada, admin=True) as admin:
        summary = await get(admin, "/metrics-summary")

        async def table(name: str) -> list[dict[str, str]]:
            answer = await admin.get(f"/tables/{name}")
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert answer.headers["content-disposition"].startswith('attachment; filename="frontdesk-')
            return list(csv.DictReader(io.StringIO(answer.text)))

        employees = {one["employee_slug"]: one for one in await table("employees")}
        assert employees["ledger"]["outcomes_fallback"] == "1"
        for one in summary["data"]:
            assert employees[one["employee_slug"]]["p99_latency_ms"] == str(one["p99_latency_ms"])
        assert "'=1+2" in {one["model"] for one in await table("models")}
        assert [one["turns"] for one in await table("series")] == [str(point["turns"]) for point in summary["series"]]
        assert await table("error_codes") == [{"error_code": "model_rejected", "turns": "1"}]
        assert [one["outcome"] for one in await table("failed_turns")] == ["fallback"]
        assert len(await table("slow_turns")) == 2
        for name in ("day", "model", "employee", "user"):
            assert [one["turns"] for one in await table(f"cost_by_{name}")] == ["1"], name
        assert (await admin.get("/tables/chat_messages")).status_code == 400
