"""Background tasks that fail, end or stand still."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from graph.supervision import FIRST_PAUSE, LONGEST_PAUSE, Supervisor, Tick, Work


class Failing:
    """Background tasks that fail as often as they are told to, and then complete a round."""

    def __init__(self, times: int) -> None:
        self._times = times
        self.runs = 0
        self.well = asyncio.Event()

    async def raising(self, tick: Tick) -> None:
        """Raises."""
        self._begin(tick)
        if self.runs <= self._times:
            raise ValueError
        await asyncio.Event().wait()

    async def returning(self, tick: Tick) -> None:
        """Returns, as if there was nothing more to do."""
        self._begin(tick)
        if self.runs > self._times:
            await asyncio.Event().wait()

    async def cancelled(self, tick: Tick) -> None:
        """Waits for something that is cancelled, and not by whoever runs it."""
        self._begin(tick)
        if self.runs <= self._times:
            raise asyncio.CancelledError
        await asyncio.Event().wait()

    def _begin(self, tick: Tick) -> None:
        self.runs += 1
        if self.runs > self._times:
            tick()
            self.well.set()


class Clock:
    """Tells the time that it is set to."""

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
async def test_a_task_that_ends_is_started_again(how: str, caplog: pytest.LogCaptureFixture) -> None:
    """However it ends; each time it is logged with its kind, and counted."""
    restarted = Counter[str]()
    task = Failing(2)
    async with supervising(restarted) as supervisor:
        supervisor.start("one", getattr(task, how), patience=60)
        await task.well.wait()
    assert restarted == {"one": 2}
    kinds = [kind_of(record.msg) for record in caplog.records]
    assert kinds == [("background task failed", "one", "ValueError" if how == "raising" else "Ended")] * 2


def kind_of(line: object) -> tuple[str, str, str]:
    """What a line tells of a failure."""
    assert isinstance(line, dict)
    return line["event"], line["task"], type(line["error"]).__name__


async def test_a_task_that_fails_is_down_until_it_completes_a_round() -> None:
    """The others are not."""
    restarted, go_on, well = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def failing_once(tick: Tick) -> None:
        if not restarted.is_set():
            raise ValueError
        await go_on.wait()
        tick()
        well.set()
        await asyncio.Event().wait()

    async with Supervisor.open(lambda _: restarted.set(), 5) as supervisor:
        supervisor.start("one", failing_once, patience=60)
        supervisor.start("other", Failing(0).raising, patience=60)
        assert supervisor.down() == {}
        await restarted.wait()
        assert supervisor.down() == {"one": "failed"}
        go_on.set()
        await well.wait()
        assert supervisor.down() == {}


async def test_a_task_that_stands_still_is_down_after_its_own_patience() -> None:
    """Until it comes round again."""
    clock = Clock()
    supervisor = Supervisor(lambda _: None, clock)
    rounds = asyncio.Queue[Tick]()

    async def waiting(tick: Tick) -> None:
        await rounds.put(tick)
        await asyncio.Event().wait()

    supervisor.start("quick", waiting, patience=1)
    supervisor.start("slow", waiting, patience=10)
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


async def test_the_pauses_between_starts_grow_to_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    """And differ, so that processes that failed together do not come back together."""
    task = Failing(3)
    async with supervising() as supervisor:
        supervisor.start("one", task.raising, patience=60)
        await task.well.wait()
    pauses = [record.msg["again_in"] for record in caplog.records if isinstance(record.msg, dict)]
    most = [min(LONGEST_PAUSE, FIRST_PAUSE * 2**number) for number in range(3)]
    assert all(limit * 0.49 <= pause <= limit for pause, limit in zip(pauses, most, strict=True)), pauses


async def test_all_tasks_end_with_the_supervisor() -> None:
    """Those that work, those that wait for their next start, and those that do not want to end are not waited for."""
    let_go = asyncio.Event()

    async def stubborn(tick: Tick) -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                tick()

    works: list[Work] = [Failing(0).raising, Failing(10).raising, stubborn]
    before = asyncio.all_tasks()
    async with supervising(seconds=0.05) as supervisor:
        for number, work in enumerate(works):
            supervisor.start(f"{number}", work, patience=60)
        await asyncio.sleep(0)
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert left & {"0", "1"} == set()
    let_go.set()
    await asyncio.wait(asyncio.all_tasks() - before)
