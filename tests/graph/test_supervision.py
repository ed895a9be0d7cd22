"""Background tasks that fail, end or hang."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from graph.supervision import FIRST_PAUSE, LONGEST_PAUSE, Supervisor, Tick, Work


class Failing:
    """Background tasks that fail so many times, and then complete a round."""

    def __init__(self, times: int) -> None:
        self._times = times
        self.runs = 0
        self.recovered = asyncio.Event()

    async def raising(self, tick: Tick) -> None:
        """Raises."""
        self._begin(tick)
        if self.runs <= self._times:
            raise ValueError
        await asyncio.Event().wait()

    async def returning(self, tick: Tick) -> None:
        """Returns, which a background task should not."""
        self._begin(tick)
        if self.runs > self._times:
            await asyncio.Event().wait()

    async def cancelled(self, tick: Tick) -> None:
        """Is cancelled from inside."""
        self._begin(tick)
        if self.runs <= self._times:
            raise asyncio.CancelledError
        await asyncio.Event().wait()

    def _begin(self, tick: Tick) -> None:
        self.runs += 1
        if self.runs > self._times:
            tick()
            self.recovered.set()


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@asynccontextmanager
async def supervising(restarted: Counter[str] | None = None, seconds: float = 5) -> AsyncGenerator[Supervisor]:
    """A supervisor that counts restarts."""
    counted = Counter[str]() if restarted is None else restarted

    def count(name: str) -> None:
        counted[name] += 1

    async with Supervisor.open(count, seconds) as supervisor:
        yield supervisor


@pytest.mark.parametrize("how", ["raising", "returning", "cancelled"])
async def test_a_task_that_ends_is_restarted(how: str, caplog: pytest.LogCaptureFixture) -> None:
    """However it ends; each failure is logged with its error, and each restart is counted."""
    restarted = Counter[str]()
    task = Failing(2)
    async with supervising(restarted) as supervisor:
        supervisor.start("one", getattr(task, how), silent_after=60)
        await task.recovered.wait()
    assert restarted == {"one": 2}
    kinds = [kind_of(record.msg) for record in caplog.records]
    assert kinds == [("background task failed", "one", "ValueError" if how == "raising" else "Ended")] * 2


def kind_of(line: object) -> tuple[str, str, str]:
    """Event, task and error class of a log line."""
    assert isinstance(line, dict)
    return line["event"], line["task"], type(line["error"]).__name__


async def test_a_task_that_fails_is_down_until_it_completes_a_round() -> None:
    """Other tasks are not."""
    restarted, go_on, recovered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def failing_once(tick: Tick) -> None:
        if not restarted.is_set():
            raise ValueError
        await go_on.wait()
        tick()
        recovered.set()
        await asyncio.Event().wait()

    async with Supervisor.open(lambda _: restarted.set(), 5) as supervisor:
        supervisor.start("one", failing_once, silent_after=60)
        supervisor.start("other", Failing(0).raising, silent_after=60)
        assert supervisor.down() == {}
        await restarted.wait()
        assert supervisor.down() == {"one": "failed"}
        go_on.set()
        await recovered.wait()
        assert supervisor.down() == {}


async def test_a_task_that_hangs_is_down_after_its_time() -> None:
    """Until it completes a round."""
    clock = Clock()
    supervisor = Supervisor(lambda _: None, clock)
    rounds = asyncio.Queue[Tick]()

    async def waiting(tick: Tick) -> None:
        await rounds.put(tick)
        await asyncio.Event().wait()

    supervisor.start("quick", waiting, silent_after=1)
    supervisor.start("slow", waiting, silent_after=10)
    quick, slow = await rounds.get(), await rounds.get()
    assert supervisor.down() == {}
    clock.now = 1.5
    assert supervisor.down() == {"quick": "silent"}
    clock.now = 11
    slow()
    assert supervisor.down() == {"quick": "silent"}
    assert [task.silent_for for task in supervisor.tasks] == [11, 0]
    quick()
    assert supervisor.down() == {}
    await supervisor.close(1)


async def test_pauses_between_restarts_grow(caplog: pytest.LogCaptureFixture) -> None:
    """Each up to its limit and at least half of it: random, so that processes do not return to a database at once."""
    task = Failing(3)
    async with supervising() as supervisor:
        supervisor.start("one", task.raising, silent_after=60)
        await task.recovered.wait()
    ours = [record.msg for record in caplog.records if record.name == "graph.supervision"]  # other tasks log, too
    pauses = [line["again_in"] for line in ours if isinstance(line, dict)]
    most = [min(LONGEST_PAUSE, FIRST_PAUSE * 2**number) for number in range(3)]
    assert all(limit * 0.49 <= pause <= limit for pause, limit in zip(pauses, most, strict=True)), pauses


async def test_all_tasks_end_with_the_supervisor() -> None:
    """Those that run and those that wait for their restart; one that ignores cancellation is not waited for."""
    released = asyncio.Event()

    async def stubborn(tick: Tick) -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                tick()

    works: list[Work] = [Failing(0).raising, Failing(10).raising, stubborn]
    before = asyncio.all_tasks()
    async with supervising(seconds=0.05) as supervisor:
        for number, work in enumerate(works):
            supervisor.start(f"{number}", work, silent_after=60)
        await asyncio.sleep(0)
    left = {task.get_name(): task for task in asyncio.all_tasks() - before}
    assert left.keys() & {"0", "1", "2"} == {"2"}
    released.set()
    await asyncio.wait([left["2"]])
