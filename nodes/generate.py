"""Have a model answer, stream its answer, and commit it."""

import hashlib
import re
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
from nodes.answer.figures import unverified_figures
from nodes.answer.languages import language_of, texts_in
from nodes.answer.output import AnswerOutput, Draft
from nodes.answer.prepared import Prepare
from nodes.answer.tool_rounds import ToolRounds
from nodes.employees import Slug
from nodes.prompts import day_of, estimate, estimate_messages, size
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

FALLBACK = "fallback"
"""The model's name when none answered."""
PREPARED = "prepared"
"""The model's name when none answered, and an answer was given that people prepared for questions like the message."""

NO_MODEL = "No model is set, so nothing read your question; this is a prepared reply."

_WORD = re.compile(r"\S+\s?")

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
    has_model: bool,
    turns: Turns,
    seconds: float,
    attempts: int,
    run_tool: RunTool,
    tool_room: int,
    also: Collection[OptionalKind] = (),
) -> Generated:
    """Stream a model's answer, or give a prepared one where there is none; commit what was said.

    Args:
        models: asked in their order, the next one where the one before cannot answer.
        prepare: finds the answer that was prepared for messages like this one.
        has_model: False where no model is set, and `models` never answer.
        tool_room: characters that what tools find may take in the prompt.
        also: kinds that are masked beside those that always are.
    """
    output = AnswerOutput(state, runtime, clock)
    stop, version = stop_requested(), continued(state)
    so_far = version["so_far"] if version else ""
    quotes = state.get("quotes")
    prompt = [*state["prompt"][:1], HumanMessage(quotes), *state["prompt"][1:]] if quotes else state["prompt"]
    tools = _tool_rounds(state, runtime, run_tool, tool_room, also)
    draft = await write(
        models, prompt, output=output, stop=stop, seconds=seconds, attempts=attempts, so_far=so_far, also=also,
        tools=tools,
    )  # fmt: skip
    fallback = _is_missing(draft) and version is None
    if version and _is_missing(draft):
        draft.finish_reason = version["cut"]  # it stays cut, and may be continued again
    elif fallback:
        await _fall_back(state, draft, output, prepare, has_model=has_model)
    elif draft.finish_reason == "blocked":
        output.note(Notice(code="filtered", message="A filter of the model's provider stopped the answer here."))
    answer = _answer(state, draft, fallback=fallback, first=output.ttft_ms, whole=since(state, clock))
    if not fallback:
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
) -> ToolRounds | None:
    """What the model may call; None where nothing is offered."""
    assert state["route"] is not None
    slug: Slug = state["route"]["employee"]
    names = state.get("tools", ())
    if not names:
        return None
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


async def _fall_back(state: State, draft: Draft, output: AnswerOutput, prepare: Prepare, *, has_model: bool) -> None:
    """Take back a broken answer, and give the prepared answer to the message, else what this employee says instead.

    In the language of the message.
    """
    assert state["route"] is not None
    language = language_of(state["message"], state.get("language"))
    texts = texts_in(language)
    if has_model:
        log.warning("turn falls back", code=draft.error_code)
    else:
        draft.prompt, draft.attempts = [], 0  # nobody was asked anything
    if draft.text:
        output.retract()
    if draft.error_code == "model_filtered":
        said = "A filter of the model's provider stopped the answer; this is a prepared reply."
        output.note(Notice(code="filtered", message=said))
        draft.text, draft.finish_reason, draft.model = texts.filtered, "blocked", FALLBACK
    elif (prepared := await prepare(state["message"], language)) is not None:
        said = "No model answered. This is a prepared answer, which people wrote for questions like yours."
        output.note(Notice(code="fallback", message=said))
        draft.text, draft.finish_reason, draft.model = prepared, "stop", PREPARED
        if not has_model:
            draft.error_code = None  # nothing failed: such an installation answers like this
    else:
        said = "No model can be reached; this is a prepared reply." if has_model else NO_MODEL
        output.note(Notice(code="fallback", message=said))
        reply = texts.replies[state["route"]["employee"]]
        draft.text = reply.unreachable if has_model else reply.without_model
        draft.finish_reason, draft.model = "stop", FALLBACK
    draft.prompt_tokens = draft.completion_tokens = draft.cached_tokens = None
    draft.masked = Counter()
    for word in _WORD.findall(draft.text):  # as a model's answer comes, so that clients meet the same stream
        output.send(word)


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
        message=state["message"],
        asked_employee=state.get("employee"),
        employee=state["route"]["employee"],
        route=state["route"],
        answer=answer["text"],
        finish_reason=answer["finish_reason"],
        error_code=answer["error_code"],
        report={**{name: value for name, value in answer.items() if name in REPORTED}, "notices": notices},
        used=answer["facts_used"],
    )
