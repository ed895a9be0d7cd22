"""A state to begin a node's test with, and a run that collects what the node emits."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import msgspec
from langchain_core.messages import HumanMessage
from langgraph.runtime import ExecutionInfo, Runtime

from nodes.employees import Slug
from nodes.state import Answer, Context, NoticeCode, PromptSize, RouteReport, State, Usage, new_state
from nodes.stream_events import EVENT_NAMES, NodeEvent, Notice, Refused, Token
from storage.facts import Memory
from storage.recall import RecalledTurn
from storage.turns import Message

ADA = UUID("00000000-0000-4000-8000-0000000000ad")
TURN = UUID("00000000-0000-4000-8000-00000000007e")
MORNING = 1_800_000_000.0
"""When the turns of these tests begin: 2027-01-15, Unix time in seconds."""
EVENTS: dict[str, type[NodeEvent]] = {**{name: kind for kind, name in EVENT_NAMES.items()}, "refused": Refused}
"""The events of LangGraph's custom stream, by name."""


class Listener:
    """A run of Ada's outside of a turn of ours: `runtime` is what the node gets, `events` what it emitted.

    Within `received_by(run.events.append)` they are those that a turn of ours gets.
    """

    def __init__(self, *, thread: str | None = None, claimed: bool = False) -> None:
        self.events: list[NodeEvent] = []
        self.runtime = Runtime(
            context=Context(user_id=str(ADA), claimed=claimed),
            stream_writer=self._write,
            execution_info=ExecutionInfo("", "", "", thread_id=thread) if thread else None,
        )

    @property
    def kinds(self) -> list[str]:
        """The names of the events, in order; of a notice its code."""
        return [event.code if isinstance(event, Notice) else type(event).__name__ for event in self.events]

    @property
    def notices(self) -> list[NoticeCode]:
        """The codes of the notices, in order."""
        return [event.code for event in self.events if isinstance(event, Notice)]

    @property
    def tokens(self) -> list[str]:
        """The pieces of text, in order."""
        return [event.text for event in self.events if isinstance(event, Token)]

    @property
    def text(self) -> str:
        """The whole text, retracted pieces included."""
        return "".join(self.tokens)

    def _write(self, written: Mapping[str, Any]) -> None:
        """Take an event from LangGraph's custom stream."""
        self.events.append(msgspec.convert(written["data"], EVENTS[written["event"]]))


def a_state(message: str = "How much did I spend on food?", **changes: Any) -> State:
    """The state of a turn as `guard` leaves it, routed to Crystal; any field as a keyword argument."""
    state = new_state(
        [HumanMessage(message, id=str(TURN))],
        conversation_id="a conversation",
        turn_id=str(TURN),
        started_at=MORNING,
        message=message,
    )
    return cast(State, {**state, "route": a_route(), **changes})


def a_route(employee: Slug = "crystal") -> RouteReport:
    """A choice of who answers."""
    return RouteReport(employee=employee, reason="a test", confidence=0.9, runner_up=None)


def an_answer(text: str = "You spent 412 on food.", **changes: Any) -> Answer:
    """A committed answer; any field as a keyword argument."""
    answer = Answer(
        message_id="",
        employee="crystal",
        text=text,
        model="scripted",
        finish_reason="stop",
        fallback=False,
        usage=Usage(prompt_tokens=90, completion_tokens=7, estimated=False),
        prompt=PromptSize(chars=320, tokens=88),
        latency_ms=1200,
        ttft_ms=300,
        facts_used=[],
        error_code=None,
    )
    return cast(Answer, {**answer, **changes})


def a_talk(*contents: str) -> list[Message]:
    """Messages of a conversation, the user's and Crystal's in turn, numbered from 1."""
    return [
        Message(
            id=f"message {seq}",
            seq=seq,
            role="user" if seq % 2 else "assistant",
            employee="crystal",
            content=content,
        )
        for seq, content in enumerate(contents, 1)
    ]


def a_memory(fact: str) -> Memory:
    """A remembered fact."""
    return Memory(fact_id=f"id of {fact[:20]}", fact=fact, learned="2026-05-04", similarity=0.4)


def a_recalled_turn(said: str, *, answered: str | None = None, turn_id: str = "an old turn") -> RecalledTurn:
    """An earlier turn that was found."""
    employee = "crystal" if answered else None
    return RecalledTurn(turn_id=turn_id, date="2026-05-04", said=said, employee=employee, answered=answered)
