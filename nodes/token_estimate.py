"""Offline estimate of the tokens in a text: fast, and never far too low."""

from collections.abc import Iterable, Sequence

from langchain_core.messages import BaseMessage

from nodes.state import PromptSize

PER_MESSAGE = 4
"""Tokens that a chat format adds to each message."""

# UTF-8 bytes that are not counted: continuation bytes, and first bytes of characters from U+0240 on (not Latin).
_NOT_LATIN = bytes(range(0x80, 0xC2)) + bytes(range(0xC9, 0x100))


def estimate(text: str) -> int:
    """One token for every four Latin characters, and one for each character of another script such as CJK."""
    latin = len(text.encode("utf-8", "surrogatepass").translate(None, _NOT_LATIN))
    return (latin + 3) // 4 + (len(text) - latin)


def estimate_messages(messages: Iterable[BaseMessage]) -> int:
    """The estimate for messages, including what the chat format adds."""
    return sum(PER_MESSAGE + estimate(message.text) for message in messages)


def size(messages: Sequence[BaseMessage]) -> PromptSize:
    """The length of a prompt in characters and estimated tokens."""
    return PromptSize(chars=sum(len(message.text) for message in messages), tokens=estimate_messages(messages))
