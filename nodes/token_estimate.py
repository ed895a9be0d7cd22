"""How many tokens a text is, about: quick, offline, and never far below the truth."""

from collections.abc import Iterable, Sequence

from langchain_core.messages import BaseMessage

from nodes.state import PromptSize

PER_MESSAGE = 4
"""Tokens a chat format spends around each message."""


# In UTF-8: every byte but the first of a character, and the first of each from U+0240 on, behind which nobody is Latin.
_NOT_LATIN = bytes(range(0x80, 0xC2)) + bytes(range(0xC9, 0x100))


def estimate(text: str) -> int:
    """About four characters of a Latin text are one token, but each character of CJK and most other scripts is one."""
    latin = len(text.encode("utf-8", "surrogatepass").translate(None, _NOT_LATIN))
    return (latin + 3) // 4 + (len(text) - latin)


def estimate_messages(messages: Iterable[BaseMessage]) -> int:
    """The estimate for a list of messages, with what the chat format adds."""
    return sum(PER_MESSAGE + estimate(message.text) for message in messages)


def size(messages: Sequence[BaseMessage]) -> PromptSize:
    """How long a prompt is."""
    return PromptSize(chars=sum(len(message.text) for message in messages), tokens=estimate_messages(messages))
