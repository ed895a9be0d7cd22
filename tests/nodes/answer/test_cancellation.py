"""Breaking off from outside."""

import asyncio

import pytest

from nodes.answer.cancellation import Stopped, stoppable


async def test_a_wish_breaks_off_whatever_is_waited_for() -> None:
    """And what comes after the block goes on undisturbed."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    with pytest.raises(Stopped):
        async with stoppable(stop):
            await asyncio.Event().wait()
    await asyncio.sleep(0)


async def test_a_wish_that_was_there_before_breaks_off_at_once() -> None:
    """At the first thing that is waited for."""
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Stopped):
        async with stoppable(stop):
            await asyncio.Event().wait()


async def test_without_a_wish_nothing_happens() -> None:
    """Nor is a time limit around it taken for one."""
    async with stoppable(asyncio.Event()):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), stoppable(asyncio.Event()):
            await asyncio.Event().wait()


async def test_a_run_that_is_cancelled_is_cancelled() -> None:
    """Whoever ends the whole run does not get a stopped answer."""

    async def run() -> None:
        async with stoppable(asyncio.Event()):
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
