"""A turn up to its answer, with a scripted model and a store for the answer."""

import time
from collections.abc import Callable
from uuid import UUID, uuid5

from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage

from nodes.answer.prepared import Prepare, nothing_prepared
from nodes.generate import Generated, generate
from nodes.questions.understanding import Question
from nodes.state import State
from nodes.tools.running import Outcome, RunTool, ToolRequest
from storage.turns import Answered, Turns
from tests.nodes.models import ScriptedModel
from tests.nodes.states import Listener, a_state

PROMPT: list[AnyMessage] = [SystemMessage("You are Crystal."), HumanMessage("How much?")]


class StoredAnswers(Turns):
    """Keeps answers in a dictionary, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.answers: dict[tuple[UUID, UUID], Answered] = {}
        self._error = error

    async def answer(self, user_id: UUID, turn_id: UUID, turn: Answered) -> UUID:
        """Keep the answer."""
        if self._error:
            raise self._error
        self.answers[user_id, turn_id] = turn
        return uuid5(turn_id, "answer")


async def no_tool(_: ToolRequest) -> Outcome:
    """There is none."""
    raise AssertionError("a tool was called")


async def not_a_question(*_: object) -> Question:
    """Understands nothing."""
    return Question(tool=None, arguments={}, aspect=None, focus=None, took=[], unexplained=[], could_ask=[])


async def generated(
    model: ScriptedModel,
    *,
    run: Listener | None = None,
    turns: StoredAnswers | None = None,
    seconds: float = 10,
    state: State | None = None,
    clock: Callable[[], float] = time.time,
    prepare: Prepare = nothing_prepared,
    has_model: bool = True,
    run_tool: RunTool = no_tool,
) -> Generated:
    """What the node returns with this model."""
    return await generate(
        state or a_state(prompt=PROMPT),
        (run or Listener()).runtime,
        clock=clock,
        models=[model],
        prepare=prepare,
        understand=not_a_question,
        has_model=has_model,
        turns=turns or StoredAnswers(),
        seconds=seconds,
        attempts=2,
        run_tool=run_tool,
        tool_room=8000,
    )
