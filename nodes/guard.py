"""The guard: clean, mask and cut the message, and refuse what is empty or an attack."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from structlog.stdlib import get_logger

from nodes.errors import EmbeddingUnavailable
from nodes.injection.detect import WHOLE, Attack, detect, has_target, parts
from nodes.state import Context, Notice, Refusal, State, asking, new_state
from nodes.text.cleaning import clean
from nodes.text.pii.detection import Kind, OptionalKind
from nodes.text.pii.masking import mask
from nodes.text.pii.spoken import MAX_CHARS
from storage.metrics import Finding
from storage.rate_limits import Admission

log = get_logger(__name__)

REFUSAL = (
    "I can't follow instructions that try to change how this team works. Ask me about your money instead: "
    "spending, taxes, documents, categories or goals."
)
REFUSALS: Mapping[str, str] = {
    "reveal_prompt": (
        "I can't show the instructions that this team works with. If you meant a text of yours, say which one: "
        "“show the text of the rental contract”."
    ),
    "other_users_data": (
        "I can only show what is yours. Ask about your own accounts, documents and goals, or for an account that you "
        "share, sign in as its owner."
    ),
    "planted_instruction": (
        "I can't keep instructions that change how this team works. I do remember facts about you: your income, your "
        "goals, what you prefer."
    ),
    "embedded_instruction": (
        "The text that you sent holds instructions to me, and I can't follow those. Send it without them, or ask about "
        "one thing in it, such as its amount or its date."
    ),
    "encoded_instruction": (
        "I can't read messages in code or take instructions from them. Write what you need in plain words."
    ),
    "classifier": (
        "I can't follow instructions that try to change how this team works, and your message reads like one. If it is "
        "not, put it in other words: say what you want to know, without telling me how to be."
    ),
}
"""What is said of each rule; `REFUSAL` of the others. Clients show it, so it says how to ask instead."""

CLASSIFIER = "classifier"
"""The rule of an attack that only the classifier found."""
CERTAIN = 0.88
"""Probability from which the classifier refuses a message by itself."""
TARGETED = 0.68
"""The same for a message about what attacks aim at: the assistant's rules, its memory, other people's money."""
CERTAIN_OF_LONG = 0.97
"""Probability from which the classifier refuses a message by itself that is judged in parts, whatever it is about: the
worst of many parts looks like an attack by chance."""
CONFIRMED = 0.15
"""Probability from which it confirms an English rule, so that the rules' false alarms go."""
CONFIRMED_OF_LONG = 0.3
"""The same for the part of a long message in which the rule fires."""

MARGIN = MAX_CHARS
"""Characters looked at beyond the cut: as many as the longest number that is masked may have, in words."""

SHORT = 1000
"""Characters up to which a message costs less than handing it to a thread would."""

BEYOND_LIMIT = "That is more messages than you may send in a minute. Try again in a moment."
"""`rate_limit` says for how long; this stays where the limit ends in between."""

KINDS: dict[Kind, str] = {
    "card": "a card number",
    "iban": "an IBAN",
    "national_id": "a national id",
    "secret": "a key or password",
    "email": "an e-mail address",
    "phone": "a phone number",
}


class Reading(NamedTuple):
    """A message as it may be stored and sent on (clean, masked, not too long), and what was found in it."""

    text: str
    masked: tuple[Kind, ...]
    notices: list[Notice]
    attack: Attack | None
    """What a rule found in it."""
    attack_in: str
    """What the classifier has to confirm: of a long message the part in which the rule found it, else the text."""


Suspect = Callable[[str], Awaitable[float]]
"""The probability that a text is an attack. Raises EmbeddingUnavailable."""


async def guard(
    state: State,
    runtime: Runtime[Context],
    *,
    clock: Callable[[], float],
    max_chars: int,
    admission: Admission,
    suspect: Suspect,
    also: Collection[OptionalKind] = (),
) -> State:
    """Clean, mask and cut the message; refuse it when nothing is left or when it attacks.

    A message beyond a limit that is known to be used up is not judged: that would embed it.

    Nothing is emitted here: `rate_limit` counts every message before it is refused, and notices go out after `start`.
    Begins the turn: every field of the state is set here.

    Args:
        also: kinds that are masked beside those that always are.
    """
    asked = _last_of_the_user(state["messages"])
    if len(asked.text) <= SHORT:
        read = _read(asked.text, max_chars, also)
    else:  # off the event loop, where other turns' tokens do not wait for it
        read = await asyncio.to_thread(_read, asked.text, max_chars, also)
    turn_id = _turn_id(asked)
    beyond = admission.is_used_up(asking(runtime))
    refusal = Refusal(code="rate_limited", message=BEYOND_LIMIT, rule=None) if beyond else await _refusal(read, suspect)
    begun = new_state(
        [HumanMessage(read.text, id=asked.id or turn_id)],
        conversation_id=_conversation_id(state, runtime, turn_id),
        turn_id=turn_id,
        started_at=clock(),
        message=read.text,
    )
    return State({**begun, "refusal": refusal, "notices": read.notices, "findings": _findings(read, refusal)})


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


async def _refusal(read: Reading, suspect: Suspect) -> Refusal | None:
    if not read.text:
        return Refusal(code="empty_message", message="The message has no text to answer.", rule=None)
    rule = await _broken_rule(read, suspect)
    return Refusal(code="blocked", message=REFUSALS.get(rule, REFUSAL), rule=rule) if rule else None


async def _broken_rule(read: Reading, suspect: Suspect) -> str | None:
    """The rule by which the message is refused; without an embedding the rules alone decide."""
    attack = read.attack
    if attack and attack.certain:
        return attack.rule
    try:
        probability = await suspect(read.text)
        of_attack = probability if read.attack_in == read.text else await suspect(read.attack_in)
    except EmbeddingUnavailable:
        log.warning("no embedding for the guard, the rules alone decide", exc_info=True)
        return attack.rule if attack else None
    long = len(read.text) > WHOLE
    if attack and of_attack > (CONFIRMED_OF_LONG if long else CONFIRMED):
        return attack.rule
    if long:
        return CLASSIFIER if probability > CERTAIN_OF_LONG else None
    alone = probability > CERTAIN or (probability > TARGETED and has_target(read.text))
    return CLASSIFIER if alone else None


def _findings(read: Reading, refusal: Refusal | None) -> list[Finding]:
    """For the audit: what was found, with a hash of what is left, which holds no number that could be guessed."""
    text_hash = hashlib.sha256(read.text.encode()).hexdigest()
    found = [Finding(kind=kind, action="masked", rule=None, text_hash=text_hash) for kind in read.masked]
    if refusal and refusal["code"] == "blocked":
        found.append(Finding(kind="injection", action="refused", rule=refusal["rule"], text_hash=text_hash))
    return found


def _read(text: str, max_chars: int, also: Collection[OptionalKind] = ()) -> Reading:
    """Clean, mask, cut and judge it; what is far beyond the limit is only looked through for hidden characters."""
    # Masked before it is cut, or a cut through a card number would leave digits that no checksum finds. A number that
    # this first cut goes through ends in the margin.
    near = clean(text, max_chars + MARGIN)
    masked = mask(near.text, also)
    known = masked.text if near.whole else masked.text[:-MARGIN]
    cut = not near.whole or len(known) > max_chars
    kept = known[:max_chars]
    notices = _notices(near.removed, masked.kinds, max_chars if cut else None)
    attack = detect(kept)
    attack_in = next(filter(detect, parts(kept)), kept) if attack and len(kept) > WHOLE else kept
    return Reading(kept, masked.kinds, notices, attack, attack_in)


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
