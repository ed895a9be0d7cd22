"""What a node says while the run goes on, on LangGraph's custom stream: a closed set of events.

Whoever drives the graph turns them into what clients see; Studio and the LangGraph SDK show them as they are.
"""

from typing import Literal

from langchain_core.messages import AIMessageChunk
from langgraph.graph.message import push_message  # pyright: ignore[reportMissingTypeStubs]
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.state import Answer, Context, Notice, Refusal, RouteReport
from storage.rate_limits import Allowance


class Refused(TypedDict):
    """The turn goes no further."""

    kind: Literal["refused"]
    refusal: Refusal


class Admitted(TypedDict):
    """The rate limit was asked, and this is what it leaves."""

    kind: Literal["admitted"]
    allowance: Allowance | None


class Routed(TypedDict):
    """Someone was chosen to answer, and the turn is written down."""

    kind: Literal["routed"]
    route: RouteReport


class Noted(TypedDict):
    """Something the person should know, at this place of the answer."""

    kind: Literal["noted"]
    notice: Notice


class Spoken(TypedDict):
    """The next piece of the answer."""

    kind: Literal["spoken"]
    text: str


class Answered(TypedDict):
    """The answer is complete and committed."""

    kind: Literal["answered"]
    answer: Answer


Event = Refused | Admitted | Routed | Noted | Spoken | Answered


def emit(runtime: Runtime[Context], event: Event) -> None:
    """Send an event to whoever follows the run."""
    runtime.stream_writer(event)


def show(runtime: Runtime[Context], text: str, message_id: str) -> None:
    """Send a piece of the answer on LangGraph's `messages` stream, too, which chat clients such as Studio's read.

    Not the model's own pieces, which that stream would take: those are not masked.
    """
    if runtime.execution_info:  # there is no such stream where a node is called by itself
        push_message(AIMessageChunk(content=text, id=message_id), state_key=None)


def note(runtime: Runtime[Context], notices: list[Notice], notice: Notice) -> list[Notice]:
    """Send a notice and return the turn's notices with it."""
    emit(runtime, Noted(kind="noted", notice=notice))
    return [*notices, notice]
