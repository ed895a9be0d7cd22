"""Let nothing in that hides, harms or hijacks."""

import asyncio
import hashlib
from collections.abc import Callable
from uuid import UUID, uuid4, uuid5

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from nodes.emit import Noted, emit
from nodes.guarding.cleaning import clean
from nodes.guarding.injection import detect
from nodes.guarding.masking import Kind, mask
from nodes.state import Context, Notice, Refusal, State, Trimmed
from storage.audit import Finding
from storage.messages import History

REFUSAL = (
    "I can't follow instructions that try to change how this team works. Ask me about your money instead: "
    "spending, taxes, documents, categories or goals."
)

MARGIN = 64
"""Characters looked at beyond the cut: more than the longest number that is masked, spaces included."""

KINDS = {"card": "a card number", "iban": "an IBAN", "national_id": "a national id"}


async def guard(state: State, runtime: Runtime[Context], *, clock: Callable[[], float], max_chars: int) -> State:
    """Clean, mask and cut the message; refuse it when nothing is left or when it attacks.

    The client hears of the refusal from `rate_limit`, which counts every message first. Begins the turn: every field
    of the state is set here.
    """
    asked = _last_of_the_user(state["messages"])
    # Off the event loop, where other turns' tokens must not wait for the worst text that anyone can think of.
    text, masked, notices = await asyncio.to_thread(_fit, asked.text, max_chars)
    turn_id = _turn_id(asked)
    refusal = _refusal(text)
    for notice in notices:
        emit(runtime, Noted(kind="noted", notice=notice))
    return State(
        messages=[HumanMessage(text, id=asked.id or turn_id)],
        conversation_id=_conversation_id(state, runtime, turn_id),
        turn_id=turn_id,
        started_at=clock(),
        message=text,
        refusal=refusal,
        failure=None,
        notices=notices,
        findings=_findings(text, masked, refusal),
        allowance=None,
        route=None,
        history=History(summary="", covers=0, messages=[]),
        memories=[],
        prompt=[],
        trimmed=Trimmed(messages=0, memories=0),
        answer=None,
        summary=None,
        learned=[],
        summary_failed=False,
        facts_failed=False,
    )


def _last_of_the_user(messages: list[AnyMessage]) -> HumanMessage:
    """The message to answer. Only its text counts: what else a client sends (a system message) has no say."""
    found = [message for message in messages if isinstance(message, HumanMessage)]
    return found[-1] if found else HumanMessage("")


def _turn_id(message: HumanMessage) -> str:
    """The message's id names the turn, so that running it again is the same turn."""
    try:
        return str(UUID(message.id))
    except (TypeError, ValueError):
        return str(uuid5(UUID(int=0), message.id) if message.id else uuid4())


def _conversation_id(state: State, runtime: Runtime[Context], turn_id: str) -> str:
    """As asked; else the LangGraph thread's, so that Studio's chat view is one conversation; else a new one."""
    thread = runtime.execution_info.thread_id if runtime.execution_info else None
    return state.get("conversation_id") or thread or turn_id


def _refusal(text: str) -> Refusal | None:
    if not text:
        return Refusal(code="empty_message", message="The message has no text to answer.", rule=None)
    if rule := detect(text):
        return Refusal(code="blocked", message=REFUSAL, rule=rule)
    return None


def _findings(text: str, masked: tuple[Kind, ...], refusal: Refusal | None) -> list[Finding]:
    """For the audit: what was found, with a hash of what is left, which holds no number that could be guessed."""
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    found = [Finding(kind=kind, action="masked", rule=None, text_hash=text_hash) for kind in masked]
    if refusal and refusal["code"] == "blocked":
        found.append(Finding(kind="injection", action="refused", rule=refusal["rule"], text_hash=text_hash))
    return found


def _fit(text: str, max_chars: int) -> tuple[str, tuple[Kind, ...], list[Notice]]:
    """The text as it may be stored and sent on (clean, masked, not too long); what was masked; the notices."""
    cleaned = clean(text)
    # Masked before it is cut, or a cut through a card number would leave digits that no checksum finds. What
    # is far beyond the limit need not be looked at; a number that this first cut goes through ends in the margin.
    near = cleaned.text[: max_chars + MARGIN]
    masked = mask(near)
    known = masked.text if near == cleaned.text else masked.text[:-MARGIN]
    cut = near != cleaned.text or len(known) > max_chars
    return known[:max_chars], masked.kinds, _notices(cleaned.removed, masked.kinds, max_chars if cut else None)


def _notices(removed: int, masked: tuple[Kind, ...], cut_at: int | None) -> list[Notice]:
    notices: list[Notice] = []
    if removed:
        notices.append(Notice(code="input_sanitized", message=f"Hidden characters were removed: {removed}."))
    if masked:
        what = " and ".join(KINDS[kind] for kind in masked)
        notices.append(Notice(code="pii_masked", message=f"I masked {what}; it is neither stored nor sent on."))
    if cut_at is not None:
        said = f"Only the first {cut_at} characters of your message were read."
        notices.append(Notice(code="input_truncated", message=said))
    return notices
