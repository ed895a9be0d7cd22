"""Several worker processes behind one port: Prometheus sees one server, whichever worker it scrapes."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import httpx
import psutil
import pytest

from api.server.workers import METRICS_VARIABLE, shared_metrics
from tests.support.listening import listening, until
from tests.support.model_script import Hang, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start
from tests.support.prometheus import Samples, counted, scraped

STREAM = ("frontdesk_http_requests_in_progress", "frontdesk", "POST", "/chat", "200")
WITHIN = 150
"""Seconds in which a worker must have started, or its death be noticed."""


def workers(server: Process) -> list[psutil.Process]:
    """The server's worker processes."""
    found = psutil.Process(server.process.pid).children()
    return [one for one in found if "spawn_main" in " ".join(one.cmdline())]


def mode(folder: str | Path) -> int:
    """The permissions of a path."""
    return stat.S_IMODE(Path(folder).stat().st_mode)


@contextmanager
def suspended(worker: psutil.Process) -> Generator[None]:
    """Suspend a worker, so that the others do all work in the block."""
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()


async def scrape_until(server: Process, user: UUID, true: Callable[[Samples], bool]) -> Samples:
    """The first scrape for which `true` holds; connection errors while workers start or die are ignored."""
    async with asyncio.timeout(WITHIN):
        while True:
            with suppress(httpx.TransportError):
                if true(found := await scraped(server, user)):
                    return found
            await asyncio.sleep(0.1)


def up(found: Samples) -> float:
    """How many workers report: each has one breaker."""
    return found.get(("frontdesk_model_breaker", "scripted", "closed"), 0)


def turns(found: Samples) -> Samples:
    """The counted turns."""
    return counted(found, "frontdesk_turns_total")


@pytest.fixture
async def server(start: Start, ada: UUID) -> AsyncIterator[Process]:
    """Two workers that have both started."""
    process = await start("serve", "--port", "0", "--workers", "2", rate_limit="0", chat_model="scripted")
    try:
        await scrape_until(process, ada, lambda found: up(found) == 2)
        yield process
    finally:
        if process.process.returncode is None:
            left = workers(process)
            process.process.kill()
            for one in left:
                one.kill()


async def send(server: Process, user: UUID, times: int) -> None:
    """Send so many messages at once, each on a connection of its own, and read the answers."""

    async def one() -> None:
        async with listening(server, user, "Hello", employee="tag") as events:
            await until(events, "done")

    await asyncio.gather(*(one() for _ in range(times)))


async def test_every_worker_reports_for_all(server: Process, ada: UUID, bob: UUID) -> None:
    """Each has answered half and reports all; process metrics are summed, and no file is left behind."""
    first, second = workers(server)
    folder = first.environ()[METRICS_VARIABLE]
    assert mode(folder) == 0o700
    (Path(folder) / "counter_0.db").touch()  # what a worker leaves that is killed as it begins
    for one in (first, second):
        with suspended(one):
            await send(server, ada, 10)
    await scrape_until(server, bob, lambda found: sum(turns(found).values()) >= 20)
    for one in (first, second):
        with suspended(one):
            for _ in range(5):
                found = await scraped(server, bob)
                assert turns(found) == {("tag", "done"): 20}
                assert counted(found, "frontdesk_turn_seconds_count") == {("tag",): 20}
                assert counted(found, "frontdesk_http_requests_total")["frontdesk", "POST", "/chat", "200"] == 20
                assert found["process_resident_memory_bytes",] > 1.2 * first.memory_info().rss
                assert found["process_cpu_seconds_total",] > first.cpu_times().user
    assert await server.end() == 0
    with pytest.raises(FileNotFoundError):
        mode(folder)


async def test_a_killed_worker_leaves_its_counters_but_no_gauges(
    server: Process, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """Its turn is counted once, by the process that takes it over."""
    killed, other = workers(server)
    with suspended(other):
        await send(server, ada, 5)
        await scrape_until(server, bob, lambda found: not found["frontdesk_running_turns",])
        model.queue(Hang(["Well, "]), streaming)
        async with listening(server, ada, "Hello", employee="byte") as events:
            await until(events, "token")
            during = await scraped(server, bob)
            killed.kill()
    assert during[STREAM] == during["frontdesk_running_turns",] == 1
    found = await scrape_until(server, bob, lambda found: not found.get(STREAM))
    assert turns(found)["tag", "done"] == 5
    await scrape_until(server, bob, lambda found: up(found) == 2 and ("byte", "done") in turns(found))
    found = await scrape_until(server, bob, lambda found: found["frontdesk_running_turns",] == 0)
    assert turns(found) == {("tag", "done"): 5, ("byte", "done"): 1}
    assert killed.pid not in [one.pid for one in workers(server)]


def test_the_folder_of_shared_metrics_is_private_and_temporary(tmp_path: Path) -> None:
    """It is readable by its user only, and deleted after the block."""
    with shared_metrics(tmp_path) as folder:
        assert mode(folder) == mode(folder.parent) == 0o700
        assert os.environ[METRICS_VARIABLE] == str(folder)
        (folder / "counter_1.db").touch()
    assert METRICS_VARIABLE not in os.environ
    assert list((tmp_path / "figures").iterdir()) == []


def test_the_folder_of_a_killed_supervisor_is_deleted(tmp_path: Path) -> None:
    """By the next one to start; that of a live one stays."""
    left = tmp_path / "figures" / "left"
    left.mkdir(parents=True)
    (left / "counter_1.db").touch()
    with shared_metrics(tmp_path) as living:
        assert not left.exists()
        with shared_metrics(tmp_path) as other:
            assert sorted(living.parent.iterdir()) == sorted([living, other])
        assert living.exists()
