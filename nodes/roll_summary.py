"""Keep the conversation's summary up to date, so that what leaves the window is not forgotten."""

from typing import Protocol
from uuid import UUID

from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.errors import ModelError
from nodes.prompts import summary_prompt
from nodes.retrying import retried
from nodes.state import Context, State, asking
from nodes.text.extractive_summary import extractive_summary, shorten
from nodes.text.pii.masking import mask
from storage.messages import Message

log = get_logger(__name__)


class Summarise(Protocol):
    """A model that follows an instruction."""

    async def __call__(self, system: str, text: str) -> str:
        """Raises ModelError."""
        ...


class Summaries(Protocol):
    """Keeps summaries."""

    async def save(self, user_id: UUID, conversation_id: str, summary: str, *, turn_id: UUID, seen: int) -> bool:
        """Store it with its watermark, and note that the turn's is done; says whether it was kept."""
        ...


class Rolled(TypedDict):
    """The conversation's summary after this turn."""

    summary: str | None


async def roll_summary(
    state: State, runtime: Runtime[Context], *, summarise: Summarise | None, summaries: Summaries
) -> Rolled:
    """Summarise what the last summary does not hold, this turn included, in under 150 words.

    Nothing, where a process that is gone has stored this turn's summary already.
    """
    history = state["history"]
    if state.get("summarised"):
        return Rolled(summary=history["summary"])
    fresh = [message for message in history["messages"] if message["seq"] > history["covers"]]
    said = [*fresh, *_this_turn(state)]
    reached = state["answer"] is not None and not state["answer"]["fallback"]
    summary = await _summary(history["summary"], said, summarise if reached else None)
    seen = max((message["seq"] for message in history["messages"]), default=history["covers"])
    user_id, turn_id, conversation_id = asking(runtime), UUID(state["turn_id"]), state["conversation_id"]
    await retried(lambda: summaries.save(user_id, conversation_id, summary, turn_id=turn_id, seen=seen))
    return Rolled(summary=summary)


async def _summary(previous: str, said: list[Message], summarise: Summarise | None) -> str:
    """A model's summary; the gist of the messages where there is no model or it fails, so that nothing is lost."""
    if summarise is not None:
        try:
            written = await summarise(*summary_prompt(previous, said))
        except ModelError:
            log.warning("the model wrote no summary, using an extractive one", exc_info=True)
        else:
            if written.strip():
                return shorten(mask(written).text)
    return extractive_summary(previous, said)


def _this_turn(state: State) -> list[Message]:
    assert state["route"] is not None
    assert state["answer"] is not None
    slug = state["route"]["employee"]
    question = Message(id=state["turn_id"], seq=0, role="user", employee=slug, content=state["message"])
    if state["answer"]["fallback"]:
        return [question]  # a prepared reply says nothing worth keeping
    return [question, Message(id="", seq=0, role="assistant", employee=slug, content=state["answer"]["text"])]
