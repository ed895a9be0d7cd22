"""What a model's server may send instead of what the protocol has."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Raw:
    """A reply: these bytes as the body, whatever was asked."""

    pieces: Iterable[bytes]
    media: str = "text/event-stream; charset=utf-8"


def event(document: Any) -> bytes:
    """An event of a stream; half characters are escaped, as servers escape them."""
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def delta(*, finish_reason: Any = None, usage: Any = None, index: Any = 0, **fields: Any) -> bytes:
    """A chunk of a stream whose delta has these fields."""
    choice = {"index": index, "delta": fields, "finish_reason": finish_reason}
    return event({"object": "chat.completion.chunk", "choices": [choice], "usage": usage})


def words(*contents: Any, finish_reason: str = "stop", usage: Any = None) -> list[bytes]:
    """A whole stream that says this."""
    said = [delta(content=content) for content in contents]
    return [delta(role="assistant", content=""), *said, delta(finish_reason=finish_reason, usage=usage), DONE]


def whole(content: Any, *, usage: Any = None, **fields: Any) -> Sequence[bytes]:
    """A reply that is not streamed, with more fields in its message."""
    message = {"role": "assistant", "content": content, **fields}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return [json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()]
