"""Have a model answer, stream its answer, and commit it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

import msgspec
import stamina
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.answer.attempts import Model, write
from nodes.answer.fallback import COMPUTED, answer_without_model, fall_back
from nodes.answer.figures import unverified_figures
from nodes.answer.output import AnswerOutput, Draft
from nodes.answer.prepared import Prepare
from nodes.answer.tool_rounds import ToolRounds
from nodes.employees import Slug
from nodes.prompts import day_of, estimate, estimate_messages, size
from nodes.questions.understanding import Understand
from nodes.state import Answer, Context, Notice, State, Usage, asking, continued, quoted, since
from nodes.stream_events import done_of, emit, stop_requested, timing_so_far
from nodes.text.pii.detection import Kind, OptionalKind
from nodes.tools.registry import TOOLS_OF
from nodes.tools.running import RunTool
from storage.errors import StorageUnavailable
from storage.metrics import Finding
from storage.recall import RecalledReference, RecalledTurn
from storage.turns import Answered, Turns

log = get_logger(__name__)

COMMIT_SECONDS = 60.0
"""For how long a finished answer waits for a database that is away, before it is given up."""

REPORTED = (
    "employee", "model", "finish_reason", "fallback", "usage", "prompt", "prompt_version", "timing", "attempts",
    "latency_ms", "ttft_ms", "turns_recalled", "tools", "unverified",
)  # fmt: skip
"""What is kept of an answer, with its notices, beside what has a column of its own."""


class Generated(TypedDict):
    """The answer, committed."""

    messages: list[AnyMessage]
    answer: Answer
    notices: list[Notice]
    findings: list[Finding]


async def generate(
    state: State,
    runtime: Runtime[Context],
    *,
    clock: Callable[[], float],
    models: Sequence[Model],
    prepare: Prepare,
    understand: Understand,
    has_model: bool,
    turns: Turns,
    seconds: float,
    attempts: int,
    run_tool: RunTool,
    tool_room: int,
    also: Collection[OptionalKind] = (),
) -> Generated:
    """Stream a model's answer, or compute or give a prepared one where there is none; commit what was said.

    Args:
        models: asked in their order, the next one where the one before cannot answer.
        prepare: finds the answer that was prepared for messages like this one.
        understand: finds what a message asks of the tools, where no model is set.
        has_model: False where no model is set, and `models` never answer.
        tool_room: characters that what tools find may take in the prompt.
        also: kinds that are masked beside those that always are.
    """
    output = AnswerOutput(state, runtime, clock)
    stop, version = stop_requested(), continued(state)
    so_far = version["so_far"] if version else ""
    quotes = state.get("quotes")
    prompt = [*state["prompt"][:1], HumanMessage(quotes), *state["prompt"][1:]] if quotes else state["prompt"]
    tools = _tool_rounds(state, runtime, run_tool, tool_room, also) if state.get("tools") else None
    draft = await write(
        models, prompt, output=output, stop=stop, seconds=seconds, attempts=attempts, so_far=so_far, also=also,
        tools=tools,
    )  # fmt: skip
    missing = _is_missing(draft)
    fallback = missing and version is None
    if missing and version:
        draft.finish_reason = version["cut"]  # it stays cut, and may be continued again
    elif missing and has_model:
        log.warning("turn falls back", code=draft.error_code)
        await fall_back(state, draft, output, prepare)
    elif missing:
        tools = _tool_rounds(state, runtime, run_tool, tool_room, also)
        await answer_without_model(state, runtime, draft, output, prepare, understand, tools)
    elif draft.finish_reason == "blocked":
        output.note(Notice(code="filtered", message="A filter of the model's provider stopped the answer here."))
    answer = _answer(state, draft, fallback=fallback, first=output.ttft_ms, whole=since(state, clock))
    if not fallback or draft.model == COMPUTED:
        _add_tools(answer, tools, _said(state, runtime), so_far)
    if timing := timing_so_far():
        answer["timing"] = msgspec.to_builtins(timing)
    answer["message_id"] = str(await _commit(turns, state, runtime, answer, output.notices))
    emit(runtime, done_of(state["turn_id"], state["conversation_id"], answer))
    # Under the id it was shown with, or LangGraph's `messages` stream would show the answer twice.
    message = AIMessage(draft.text, id=output.message_id)
    findings = [*state["findings"], *_findings(draft.text, draft.masked)]
    return Generated(messages=[message], answer=answer, notices=output.notices, findings=findings)


def _tool_rounds(
    state: State, runtime: Runtime[Context], run_tool: RunTool, room: int, also: Collection[OptionalKind]
) -> ToolRounds:
    """What may be called for the answer."""
    assert state["route"] is not None
    slug: Slug = state["route"]["employee"]
    names = state.get("tools", ())
    return ToolRounds(
        run=run_tool,
        user_id=asking(runtime),
        turn_id=UUID(state["turn_id"]),
        employee=slug,
        today=day_of(state["started_at"]),
        schemas=[tool.schema() for tool in TOOLS_OF[slug] if tool.name in names],
        room=room,
        also=also,
    )


def _add_tools(answer: Answer, tools: ToolRounds | None, said: Sequence[str], so_far: str) -> None:
    """Add to the answer what tools found, and which of its figures come from nowhere; `so_far` was checked before."""
    if tools and tools.results:
        answer["tools"] = msgspec.to_builtins(tools.results)
    found = list(tools.found.values()) if tools else []
    if unverified := unverified_figures(answer["text"].removeprefix(so_far), found, said):
        answer["unverified"] = unverified


def _said(state: State, runtime: Runtime[Context]) -> list[str]:
    """What the user said, as far as it is in the prompt."""
    earlier = [one["content"] for one in state["history"]["messages"] if one["role"] == "user"]
    remembered = [one["fact"] for one in state["memories"]] + [one["said"] for one in state["recalled"]]
    return [state["message"], *earlier, *remembered, *(one["said"] for one in quoted(runtime) if one["role"] == "user")]


async def _commit(turns: Turns, state: State, runtime: Runtime[Context], answer: Answer, notices: list[Notice]) -> UUID:
    """Keep the answer, as soon as the database is there; returns its message id."""
    async for attempt in stamina.retry_context(
        on=StorageUnavailable, attempts=None, timeout=COMMIT_SECONDS, wait_initial=0.1, wait_max=1.0, wait_jitter=0.1
    ):
        with attempt:
            return await turns.answer(asking(runtime), UUID(state["turn_id"]), _record(state, answer, notices))
    raise AssertionError("unreachable")  # the last attempt returns or raises


def _is_missing(draft: Draft) -> bool:
    """Whether something has to be said in the model's place.

    What was stopped, ran out of time or was cut off by a filter stays as it is.
    """
    if draft.finish_reason == "stopped":
        return False
    cut = draft.finish_reason == "timeout" or (draft.finish_reason == "blocked" and bool(draft.begun or draft.standing))
    return (draft.error_code is not None and not cut) or not draft.text.strip()


def _answer(state: State, draft: Draft, *, fallback: bool, first: int | None, whole: int) -> Answer:
    assert state["route"] is not None
    return Answer(
        message_id="",
        employee=state["route"]["employee"],
        text=draft.text,
        model=draft.model,
        finish_reason=draft.finish_reason or "stop",
        fallback=fallback,
        usage=_usage(draft),
        prompt=size(draft.prompt),
        prompt_version=state.get("prompt_version"),
        attempts=draft.attempts,
        latency_ms=whole,
        ttft_ms=first,
        facts_used=[] if fallback else [memory["fact_id"] for memory in state["memories"]],
        turns_recalled=[] if fallback else [_reference(turn) for turn in state["recalled"]],
        error_code=draft.error_code,
    )


def _reference(turn: RecalledTurn) -> RecalledReference:
    return RecalledReference(turn_id=turn["turn_id"], date=turn["date"])


def _usage(draft: Draft) -> Usage:
    if not draft.attempts:
        return Usage(prompt_tokens=0, completion_tokens=0, estimated=True)
    if draft.prompt_tokens is None or draft.completion_tokens is None:
        prompt, completion = estimate_messages(draft.prompt), estimate(draft.text)
        return Usage(prompt_tokens=prompt, completion_tokens=completion, estimated=True)
    counted = Usage(prompt_tokens=draft.prompt_tokens, completion_tokens=draft.completion_tokens, estimated=False)
    return counted if draft.cached_tokens is None else {**counted, "cached_tokens": draft.cached_tokens}


def _findings(text: str, masked: Counter[Kind]) -> list[Finding]:
    """For the audit: what was masked in the answer, with a hash of what is left."""
    if not masked:
        return []
    log.info("masked in the answer", kinds=dict(masked))
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    return [Finding(kind=kind, action="answer_masked", rule=None, text_hash=text_hash) for kind in masked]


def _record(state: State, answer: Answer, notices: list[Notice]) -> Answered:
    assert state["route"] is not None
    return Answered(
        conversation_id=state["conversation_id"],
        employee=state["route"]["employee"],
        answer=answer["text"],
        finish_reason=answer["finish_reason"],
        error_code=answer["error_code"],
        report={**{name: value for name, value in answer.items() if name in REPORTED}, "notices": notices},
        used=answer["facts_used"],
    )
