"""Rolling summary without a model: the clauses that matter most, in their order, under the word limit."""

import re
from bisect import bisect, insort
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush
from itertools import groupby, islice, pairwise

from nodes.employees import EMPLOYEES, find
from nodes.prompts import SUMMARY_WORDS
from nodes.text.salience import USER, Clause, corrected, is_general, numbers, salience, signs
from nodes.text.salient_words import FILLER, TALK
from storage.turns import Message

LONGEST_CLAUSE = 60
"""Words at which a clause is cut."""
AGAIN = 0.2
"""The share that counts of what another clause says already."""
LEAST_SPLIT, LEAST_CLAUSE = 8, 3
"""Words of a sentence that is split into clauses, and of a clause."""
NOBODY = ""

# The patterns are linear with `re`: a word has at most 32 characters, and a sentence end looks back two.
_IDEOGRAPHS = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Chinese and Japanese put no spaces between words: two characters count as one. Any other run counts as a word every
# 32 characters, or a few "words" could fill the context window.
_WORD = re.compile(rf"[{_IDEOGRAPHS}]{{1,2}}|[^\s{_IDEOGRAPHS}]{{1,32}}")
_SENTENCE_END = re.compile(r"(?<=[.!?]\s)|(?<=[。？！\n])")
_CLAUSE_END = re.compile(
    r"(?<=[,;:–—…] )|(?= (?:so|but|because|although|though|which|since|while|unless|when|if|and"
    r"|und|aber|weil|wenn|mais|pero) (?!on\b))"  # "and so on" ends no clause
)


def extractive_summary(previous: str, messages: Sequence[Message]) -> str:
    """The clauses of the previous summary and of the messages that add most to each other, for their length.

    If all of them fit, they stay as they are. Otherwise greetings and filler words are left out, as is what employees
    say without any sign, and each speaker's clauses stand together.
    """
    everything = list(_clauses(previous, messages))
    crowded = sum(clause.words for clause in everything) >= SUMMARY_WORDS
    if crowded:
        everything = [shorter for clause in everything if (shorter := _without_fillers(clause))]
    newest = {clause.text.casefold().strip(" ,.;:"): clause for clause in everything}
    clauses = sorted(newest.values(), key=_by_speaker if crowded else _by_time)
    wrong = {number for clause in clauses for said in corrected(clause) for number in numbers(said)}
    found = [[sign for sign in signs(clause) if sign[0] not in wrong] for clause in clauses]
    kept, said, words = list[int](), set[str](), 0
    for place in _by_salience(clauses, found, said):
        if crowded and clauses[place].of_employee and not found[place]:
            continue
        needed = clauses[place].words + _labels(clauses, kept, place)
        if words + needed < SUMMARY_WORDS:
            words += needed
            insort(kept, place)
            said.update(sign for sign, _ in found[place])
    return shorten(_joined([clauses[place] for place in kept]))


def _by_time(clause: Clause) -> tuple[int, int]:
    return clause.line, clause.sentence


def _by_speaker(clause: Clause) -> tuple[str, int, int]:
    """The user's clauses first: to name each speaker only once leaves more room than to name who speaks each time."""
    return (clause.speaker or "") if clause.of_employee else "", clause.line, clause.sentence


def _labels(clauses: Sequence[Clause], kept: list[int], place: int) -> int:
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
    clauses: Sequence[Clause], found: Sequence[list[tuple[str, float]]], said: Container[str]
) -> Iterator[int]:
    """The clauses' places, each time that of the one which is worth most beside what is `said` by then.

    What the user said last is never left out altogether: its best clause comes first.

    Args:
        clauses: in the order of the summary.
        found: the signs of each.
        said: the signs of those that are kept.
    """
    figures = {number for clause in clauses if clause.speaker == USER for number in numbers(clause.text)}
    general = [is_general(clause, figures) for clause in clauses]
    ages = _ages(clauses)

    def score(place: int) -> float:
        worth = sum(weight * (AGAIN if sign in said else 1) for sign, weight in found[place])
        return salience(clauses[place], worth, ages[place], general=general[place])

    best = [(-score(place), place) for place in range(len(clauses))]
    said_last = max((clause.line for clause in clauses if clause.speaker == USER), default=None)
    first = min((one for one in best if clauses[one[1]].line == said_last), default=None)
    if first is not None:
        yield first[1]
        best.remove(first)
    heapify(best)
    while best:
        # It only falls while more is said: one that is still the highest needs no other to be computed.
        _, place = heappop(best)
        now = (-score(place), place)
        if best and now > best[0]:
            heappush(best, now)
        else:
            yield place


def _ages(clauses: Sequence[Clause]) -> list[float]:
    """How new each clause is among those of its side: 0 for the oldest of the user's, and of the employees'."""
    sides = [clause.of_employee for clause in clauses]
    count, seen = Counter(sides), Counter[bool]()
    ages: list[float] = []
    for side in sides:
        ages.append(seen[side] / count[side])
        seen[side] += 1
    return ages


def shorten(text: str) -> str:
    """Cut the text below `SUMMARY_WORDS` words, at the end of a sentence in its second half if there is one."""
    text = text.strip()
    words = _words(text, SUMMARY_WORDS)
    if len(words) < SUMMARY_WORDS:
        return text
    cut = text[: words[SUMMARY_WORDS - 2].end()]
    end = max((found.end() for found in _SENTENCE_END.finditer(cut)), default=0)
    return cut[:end].rstrip() if end > len(cut) // 2 else cut + "…"


def _clauses(previous: str, messages: Sequence[Message]) -> Iterator[Clause]:
    lines = [_speaker_of(line) for line in previous.splitlines()]
    said = [(_speaker(message), message["content"]) for message in messages]
    count = 0
    for line, (speaker, text) in enumerate([*lines, *said]):
        for sentence in _SENTENCE_END.split(text):
            for clause in _parts(sentence):
                cut, words = _cut(clause)
                if cut:
                    count += 1
                    yield Clause(line, speaker, cut, words, count)


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


def _without_fillers(clause: Clause) -> Clause | None:
    """The clause without greetings and filler words; None where nothing is left."""
    text = clause.text
    shorter = FILLER.sub("", text)
    if (begun := TALK.match(shorter)) and _size(shorter[begun.end() :]) >= LEAST_CLAUSE:
        shorter = shorter[begun.end() :]
    shorter = shorter.rstrip().lstrip(" ,;:.!–—-")
    if not shorter:
        return None
    return clause if shorter == text else replace(clause, text=shorter, words=_cut(shorter)[1])


def _joined(clauses: Sequence[Clause]) -> str:
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
