"""Several worker processes on one port are one server to Prometheus, whichever of them is asked."""

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
"""Seconds in which a worker must be there, or be missed."""


def workers(server: Process) -> list[psutil.Process]:
    """Its worker processes."""
    found = psutil.Process(server.process.pid).children()
    return [one for one in found if "spawn_main" in " ".join(one.cmdline())]


def mode(folder: str | Path) -> int:
    """Who may do what with it."""
    return stat.S_IMODE(Path(folder).stat().st_mode)


@contextmanager
def asleep(worker: psutil.Process) -> Generator[None]:
    """The others do everything meanwhile."""
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()


async def eventually(server: Process, user: UUID, true: Callable[[Samples], bool]) -> Samples:
    """What is scraped as soon as that is true of it, also where workers are not up yet, or just killed."""
    async with asyncio.timeout(WITHIN):
        while True:
            with suppress(httpx.TransportError):
                if true(found := await scraped(server, user)):
                    return found
            await asyncio.sleep(0.1)


def up(found: Samples) -> float:
    """How many workers tell of themselves: each of them has a breaker."""
    return found.get(("frontdesk_model_breaker", "scripted", "closed"), 0)


def turns(found: Samples) -> Samples:
    """Those that were counted."""
    return counted(found, "frontdesk_turns_total")


@pytest.fixture
async def server(start: Start, ada: UUID) -> AsyncIterator[Process]:
    """Two workers, both of which are up."""
    process = await start("serve", "--port", "0", "--workers", "2", rate_limit="0", chat_model="scripted")
    try:
        await eventually(process, ada, lambda found: up(found) == 2)
        yield process
    finally:
        if process.process.returncode is None:
            left = workers(process)
            process.process.kill()
            for one in left:
                one.kill()


async def say(server: Process, user: UUID, times: int) -> None:
    """So many messages at once, each over a connection of its own, answered to the end."""

    async def one() -> None:
        async with listening(server, user, "Hello", employee="tag") as events:
            await until(events, "done")

    await asyncio.gather(*(one() for _ in range(times)))


async def test_every_worker_tells_of_all_of_them(server: Process, ada: UUID, bob: UUID) -> None:
    """Each has answered half, and says all; what they take from the system is added up, too; nothing stays behind."""
    first, second = workers(server)
    folder = first.environ()[METRICS_VARIABLE]
    assert mode(folder) == 0o700
    (Path(folder) / "counter_0.db").touch()  # what a worker leaves that is killed as it begins
    for one in (first, second):
        with asleep(one):
            await say(server, ada, 10)
    await eventually(server, bob, lambda found: sum(turns(found).values()) >= 20)
    for one in (first, second):
        with asleep(one):
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


async def test_a_killed_worker_leaves_its_counts_and_nothing_else(
    server: Process, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """What it was just doing is over; its turn is counted once, by who takes it over."""
    killed, other = workers(server)
    with asleep(other):
        await say(server, ada, 5)
        await eventually(server, bob, lambda found: not found["frontdesk_running_turns",])
        model.queue(Hang(["Well, "]), streaming)
        async with listening(server, ada, "Hello", employee="byte") as events:
            await until(events, "token")
            during = await scraped(server, bob)
            killed.kill()
    assert during[STREAM] == during["frontdesk_running_turns",] == 1
    found = await eventually(server, bob, lambda found: not found.get(STREAM))
    assert turns(found)["tag", "done"] == 5
    await eventually(server, bob, lambda found: up(found) == 2 and ("byte", "done") in turns(found))
    found = await eventually(server, bob, lambda found: found["frontdesk_running_turns",] == 0)
    assert turns(found) == {("tag", "done"): 5, ("byte", "done"): 1}
    assert killed.pid not in [one.pid for one in workers(server)]


def test_workers_are_counted_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """For no one else to read, and only as long as they run."""
    with shared_metrics(tmp_path) as folder:
        assert mode(folder) == mode(folder.parent) == 0o700
        assert os.environ[METRICS_VARIABLE] == str(folder)
        (folder / "counter_1.db").touch()
    assert METRICS_VARIABLE not in os.environ
    assert list((tmp_path / "figures").iterdir()) == []


def test_what_a_killed_supervisor_left_goes_and_a_living_ones_stays(tmp_path: Path) -> None:
    """The next one to start clears up."""
    left = tmp_path / "figures" / "left"
    left.mkdir(parents=True)
    (left / "counter_1.db").touch()
    with shared_metrics(tmp_path) as living:
        assert not left.exists()
        with shared_metrics(tmp_path) as other:
            assert sorted(living.parent.iterdir()) == sorted([living, other])
        assert living.exists()
