"""The prompt for a state, and the notes in it."""

import json
from typing import Any

from langchain_core.messages import AnyMessage

from nodes.state import State
from nodes.trim_context import TrimmedContext, trim_context
from storage.turns import History
from tests.nodes.states import Listener, a_talk

LONG = "I put 40 a month aside for the trip. " * 30
"""280 tokens."""


async def trimmed(
    state: State, *, budget: int = 7500, reserve: int = 800, run: Listener | None = None
) -> TrimmedContext:
    """The prompt for this state."""
    return await trim_context(state, (run or Listener()).runtime, budget=budget, reserve=reserve)


def talked(*contents: str, summary: str = "", covers: int = 0) -> History:
    """A conversation up to now."""
    return History(summary=summary, covers=covers, messages=a_talk(*contents))


def noted(prompt: list[AnyMessage]) -> dict[str, Any]:
    """The background notes in a prompt, parsed; empty where there are none."""
    if len(prompt) < 3 or not prompt[1].text.startswith("Background notes"):
        return {}
    assert prompt[1].type == "human"
    notes: dict[str, Any] = json.loads(prompt[1].text.partition(": ")[2])
    return notes
