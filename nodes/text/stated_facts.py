"""Facts that a user states, found by rules where no model extracts them: English, and precision first.

A fact is a clause of the user's own, as it was written, that begins like one of the patterns in `first_person`. Nothing
is taken from questions, quotations, hypotheticals, hedges, momentary states, reported speech (`not_stated`) and what is
said of other people. The patterns run on RE2, which does not backtrack: each reads any text in linear time.
"""

import re
from collections.abc import Iterator
from typing import Any

import re2

from nodes.text.first_person import AM, HAVE_DONE, PERIOD, STATED, WE, WITH_ME
from nodes.text.not_stated import NOT_STATED, NOT_THEIRS, PASSING, REPORTED, TAKEN_BACK

SAID = "You said: "
"""Begins a fact that is the user's own clause, to tell it from one that a model wrote."""
MAX_CHARS = 240
"""A longer clause is no plain statement."""

_SUBJECT = rf"(?:{WE}|{AM}|{HAVE_DONE}|i'?ll|we'?ll|my|our)\b"
_ASKS = (
    r"(?:what|how|when|which|where|why|who|should|can|could|do|does|is|are|will|would|am|may|please|tell|help|any)\b"
)


def _any(*patterns: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False  # RE2 would print that its memory is full, and works on without it
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns), options)


_STATED = _any(*(f"^(?:{pattern})" for pattern in STATED))
_NOT_STATED, _REPORTED, _NOT_THEIRS, _TAKEN_BACK = (
    _any(*NOT_STATED),
    _any(REPORTED),
    _any(*NOT_THEIRS),
    _any(TAKEN_BACK),
)
_HAS, _PASSING, _PERIOD = _any(rf"^{WE} (?:\S+ )?(?:have|got|need|want|get|hold)\b"), _any(PASSING), _any(PERIOD)
_NEXT_CLAUSE = _any(
    rf"(?:[,;–—]| - )\s*(?:(?:and|but|so|because|since|although|though|while|as|plus|then) )?(?:{_SUBJECT}|{_ASKS})",
    rf" (?:and|but|so|because|although|plus) {_SUBJECT}",
    r" (?:what|how|when|which|where|why) (?:much|many|should|can|do|does|is|are|would|will)\b| (?:should|can"
    r"|could) (?:i|we)\b",
)
_COUPLE = _any(rf"\b{WITH_ME}$")
_CONDITION = _any(r"^(?:(?:and|but|so|then|or) )?(?:if|when|once|unless|in case|until|whenever)\b")
_QUESTION = _any(
    r"^(?:(?:and|but|so|then|or) )?(?:what|how|when|which|where|why|who|whose|should|can|could|does|did|is|are|will"
    r"|would"
    r"|am|may|has|was|were|(?:do|have) (?:i|we|you|they)|(?:isn|aren|don|can)'?t (?:i|we|you|it|there))\b"
)
_OPENER = _any(
    r"^(?:(?:and|but|so|also|then|well|yes|no|ok|okay|hi there|hi|hello|hey|thanks|thank you|sure|right|anyway|plus"
    r"|because|since"
    r"|although|though|while|as|fyi|btw|by the way|for context|for your information|just so you know|to be clear"
    r"|for the record"
    r"|some background|background|context|about me|a bit about me|note that|please note(?: that)?"
    r"|please remember(?: that)?"
    r"|remember(?: that)?|keep in mind(?: that)?|you should know(?: that)?|the thing is|in fact|basically|actually"
    r"|currently"
    r"|nowadays|these days|as a rule|in general|generally|personally|update|correction|my situation|profile|facts"
    r"|quick note"
    r"|good (?:morning|evening|afternoon)|everyone|team|prime|crystal|ledger|byte|tag|goalie)[\s,:–—-]+)+"
)
_WHEN = _any(
    r"^(?:in|since|every|each|on|from|after|before|for|at|as of|last|this|next) (?:\S+ ){1,5}?(?:i|we|my|our)\b"
)
_WISH = _any(r"^(?:i'?d|we'?d|i would|we would) like to ")
_RATHER = _any(r"^(?:i'?d|i would|we'?d) (?:rather|prefer(?: to)?) ")
_SENTENCE = re.compile(r"(?<=[.!?…])\s|\n")
_QUOTES = re.compile(r"[\"“”„«»]|(?<!\w)'(?=\w)|(?<=[\w.!?,])'(?!\w)")


def stated_facts(text: str) -> list[str]:
    """The clauses of the text in which the user states something lasting of themselves, in their order."""
    text = text.replace("\u2019", "'")
    if _TAKEN_BACK.search(text):
        return []
    found = (_as_sentence(clause) for sentence in _sentences(text) for clause in _clauses(sentence) if _is_fact(clause))
    return list(dict.fromkeys(found))


def _sentences(text: str) -> Iterator[str]:
    """The sentences in which the user speaks for themselves."""
    quoted = False
    for sentence in _SENTENCE.split(text):
        quotes = len(_QUOTES.findall(sentence))
        was_quoted, quoted = quoted, quoted ^ (quotes % 2 == 1)
        plain = sentence.strip(" \t-*•")
        if _NOT_THEIRS.search(plain):
            return
        if plain and not was_quoted and not quotes and not plain.startswith((">", "|", "`")):
            yield plain


def _clauses(sentence: str) -> Iterator[str]:
    """The clauses of a sentence: of a question those before it, of a condition and of reported speech none."""
    clauses = list(_split(_without_opener(sentence)))
    if ": " in clauses[0] or _REPORTED.search(sentence) or any(_CONDITION.search(clause) for clause in clauses):
        return
    for clause in clauses[:-1] if sentence.endswith("?") else clauses:
        if not _QUESTION.search(clause):
            yield clause


def _split(sentence: str) -> Iterator[str]:
    start = 0
    for found in _NEXT_CLAUSE.finditer(sentence):
        if found.start() > start and not _COUPLE.search(sentence[start : found.start()]):
            yield _without_opener(sentence[start : found.start()])
            start = found.start()
    yield _without_opener(sentence[start:])


def _without_opener(clause: str) -> str:
    clause = clause.strip(" \t,;:.!–—-")
    opener = _OPENER.search(clause)
    return clause[opener.end() :] if opener else clause


def _is_fact(clause: str) -> bool:
    if len(clause) > MAX_CHARS:
        return False
    if wish := _WISH.search(clause):
        clause = f"I want to {clause[wish.end() :]}"
    elif rather := _RATHER.search(clause):
        clause = f"I prefer to {clause[rather.end() :]}"
    elif when := _WHEN.search(clause):
        subject = clause.rindex(" ", 0, when.end()) + 1
        clause = f"{clause[subject:]} {clause[:subject].strip()}"  # "every month I pay 40" as "I pay 40 every month"
    if not _STATED.search(clause) or _NOT_STATED.search(clause):
        return False
    return not (_HAS.search(clause) and _PASSING.search(clause)) or _PERIOD.search(clause) is not None


def _as_sentence(clause: str) -> str:
    """The clause with a capital and a full stop."""
    return f"{clause[0].upper()}{clause[1:]}."
