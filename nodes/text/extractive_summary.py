"""A rolling summary without a model: the gist of each message, newest kept, under the word limit."""

import re
from collections.abc import Sequence
from itertools import islice

from nodes.employees import find
from nodes.prompts import SUMMARY_WORDS
from storage.messages import Message

GIST_WORDS = 24

# The patterns are linear with `re`: a word is at most 32 characters, a sentence's end is known by the two before it.
_IDEOGRAPHS = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Chinese and Japanese put no spaces between words, two characters are about one; and a run of anything else
# counts again every 32 characters, or a few "words" could fill the window.
_WORD = re.compile(rf"[{_IDEOGRAPHS}]{{1,2}}|[^\s{_IDEOGRAPHS}]{{1,32}}")
_SENTENCE_END = re.compile(r"(?<=[.!?]\s)|(?<=[。？！\n])")


def extractive(previous: str, messages: Sequence[Message]) -> str:
    """The previous summary with a line for each new message; its oldest sentences go first when it grows too long."""
    said = [f"\n{_speaker(message)}: {gist(message['content'])}" for message in messages]
    kept: list[str] = []
    words = 0
    for piece in reversed([*_SENTENCE_END.split(previous), *said]):
        words += len(_words(piece, SUMMARY_WORDS))
        if kept and words >= SUMMARY_WORDS:
            break
        kept.append(piece)
    return shortened("".join(reversed(kept)))


def gist(text: str) -> str:
    """The first sentence on one line, cut at `GIST_WORDS` words."""
    sentence = " ".join(_SENTENCE_END.split(text.strip(), maxsplit=1)[0].split())
    words = _words(sentence, GIST_WORDS + 1)
    return sentence if len(words) <= GIST_WORDS else sentence[: words[GIST_WORDS - 1].end()] + "…"


def shortened(text: str) -> str:
    """The text under `SUMMARY_WORDS` words, ended at a sentence where there is one; lines are kept."""
    text = text.strip()
    words = _words(text, SUMMARY_WORDS)
    if len(words) < SUMMARY_WORDS:
        return text
    cut = text[: words[SUMMARY_WORDS - 2].end()]
    end = max((found.end() for found in _SENTENCE_END.finditer(cut)), default=0)
    return cut[:end].rstrip() if end > len(cut) // 2 else cut + "…"


def _words(text: str, most: int) -> list[re.Match[str]]:
    """The first words of the text."""
    return list(islice(_WORD.finditer(text), most))


def _speaker(message: Message) -> str:
    if message["role"] == "user":
        return "User"
    known = find(message["employee"])
    return known.name if known else "Assistant"
