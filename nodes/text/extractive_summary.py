"""Rolling summary without a model: the clauses that matter most, in their order, under the word limit."""

import re
from bisect import bisect, insort
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import groupby, islice, pairwise

from nodes.employees import EMPLOYEES, find
from nodes.prompts import SUMMARY_WORDS
from nodes.text.salient_words import CORRECTED, DECISION, LIFE, NAME, NUMBER, SPELT, TALK
from storage.turns import Message

LONGEST_CLAUSE = 60
"""Words at which a clause is cut."""
SIGNS = 6
"""Numbers, names and words of people's lives that count in a clause, of each."""
MOST = 9
"""What all of them count at most."""
AGAIN = 0.2
"""The share that counts of what another clause says already."""
OF_EMPLOYEES = 0.7
"""The share that counts of what an employee says."""
DECISIONS = 2
"""Words of a decision that count in a clause."""
LEAST_SPLIT, LEAST_CLAUSE = 8, 3
"""Words of a sentence that is split into clauses, and of a clause."""
USER = "User"
NOBODY = ""

# The patterns are linear with `re`: a word has at most 32 characters, and a sentence end looks back two.
_IDEOGRAPHS = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Chinese and Japanese put no spaces between words: two characters count as one. Any other run counts as a word every
# 32 characters, or a few "words" could fill the context window.
_WORD = re.compile(rf"[{_IDEOGRAPHS}]{{1,2}}|[^\s{_IDEOGRAPHS}]{{1,32}}")
_SENTENCE_END = re.compile(r"(?<=[.!?]\s)|(?<=[。？！\n])")
_CLAUSE_END = re.compile(
    r"(?<=[,;:–—…] )|(?= (?:so|but|because|although|though|which|since|while|unless|aber|weil|mais|pero) )"
)


@dataclass(frozen=True)
class _Clause:
    line: int
    """Of the summary: one for each message and for each line of the previous summary."""
    speaker: str | None
    """None in a summary that a model wrote."""
    text: str
    words: int
    sentence: int
    """Which of the sentences it is a part of."""


def extractive_summary(previous: str, messages: Sequence[Message]) -> str:
    """The clauses of the previous summary and of the messages that add most to each other, for their length."""
    newest = {clause.text.casefold().strip(" ,.;:"): clause for clause in _clauses(previous, messages)}
    clauses = sorted(newest.values(), key=lambda clause: (clause.line, clause.sentence))
    wrong = {number[0] for clause in clauses for said in _corrected(clause) for number in NUMBER.finditer(said)}
    signs = [[one for one in _signs(clause) if one[0] not in wrong] for clause in clauses]
    kept, said, words = list[int](), set[str](), 0
    for place in _by_salience(clauses, signs, said):
        needed = clauses[place].words + _labels(clauses, kept, place)
        if words + needed < SUMMARY_WORDS:
            words += needed
            insort(kept, place)
            said.update(sign for sign, _ in signs[place])
    return shorten(_joined([clauses[place] for place in kept]))


def _labels(clauses: Sequence[_Clause], kept: list[int], place: int) -> int:
    """How many more names of speakers there are once the clause at this place is kept."""
    at = bisect(kept, place)
    around = [*(clauses[one].speaker for one in kept[max(0, at - 1) : at + 1])]
    before = around[0] if at else NOBODY
    after = around[-1] if at < len(kept) else None
    new = clauses[place].speaker
    return _is_named(new, before) + _is_named(after, new) - _is_named(after, before)


def _is_named(speaker: str | None, before: str | None) -> bool:
    return speaker is not None and speaker != before


def _by_salience(
    clauses: Sequence[_Clause], signs: Sequence[list[tuple[str, float]]], said: Container[str]
) -> Iterator[int]:
    """The clauses' places, each time that of the one which is worth most beside what is `said` by then.

    What the user said last is never left out altogether: its best clause comes first.
    """

    def salience(place: int) -> float:
        worth = sum(weight * (AGAIN if sign in said else 1) for sign, weight in signs[place])
        return _salience(clauses[place], worth, place / len(clauses))

    best = [(-salience(place), place) for place in range(len(clauses))]
    said_last = max((clause.line for clause in clauses if clause.speaker == USER), default=None)
    first = min((one for one in best if clauses[one[1]].line == said_last), default=None)
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


def _clauses(previous: str, messages: Sequence[Message]) -> Iterator[_Clause]:
    lines = [_speaker_of(line) for line in previous.splitlines()]
    said = [(_speaker(message), message["content"]) for message in messages]
    count = 0
    for line, (speaker, text) in enumerate([*lines, *said]):
        for sentence in _SENTENCE_END.split(text):
            for clause in _parts(sentence):
                cut, words = _cut(clause)
                if cut:
                    count += 1
                    yield _Clause(line, speaker, cut, words, count)


def _parts(sentence: str) -> Iterator[str]:
    """The clauses of a sentence, none of them very short."""
    if sum(1 for _ in islice(_WORD.finditer(sentence), LEAST_SPLIT)) < LEAST_SPLIT:
        yield sentence
        return
    part = ""
    for clause in _CLAUSE_END.split(sentence):
        if part and min(_size(part), _size(clause)) >= LEAST_CLAUSE:
            yield part
            part = ""
        part += clause
    yield part


def _size(text: str) -> int:
    return len(_words(text, LEAST_CLAUSE))


def _corrected(clause: _Clause) -> list[str]:
    """The figures that the user takes back, as in "480, not 450"."""
    return [found[1] for found in islice(CORRECTED.finditer(clause.text), SIGNS)] if clause.speaker == USER else []


def _signs(clause: _Clause) -> list[tuple[str, float]]:
    """Numbers, names and words of people's lives in a clause, and how much each counts."""
    text = clause.text
    found: list[tuple[str, float]] = []
    for pattern, weight in ((NUMBER, 2.0), (NAME, 1.5), (LIFE, 1.0), (SPELT, 0.7)):
        found += [(match[0].casefold(), weight) for match in islice(pattern.finditer(text), SIGNS)]
    if clause.speaker in (USER, None):
        # A decision is none that another clause has, so its sign is the clause's own.
        decisions = islice(DECISION.finditer(text), DECISIONS)
        found += [(f"{match[0].casefold()} {clause.sentence}", 0.9) for match in decisions]
    return found


def _salience(clause: _Clause, worth: float, age: float) -> float:
    """How much a clause says for its length, the user's and newer ones first.

    Args:
        clause: without regard to what others say.
        worth: of its signs.
        age: 0 for the oldest clause, nearly 1 for the newest.
    """
    theirs = clause.speaker in (USER, None)
    score = min(worth, MOST) * (1 if theirs else OF_EMPLOYEES) + 0.5 * theirs + age
    score -= 0.5 * clause.text.endswith("?") + 0.5 * (TALK.match(clause.text) is not None)
    return score / (clause.words + 4)


def _joined(clauses: Sequence[_Clause]) -> str:
    lines: list[str] = []
    for speaker, group in groupby(clauses, key=lambda clause: clause.speaker or clause.line):
        said = list(group)
        text = " ".join(
            clause.text if clause.sentence + 1 == after.sentence and clause.line == after.line else _closed(clause.text)
            for clause, after in pairwise([*said, said[-1]])
        )
        lines.append(f"{speaker}: {text}" if said[0].speaker else text)
    return "\n".join(lines)


def _closed(text: str) -> str:
    """The text with a sentence's end, where what followed in its sentence was left out."""
    return text if text[-1] in ".!?…。？！" else f"{text.rstrip(',;:–—')}."


def _cut(clause: str) -> tuple[str, int]:
    """The clause on one line, cut at `LONGEST_CLAUSE`, and how many words it has."""
    clause = " ".join(clause.split())
    words = _words(clause, LONGEST_CLAUSE + 1)
    if len(words) <= LONGEST_CLAUSE:
        return clause, len(words)
    return clause[: words[LONGEST_CLAUSE - 1].end()] + "…", LONGEST_CLAUSE


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
