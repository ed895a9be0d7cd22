"""What a model is to read is not shown to whoever follows the run."""

from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Command

from graph.node_wrappers import Node
from nodes.state import Context, State


def unseen(node: Node) -> Any:
    """The node, with the messages it returns kept out of LangGraph's `messages` stream.

    That stream takes every message in a node's dict for a part of the answer, so a chat client would show
    the system prompt, the notes, and old answers once more. It does not look into an update given as pairs.
    """

    async def run(state: State, runtime: Runtime[Context]) -> Command[Any]:
        return Command(update=list((await node(state, runtime)).items()))

    return run
