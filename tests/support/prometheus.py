"""Scrapes `/metrics` as Prometheus does."""

from typing import TypeAlias
from uuid import UUID

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.app import Frontdesk
from tests.support.process import Process

TASKS = frozenset({
    "health_probe", "notifications", "journal_writer", "lease_renewal", "adoption", "document_reader_1",
    "document_reader_2", "jobs_worker", "re_embedding",
})  # fmt: skip
"""The background tasks of a server with one worker."""
Samples: TypeAlias = dict[tuple[str, ...], float]
"""By name and the values of their labels, in the order of the labels' names."""


async def scraped(server: Frontdesk | Process, user: UUID | None, *, admin: bool = True) -> Samples:
    """Every sample, over a connection of its own."""
    async with server.client(user, admin=admin) as client:
        response = await client.get("/metrics")
    return samples(response)


def samples(response: httpx.Response) -> Samples:
    """Every sample of the answer."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    found: Samples = {}
    for family in text_string_to_metric_families(response.text):
        for sample in family.samples:
            key = (sample.name, *(value for _, value in sorted(sample.labels.items())))
            assert key not in found, f"duplicate sample: {key}"
            found[key] = sample.value
    return found


def counted(found: Samples, name: str) -> Samples:
    """The samples of that name that are not zero, by their labels only."""
    return {labels[1:]: value for labels, value in found.items() if labels[0] == name and value}


def tasks_are_told_of(found: Samples, tasks: frozenset[str]) -> None:
    """All of these run and none was started again."""
    assert counted(found, "frontdesk_background_task_up") == {(task,): 1 for task in tasks}
    silent = {labels[1] for labels in found if labels[0] == "frontdesk_background_task_silent_seconds"}
    restarts = {labels[1]: n for labels, n in found.items() if labels[0].endswith("task_restarts_total")}
    assert (silent, restarts) == (set(tasks), dict.fromkeys(tasks, 0.0))
