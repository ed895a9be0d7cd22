"""A rolling summary without a model: the gist of each message, newest kept, under the word limit."""

import re
from collections.abc import Sequence

from nodes.employees import find
from nodes.prompts import SUMMARY_WORDS
from storage.messages import Message

GIST_WORDS = 24


def extractive(previous: str, messages: Sequence[Message]) -> str:
    """The previous summary with a line for each new message; the oldest lines go first when it grows too long."""
    lines = [*previous.splitlines(), *(f"{_speaker(message)}: {gist(message['content'])}" for message in messages)]
    while len(lines) > 1 and _words(lines) >= SUMMARY_WORDS:
        lines.pop(0)
    return shortened("\n".join(lines))


def gist(text: str) -> str:
    """The first sentence, cut at `GIST_WORDS` words."""
    sentence = re.split(r"(?<=[.!?。？！])\s", text.strip(), maxsplit=1)[0].split()
    return " ".join(sentence[:GIST_WORDS]) + ("…" if len(sentence) > GIST_WORDS else "")


def shortened(text: str) -> str:
    """The text under `SUMMARY_WORDS` words, ended at a sentence where there is one; lines are kept."""
    words = list(re.finditer(r"\S+", text))
    if len(words) < SUMMARY_WORDS:
        return text.strip()
    cut = text[: words[SUMMARY_WORDS - 2].end()]
    end = max(cut.rfind(stop) for stop in (". ", "! ", "? ", ".\n"))
    return cut[: end + 1] if end > len(cut) // 2 else cut + "…"


def _words(lines: list[str]) -> int:
    return sum(len(line.split()) for line in lines)


def _speaker(message: Message) -> str:
    if message["role"] == "user":
        return "User"
    known = find(message["employee"])
    return known.name if known else "Assistant"
