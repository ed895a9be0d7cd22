"""What travels through the pipeline: plain data, checkpointed and shown in Studio as it is.

Every field of one turn is set anew by `guard`, because a LangGraph thread may see several turns (in Studio's chat view)
and state outlives a step.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

from langchain_core.messages import AnyMessage
from langgraph.channels import UntrackedValue  # pyright: ignore[reportMissingTypeStubs]
from langgraph.graph import add_messages  # pyright: ignore[reportMissingTypeStubs] - has types, but no marker there
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.employees import BY_NAME, Slug
from storage.facts import LearnedFact, Memory
from storage.metrics import Finding
from storage.rate_limits import Allowance, Place
from storage.recall import RecalledReference, RecalledTurn
from storage.turns import History, VersionKind

WhileBusy = Literal["wait", "reject", "interrupt"]
"""What is to happen to a message while its conversation is being answered."""

LOCAL_USER = "00000000-0000-4000-8000-000000000001"
"""The user of a run that names none: a developer in Studio."""

NoticeCode = Literal[
    "input_truncated",
    "input_sanitized",
    "pii_masked",
    "context_trimmed",
    "fallback",
    "filtered",
    "restarted",
    "memory_unavailable",
    "rate_limit_unavailable",
]

FinishReason = Literal["stop", "length", "timeout", "stopped", "blocked"]

RefusalCode = Literal["empty_message", "blocked", "rate_limited", "conversation_busy"]


class Quoted(TypedDict):
    """Something that a client says was said before; it has no authority, whatever role it names."""

    role: str
    said: str


@dataclass(frozen=True)
class Context:
    """Who is asking, and how. It comes with the run, never from the message or the model."""

    user_id: str = LOCAL_USER
    claimed: bool = False
    """Whether an idempotency key was claimed for the turn, so that it is only accepted while that claim holds."""
    quoted: Sequence[Quoted] = ()
    """What the client sent along as said before: for this turn's prompt only, and stored nowhere."""


def _context(runtime: Runtime[Context]) -> Context:
    context: Context | None = runtime.context  # LangGraph leaves it out when nothing was given
    return context or Context()


def asking(runtime: Runtime[Context]) -> UUID:
    """The user of this run."""
    return UUID(_context(runtime).user_id)


def claimed(runtime: Runtime[Context]) -> bool:
    """Whether an idempotency key was claimed for the turn of this run."""
    return _context(runtime).claimed


def quoted(runtime: Runtime[Context]) -> Sequence[Quoted]:
    """What the client of this run sent along as said before."""
    return _context(runtime).quoted


class Notice(TypedDict):
    """Something the person should know about this answer."""

    code: NoticeCode
    message: str


class Refusal(TypedDict):
    """Why the turn goes no further."""

    code: RefusalCode
    message: str
    rule: str | None
    """The guard's rule that matched."""


DecidedBy = Literal["request", "topic", "conversation", "rules"]
"""What an employee was chosen by: the user's choice, the message's topic, who answered before, or keywords."""

ReasonCode = Literal[
    "asked", "topic", "general", "follow_up", "nothing_new", "keyword", "example", "no_rule", "as_before", "guard"
]
"""Why an employee was chosen: what a page says in its own language."""
REASONS: Mapping[ReasonCode, str] = {
    "asked": "you asked for {name}",
    "topic": "reads like a question about {topic}",
    "general": "a general or open question",
    "follow_up": "a follow-up, so it stays with {name}",
    "nothing_new": "nothing new, so it stays with {name}",
    "keyword": "keyword “{keyword}”",
    "example": "like an example",
    "no_rule": "no rule matched",
    "as_before": "the same as before",
    "guard": "stopped by the guard",
}
"""The same in English."""


class RouteReport(TypedDict):
    """Who answers, and why; shown to the client."""

    employee: Slug
    reason: str
    """In English."""
    reason_code: NotRequired[ReasonCode]
    """Missing in routes of an earlier release, as is the keyword."""
    keyword: NotRequired[str | None]
    """The one that decided, with the code `keyword`."""
    confidence: float
    """0 to 1."""
    runner_up: Slug | None
    decided_by: NotRequired[DecidedBy]
    """Only with `topic` was anything guessed; missing in routes of an earlier release."""


class StoredRoute(RouteReport):
    """A route as it is stored with its turn, and what else a process must know that answers the turn anew."""

    quoted: NotRequired[bool]
    """Whether the client sent along what was said before, which is stored nowhere."""
    language: NotRequired[str]
    """The client's, where it named one."""


def route_report(
    slug: Slug,
    code: ReasonCode,
    decided_by: DecidedBy,
    confidence: float = 1.0,
    *,
    runner_up: Slug | None = None,
    keyword: str | None = None,
) -> RouteReport:
    """The report of a choice: who answers, and why.

    Args:
        keyword: the one that was found, for the code `keyword`.
    """
    who = BY_NAME[slug]
    return RouteReport(
        employee=slug,
        reason=REASONS[code].format(name=who.name, topic=who.title.lower(), keyword=keyword),
        reason_code=code,
        keyword=keyword,
        confidence=confidence,
        runner_up=runner_up,
        decided_by=decided_by,
    )


class Usage(TypedDict):
    """Tokens of one answer."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    """True when the model did not say and we counted characters."""
    cached_tokens: NotRequired[int]
    """Of the prompt's tokens, those that the provider read from its cache, where it says."""


class PromptSize(TypedDict):
    """How long a prompt is by our own count, whatever the model says of it."""

    chars: int
    tokens: int


class Trimmed(TypedDict):
    """What did not fit in the window."""

    messages: int
    memories: int


class Version(TypedDict):
    """What a turn is made of that is another version of an earlier one."""

    kind: VersionKind
    replaces: str
    """The id of that turn."""
    route: RouteReport | None
    """Who answers; None where that is chosen anew."""
    last_employee: str | None
    """Who answered last before it."""
    so_far: str
    """The answer that is continued."""
    cut: FinishReason | None
    """How that one ended."""


class Answer(TypedDict):
    """What was said, as committed."""

    message_id: str
    employee: Slug
    text: str
    model: str
    finish_reason: FinishReason
    fallback: bool
    usage: Usage
    prompt: NotRequired[PromptSize]
    """What the model was asked last, which may be less than the turn's prompt: it could not read more. Answers of an
    earlier release do not say."""
    prompt_version: NotRequired[str | None]
    """Which text the employee was given (`nodes.prompts.SystemPrompt`); answers of an earlier release do not say."""
    timing: NotRequired[Mapping[str, float | None]]
    """Of `stream_events.Timing`. It is kept with the answer, so that an end that is sent again is the same."""
    attempts: NotRequired[int]
    """Requests to a model, retries included; answers of an earlier release do not say."""
    latency_ms: int
    ttft_ms: int | None
    """Milliseconds from the request to the first token."""
    facts_used: list[str]
    """Ids of what was remembered of the user and stood in the prompt."""
    turns_recalled: NotRequired[list[RecalledReference]]
    """Earlier turns that were quoted there. Answers of an earlier release do not say."""
    tools: NotRequired[list[dict[str, Any]]]
    """What tools found for it, as `stream_events.ToolResult`; left out where none was called."""
    unverified: NotRequired[list[str]]
    """Figures in it that no tool computed and the user did not say; left out where there are none."""
    error_code: str | None
    """Why the model's own answer is missing or short, where it is."""


class Input(TypedDict):
    """What starts a turn: one user message is enough."""

    messages: Annotated[list[AnyMessage], add_messages]
    conversation_id: NotRequired[str]
    employee: NotRequired[str | None]
    """The client's explicit choice, by slug or alias."""
    while_busy: NotRequired[WhileBusy]
    """What is to happen while the conversation is being answered; `wait` where nothing is said."""
    version: NotRequired[Version | None]
    """Of an earlier turn, where the message is one."""
    temporary: NotRequired[bool]
    """Whether the conversation is to be temporary, where this message begins it."""
    language: NotRequired[str | None]
    """The client's, such as `de`: for what is said without a model, where the message's words do not tell its own."""


class State(TypedDict):
    """Everything known of the turn. After `guard` every field is there."""

    messages: Annotated[list[AnyMessage], add_messages]
    conversation_id: str
    employee: NotRequired[str | None]
    while_busy: NotRequired[WhileBusy]
    version: NotRequired[Version | None]
    temporary: NotRequired[bool]
    language: NotRequired[str | None]
    turn_id: str
    """The id of the user's message, as a UUID."""
    started_at: float
    """Unix time in seconds, by the process that runs the turn: its clock goes on evenly when the machine's is set."""
    message: str
    """The user's message as cleaned and masked."""
    refusal: Refusal | None
    failure: str | None
    """An error code, when a node failed beyond repair."""
    notices: list[Notice]
    findings: list[Finding]
    """What was masked or refused in the message, and masked in the answer."""
    allowance: Allowance | None
    place: Place | None
    """Of the message in its conversation; None where the limit could not be asked."""
    last_employee: str | None
    """Who answered last in the conversation."""
    route: RouteReport | None
    may_remember: bool
    """Whether facts may be recalled and learned; known once the turn is stored."""
    history: History
    memories: list[Memory]
    """What came to mind; after `trim_context` what of it is in the prompt."""
    recalled: list[RecalledTurn]
    """Earlier turns, in the same way."""
    prompt: list[AnyMessage]
    quotes: NotRequired[Annotated[str, UntrackedValue]]
    """What the client sent along, as it goes into the prompt after the system's words. It is in no checkpoint."""
    tools: NotRequired[list[str]]
    """Names of the tools that the model is offered; left out where there are none."""
    prompt_version: str | None
    """None until there is a prompt; a state that an earlier release saved does not have it."""
    trimmed: Trimmed
    answer: Answer | None
    summary: str | None
    """The conversation's summary after this turn."""
    learned: list[LearnedFact]
    """Facts remembered from this turn."""
    summary_failed: bool
    """Whether the conversation went on without its summary."""
    facts_failed: bool
    """Whether the facts of this turn could not be extracted."""
    summarised: NotRequired[bool]
    """Whether the summary with this turn is stored already, by a process from which the turn was taken over."""
    facts_known: NotRequired[bool]
    """The same of its facts, also where there were none."""


def new_state(
    messages: list[AnyMessage], *, conversation_id: str, turn_id: str, started_at: float, message: str
) -> State:
    """The state of a turn of which nothing else is known yet."""
    return State(
        messages=messages,
        conversation_id=conversation_id,
        turn_id=turn_id,
        started_at=started_at,
        message=message,
        refusal=None,
        failure=None,
        notices=[],
        findings=[],
        allowance=None,
        place=None,
        last_employee=None,
        route=None,
        may_remember=True,
        history=History(summary="", covers=0, messages=[]),
        memories=[],
        recalled=[],
        prompt=[],
        prompt_version=None,
        trimmed=Trimmed(messages=0, memories=0),
        answer=None,
        summary=None,
        learned=[],
        summary_failed=False,
        facts_failed=False,
    )


def turn_clock() -> Callable[[], float]:
    """A clock of Unix time that goes on evenly when the machine's clock is set."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


def continued(state: State) -> Version | None:
    """What this turn continues, where it does."""
    version = state.get("version")
    return version if version and version["kind"] == "continue" else None


def since(state: State, clock: Callable[[], float]) -> int:
    """Milliseconds since the turn began, by the clock that its beginning was read from."""
    return max(0, round((clock() - state["started_at"]) * 1000))


class Output(TypedDict):
    """What a LangGraph client gets back."""

    messages: Annotated[list[AnyMessage], add_messages]
    conversation_id: str
    turn_id: str
    route: RouteReport | None
    notices: list[Notice]
    refusal: Refusal | None
    answer: Answer | None
    summary: str | None
    learned: list[LearnedFact]
