"""Requests in Prometheus, by method, route and status; all applications of a process are counted together."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest

from tests.support.app import Frontdesk
from tests.support.listening import listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.prometheus import Samples, counted, scraped

APP = "frontdesk"
ANSWERED = (APP, "POST", "/chat", "200")


def since(before: Samples, after: Samples, name: str) -> Samples:
    """The increase, by the labels' values: application, method, route, status."""
    old, new = counted(before, name), counted(after, name)
    return {labels: value - old.get(labels, 0) for labels, value in new.items() if value != old.get(labels, 0)}


async def test_requests_are_counted_by_route_and_status(frontdesk: Frontdesk, ada: UUID) -> None:
    """Without ids or names of the path; each error by its status."""
    before = await scraped(frontdesk, ada)
    async with frontdesk.client(ada) as client:
        for _ in range(3):
            assert (await client.get(f"/turns/{uuid4()}")).status_code == 404
            assert (await client.get(f"/page/{uuid4().hex}.js")).status_code in (400, 404)
        await client.post("/chat", json={"message": " "})
        await client.post("/chat", json={"messages": []})
        await client.post("/chat", content=b"x" * 300_000, headers={"content-type": "application/json"})
    async with frontdesk.client(None) as client:
        assert (await client.get("/conversations")).status_code == 401
    added = since(before, await scraped(frontdesk, ada), "frontdesk_http_requests_total")
    page = {labels: added.pop(labels) for labels in list(added) if labels[2] == "/page/{name}"}
    assert sum(page.values()) == 3
    assert added == {
        (APP, "GET", "/turns/{turn_id}", "404"): 3,
        (APP, "POST", "/chat", "400"): 2,
        (APP, "POST", "/chat", "413"): 1,
        (APP, "GET", "/conversations", "401"): 1,
        (APP, "GET", "/metrics", "200"): 1,  # the look before
    }


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/{}"), ("GET", "/turns/{}/x"), ("PROPFIND", "/chat"), ("GET", "/chat")]
)
async def test_unknown_paths_and_methods_make_no_series(
    frontdesk: Frontdesk, ada: UUID, method: str, path: str
) -> None:
    """Otherwise a client could fill Prometheus' memory."""
    before = await scraped(frontdesk, ada)
    async with frontdesk.client(ada) as client:
        assert (await client.request(method, path.format(uuid4().hex))).status_code in (404, 405)
    after = await scraped(frontdesk, ada)
    assert {labels[:4] for labels in after} - {labels[:4] for labels in before} <= {
        (name, APP, "GET", "/metrics") for name in {labels[0] for labels in after}
    }


async def test_a_stream_is_in_progress_until_its_last_event(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Counting it delays none of its events."""
    gate, before = asyncio.Event(), await scraped(frontdesk, ada)
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        await until(events, "token")  # which the model's second word still keeps the stream open after
        spoke, during = time.perf_counter(), await scraped(frontdesk, ada)
        lasted = time.perf_counter() - spoke
        gate.set()
        await until(events, "done")
    await frontdesk.unasked()
    after = await scraped(frontdesk, ada)
    assert since(before, during, "frontdesk_http_requests_in_progress")[ANSWERED] == 1
    assert ANSWERED not in since(before, during, "frontdesk_http_requests_total")
    assert ANSWERED not in since(before, after, "frontdesk_http_requests_in_progress")
    assert since(before, after, "frontdesk_http_requests_total")[ANSWERED] == 1
    assert since(before, after, "frontdesk_http_request_duration_seconds_sum")[ANSWERED] >= lasted


async def test_metrics_have_the_usual_names(frontdesk: Frontdesk, ada: UUID) -> None:
    """Those of the process have the names that dashboards know; all others begin with `frontdesk`."""
    found = await scraped(frontdesk, ada)
    assert found["process_resident_memory_bytes",] > 10_000_000
    assert found["process_start_time_seconds",] <= time.time()
    assert found["process_open_fds",] > 0
    assert found["python_gc_collections_total", "2"] >= 0
    others = {"process", "python", "stamina"}  # the last as soon as something was tried again
    assert {labels[0].split("_")[0] for labels in found} - others == {"frontdesk"}
