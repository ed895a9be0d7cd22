"""The part of a text that has most to do with a message."""

import re

_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+|\n+")
_WORD = re.compile(r"\w{3,}")


def excerpt(text: str, message: str, chars: int) -> str:
    """At most `chars` characters and an ellipsis at either end, from the sentence with most of the message's words."""
    text = text.strip()
    if len(text) <= chars:
        return text
    wanted = set(_WORD.findall(message.casefold()))
    starts = [0, *(found.end() for found in _SENTENCE.finditer(text))]
    sentences = zip(starts, [*starts[1:], len(text)], strict=True)
    best, _ = max(sentences, key=lambda place: len(wanted.intersection(_WORD.findall(text[slice(*place)].casefold()))))
    start = min(best, len(text) - chars)  # a short last sentence comes with what is before it
    end = start + chars
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"
