"""Rolling summary without a model: the first sentence of each message, newest kept, under the word limit."""

import re
from collections.abc import Sequence
from itertools import islice

from nodes.employees import find
from nodes.prompts import SUMMARY_WORDS
from storage.turns import Message

SENTENCE_WORDS = 24
"""Words at which a first sentence is cut."""

# The patterns are linear with `re`: a word has at most 32 characters, and a sentence end looks back two.
_IDEOGRAPHS = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Chinese and Japanese put no spaces between words: two characters count as one. Any other run counts as a word every
# 32 characters, or a few "words" could fill the context window.
_WORD = re.compile(rf"[{_IDEOGRAPHS}]{{1,2}}|[^\s{_IDEOGRAPHS}]{{1,32}}")
_SENTENCE_END = re.compile(r"(?<=[.!?]\s)|(?<=[。？！\n])")


def extractive_summary(previous: str, messages: Sequence[Message]) -> str:
    """The previous summary plus a line for each message; where that is too long, the oldest sentences are dropped."""
    lines = [f"\n{_speaker(message)}: {first_sentence(message['content'])}" for message in messages]
    kept: list[str] = []
    words = 0
    for piece in reversed([*_SENTENCE_END.split(previous), *lines]):
        words += len(_words(piece, SUMMARY_WORDS))
        if kept and words >= SUMMARY_WORDS:
            break
        kept.append(piece)
    return shorten("".join(reversed(kept)))


def first_sentence(text: str) -> str:
    """The first sentence of the text on one line, cut at `SENTENCE_WORDS` words."""
    sentence = " ".join(_SENTENCE_END.split(text.strip(), maxsplit=1)[0].split())
    words = _words(sentence, SENTENCE_WORDS + 1)
    return sentence if len(words) <= SENTENCE_WORDS else sentence[: words[SENTENCE_WORDS - 1].end()] + "…"


def shorten(text: str) -> str:
    """Cut the text below `SUMMARY_WORDS` words, at the end of a sentence in its second half if there is one."""
    text = text.strip()
    words = _words(text, SUMMARY_WORDS)
    if len(words) < SUMMARY_WORDS:
        return text
    cut = text[: words[SUMMARY_WORDS - 2].end()]
    end = max((found.end() for found in _SENTENCE_END.finditer(cut)), default=0)
    return cut[:end].rstrip() if end > len(cut) // 2 else cut + "…"


def _words(text: str, limit: int) -> list[re.Match[str]]:
    """The first words of the text, `limit` at most."""
    return list(islice(_WORD.finditer(text), limit))


def _speaker(message: Message) -> str:
    if message["role"] == "user":
        return "User"
    employee = find(message["employee"])
    return employee.name if employee else "Assistant"
