"""Rolling summary without a model: the sentences that matter most, whole and in their order, under the word limit."""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import groupby, islice

from nodes.employees import EMPLOYEES, find
from nodes.prompts import SUMMARY_WORDS
from storage.turns import Message

LONGEST_SENTENCE = 60
"""Words at which a sentence is cut."""
SIGNS = 6
"""Numbers, names and words of `_LIFE` that count in a sentence, of each."""
MOST = 9
"""What all of them count at most."""
AGAIN = 0.5
"""The share that counts of what another sentence says already."""
USER = "User"

# The patterns are linear with `re`: a word has at most 32 characters, and a sentence end looks back two.
_IDEOGRAPHS = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Chinese and Japanese put no spaces between words: two characters count as one. Any other run counts as a word every
# 32 characters, or a few "words" could fill the context window.
_WORD = re.compile(rf"[{_IDEOGRAPHS}]{{1,2}}|[^\s{_IDEOGRAPHS}]{{1,32}}")
_SENTENCE_END = re.compile(r"(?<=[.!?]\s)|(?<=[。？！\n])")
_NUMBER = re.compile(r"\d{1,32}")
_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][\w'-]{0,30}")
_LIFE = re.compile(
    r"\b(?:rent|salary|income|wages?|mortgage|loans?|debts?|sav(?:e|es|ed|ings?)|budget|goals?|house|flat|apartment|cars?"
    r"|child(?:ren)?|kids?|sons?|daughters?|baby|wife|husband|partner|married|divorced|jobs?|employer|freelance"
    r"|self-employed|business|clients?|retire(?:d|ment)?|pension|tax(?:es)?|vat|gst|deadline|due|insurance"
    r"|mov(?:e|ed|ing)|accounts?|cards?|bank|invest(?:ed|ments?|ing)?|prefers?|always|never|allergic|wedding|holiday"
    r"|trip|deposit|overdraft|decided|agreed|plan|want|need|percent|euros?|dollars?|pounds?|francs?|january|february"
    r"|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday"
    r"|saturday|sunday|weekly|monthly|yearly|quarterly|cancel(?:l?ed)?|separate|automatic|transfers?|standing order"
    r"|receipts?|invoices?|emergency|fund|avoid|aside|snowball|avalanche|buffer|compare|split|forms?|envelopes?"
    r"|spreadsheet|folder|rules?|categor(?:y|ies)|labels?|export|csv|pdf|statements?|allowance|deduct(?:ions?|ible)?"
    r"|interest|rate|minimum|payments?|contract|subscriptions?|refund|fees?|bills?|first|last|until|before|by the)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Sentence:
    line: int
    """Of the summary: one for each message and for each line of the previous summary."""
    speaker: str | None
    """None in a summary that a model wrote."""
    text: str
    words: int


def extractive_summary(previous: str, messages: Sequence[Message]) -> str:
    """The sentences of the previous summary and of the messages that add most to each other, for their length."""
    newest = {sentence.text.casefold(): sentence for sentence in _sentences(previous, messages)}
    sentences = sorted(newest.values(), key=lambda sentence: sentence.line)
    signs = [_signs(sentence.text) for sentence in sentences]
    kept, lines, said, words = set[int](), set[int](), set[str](), 0
    for place in _by_salience(sentences, signs, said):
        sentence = sentences[place]
        needed = sentence.words + (sentence.line not in lines and sentence.speaker is not None)
        if words + needed < SUMMARY_WORDS:
            words += needed
            kept.add(place)
            lines.add(sentence.line)
            said.update(sign for sign, _ in signs[place])
    return shorten(_joined([sentence for place, sentence in enumerate(sentences) if place in kept]))


def _by_salience(
    sentences: Sequence[_Sentence], signs: Sequence[list[tuple[str, int]]], said: Container[str]
) -> Iterator[int]:
    """The sentences' places, each time that of the one which is worth most beside what is `said` by then.

    What the user said last is never left out altogether: its best sentence comes first.
    """

    def salience(place: int) -> float:
        worth = sum(weight * (AGAIN if sign in said else 1) for sign, weight in signs[place])
        return _salience(sentences[place], worth, place / len(sentences))

    best = [(-salience(place), place) for place in range(len(sentences))]
    said_last = max((sentence.line for sentence in sentences if sentence.speaker == USER), default=None)
    first = min((one for one in best if sentences[one[1]].line == said_last), default=None)
    if first is not None:
        yield first[1]
        best.remove(first)
    heapify(best)
    while best:
        # It only falls while more is said: one that is still the highest needs no other to be computed.
        _, place = heappop(best)
        now = (-salience(place), place)
        if best and now > best[0]:
            heappush(best, now)
        else:
            yield place


def shorten(text: str) -> str:
    """Cut the text below `SUMMARY_WORDS` words, at the end of a sentence in its second half if there is one."""
    text = text.strip()
    words = _words(text, SUMMARY_WORDS)
    if len(words) < SUMMARY_WORDS:
        return text
    cut = text[: words[SUMMARY_WORDS - 2].end()]
    end = max((found.end() for found in _SENTENCE_END.finditer(cut)), default=0)
    return cut[:end].rstrip() if end > len(cut) // 2 else cut + "…"


def _sentences(previous: str, messages: Sequence[Message]) -> Iterator[_Sentence]:
    lines = [_speaker_of(line) for line in previous.splitlines()]
    said = [(_speaker(message), message["content"]) for message in messages]
    for line, (speaker, text) in enumerate([*lines, *said]):
        for sentence in _SENTENCE_END.split(text):
            cut, words = _cut(sentence)
            if cut:
                yield _Sentence(line, speaker, cut, words)


def _signs(text: str) -> list[tuple[str, int]]:
    """Numbers, names and words of people's lives in a sentence, and how much each counts."""
    found = [(match[0].casefold(), 1) for pattern in (_NAME, _LIFE) for match in islice(pattern.finditer(text), SIGNS)]
    return found + [(match[0], 2) for match in islice(_NUMBER.finditer(text), SIGNS)]


def _salience(sentence: _Sentence, worth: float, age: float) -> float:
    """How much a sentence says for its length, the user's and newer ones first.

    Args:
        sentence: without regard to what others say.
        worth: of its signs.
        age: 0 for the oldest sentence, nearly 1 for the newest.
    """
    theirs = sentence.speaker in (USER, None)
    score = min(worth, MOST) + 0.5 * theirs + age - 2 * sentence.text.endswith("?")
    return score / (sentence.words + 5)


def _joined(sentences: Sequence[_Sentence]) -> str:
    lines: list[str] = []
    for _, group in groupby(sentences, key=lambda sentence: sentence.line):
        said = list(group)
        text = " ".join(sentence.text for sentence in said)
        lines.append(f"{said[0].speaker}: {text}" if said[0].speaker else text)
    return "\n".join(lines)


def _cut(sentence: str) -> tuple[str, int]:
    """The sentence on one line, cut at `LONGEST_SENTENCE`, and how many words it has."""
    sentence = " ".join(sentence.split())
    words = _words(sentence, LONGEST_SENTENCE + 1)
    if len(words) <= LONGEST_SENTENCE:
        return sentence, len(words)
    return sentence[: words[LONGEST_SENTENCE - 1].end()] + "…", LONGEST_SENTENCE


def _words(text: str, limit: int) -> list[re.Match[str]]:
    """The first words of the text, `limit` at most."""
    return list(islice(_WORD.finditer(text), limit))


def _speaker(message: Message) -> str:
    if message["role"] == "user":
        return USER
    employee = find(message["employee"])
    return employee.name if employee else ASSISTANT


ASSISTANT = "Assistant"
"""Said what an employee said who was removed since."""
_SPEAKERS = {USER, ASSISTANT, *(employee.name for employee in EMPLOYEES)}


def _speaker_of(line: str) -> tuple[str | None, str]:
    """Who speaks in a line of a summary, and what."""
    speaker, colon, said = line.partition(": ")
    return (speaker, said) if colon and speaker in _SPEAKERS else (None, line)
