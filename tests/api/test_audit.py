"""What administrators looked at."""

import base64
from typing import Any
from uuid import UUID

import httpx

from tests.support.app import Frontdesk


async def accesses(client: httpx.AsyncClient, **query: Any) -> list[tuple[str, str, str]]:
    """The entries of a page: who, what, and what exactly."""
    page = (await client.get("/audit", params=query)).json()
    return [(entry["admin_id"], entry["action"], entry["detail"]) for entry in page["items"]]


async def test_every_access_of_an_administrator_is_an_entry(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """Everyone's metrics, the program's own and the log itself, the latest first; a user's own metrics are none."""
    async with frontdesk.client(ada, admin=True) as admin, frontdesk.client(bob) as user:
        for path in ("/metrics-summary?range=24h", "/metrics-summary?range=7d", "/metrics"):
            assert (await admin.get(path)).status_code == 200
        assert (await user.get("/metrics-summary")).status_code == 200
        found = await accesses(admin)
    by_ada = [("audit", ""), ("prometheus", ""), ("metrics_summary", "range=7d"), ("metrics_summary", "range=24h")]
    assert found == [(str(ada), action, detail) for action, detail in by_ada]


async def test_nobody_else_reads_the_log(frontdesk: Frontdesk, ada: UUID) -> None:
    """403 for a user, and no entry; what an administrator may not see is none either."""
    async with frontdesk.client(ada) as user, frontdesk.client(ada, admin=True) as admin:
        for path in ("/audit", "/metrics"):
            refused = await user.get(path)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert (await admin.get("/metrics-summary?range=1y")).status_code == 400
        assert await accesses(admin) == [(str(ada), "audit", "")]


async def test_the_log_comes_in_pages_and_outlives_accounts(frontdesk: Frontdesk, ada: UUID) -> None:
    """An administrator cannot erase what they did."""
    async with frontdesk.client(ada, admin=True) as admin:
        for path in ("/metrics-summary?range=24h", "/metrics-summary?range=7d"):
            await admin.get(path)
        assert (await admin.delete("/account")).status_code == 204
        first = (await admin.get("/audit", params={"limit": 2})).json()
        too_large = base64.urlsafe_b64encode(b"[%d]" % 2**63).decode()
        assert (await admin.get("/audit", params={"cursor": too_large})).status_code == 400
        second = (await admin.get("/audit", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [entry["action"] for entry in first["items"]] == ["audit", "metrics_summary"]
    assert ([entry["detail"] for entry in second["items"]], second["next_cursor"]) == (["range=24h"], None)
