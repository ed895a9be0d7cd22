"""What follows the answer may fail without anyone noticing but the log and the metrics."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from langgraph.runtime import Runtime
from opentelemetry.trace import get_current_span
from structlog.stdlib import get_logger

from graph.observability.genai_attributes import set_error
from nodes.state import Context, State
from storage.errors import Gone, StorageUnavailable

log = get_logger(__name__)


class Node(Protocol):
    """A step of the pipeline with its parts bound."""

    async def __call__(self, state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        """What it changes in the state."""
        ...


def best_effort(name: str, node: Node, *, seconds: float, failed: Mapping[str, Any] | None = None) -> Node:
    """The node with a time limit, whose failure changes nothing in the state but `failed`.

    A database that is away fails the run instead: what is left undone is done once the database is back, by whoever
    takes the turn over.
    """

    # LangGraph reads a node's parameters from its signature, so this is written out and not wrapped.
    async def run(state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(seconds):
                return await node(state, runtime)
        except StorageUnavailable:
            raise
        except Gone:
            log.info("step has nothing left to do, the turn was deleted", step=name)
        except Exception as error:
            # Anything at all: the answer is out, and a summary or a number is no reason to lose the rest.
            set_error(get_current_span(), error)
            log.exception("step failed", step=name)
        return failed or {}

    return run
