"""Wrappers around nodes: a time limit for what follows the answer, and prompts kept out of LangGraph's streams.

LangGraph reads a node's parameters from its signature, so each wrapper is a function written out in full.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from langgraph.runtime import Runtime
from langgraph.types import Command
from opentelemetry.trace import get_current_span
from structlog.stdlib import get_logger

from graph.observability.genai_attributes import set_error
from nodes.state import Context, State
from storage.errors import Gone, StorageUnavailable

log = get_logger(__name__)


class Node(Protocol):
    """A step of the pipeline with its dependencies bound. LangGraph wants its parameters by these names."""

    async def __call__(self, state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        """What it changes in the state."""
        ...


def best_effort(name: str, node: Node, *, seconds: float, failed: Mapping[str, Any] | None = None) -> Node:
    """The node with a time limit; where it fails, the answer stands and the state changes by `failed` only.

    A database that is away fails the run instead: the process that takes the turn over does what is left.
    """

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


def without_streaming(node: Node) -> Any:
    """The node, with the messages it returns kept out of LangGraph's `messages` stream.

    That stream takes every message in a node's dict for a part of the answer, so a chat client would show the system
    prompt, the notes, and old answers once more. It does not look into an update given as pairs.
    """

    async def run(state: State, runtime: Runtime[Context]) -> Command[Any]:
        return Command(update=list((await node(state, runtime)).items()))

    return run
