"""What stands beside a question and says nothing of it: remarks and politeness, from `remarks.toml`."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

_READ = tomllib.loads(Path(__file__).with_name("remarks.toml").read_text(encoding="utf-8"))
_AROUND = [re.compile(one) for one in _READ["around"]]
_REMARKS = [re.compile(one, re.IGNORECASE) for one in _READ["remarks"]]
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_TELLS = re.compile(r"(?:i|we|it|they|that|this|there|he|she)\b", re.IGNORECASE)
_REFERS = re.compile(r"\b(?:them|they|those|these)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"[?\d]|\b(?:how|what|which|when|where|who|why|much|many|only|mean|without|except|excluding|not counting|count"
    r"|include|including|leave|ignore|want|wants|need|like|wonder\w*|look for|looking|searching"
    r"|tell|show|remind|compare|find|than|if|please|both|each|per)\b",
    re.IGNORECASE,
)
"""Words of a sentence that asks for something, or says more of what is asked."""
_UNKNOWING = re.compile(
    r"(?:i|we) (?:can|could|do|am|have|really|just|simply|always|still|keep|'ve|'m) ?(?:never|not|n't|always|hardly"
    r"|rarely)*.*\b(?:remember|recall|look at|check|keep track|lost track|forget|forgot|forgetting)\b"
    r"|(?:i|we) (?:never|always|hardly|rarely|seldom) (?:look|check|remember|recall|read|know|forget|keep track)\b",
    re.IGNORECASE,
)
"""Says only that somebody does not know what is asked."""


def without_remarks(message: str, is_said: Callable[[str], bool]) -> str:
    """The question without what stands beside it and says nothing of it: "I can never remember.", "Goodness!".

    Args:
        is_said: whether a sentence names something, or a period.
    """
    sentences = _SENTENCE.split(message.strip())
    following = [*sentences[1:], ""]
    kept = [
        one
        for one, then in zip(sentences, following, strict=True)
        if _REFERS.search(then) or not _is_remark(one, is_said)
    ]
    text = " ".join(kept) if kept else message
    for pattern in _REMARKS:
        text = pattern.sub("", text)
    return text


def _is_remark(sentence: str, is_said: Callable[[str], bool]) -> bool:
    if "?" in sentence:
        return False
    if _UNKNOWING.match(sentence):
        return True
    return _TELLS.match(sentence) is not None and not _ASKS.search(sentence) and not is_said(sentence)


def without_politeness(text: str) -> str:
    """The question itself: "could you tell me how much …" asks how much."""
    while True:
        shorter = text
        for pattern in _AROUND:
            shorter = pattern.sub("", shorter)
        if shorter in (text, ""):
            return text
        text = shorter
