"""How many tokens a text is, about: quick, offline, and never far below the truth."""

from collections.abc import Iterable, Sequence

from langchain_core.messages import BaseMessage

from nodes.state import PromptSize

PER_MESSAGE = 4
"""Tokens a chat format spends around each message."""


def estimate(text: str) -> int:
    """About four characters of a Latin text are one token, but each character of CJK and most other scripts is one."""
    latin = sum(1 for character in text if character < "\u0250")
    return (latin + 3) // 4 + (len(text) - latin)


def estimate_messages(messages: Iterable[BaseMessage]) -> int:
    """The estimate for a list of messages, with what the chat format adds."""
    return sum(PER_MESSAGE + estimate(message.text) for message in messages)


def size(messages: Sequence[BaseMessage]) -> PromptSize:
    """How long a prompt is."""
    return PromptSize(chars=sum(len(message.text) for message in messages), tokens=estimate_messages(messages))
