"""Fit the prompt into the model's context window."""

import asyncio
import json
from collections.abc import Collection, Sequence
from typing import NamedTuple, NotRequired

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.injection.detect import holds_instructions
from nodes.prompts import (
    GO_ON,
    LARGEST_SHARE_WITH_TOOLS,
    PER_MESSAGE,
    SystemPrompt,
    as_quoted,
    client_notes,
    estimate,
    estimate_messages,
    notes,
    prompt_texts,
    today,
)
from nodes.state import Context, Notice, Quoted, State, Trimmed, continued, quoted
from nodes.stream_events import note
from nodes.text.cleaning import clean
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask
from nodes.tools.registry import TOOLS_OF
from storage.facts import Memory
from storage.recall import RecalledTurn
from storage.turns import History, Message

SHORTENED_CHARS = (240, 120, 60, 30)
"""Characters kept of a message that has no room in the window and that the summary does not cover yet: the first of
these with which all such messages fit in the notes."""
ENTRY_TOKENS = 16
"""Tokens that an entry of the notes needs besides its text."""
WARNING_TOKENS = 20
"""Tokens that the warning needs with an entry that holds instructions."""
HEADING_TOKENS = 32
"""Tokens that the heading of the notes needs."""
RESULTS_SHARE = 4
"""What tools find may take a quarter of the room."""
MAX_RECALLED = 4
"""Earlier turns that are quoted."""


class TrimmedContext(TypedDict):
    """The prompt, and what was left out of it."""

    prompt: list[AnyMessage]
    quotes: NotRequired[str]
    prompt_version: str
    memories: list[Memory]
    recalled: list[RecalledTurn]
    trimmed: Trimmed
    tools: list[str]
    notices: list[Notice]


async def trim_context(
    state: State,
    runtime: Runtime[Context],
    *,
    budget: int,
    reserve: int,
    calls_tools: bool = False,
    also: Collection[OptionalKind] = (),
) -> TrimmedContext:
    """Build the prompt: system prompt and user message always, then notes, then the newest messages that fit.

    Args:
        budget: tokens of the whole.
        reserve: of them those that are left free for the answer.
        calls_tools: whether the model may be offered tools.
        also: kinds that are masked beside those that always are, in what a client sent along.
    """
    assert state["route"] is not None
    room = budget - reserve
    tools = _tools(state, room) if calls_tools else _Tools()
    instructions = tools.prompt or prompt_texts().system(state["route"]["employee"], room)
    date = today(state["started_at"])
    asked = [HumanMessage(state["message"]), *_rest(state, budget // 4)]
    sent = _newest_quoted(quoted(runtime), room // 2)
    quotes = await asyncio.to_thread(_quotes, sent, also) if sent else ""
    fixed = tools.tokens + PER_MESSAGE + instructions.tokens + estimate(date) + estimate_messages(asked) + _cost(quotes)
    background = _background(state, room - fixed)
    trimmed = Trimmed(
        messages=len(background.dropped) + len(quoted(runtime)) - len(sent),
        memories=len(state["memories"]) - len(background.memories),
    )
    fitted = TrimmedContext(
        prompt=[SystemMessage(instructions.text + date), *background.messages, *asked],
        prompt_version=instructions.version,
        memories=background.memories,
        recalled=background.recalled,
        trimmed=trimmed,
        tools=list(tools.names),
        notices=_notices(state, runtime, trimmed, summarised=background.summarised),
    )
    if quotes:
        fitted["quotes"] = quotes
    return fitted


class _Background(NamedTuple):
    """What stands between the system prompt and the question, and what was left out of it."""

    messages: list[AnyMessage]
    memories: list[Memory]
    recalled: list[RecalledTurn]
    dropped: list[Message]
    summarised: bool
    """Whether the summary stands in for what was dropped."""


def _background(state: State, tokens: int) -> _Background:
    """The notes and the newest messages, as much as fits."""
    history = state["history"]
    # The best memories that fit in a third of the room: they are sorted best first.
    memories = state["memories"][: _fitting([memory["fact"] for memory in state["memories"]], tokens // 3)]
    if _cost(notes(history["summary"], memories, [], [])) > tokens:
        history = History(summary="", covers=history["covers"], messages=history["messages"])
    summary = history["summary"]
    recalled = _outside(state["recalled"], history, tokens - _cost(notes(summary, memories, [], [])))
    kept, dropped, shortened = _window(history, tokens - _cost(notes(summary, memories, recalled, [])))
    written = notes(summary, memories, recalled, shortened)
    messages = [*([HumanMessage(written)] if written else []), *map(_chat_message, kept)]
    return _Background(messages, memories, recalled, dropped, summarised=bool(dropped and summary))


class _Tools(NamedTuple):
    """What is offered to the model, and the tokens that it takes with the results."""

    names: Sequence[str] = ()
    tokens: int = 0
    prompt: SystemPrompt | None = None


def _tools(state: State, room: int) -> _Tools:
    """The employee's tools, as far as there is room; of a user who has nothing here, formulas that are their own."""
    assert state["route"] is not None
    slug, texts = state["route"]["employee"], prompt_texts()
    has_desk = state["history"].get("has_desk", False)
    offered = [tool for tool in TOOLS_OF[slug] if has_desk or (tool.employees[0] == slug and not tool.needs_desk)]
    prompt = (texts.with_desk if has_desk else texts.with_tools)[slug]
    tokens = estimate(json.dumps([tool.schema() for tool in offered]))
    if not offered or prompt.tokens + tokens > room * LARGEST_SHARE_WITH_TOOLS:
        return _Tools()
    return _Tools([tool.name for tool in offered], tokens + room // RESULTS_SHARE, prompt)


def _rest(state: State, tokens: int) -> list[AnyMessage]:
    """What asks for the rest of an answer; of a long one its end is enough to go on."""
    version = continued(state)
    if version is None:
        return []
    end = version["so_far"]
    while estimate(end) > tokens:
        end = end[len(end) // 8 + 1 :]
    return [AIMessage(end), HumanMessage(GO_ON)]


def _newest_quoted(sent: Sequence[Quoted], tokens: int) -> Sequence[Quoted]:
    """The newest of what the client sent along, as much as fits."""
    begin = len(sent)
    while begin and (tokens := tokens - ENTRY_TOKENS - WARNING_TOKENS - estimate(sent[begin - 1]["said"])) >= 0:
        begin -= 1
    return sent[begin:]


def _quotes(sent: Sequence[Quoted], also: Collection[OptionalKind]) -> str:
    """It as it goes into the prompt, cleaned and masked as a message is."""
    return client_notes([Quoted(role=one["role"], said=mask(clean(one["said"]).text, also).text) for one in sent])


def _cost(background: str | None) -> int:
    return estimate_messages([HumanMessage(background)]) if background else 0


def _fitting(texts: Sequence[str], tokens: int) -> int:
    """How many of the texts, from the first one on, fit as entries of the notes."""
    for count, text in enumerate(texts):
        warned = WARNING_TOKENS if holds_instructions(text) else 0
        tokens -= estimate(json.dumps(text, ensure_ascii=False)) + ENTRY_TOKENS + warned
        if tokens < 0:
            return count
    return len(texts)


def _outside(recalled: list[RecalledTurn], history: History, tokens: int) -> list[RecalledTurn]:
    """The best of the earlier turns that the window does not hold, as many as fit in a sixth of the room."""
    if not recalled:
        return []
    kept, _, shortened = _window(history, tokens)
    shown = {message["id"] for message in (*kept, *shortened)}  # a question has the id of its turn
    outside = [turn for turn in recalled if turn["turn_id"] not in shown][:MAX_RECALLED]
    return outside[: _fitting([turn["said"] + (turn["answered"] or "") for turn in outside], tokens // 6)]


def _window(history: History, tokens: int) -> tuple[list[Message], list[Message], list[Message]]:
    """The messages kept, those dropped, and those of the dropped that go into the notes, shortened.

    The summary lags by a turn when that turn's roll_summary is late or failed. Messages that it does not cover and
    that have no room would be lost, so a quarter of the room is for them, shortened.
    """
    kept, dropped = _newest(history["messages"], tokens)
    if not _uncovered(dropped, history):
        return kept, dropped, []
    share = tokens // 4
    kept, dropped = _newest(history["messages"], tokens - share)
    return kept, dropped, _shortened(_uncovered(dropped, history), share - HEADING_TOKENS)


def _newest(messages: list[Message], tokens: int) -> tuple[list[Message], list[Message]]:
    """The newest messages that fit, starting with one of the user's; and the others."""
    # A running sum and not LangChain's trim_messages, which counts all of them again for each one it tries.
    begin = len(messages)
    while begin and (tokens := tokens - PER_MESSAGE - estimate(_text(messages[begin - 1]))) >= 0:
        begin -= 1
    while begin < len(messages) and messages[begin]["role"] != "user":
        begin += 1
    return messages[begin:], messages[:begin]


def _uncovered(dropped: list[Message], history: History) -> list[Message]:
    return [message for message in dropped if message["seq"] > history["covers"]]


def _shortened(messages: list[Message], tokens: int) -> list[Message]:
    """The messages, each shortened so that all of them fit; where even that is too much, the newest of them."""
    fitting: list[Message] = []
    for chars in SHORTENED_CHARS:
        short = [Message({**message, "content": _short(message["content"], chars)}) for message in messages]
        count = _fitting([message["content"] for message in reversed(short)], tokens)
        fitting = short[len(short) - count :]
        if count == len(short):
            break
    return fitting


def _short(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[:chars].rstrip() + "…"


def _chat_message(message: Message) -> AnyMessage:
    kind = HumanMessage if message["role"] == "user" else AIMessage
    return kind(_text(message), id=message["id"])


def _text(message: Message) -> str:
    return as_quoted(message) or message["content"]


def _notices(state: State, runtime: Runtime[Context], trimmed: Trimmed, *, summarised: bool) -> list[Notice]:
    """The turn's notices, with one more where something was left out."""
    messages = _counted(trimmed["messages"], "earlier message", "earlier messages")
    left_out = " and ".join([*messages, *_counted(trimmed["memories"], "memory", "memories")])
    if not left_out:
        return state["notices"]
    covered = "; the summary stands in for them" if summarised else ""
    notice = Notice(code="context_trimmed", message=f"Left out to fit the window: {left_out}{covered}.")
    return note(runtime, state["notices"], notice)


def _counted(count: int, singular: str, plural: str) -> list[str]:
    return [f"{count} {singular if count == 1 else plural}"] if count else []
