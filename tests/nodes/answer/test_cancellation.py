"""Stopping an answer from outside."""

import asyncio

import pytest

from nodes.answer.attempts import Stopped, stoppable


async def test_a_stop_ends_whatever_is_waited_for() -> None:
    """What comes after the block goes on undisturbed."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    with pytest.raises(Stopped):
        async with stoppable(stop):
            await asyncio.Event().wait()
    await asyncio.sleep(0)


async def test_a_stop_that_came_before_ends_the_block_at_once() -> None:
    """At the first thing that is waited for."""
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Stopped):
        async with stoppable(stop):
            await asyncio.Event().wait()


async def test_without_a_stop_nothing_happens() -> None:
    """Nor is a time limit around it taken for one."""
    async with stoppable(asyncio.Event()):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), stoppable(asyncio.Event()):
            await asyncio.Event().wait()


async def test_a_run_that_is_cancelled_is_cancelled() -> None:
    """The end of the whole run is no stopped answer."""

    async def run() -> None:
        async with stoppable(asyncio.Event()):
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_run_that_is_stopped_and_cancelled_is_cancelled() -> None:
    """The stop does not swallow the cancellation."""
    stop = asyncio.Event()

    async def run() -> None:
        async with stoppable(stop):
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    stop.set()
    await asyncio.sleep(0)  # the block is being left
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
