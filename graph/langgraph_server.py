"""The pipeline for LangGraph's own server (`langgraph dev`), which Studio looks into.

That server has threads, checkpoints and streams of its own, so the graph goes there without a checkpointer
and without the pause after the answer.
"""

import asyncio
import logging
from functools import lru_cache

from langgraph.graph.state import CompiledStateGraph  # pyright: ignore[reportMissingTypeStubs]

from graph.build import build
from graph.container import open_dependencies
from graph.database import database
from graph.settings import Settings
from nodes.state import Context, Input, Output, State

log = logging.getLogger(__name__)

Pipeline = CompiledStateGraph[State, Context, Input, Output]


async def frontdesk() -> Pipeline:
    """The pipeline, ready to run. The server calls this for every run and every look at a thread."""
    opened = _opened(asyncio.get_running_loop())
    return await asyncio.shield(opened.pipeline)  # who stops waiting does not stop the others


# The one thing that is kept between calls, as the server has no place for it: pools belong to the event
# loop that opened them. The module is named, not given by path, in langgraph.json, or it would be loaded twice.
@lru_cache(maxsize=1)
def _opened(loop: asyncio.AbstractEventLoop) -> "_Opened":
    return _Opened(loop)


class _Opened:
    """The pipeline over its open parts, until the event loop ends and cancels what still runs in it.

    A task of its own and not an exit stack, so that the same task closes what it opened.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pipeline: asyncio.Future[Pipeline] = loop.create_future()
        self._task = loop.create_task(self._keep_open(), name="frontdesk's parts")

    async def _keep_open(self) -> None:
        try:
            settings = await asyncio.to_thread(Settings.read)
            async with database(settings, log.info) as url, open_dependencies(settings, url, log.info) as parts:
                self.pipeline.set_result(build(parts).compile())  # pyright: ignore[reportUnknownMemberType]
                await asyncio.Event().wait()
        except Exception as error:
            if self.pipeline.done():
                raise  # it was closing that failed
            # Whatever it was, it is told to those who wait, and the next call tries again.
            log.exception("the pipeline could not be opened")
            _opened.cache_clear()
            self.pipeline.set_exception(error)
