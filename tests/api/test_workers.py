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
from tests.support.cluster import Cluster
from tests.support.collector import Collector
from tests.support.fork_server import ForkServer
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Hang, Status, chat, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, starting
from tests.support.prometheus import TASKS, Samples, counted, scraped, tasks_are_told_of

STREAM = ("frontdesk_http_requests_in_progress", "frontdesk", "POST", "/chat", "200")
in_this_order = pytest.mark.xdist_group("workers")
"""Tests of one server; the last of them ends it."""
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


@pytest.fixture(scope="module")
async def collector() -> AsyncIterator[Collector]:
    """Takes the workers' spans."""
    async with Collector() as running:
        yield running


@pytest.fixture(scope="module")
async def server(
    cluster: Cluster, template: str, model_server: ModelServer, learned: Path, collector: Collector, forks: ForkServer
) -> AsyncIterator[Process]:
    """Two workers, both of which are up; their start takes longer than most tests."""
    url = cluster.create(f"{template}_workers", template)
    async with starting(url, model_server.url, learned, forks) as start:
        model_server.queue(Status(401), chat)  # to the question of the start
        process = await start(
            "serve", "--port", "0", "--workers", "2", rate_limit="0", chat_model="scripted",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="10",
        )  # fmt: skip
        try:
            await scrape_until(process, UUID(int=1), lambda found: up(found) == 2)
            yield process
        finally:
            if process.process.returncode is None:
                left = workers(process)
                process.process.kill()
                for one in left:
                    one.kill()
    cluster.drop(f"{template}_workers")


async def send(server: Process, user: UUID, times: int) -> None:
    """Send so many messages at once, each on a connection of its own, and read the answers."""

    async def one() -> None:
        async with listening(server, user, "Hello", employee="tag") as events:
            await until(events, "done")

    await asyncio.gather(*(one() for _ in range(times)))


@in_this_order
async def test_every_worker_knows_what_the_model_refused_at_the_start(server: Process, model: ModelServer) -> None:
    """It was asked once, by the process that starts them."""
    wrong = f"401 from {model.url}: OPENAI_API_KEY is not accepted"
    assert server.line.endswith(f"but the model does not answer: {wrong}\n")
    assert sum(chat(request) for request in model.requests) == 1
    for one in workers(server):
        with suspended(one):
            async with server.client(None) as client:
                assert (await client.get("/health/ready")).json()["details"] == {"model": wrong}


@in_this_order
async def test_every_worker_tells_of_all_of_them(server: Process, ada: UUID, bob: UUID) -> None:
    """Each has answered half, and says all; what they take from the system is added up, too."""
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


@in_this_order
async def test_each_background_task_is_told_of_once_for_all_workers(server: Process, ada: UUID) -> None:
    """It runs where it runs in each of them."""
    tasks_are_told_of(await scraped(server, ada), TASKS | {"figures_writer"})


@in_this_order
async def test_each_worker_sends_its_own_spans(server: Process, collector: Collector, ada: UUID) -> None:
    """Which shows in the instance that they come from."""

    async def ask() -> None:
        async with server.client(ada) as client:
            await client.get("/employees")

    for one in workers(server):
        with suspended(one):
            await ask()
    spans = await collector.named("GET /employees", count=2)
    assert len({span.resource["service.instance.id"] for span in spans}) == 2


@in_this_order
async def test_a_killed_worker_leaves_its_counts_and_nothing_else(
    server: Process, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """Its turn is counted once, by the process that takes it over."""
    killed, other = workers(server)
    with suspended(other):
        await send(server, ada, 5)
        await scrape_until(server, bob, lambda found: not found["frontdesk_running_turns",])
        before = turns(await scraped(server, bob))
        model.queue(Hang(["Well, "]), streaming)
        async with listening(server, ada, "Hello", employee="byte") as events:
            await until(events, "token")
            during = await scraped(server, bob)
            killed.kill()
    assert during[STREAM] == during["frontdesk_running_turns",] == 1
    found = await scrape_until(server, bob, lambda found: not found.get(STREAM))
    assert turns(found)["tag", "done"] == before["tag", "done"]
    await scrape_until(server, bob, lambda found: up(found) == 2 and ("byte", "done") in turns(found))
    found = await scrape_until(server, bob, lambda found: found["frontdesk_running_turns",] == 0)
    assert turns(found) == {**before, ("byte", "done"): 1}
    assert killed.pid not in [one.pid for one in workers(server)]


@in_this_order
async def test_workers_that_are_asked_to_end_finish_what_they_have_begun(
    server: Process, model: ModelServer, ada: UUID
) -> None:
    """The running answer comes to its end, and then they do; of what they counted nothing stays behind."""
    folder, gate = workers(server)[0].environ()[METRICS_VARIABLE], asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(server, ada, "Hello") as events:
        await until(events, "token")
        server.ask_to_end()
        gate.set()
        rest = await until(events, "done")
    assert [event.data["text"] for event in rest[:-1]] == ["it depends."]
    assert await server.process.wait() == 0
    with pytest.raises(FileNotFoundError):
        mode(folder)


def test_workers_are_counted_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """For no one else to read, and only as long as they run."""
    with shared_metrics(tmp_path) as folder:
        assert mode(folder) == mode(folder.parent) == 0o700
        assert os.environ[METRICS_VARIABLE] == str(folder)
        (folder / "counter_1.db").touch()
    assert METRICS_VARIABLE not in os.environ
    assert list((tmp_path / "prometheus").iterdir()) == []


def test_the_folder_of_a_killed_supervisor_is_deleted(tmp_path: Path) -> None:
    """By the next one to start; that of a live one stays."""
    left = tmp_path / "prometheus" / "left"
    left.mkdir(parents=True)
    (left / "counter_1.db").touch()
    with shared_metrics(tmp_path) as living:
        assert not left.exists()
        with shared_metrics(tmp_path) as other:
            assert sorted(living.parent.iterdir()) == sorted([living, other])
        assert living.exists()
