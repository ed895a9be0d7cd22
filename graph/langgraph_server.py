"""The pipeline for LangGraph's own server (`langgraph dev`) and Studio.

That server has threads, checkpoints and streams of its own, so the graph is compiled without a checkpointer.
"""

import asyncio
import logging
from functools import lru_cache

from langgraph.graph.state import CompiledStateGraph  # pyright: ignore[reportMissingTypeStubs]

from graph.container import open_dependencies
from graph.database import database
from graph.pipeline import build
from graph.settings import Settings
from nodes.state import Context, Input, Output, State

log = logging.getLogger(__name__)

CompiledPipeline = CompiledStateGraph[State, Context, Input, Output]


async def frontdesk() -> CompiledPipeline:
    """The pipeline, ready to run. The server calls this for each run and for each request about a thread."""
    opened = _opened(asyncio.get_running_loop())
    return await asyncio.shield(opened.pipeline)  # a cancelled caller does not cancel the others


# Module state, because the server has no place for it; pools belong to the event loop that opened them.
# langgraph.json names the module instead of its path, which would load it twice.
@lru_cache(maxsize=1)
def _opened(loop: asyncio.AbstractEventLoop) -> "_OpenPipeline":
    return _OpenPipeline(loop)


class _OpenPipeline:
    """The pipeline with its dependencies open, until the event loop ends and cancels its tasks.

    In a task instead of an exit stack, so that the task that opened them closes them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pipeline: asyncio.Future[CompiledPipeline] = loop.create_future()
        self._task = loop.create_task(self._keep_open(), name="frontdesk's dependencies")

    async def _keep_open(self) -> None:
        try:
            settings = await asyncio.to_thread(Settings.read)
            async with database(settings, log.info) as url, open_dependencies(settings, url, log.info) as d:
                self.pipeline.set_result(build(d).compile())  # pyright: ignore[reportUnknownMemberType]
                await asyncio.Event().wait()
        except Exception as error:  # any: it is raised to the callers that wait, and the next call tries again
            if self.pipeline.done():
                raise  # closing failed
            log.exception("the pipeline could not be opened")
            _opened.cache_clear()
            self.pipeline.set_exception(error)
